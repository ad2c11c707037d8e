import { type Sh, sh } from "../../../sh.ts";
import { ModuleFailure } from "../../contract.ts";
import { missingPathFunction } from "../files/missing-path.ts";
import { INODE_FORMAT, type Inode, readInode } from "../files/path-collector.ts";

/** What is at a path below the destination now. */
export type Found =
  | { readonly kind: "absent" }
  | {
      readonly kind: "there";
      readonly inode: Inode;
      readonly target?: string;
      readonly digest?: string;
      readonly leadsTo?: Inode;
    };

/** Tells about each path that comes in on standard input, a line each, in the same order. */
export function foundScript(dest: string): Sh {
  return sh`${missingPathFunction}
while IFS= read -r k3_name; do
k3_p=${dest}/$k3_name
if [ -L "$k3_p" ]; then printf 'l'; stat -c ${INODE_FORMAT} -- "$k3_p"; printf '\\0'; readlink -n -- "$k3_p"; printf '\\0'; stat -L -c ${INODE_FORMAT} -- "$k3_p" 2>/dev/null; printf '\\0'
elif [ -f "$k3_p" ]; then printf 'f'; stat -c ${INODE_FORMAT} -- "$k3_p"; printf '\\0'; sha256sum <"$k3_p"; printf '\\0\\0'
elif [ -e "$k3_p" ]; then printf 'o'; stat -c ${INODE_FORMAT} -- "$k3_p"; printf '\\0\\0\\0'
else k3_missing "$k3_p"; printf '%s\\0\\0\\0' "$k3_why"
fi
done
printf 'end\\0'`;
}

/** Reads what `foundScript` printed about so many paths. Throws ModuleFailure. */
export function readFound(text: string, paths: readonly string[], dest: string): Map<string, Found> {
  const tokens = text.split("\0");
  const found = new Map<string, Found>();
  for (const path of paths) {
    const [first = "", second = "", third = ""] = tokens.splice(0, 3);
    found.set(path, readOne(first, second, third, `${dest}/${path}`));
  }
  if (tokens.shift() !== "end") throw new ModuleFailure(`${dest} changed while it was being looked at`);
  return found;
}

function readOne(first: string, second: string, third: string, path: string): Found {
  if (first === "0") return { kind: "absent" };
  if (first === "!") throw new ModuleFailure(`cannot look at ${path}: permission denied`);
  const inode = readInode(first.slice(1));
  if (inode === undefined) throw new ModuleFailure(`cannot look at ${path}: stat said nothing, or it changed meanwhile`);
  if (first.startsWith("l")) {
    const leadsTo = readInode(third);
    return { kind: "there", inode, target: second, ...(leadsTo === undefined ? {} : { leadsTo }) };
  }
  const digest = /^([0-9a-f]{64})/.exec(second)?.[1];
  if (first.startsWith("f") && digest === undefined) throw new ModuleFailure(`cannot read ${path}`);
  return { kind: "there", inode, ...(digest === undefined ? {} : { digest }) };
}
