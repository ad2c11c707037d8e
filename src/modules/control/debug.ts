import { controlModule, type Json } from "../contract.ts";
import { int, parameters, raw, str } from "../parameters.ts";

export const debug = controlModule({
  name: "debug",
  summary: "Shows a message or the value of an expression.",
  parameters: parameters(
    {
      msg: { ...raw(), default: "Hello world!", description: "What to show: text, or any value." },
      var: { ...str(), description: "An expression whose value is shown, written without braces." },
      verbosity: { ...int(), default: 0, description: "Shown only with at least so many -v." },
    },
    { mutuallyExclusive: [["msg", "var"]] },
  ),
  expressions: ["var"],
  example: `- name: Show the address
  debug:
    msg: "{{ inventory_hostname }} is {{ ansible_host | default('unknown') }}"
- name: Show a variable
  debug:
    var: groups
`,
  returns: { msg: "The message.", "(the expression)": "With `var`: the value, under the expression's own text." },
  run: (params, context) => {
    if (params.verbosity > context.verbosity) {
      return { skipped: true, skipped_reason: "Verbosity threshold not met.", changed: false };
    }
    if (params.var !== undefined) {
      return { [params.var]: context.evaluate(params.var) ?? "VARIABLE IS NOT DEFINED!", changed: false };
    }
    return { msg: asJson(params.msg), changed: false };
  },
});

// Parameters arrive as plain data: what YAML and templates can give.
function asJson(value: unknown): Json {
  return value as Json;
}
