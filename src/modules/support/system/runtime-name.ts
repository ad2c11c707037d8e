import { sh } from "../../../sh.ts";
import { type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";

/** The name that the kernel knows the host by now. */
export function runtimeName(): Question<string> {
  return ask("running host name", sh`cat /proc/sys/kernel/hostname 2>/dev/null || uname -n`, (output) => {
    const name = output.stdout.toString("utf8").trim();
    return output.rc === 0 && name !== ""
      ? name
      : new Unknown(`cannot read the host's name: ${output.stderr.toString("utf8").trim()}`);
  });
}
