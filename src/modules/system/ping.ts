import { sh } from "../../sh.ts";
import { actionModule } from "../contract.ts";
import { parameters, str } from "../parameters.ts";

export const ping = actionModule({
  name: "ping",
  summary: "Checks that the host can be reached, entered, and runs scripts.",
  parameters: parameters({
    data: { ...str(), default: "pong", description: "What to answer; `crash` makes the module fail, to try out how that looks." },
  }),
  example: `- name: Can the host be reached?
  ping:
`,
  returns: { ping: "The value of `data`." },
  changesHost: false,
  run: (params) => ({ script: sh`echo ${params.data}` }),
  result: (output, params) => {
    if (params.data === "crash") return { failed: true, changed: false, msg: "boom" };
    if (output.rc !== 0) return { failed: true, changed: false, msg: output.stderr.toString("utf8") };
    return { changed: false, ping: params.data };
  },
});
