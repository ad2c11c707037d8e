import { joinSh, Sh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import { inPieces, missingPathFunction } from "./missing-path.ts";

/** Files above this size are not brought over to look into them. */
export const CONTENT_LIMIT = 10 * 1024 * 1024;

/** What a file holds, symbolic links followed. `none`: there is no file; `other`: a directory, a device. */
export type Content =
  | { readonly kind: "file"; readonly base64: string }
  | { readonly kind: "too-large"; readonly size: number }
  | { readonly kind: "none" }
  | { readonly kind: "other" };

/** Item: an absolute path; the item "" asks nothing and answers `none`. */
export const contentCollector: Collector<Content> = {
  name: "content",
  beforeTraits: true,
  script: (items) => joinSh([missingPathFunction, encodeFunction, ...inPieces(items.filter(isAsked)).map(pieceScript), sh`:`]),
  decode: (output, items) => {
    const tokens = output.stdout.toString("latin1").split("\0");
    return items.map((item) =>
      isAsked(item) ? decodeContent(item, tokens, output.stderr.toString("utf8").trim()) : { kind: "none" },
    );
  },
};

/** Asks for the content of a file. */
export function contentQuestion(path: string): Question<Content> {
  return { collector: contentCollector, item: path };
}

/** The question that is not asked: for contents that are only shown in diff mode. */
export const noContent: Question<Content> = { collector: contentCollector, item: "" };

export function contentOf(bytes: Uint8Array): Content {
  if (bytes.byteLength > CONTENT_LIMIT) return { kind: "too-large", size: bytes.byteLength };
  return { kind: "file", base64: Buffer.from(bytes).toString("base64") };
}

/** The bytes, or undefined when there is no file to read. */
export function bytesOf(content: Content): Buffer | undefined {
  return content.kind === "file" ? Buffer.from(content.base64, "base64") : undefined;
}

const isAsked = (item: string): boolean => item !== "";

/** Defines `k3_encode`, which `readArguments` needs. base64 is in coreutils and busybox; od is what POSIX promises. */
export const encodeFunction = new Sh(`if command -v base64 >/dev/null 2>&1; then k3_encode() { base64; }
else k3_encode() { printf '#'; od -An -v -tx1; }; fi`);

const pieceScript = (items: readonly string[]): Sh => joinSh([sh`set -- ${items}`, readArguments]);

/**
 * Reads the files that are the positional parameters, absolute paths; for `decodeContent`. Needs `missingPathFunction`. One `find` says
 * whether any of them is too large; only then each is asked for its size. "wc -c" on a regular file reads nothing; /proc says 0 and is
 * read all the same, up to the limit.
 */
export const readArguments: Sh = sh`k3_large=$(for p do shift; [ -f "$p" ] && set -- "$@" "$p"; done
[ $# -eq 0 ] || find -L "$@" -prune -size +${CONTENT_LIMIT}c 2>/dev/null) || k3_large='?'
for p do
if [ -f "$p" ]; then
if ! [ -r "$p" ]; then printf '!\\0'
else
size=0
[ -z "$k3_large" ] || size=$(wc -c < "$p" 2>/dev/null) || size=0
if [ "$size" -gt ${CONTENT_LIMIT} ]; then printf 'large %s\\0' "$size"
else printf 'f'; k3_encode < "$p" && printf '.'; printf '\\0'
fi
fi
elif [ -e "$p" ]; then printf 'other\\0'
else k3_missing "$p"; printf '%s\\0' "$k3_why"
fi
done`;

/** Takes from `tokens`, pieces of the output between NUL bytes, what `readArguments` said of a path. */
export function decodeContent(item: string, tokens: string[], stderr: string): Content | Unknown {
  const token = tokens.shift() ?? "";
  if (token === "0") return { kind: "none" };
  if (token === "other") return { kind: "other" };
  if (token === "!") return new Unknown(`cannot read ${item}: permission denied`);
  if (token.startsWith("large ")) return { kind: "too-large", size: Number(token.slice(6)) };
  if (!token.startsWith("f") || !token.endsWith(".")) return new Unknown(`cannot read ${item}: ${stderr || "no answer"}`);
  const text = token.slice(1, -1).replace(/\s+/g, "");
  if (!text.startsWith("#")) return { kind: "file", base64: text };
  return { kind: "file", base64: Buffer.from(text.slice(1), "hex").toString("base64") };
}
