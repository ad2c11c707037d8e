import { Sh, sh } from "../../../sh.ts";
import { ModuleFailure, type Output } from "../../contract.ts";

/** Something in an archive. `mode` is not known of what busybox' unzip lists. */
export type Member = {
  /** As the archive has it, but for a slash at its end. */
  readonly name: string;
  readonly kind: "file" | "directory" | "link" | "hardlink" | "special";
  readonly mode?: number;
  /** Of a link: where it leads. */
  readonly target?: string;
  readonly digest?: string;
  /** When it was changed last, in seconds; of a list without seconds the last one of that minute. */
  readonly mtime?: number;
};

const BEGIN = "listing";

/**
 * Sets k3_un to what unpacks "$k3_archive", "" for a zip file, and ends the script where the tools for it are missing. What an archive is,
 * its first bytes tell, not its name.
 */
export const unpackerScript = new Sh(`[ -r "$k3_archive" ] || { echo "cannot read $k3_archive" >&2; exit 1; }
case $(dd if="$k3_archive" bs=6 count=1 2>/dev/null | od -An -tx1 | tr -d ' \\n') in
1f8b*) k3_un='gzip -dc';;
425a68*) k3_un='bzip2 -dc';;
fd377a585a00) k3_un='xz -dc';;
28b52ffd*) k3_un='zstd -dc';;
504b0304*|504b0506*) k3_un=;;
*) k3_un=cat;;
esac
for k3_tool in \${k3_un:-unzip} tar; do
case $k3_tool in -*) continue;; esac
[ -n "$k3_un" ] || [ "$k3_tool" = unzip ] || continue
command -v "$k3_tool" >/dev/null 2>&1 || { echo "there is no \\"$k3_tool\\" to unpack $k3_archive with" >&2; exit 1; }
done`);

/**
 * Lists an archive, and leaves its names in k3_list, a line each, without unpacking it to anywhere: names, then what they are, then the
 * SHA-256 of each regular file. One pass through a tar for each, a process for each file, and before them one of the unpacker alone: at
 * the beginning of a pipe nobody sees that it fails, and what it has at the end of the file to compare with (gzip's checksum) may be all
 * that tells of a damaged archive. GNU tar and busybox' print alike but for their links; names with a line feed are refused.
 */
export function listScript(archive: Sh): Sh {
  return sh`k3_archive=${archive}
${unpackerScript}
TZ=UTC0; export TZ
printf ${`${BEGIN}\\0`}
if [ -n "$k3_un" ]; then
case $k3_un in cat) ;; *) $k3_un <"$k3_archive" >/dev/null || exit 1;; esac
k3_plain= k3_full=
case $(tar --version 2>/dev/null) in *GNU*) k3_plain='--quoting-style=literal -P' k3_full=--full-time;; esac
k3_list=$($k3_un <"$k3_archive" | tar $k3_plain -tf -) || exit 1
printf '%s\\0' "$k3_list"
$k3_un <"$k3_archive" | tar $k3_plain $k3_full -tvf - || exit 1
printf '\\0'
$k3_un <"$k3_archive" | tar $k3_plain -xf - --to-command=sha256sum || exit 1
printf '\\0tar\\0'
else
k3_names=$(unzip -l "$k3_archive") || exit 1
printf '%s\\0' "$k3_names"
unzip -Z "$k3_archive" 2>/dev/null
printf '\\0'
k3_list=$(printf '%s\\n' "$k3_names" | sed -n 's/^ *[0-9][0-9]*  *[0-9-]*  *[0-9][0-9]:[0-9][0-9]   \\(.*\\)$/\\1/p')
printf '%s\\n' "$k3_list" | sed -e '/\\/$/d' -e 's/[][*?\\\\]/\\\\&/g' |
while IFS= read -r k3_name; do unzip -p "$k3_archive" "$k3_name" | sha256sum || exit 1; done
printf '\\0zip\\0'
fi`;
}

/** Reads what `listScript` printed; whatever follows it is the rest. Throws ModuleFailure. */
export function readListing(output: Output, archive: string): { readonly members: readonly Member[]; readonly rest: string } {
  const text = output.stdout.toString("utf8");
  const start = text.indexOf(`${BEGIN}\0`);
  const [names = "", details = "", digests = "", kind = "", ...rest] = text.slice(start + BEGIN.length + 1).split("\0");
  if (start < 0 || output.rc !== 0 || (kind !== "tar" && kind !== "zip")) {
    const said = output.stderr.toString("utf8").trim();
    throw new ModuleFailure(`cannot list ${archive}: ${said === "" ? "no answer" : said}`);
  }
  // GNU tar is told to show them; busybox' takes the beginning away, and says so.
  if (/removing leading/i.test(output.stderr.toString("utf8"))) {
    throw new ModuleFailure(`refusing to unpack ${archive}: it has members with absolute paths or ".."`, { archive });
  }
  const sums = lines(digests).map((line) => /^([0-9a-f]{64})/.exec(line)?.[1] ?? "");
  const members = kind === "tar" ? tarMembers(lines(names), lines(details), archive) : zipMembers(lines(names), lines(details));
  const files = members.filter((member) => member.kind === "file");
  if (files.length !== sums.length) throw new ModuleFailure(`cannot list ${archive}: its files and their digests do not match`);
  let next = 0;
  return {
    members: members.map((member) => (member.kind === "file" ? { ...member, digest: sums[next++] ?? "" } : member)),
    rest: rest.join("\0"),
  };
}

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

function tarMembers(names: readonly string[], details: readonly string[], archive: string): Member[] {
  if (names.length !== details.length) throw new ModuleFailure(`cannot list ${archive}: it has a name with a line feed`);
  return names.map((raw, index) => {
    const line = details[index] ?? "";
    const type = line.charAt(0);
    const start = line.indexOf(` ${raw}`);
    const after = line.slice(start + 1 + raw.length);
    const time = timeOf(line.slice(0, start));
    const target = / (?:->|link to) (.*)$/s.exec(after)?.[1];
    const mode = modeOf(line.slice(1, 10));
    const name = raw.replace(/\/+$/, "");
    if (type === "l" && target !== undefined) return { name, kind: "link", mode, target, ...time };
    // busybox shows a hard link as a file with an arrow.
    if (target !== undefined && after.startsWith(" ")) return { name, kind: "hardlink", mode, target, ...time };
    if (type === "d" || (type === "-" && raw.endsWith("/"))) return { name, kind: "directory", mode };
    return { name, kind: type === "-" ? "file" : "special", mode, ...time };
  });
}

function zipMembers(names: readonly string[], details: readonly string[]): Member[] {
  return names.flatMap((line): Member[] => {
    const raw = /^ *\d+ +[\d-]+ +\d\d:\d\d {3}(.*)$/s.exec(line)?.[1];
    if (raw === undefined) return [];
    const detail = details.find((one) => one.endsWith(` ${raw}`) && /^[-dl?][-rwxsStT]{9} /.test(one));
    const mode = detail === undefined ? {} : { mode: modeOf(detail.slice(1, 10)) };
    if (raw.endsWith("/")) return [{ name: raw.replace(/\/+$/, ""), kind: "directory", ...mode }];
    return [{ name: raw, kind: detail?.startsWith("l") === true ? "special" : "file", ...mode, ...timeOf(line) }];
  });
}

/** The first time in a line of a list. */
function timeOf(line: string): { readonly mtime?: number } {
  const [, day, minute, second] = /(\d{4}-\d\d-\d\d) (\d\d:\d\d)(:\d\d)?/.exec(line) ?? [];
  if (day === undefined) return {};
  return { mtime: Date.parse(`${day}T${minute}${second ?? ":59"}Z`) / 1000 };
}

/** "rwsr-xr-x" as a number. */
function modeOf(text: string): number {
  let mode = 0;
  for (const [index, char] of [...text].entries()) {
    const bit = 0o400 >> index;
    if (/[rwxst]/.test(char)) mode |= bit;
    if (/[sStT]/.test(char)) mode |= index === 2 ? 0o4000 : index === 5 ? 0o2000 : 0o1000;
  }
  return mode;
}
