import { joinSh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";

/** Is this a directory with nothing in it? Item: an absolute path. Only builtins are used. */
const emptyDirectoryCollector: Collector<boolean> = {
  name: "empty-directory",
  beforeTraits: true,
  light: true,
  script: (items) =>
    joinSh(
      items.map(
        (item) => sh`if [ -d ${item} ] && [ -r ${item} ]; then
k3_found=0
for p in ${item}/* ${item}/.[!.]* ${item}/..?*; do if [ -e "$p" ] || [ -L "$p" ]; then k3_found=1; fi; done
echo $k3_found
elif [ -d ${item} ]; then echo denied
else echo 1; fi`,
      ),
    ),
  decode: (output, items) => {
    const lines = output.stdout.toString("utf8").split("\n");
    return items.map((item, index) =>
      lines[index] === "0" || lines[index] === "1"
        ? lines[index] === "0"
        : new Unknown(`cannot look into ${item}: permission denied`),
    );
  },
};

export function emptyDirectoryQuestion(path: string): Question<boolean> {
  return { collector: emptyDirectoryCollector, item: path };
}
