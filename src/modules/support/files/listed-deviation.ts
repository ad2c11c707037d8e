import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";

/**
 * Makes the question which names below a directory (not itself) have not what is wanted, of something that a tool lists and `find` cannot
 * look for. `search`: a command that prints those names, one a line, and on standard error whatever it could not look at.
 */
export function listedDeviation<W>(
  name: string,
  what: string,
  search: (path: string, wanted: W) => Sh,
): (path: string, wanted: W) => Question<readonly string[]> {
  // The function below is the only maker of items.
  const parse = (item: string): { readonly path: string; readonly wanted: W } =>
    JSON.parse(item) as { readonly path: string; readonly wanted: W };
  const collector: Collector<readonly string[]> = {
    name,
    beforeTraits: true,
    script: (items) =>
      joinSh(
        items.map((item) => {
          const { path, wanted } = parse(item);
          return sh`if [ -d ${path} ]; then ${search(path, wanted)}; fi; printf '\\0'`;
        }),
      ),
    decode: (output, items) => {
      const tokens = output.stdout.toString("utf8").split("\0");
      const said = output.stderr.toString("utf8").trim();
      return items.map((item, index) => {
        const token = tokens[index];
        if (said !== "" || token === undefined)
          return new Unknown(`cannot tell the ${what} below ${parse(item).path}: ${said || "no answer"}`);
        return token.split("\n").filter((line) => line !== "");
      });
    },
  };
  return (path, wanted) => ({ collector, item: JSON.stringify({ path, wanted }) });
}
