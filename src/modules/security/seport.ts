import { type Sh, sh } from "../../sh.ts";
import { type Difference, ModuleFailure, type Prediction, type Question, stateModule } from "../contract.ts";
import { bool, choice, listOf, type ParametersOf, parameters, str } from "../parameters.ts";
import { noReload, policyName, requirePolicy, requireSemanage } from "../support/selinux/policy-store.ts";
import { type PortType, portType } from "../support/selinux/port-types.ts";
import { semanageScript } from "../support/selinux/semanage.ts";

const params = parameters(
  {
    ports: { ...listOf(str()), required: true, description: "Ports and ranges: `8080`, `8000-8010`." },
    proto: { ...choice("tcp", "udp"), required: true, description: "The protocol." },
    setype: { ...str(), required: true, description: "The type they are to have." },
    local: { ...bool(), default: false, description: "Look at local changes only, not at what the policy itself says." },
    reload: { ...bool(), default: true, description: "Load the changed policy into the kernel." },
    state: { ...choice("present", "absent"), default: "present", description: "`absent` removes local changes." },
    ignore_selinux_state: { ...bool(), default: false, description: "Work where SELinux is disabled too." },
  },
  {},
  (given) => {
    policyName("setype", given.setype);
    portsOf(given.ports);
  },
);

type Params = ParametersOf<typeof params>;
type Input = Omit<Params, "ports"> & { readonly ports: readonly string[] };
type Step = { readonly port: string; readonly verb: "add" | "modify" | "delete"; readonly answer: PortType };
type Questions = { readonly [port: string]: Question<PortType> };

export const seport = stateModule<Params, Input, Questions, readonly Step[]>({
  name: "seport",
  aliases: ["community.general.seport"],
  summary: "Gives network ports a type of the SELinux policy.",
  description: [
    "Local changes are read from the policy's store; semanage is asked, once for all ports, only for those that have none.",
    "A range is one entry of its own: a port within a range that has the type already is still given an entry when it is asked for.",
    "All ports of a task are changed in one transaction.",
    "What the policy itself says can be changed but not removed.",
  ],
  parameters: params,
  example: `- name: The web server listens on two more ports
  seport:
    ports: [8081, 9080-9089]
    proto: tcp
    setype: http_port_t
    state: present
  when: ansible_facts['selinux']['status'] == 'enabled'
`,
  returns: { ports: "As given.", proto: "As given.", setype: "As given.", state: "As given." },
  prepare: (given) => Promise.resolve({ ...given, ports: portsOf(given.ports) }),
  probe: (input) => Object.fromEntries(input.ports.map((port) => [port, portType(input.proto, port)])),
  plan(state, input, context) {
    const steps = input.ports.flatMap((port): Step[] => {
      const answer = state[port];
      if (answer === undefined) throw new Error(`bug: port ${port} was not asked for`);
      requirePolicy(answer.store, { ...input, module: "seport" }, context);
      const { local } = answer;
      if (input.state === "present" && local === input.setype) return [];
      // Undecided by the store, and there was nobody to ask.
      if (local === null && answer.policy === undefined) requireSemanage(answer.store, "seport", context);
      const policy = answer.policy ?? null;
      if (input.state === "present") {
        if (local === null && policy === input.setype && !input.local) return [];
        const verb = local === null && policy === null ? "add" : "modify";
        return [{ port, verb, answer }];
      }
      if (local === input.setype) return [{ port, verb: "delete", answer }];
      if (local === null && policy === input.setype && !input.local) throw isOfPolicy(input, port);
      return [];
    });
    const [first] = steps;
    if (first === undefined) return undefined;
    requireSemanage(first.answer.store, "seport", context);
    const differences = steps.map(({ port, answer }): Difference => {
      const before = answer.local ?? (input.local ? undefined : answer.policy) ?? "none";
      const after = input.state === "present" ? input.setype : "none";
      return { kind: "field", subject: `port ${input.proto}/${port}`, name: "setype", before, after };
    });
    return { differences, data: steps };
  },
  apply: ({ data }, input, context) => {
    const flags = noReload(input.reload, context);
    return {
      script: semanageScript(
        data.map((step) => command(step, input, flags)),
        flags,
      ),
    };
  },
  predict: ({ data }, _state, input): Prediction<PortType>[] =>
    data.map(({ port, verb, answer }) => ({
      question: portType(input.proto, port),
      // Behind a local change that goes, the policy's own word comes out, which nobody has asked for.
      answer:
        verb === "delete" ? { ...answer, local: null, policy: null } : { ...answer, local: input.setype, policy: undefined },
    })),
  result: (_state, { ports, proto, setype, state }) => ({ ports: [...ports], proto, setype, state }),
});

function portsOf(given: readonly string[]): readonly string[] {
  if (given.length === 0) throw new ModuleFailure('"ports" is empty');
  return [...new Set(given.map(onePort))];
}

function onePort(port: string): string {
  const [, first, last = first] = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(port) ?? [];
  const [low, high] = [Number(first), Number(last)];
  if (first === undefined || low < 1 || high > 65535 || low > high) {
    throw new ModuleFailure(`"ports" has "${port}", but must have ports or ranges from 1 to 65535, such as 8080 or 8000-8010`);
  }
  return low === high ? String(low) : `${low}-${high}`;
}

function isOfPolicy({ proto, setype }: Input, port: string): ModuleFailure {
  return new ModuleFailure(
    `seport: ${proto}/${port} is ${setype} by the policy itself and cannot be removed; give it another setype, or set local: true to look at local changes only`,
  );
}

function command({ port, verb }: Step, { proto, setype }: Input, flags: readonly string[]): Sh {
  const type = verb === "delete" ? [] : ["-t", setype];
  return sh`port ${[`--${verb}`, ...flags, ...type, "-p", proto, port]}`;
}
