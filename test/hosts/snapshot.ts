import { setTimeout as sleep } from "node:timers/promises";
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

const PRUNED = EXCLUDED.map((path) => `-path ./${path}`).join(" -o ");

/** Where systemd looks for units. */
const UNIT_FOLDERS = [
  ...["/etc/systemd/system", "/usr/local/lib/systemd/system", "/lib/systemd/system"],
  ...["system", "transient", "generator", "generator.early", "generator.late"].map((name) => `/run/systemd/${name}`),
  ...["/etc/systemd/system.control", "/run/systemd/system.control"],
  ...["/etc/systemd/system.attached", "/run/systemd/system.attached"],
].join(" ");

const PATH = "PATH=/usr/local/lib/test-host/gnu:$PATH";

/** The sums of what the image holds, and of what has been written since. Only a first look needs them all. */
const SUMS = `
echo '== manifest'
cat /usr/local/lib/test-host/manifest
echo '== hashes'
find . -xdev \\( ${PRUNED} \\) -prune -o \\
  -type f -newercm /usr/local/lib/test-host/manifest -print0 | xargs -0 -r sha256sum -z | tr '\\0' '\\n'`;

/** systemd takes half a second to list its unit files, so the list is kept for as long as no file that it comes from has changed. */
const UNITS = `echo '== units'
if [ -d /run/systemd/system ]; then
systemctl show --property=Id,UnitFileState,ActiveState,InvocationID '*.service' '*.socket' '*.timer' '*.mount' '*.path'
echo '== enabled'
list=/usr/local/lib/test-host/unit-files
# Some of these folders are not there.
state=$({ find ${UNIT_FOLDERS} -printf '%p %i %C@ %l\\n' || :; find -L ${UNIT_FOLDERS} -printf '%i %C@\\n' || :; } 2>/dev/null | sha256sum)
if [ "$state" != "$(cat $list.state 2>/dev/null)" ]; then
rm -f $list.state
systemctl list-unit-files --no-legend --no-pager --plain >$list
echo "$state" >$list.state
fi
cat $list
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
echo '== mounts'
cut -d ' ' -f 5,6 /proc/self/mountinfo
ls /run/user 2>/dev/null || :
`;

/**
 * One answer from the host in sections, each begun by a line of its own. Fields of files end in NUL: names may hold anything else. Owners
 * are numbers, since find would read the whole account data base for the name of each.
 */
const script = (sums: string): string => `
set -e
cd /
${PATH}${sums}
echo '== packages'
dpkg-query -W -f '\${binary:Package}\\t\${Version} \${db:Status-Abbrev}\\n'
${UNITS}echo '== passwd'
getent passwd
echo '== group'
getent group
echo '== sysctls'
# A container's end of a network has another name each time.
sysctl -a 2>/dev/null | grep -E '^(net\\.|kernel\\.(hostname|domainname))' | grep -v '\\.veth[0-9a-f]*\\.' || :
echo '== files'
find . -xdev \\( ${PRUNED} \\) -prune -o \\
  -printf '%y %m %U %G %s %i:%T@:%C@ %p\\0%l\\0'
`;

type Exec = (command: string | readonly string[]) => Promise<CommandResult>;

/** What looks at one host. It remembers what it has seen, and asks for the sums of those files only that were written meanwhile. */
export function snapshots(exec: Exec): () => Promise<Snapshot> {
  let known: { readonly accounts: string; readonly files: ReadonlyMap<string, FileEntry>; readonly units: string } | undefined;
  return async () => {
    const result = await exec(script(known === undefined ? SUMS : ""));
    if (result.rc !== 0) throw new Error(`the snapshot script ended with ${result.rc}: ${result.stderr}`);
    const sections = split(result.stdout);
    const users = lines(section(sections, "passwd"));
    const groups = lines(section(sections, "group"));
    const accounts = [...users, ...groups].join("\n");
    // An owner may have another name now.
    const seen = known?.accounts === accounts ? known.files : undefined;
    const found = parseFiles(section(sections, "files"), { users: names(users), groups: names(groups), seen });
    const old = known?.files;
    const written: string[] = [];
    for (const [path, entry] of found) {
      const before = old?.get(path);
      if (entry.type !== "file" || entry === before) continue;
      if (before?.identity === entry.identity) found.set(path, { ...entry, content: before.content });
      else written.push(path);
    }
    const sums =
      old === undefined
        ? new Map([...parseHashes(section(sections, "manifest")), ...parseHashes(section(sections, "hashes"))])
        : await hash(exec, written);
    for (const path of written) {
      const entry = found.get(path);
      if (entry !== undefined) found.set(path, { ...entry, content: sums.get(path) ?? "?" });
    }
    const { shown, listed, all } = await settled(exec, unitsOf(sections), known?.units);
    known = { accounts, files: found, units: all };
    return {
      files: found,
      packages: new Map(lines(section(sections, "packages")).map((line) => pair(line, "\t"))),
      units: parseUnits(shown, listed),
      accounts: new Map([
        ...users.map((line): [string, string] => [`user ${pair(line, ":")[0]}`, line]),
        ...groups.map((line): [string, string] => [`group ${pair(line, ":")[0]}`, line]),
      ]),
      sysctls: new Map(
        lines(section(sections, "sysctls"))
          .map((line) => pair(line, " = "))
          .filter(([name]) => !VOLATILE_SYSCTL.test(name)),
      ),
    };
  };
}

type Units = { readonly shown: string; readonly listed: string; readonly all: string };
function unitsOf(sections: ReadonlyMap<string, string>): Units {
  const [shown, listed] = [section(sections, "units"), section(sections, "enabled")];
  // What systemd may not have heard of yet.
  return { shown, listed, all: shown + listed + section(sections, "mounts") };
}

/** systemd hears of mounts, and of what its user managers do, a moment later: what has changed is looked at until it stays the same. */
async function settled(exec: Exec, first: Units, before: string | undefined): Promise<Units> {
  let units = first;
  let last = before;
  // What never stays the same is somebody else's to tell: a service that ends and is started again.
  for (let round = 0; round < 10 && last !== undefined && last !== units.all; round += 1) {
    last = units.all;
    await sleep(300);
    const { stdout } = await exec(`cd /\n${PATH}\n${UNITS}`);
    units = unitsOf(split(`${stdout}\n== files\n`));
  }
  return units;
}

/** What a command line may hold with ease, also one that goes through SSH as one word. */
const COMMAND_LINE = 50_000;

async function hash(exec: Exec, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let at = 0; at < paths.length; ) {
    const some: string[] = [];
    for (let length = 0; at < paths.length && length < COMMAND_LINE; at += 1) {
      const path = paths[at] ?? "";
      some.push(path);
      length += path.length;
    }
    const { stdout } = await exec(["/bin/sh", "-c", `${PATH}; sha256sum -z -- "$@"`, "sh", ...some]);
    // 64 digits, two blanks, the path. One that is gone by now is told on standard error.
    for (const line of stdout.split("\0")) if (line !== "") found.set(line.slice(66), line.slice(0, 64));
  }
  return found;
}

/** Number -> name, of the lines of a data base of accounts or groups. The first of several names counts, as for find. */
function names(entries: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of entries) {
    const [name = "", , id = ""] = entry.split(":");
    if (!found.has(id)) found.set(id, name);
  }
  return found;
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

type Known = {
  readonly users: ReadonlyMap<string, string>;
  readonly groups: ReadonlyMap<string, string>;
  /** What a former look saw under the same accounts: of most files the same. */
  readonly seen: ReadonlyMap<string, FileEntry> | undefined;
};

/** Without the sums of contents, but for files that are as they were. */
function parseFiles(text: string, { users, groups, seen }: Known): Map<string, FileEntry> {
  const fields = text.split("\0");
  const files = new Map<string, FileEntry>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [line = "", target = ""] = [fields[at], fields[at + 1]];
    // Names hold blanks too, the other fields none.
    const [head, name] = cut(line, 6);
    const path = name.slice(1) === "" ? "/" : name.slice(1);
    const before = seen?.get(path);
    // Whatever else is said of a file cannot change without the time of its last change.
    if (before !== undefined && before.identity === head[5]) {
      files.set(path, before);
      continue;
    }
    if (DERIVED.has(path) || /^\/(var\/)?tmp\/systemd-private-/.test(path)) continue;
    const [kind = "", mode = "", user = "", group = "", size = "", identity = ""] = head;
    const type = TYPES[kind] ?? "other";
    files.set(path, {
      type,
      mode,
      owner: `${users.get(user) ?? user}:${groups.get(group) ?? group}`,
      // A directory's size says how many entries it once had, not what it has.
      size: type === "file" ? Number(size) : 0,
      content: target,
      identity,
    });
  }
  return files;
}

/** The first words of a line, which single blanks part, and the rest of it. */
function cut(line: string, count: number): [readonly string[], string] {
  const words: string[] = [];
  let at = 0;
  while (words.length < count) {
    const end = line.indexOf(" ", at);
    words.push(line.slice(at, end));
    at = end + 1;
  }
  return [words, line.slice(at)];
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
