import { sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";

/** What the session's user may do with a path, links followed: "r", "w" and "x", those that hold. Item: an absolute path. */
const accessCollector: Collector<string> = {
  name: "access",
  beforeTraits: true,
  light: true,
  script: (items) => sh`for p in ${items}; do
k3_may=
[ -r "$p" ] && k3_may=r
[ -w "$p" ] && k3_may=\${k3_may}w
[ -x "$p" ] && k3_may=\${k3_may}x
echo "=$k3_may"
done`,
  decode: (output, items) => {
    const lines = output.stdout.toString("utf8").split("\n");
    return items.map((item, index) => lines[index]?.slice(1) ?? new Unknown(`cannot tell what may be done with ${item}`));
  },
};

export function accessQuestion(path: string): Question<string> {
  return { collector: accessCollector, item: path };
}
