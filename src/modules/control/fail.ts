import { controlModule } from "../contract.ts";
import { parameters, str } from "../parameters.ts";

export const fail = controlModule({
  name: "fail",
  summary: "Fails with a message.",
  parameters: parameters({
    msg: { ...str(), default: "Failed as requested from task", description: "Why." },
  }),
  example: `- name: Refuse a single etcd member
  fail:
    msg: "give an odd number of servers"
  when: groups['all'] | length == 0
`,
  returns: { msg: "The message." },
  run: (params) => ({ failed: true, changed: false, msg: params.msg }),
});
