import { ModuleFailure } from "../../contract.ts";

/** What stays although the archive has it: what is there and newer, or whatever is there. */
export type Keeps = "nothing" | "newer" | "all";

export type ExtraOptions = { readonly strip: number; readonly exclude: readonly string[]; readonly keeps: Keeps };

const NO_DIFFERENCE = ["--no-same-owner", "-o", "--overwrite", "--wildcards", "--verbose", "-v"];

/** Options of tar and unzip, in the words of either; throws for those that are not understood. */
export function extraOptions(given: readonly string[]): ExtraOptions {
  const words = given.flatMap((one) => (one.startsWith("--exclude=") ? [one] : one.split(/\s+/))).filter((word) => word !== "");
  const exclude: string[] = [];
  let strip = 0;
  let keeps: Keeps = "nothing";
  while (words.length > 0) {
    const word = words.shift() ?? "";
    const at = word.startsWith("--") ? word.indexOf("=") : -1;
    const name = at < 0 ? word : word.slice(0, at);
    const value = (): string => {
      const found = at < 0 ? words.shift() : word.slice(at + 1);
      if (found === undefined || found === "") throw new ModuleFailure(`extra_opts "${name}" lacks its value`);
      return found;
    };
    if (name === "--strip-components" || name === "--strip") strip = countOf(name, value());
    else if (name === "--exclude") exclude.push(value());
    else if (name === "--keep-newer-files") keeps = "newer";
    else if (name === "--skip-old-files" || name === "-n") keeps = "all";
    else if (!NO_DIFFERENCE.includes(word)) {
      throw new ModuleFailure(
        `extra_opts "${word}" is not supported; --strip-components=N, --exclude=PATTERN, --keep-newer-files, --skip-old-files, --overwrite, --wildcards and --no-same-owner are`,
      );
    }
  }
  return { strip, exclude, keeps };
}

function countOf(name: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new ModuleFailure(`extra_opts "${name}" is "${value}", but must be a number`);
  return Number(value);
}
