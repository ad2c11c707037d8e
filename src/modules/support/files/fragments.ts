import { joinSh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import { CONTENT_LIMIT } from "./content-collector.ts";

/** A file of a directory that `assemble` puts together with others. */
export type Fragment = { readonly name: string; readonly bytes: Uint8Array };

/** The same as the host tells it; `problem` instead of the content where it could not be read. */
export type FoundFragment = { readonly name: string; readonly base64?: string; readonly problem?: string };

/** The regular files right in a directory, links to them included, in the order of their names; null: no directory. */
const fragmentCollector: Collector<readonly FoundFragment[] | null> = {
  name: "fragments",
  beforeTraits: true,
  script: (items) =>
    joinSh(
      items.map(
        (item) => sh`if [ -d ${item} ]; then
if [ -r ${item} ] && [ -x ${item} ]; then printf 'd\\0'; else printf '!\\0'; fi
for f in ${item}/* ${item}/.[!.]* ${item}/..?*; do
[ -f "$f" ] || continue
printf '%s\\0' "\${f##*/}"
if [ ! -r "$f" ]; then printf '!permission denied\\0'
elif [ "$(wc -c < "$f")" -gt ${CONTENT_LIMIT} ]; then printf ${`!it is larger than ${CONTENT_LIMIT} bytes\\0`}
else base64 < "$f" && printf '.\\0'; fi
done
printf '/\\0'
else printf '0\\0'; fi`,
      ),
    ),
  decode: (output, items) => {
    const tokens = output.stdout.toString("utf8").split("\0");
    return items.map((item) => {
      const first = tokens.shift();
      if (first === "0") return null;
      const end = tokens.indexOf("/");
      const own = end < 0 ? [] : tokens.splice(0, end + 1).slice(0, -1);
      if (first === "!") return new Unknown(`cannot look into ${item}: permission denied`);
      if (first !== "d" || end < 0)
        return new Unknown(`cannot read ${item}: ${output.stderr.toString("utf8").trim() || "no answer"}`);
      return decodeFragments(own);
    });
  },
};

export function fragmentQuestion(directory: string): Question<readonly FoundFragment[] | null> {
  return { collector: fragmentCollector, item: directory };
}

function decodeFragments(tokens: readonly string[]): FoundFragment[] {
  const found: FoundFragment[] = [];
  for (let at = 0; at + 1 < tokens.length; at += 2) {
    const name = tokens[at] ?? "";
    const said = tokens[at + 1] ?? "";
    if (said.startsWith("!")) found.push({ name, problem: said.slice(1) });
    else if (said.endsWith(".")) found.push({ name, base64: said.slice(0, -1).replace(/\s/g, "") });
    else found.push({ name, problem: "it could not be read" });
  }
  return found.sort(byName);
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

/** Fragments in the order of their names, each one that does not end its line ended before the next. */
export function joinFragments(fragments: readonly Fragment[], delimiter: string | undefined): Uint8Array {
  const between = delimiter === undefined || delimiter === "" ? undefined : unescaped(delimiter);
  const parts: Uint8Array[] = [];
  [...fragments].sort(byName).forEach(({ bytes }, index, all) => {
    if (index > 0) {
      if (all[index - 1]?.bytes.at(-1) !== NEWLINE) parts.push(Buffer.of(NEWLINE));
      if (between !== undefined) parts.push(between, ...(between.at(-1) === NEWLINE ? [] : [Buffer.of(NEWLINE)]));
    }
    parts.push(bytes);
  });
  return Buffer.concat(parts);
}

const NEWLINE = 0x0a;
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

/** Python's escapes of bytes: YAML may have left "\\n" as two characters. */
function unescaped(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  const plain = bytes.replace(
    /\\(?:x([0-9A-Fa-f]{2})|([0-7]{1,3})|([\s\S]))/g,
    (all: string, hex?: string, octal?: string, one?: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      return ESCAPES[one ?? ""] ?? all;
    },
  );
  return Buffer.from(plain, "latin1");
}
