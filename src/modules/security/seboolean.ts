import { sh } from "../../sh.ts";
import { type Difference, ModuleFailure, type Question, stateModule } from "../contract.ts";
import { bool, type ParametersOf, parameters, str } from "../parameters.ts";
import { type BooleanValue, booleanValue } from "../support/selinux/boolean-values.ts";
import { missingTool, noReload, policyName, requirePolicy } from "../support/selinux/policy-store.ts";

const params = parameters(
  {
    name: { ...str(), required: true, description: "The boolean. Its old names are known as well." },
    state: { ...bool(), required: true, description: "Whether it is to be on." },
    persistent: { ...bool(), default: false, description: "Keep the value after a reboot." },
    ignore_selinux_state: { ...bool(), default: false, description: "Work where SELinux is disabled too; needs `persistent`." },
  },
  {},
  (given) => {
    if (given.ignore_selinux_state && !given.persistent) {
      throw new ModuleFailure(
        "seboolean: ignore_selinux_state needs persistent: true, since there is no other value where SELinux is disabled",
      );
    }
    policyName("name", given.name);
  },
);

type Params = ParametersOf<typeof params>;

export const seboolean = stateModule<Params, Params, { readonly boolean: Question<BooleanValue> }>({
  name: "seboolean",
  aliases: ["ansible.posix.seboolean"],
  summary: "Switches booleans of the SELinux policy.",
  description: [
    "With `persistent`, the value in the kernel and the one that a reboot brings are both compared, and the latter is always written down: a boolean that is right only because the policy has that default is changed once, so that an update of the policy with another default does not undo it.",
    "Values are read from files; writing a persistent one builds the policy anew, which takes some seconds.",
  ],
  parameters: params,
  example: `- name: The web server may talk to its backends
  seboolean:
    name: httpd_can_network_connect
    state: true
    persistent: true
  when: ansible_facts['selinux']['status'] == 'enabled'
`,
  returns: { name: "As given.", state: "As given.", persistent: "As given." },
  probe: ({ name }) => ({ boolean: booleanValue(name) }),
  plan({ boolean }, given, context) {
    requirePolicy(boolean.store, { ...given, module: "seboolean" }, context);
    if (boolean.isKnown === false) throw new ModuleFailure(`seboolean: the SELinux policy has no boolean "${given.name}"`);
    const word = (value: boolean | null): string => (value === null ? "the policy's default" : value ? "on" : "off");
    const subject = `SELinux boolean ${boolean.name}`;
    const differs = (name: string, before: boolean | null): Difference[] =>
      before === given.state ? [] : [{ kind: "field", subject, name, before: word(before), after: word(given.state) }];
    const differences = [
      ...(context.traits.selinux ? differs("state", boolean.live) : []),
      ...(given.persistent ? differs("after a reboot", boolean.stored) : []),
    ];
    if (differences.length === 0) return undefined;
    if (!boolean.hasSetsebool) throw missingTool("setsebool", "seboolean", context.traits);
    return { differences, data: undefined };
  },
  apply: (_change, { name, state, persistent }, context) => {
    const words = [...(persistent ? ["-P", ...noReload(true, context)] : []), name, state ? "on" : "off"];
    return { script: sh`k3_said=$(setsebool ${words} 2>&1) || { printf '%s\\n' "$k3_said" >&2; exit 1; }` };
  },
  predict: (_change, { boolean }, { name, state, persistent }, { traits }) => [
    {
      question: booleanValue(name),
      answer: {
        ...boolean,
        live: traits.selinux ? state : boolean.live,
        stored: persistent ? state : boolean.stored,
      } satisfies BooleanValue,
    },
  ],
  result: (_state, { name, state, persistent }) => ({ name, state, persistent }),
});
