import { Sh } from "../../../sh.ts";

/**
 * Defines the shell function `k3_missing PATH`, for a path that `[ -e ]` does not see: sets k3_why to "0" when it is certainly not
 * there, or to "!" when a directory above it cannot be searched. Asks the kernel by builtins, so no tool's wording matters.
 */
export const missingPathFunction = new Sh(`k3_missing() {
k3_why=0 k3_up=$1
while [ "$k3_up" != / ] && [ -n "$k3_up" ]; do
k3_up=\${k3_up%/*}
if [ -d "\${k3_up:-/}" ]; then [ -x "\${k3_up:-/}" ] || k3_why='!'; return 0; fi
if [ -e "$k3_up" ] || [ -L "$k3_up" ]; then return 0; fi
done
}`);

/** Items of a script are cut into pieces, so that no command line grows beyond what the kernel takes (128 KiB a word, 2 MiB in all). */
export function inPieces<T>(items: readonly T[], size = 500): T[][] {
  const pieces: T[][] = [];
  for (let start = 0; start < items.length; start += size) pieces.push(items.slice(start, start + size));
  return pieces;
}
