import type { CommandResult } from "./container.ts";

/** A file as it was. `identity` changes with any write at all, even one that put the same contents back. */
export type FileEntry = {
  readonly type: "file" | "directory" | "symlink" | "other";
  readonly mode: string;
  readonly owner: string;
  readonly size: number;
  /** sha256 of a file, target of a link. */
  readonly content: string;
  /** inode and times of last change of contents and attributes. */
  readonly identity: string;
};

export type Snapshot = {
  readonly files: ReadonlyMap<string, FileEntry>;
  /** name -> version and state of each package. */
  readonly packages: ReadonlyMap<string, string>;
  /** unit, or service of OpenRC -> "enabled active"; `identity` of its present run. */
  readonly units: ReadonlyMap<string, { readonly state: string; readonly run: string }>;
  /** "user root" -> its line of the account data base. */
  readonly accounts: ReadonlyMap<string, string>;
  /** Settings of the network name space, which is the host's own: the others are the machine's. */
  readonly sysctls: ReadonlyMap<string, string>;
};

/** What runs, logs and package lists write by themselves, and what tests of the host's own put there. */
const EXCLUDED = [
  "proc",
  "sys",
  "dev",
  "run",
  "var/log",
  "var/cache",
  "var/lib/apt",
  "var/lib/dpkg",
  // rpm's data base is written to by whoever reads it as root.
  "var/lib/rpm",
  "var/lib/dnf",
  "var/lib/zypp",
  "var/lib/systemd",
  "var/lib/sudo",
  // Docker's own store: its tests ask Docker.
  "var/lib/docker",
  "var/lib/containerd",
  "usr/local/lib/test-host",
] as const;

/** Rewritten by their tools on every change of something else, and compared through that something else. */
const DERIVED = new Set([
  "/etc/passwd-",
  "/etc/group-",
  "/etc/shadow-",
  "/etc/gshadow-",
  "/etc/subuid-",
  "/etc/subgid-",
  "/etc/.pwd.lock",
  "/etc/ld.so.cache",
]);

/** One answer from the host in sections, each begun by a line of its own. Fields of files end in NUL: names may hold anything else. */
const SCRIPT = `
set -e
cd /
PATH=/usr/local/lib/test-host/gnu:$PATH
echo '== manifest'
cat /usr/local/lib/test-host/manifest
echo '== hashes'
find . -xdev \\( ${EXCLUDED.map((path) => `-path ./${path}`).join(" -o ")} \\) -prune -o \\
  -type f -newercm /usr/local/lib/test-host/manifest -print0 | xargs -0 -r sha256sum -z | tr '\\0' '\\n'
echo '== packages'
dpkg-query -W -f '\${binary:Package}\\t\${Version} \${db:Status-Abbrev}\\n'
echo '== units'
if [ -d /run/systemd/system ]; then
systemctl show --property=Id,UnitFileState,ActiveState,InvocationID '*.service' '*.socket' '*.timer' '*.mount' '*.path'
echo '== enabled'
systemctl list-unit-files --no-legend --no-pager --plain
else
# OpenRC: links say where a service is enabled, that it is started, and since when.
for script in /etc/init.d/*; do
name=\${script##*/} levels= active=inactive run=
for level in /etc/runlevels/*/"$name"; do [ ! -L "$level" ] || { level=\${level%/*}; levels="$levels\${level##*/}+"; }; done
[ ! -L "/run/openrc/started/$name" ] || { active=active; run=$(stat -c %z "/run/openrc/started/$name"); }
printf 'Id=%s\\nUnitFileState=%s\\nActiveState=%s\\nInvocationID=%s\\n\\n' "$name" "$levels" "$active" "$run"
done
echo '== enabled'
fi
echo '== passwd'
getent passwd
echo '== group'
getent group
echo '== sysctls'
# A container's end of a network has another name each time.
sysctl -a 2>/dev/null | grep -E '^(net\\.|kernel\\.(hostname|domainname))' | grep -v '\\.veth[0-9a-f]*\\.' || :
echo '== files'
find . -xdev \\( ${EXCLUDED.map((path) => `-path ./${path}`).join(" -o ")} \\) -prune -o \\
  -printf '%p\\0%y\\0%m\\0%u:%g\\0%s\\0%i:%T@:%C@\\0%l\\0'
`;

type Exec = (command: string) => Promise<CommandResult>;

export async function takeSnapshot(exec: Exec): Promise<Snapshot> {
  const result = await exec(SCRIPT);
  if (result.rc !== 0) throw new Error(`the snapshot script ended with ${result.rc}: ${result.stderr}`);
  const sections = split(result.stdout);
  const hashes = new Map([...parseHashes(section(sections, "manifest")), ...parseHashes(section(sections, "hashes"))]);
  return {
    files: parseFiles(section(sections, "files"), hashes),
    packages: new Map(lines(section(sections, "packages")).map((line) => pair(line, "\t"))),
    units: parseUnits(section(sections, "units"), section(sections, "enabled")),
    accounts: new Map([
      ...lines(section(sections, "passwd")).map((line): [string, string] => [`user ${pair(line, ":")[0]}`, line]),
      ...lines(section(sections, "group")).map((line): [string, string] => [`group ${pair(line, ":")[0]}`, line]),
    ]),
    sysctls: new Map(
      lines(section(sections, "sysctls"))
        .map((line) => pair(line, " = "))
        .filter(([name]) => !VOLATILE_SYSCTL.test(name)),
    ),
  };
}

const VOLATILE_SYSCTL = /^net\.netfilter\.nf_conntrack_count$|neigh|\.stat_refresh$/;

function split(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  // The file section comes last and is the only one whose contents are not ours to choose.
  const at = text.indexOf("\n== files\n");
  found.set("files", text.slice(at + "\n== files\n".length));
  for (const part of `\n${text.slice(0, at)}`.split("\n== ").slice(1)) {
    const end = part.indexOf("\n");
    found.set(end === -1 ? part : part.slice(0, end), end === -1 ? "" : part.slice(end + 1));
  }
  return found;
}

function section(sections: ReadonlyMap<string, string>, name: string): string {
  const found = sections.get(name);
  if (found === undefined) throw new Error(`the snapshot has no section "${name}"`);
  return found;
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

function pair(line: string, separator: string): [string, string] {
  const at = line.indexOf(separator);
  return at === -1 ? [line, ""] : [line.slice(0, at), line.slice(at + separator.length)];
}

/** sha256sum's lines: 64 digits, two blanks, `./path`; one that begins with a backslash has its backslashes doubled. */
function parseHashes(text: string): readonly (readonly [string, string])[] {
  return lines(text).map((line) =>
    line.startsWith("\\") ? [line.slice(68).replaceAll("\\\\", "\\"), line.slice(1, 65)] : [line.slice(67), line.slice(0, 64)],
  );
}

const TYPES: Readonly<Record<string, FileEntry["type"]>> = { f: "file", d: "directory", l: "symlink" };

function parseFiles(text: string, hashes: ReadonlyMap<string, string>): ReadonlyMap<string, FileEntry> {
  const fields = text.split("\0");
  const files = new Map<string, FileEntry>();
  for (let at = 0; at + 6 < fields.length; at += 7) {
    const [name = "", kind = "", mode = "", owner = "", size = "", identity = "", target = ""] = fields.slice(at, at + 7);
    const path = name.slice(1) === "" ? "/" : name.slice(1);
    if (DERIVED.has(path) || /^\/(var\/)?tmp\/systemd-private-/.test(path)) continue;
    const type = TYPES[kind] ?? "other";
    files.set(path, {
      type,
      mode,
      owner,
      // A directory's size says how many entries it once had, not what it has.
      size: type === "file" ? Number(size) : 0,
      content: type === "file" ? (hashes.get(path) ?? "?") : target,
      identity,
    });
  }
  return files;
}

/** Units of logins, and what runs once and may end between two looks. */
const VOLATILE_UNIT = /^(user|session|run-|systemd-tmpfiles|systemd-update-utmp|ssh@)/;

function parseUnits(shown: string, listed: string): Snapshot["units"] {
  const units = new Map<string, { readonly state: string; readonly run: string }>();
  for (const line of lines(listed)) {
    const [name = "", enabled = ""] = line.split(/\s+/);
    units.set(name, { state: `${enabled} inactive`, run: "" });
  }
  for (const block of shown.split("\n\n")) {
    const unit = new Map(lines(block).map((line) => pair(line, "=")));
    const name = unit.get("Id") ?? "";
    if (name === "" || VOLATILE_UNIT.test(name)) continue;
    const active = unit.get("ActiveState") ?? "";
    // A unit that is only named by another one, and has no file, is not there.
    if (active === "inactive" && !units.has(name)) continue;
    units.set(name, { state: `${unit.get("UnitFileState") || "-"} ${active}`, run: unit.get("InvocationID") ?? "" });
  }
  return units;
}
