import { controlModule, type Json } from "../contract.ts";
import { bool, parameters, raw } from "../parameters.ts";

export const assert = controlModule({
  name: "assert",
  summary: "Fails unless all conditions hold.",
  parameters: parameters({
    that: { ...raw(), required: true, description: "A condition, or a list of conditions, written without braces as in `when`." },
    fail_msg: { ...raw(), aliases: ["msg"], description: "Said when a condition does not hold: text, or a list of texts." },
    success_msg: { ...raw(), description: "Said when all conditions hold." },
    quiet: { ...bool(), default: false, description: "Do not list each condition in the result." },
  }),
  expressions: ["that"],
  example: `- name: Check the settings
  assert:
    that:
      - groups['all'] | length > 0
      - inventory_hostname is defined
    fail_msg: "the inventory is empty"
`,
  returns: {
    msg: "`fail_msg` or `success_msg`, or Ansible's default texts.",
    assertion: "The condition that does not hold.",
    evaluated_to: "What it evaluated to.",
  },
  run: (params, context) => {
    const conditions = (Array.isArray(params.that) ? params.that : [params.that]).map(String);
    const all = conditions.map((condition) => ({ condition, holds: context.condition(condition) }));
    const broken = all.find((one) => !one.holds);
    if (broken === undefined) return { changed: false, msg: asJson(params.success_msg ?? "All assertions passed") };
    const failed = { failed: true, changed: false, msg: asJson(params.fail_msg ?? "Assertion failed") };
    return params.quiet ? failed : { ...failed, assertion: broken.condition, evaluated_to: false };
  },
});

// Parameters arrive as plain data: what YAML and templates can give.
function asJson(value: unknown): Json {
  return value as Json;
}
