import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Change, type Difference, type JsonObject, ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { choice, type ParametersOf, parameters, str } from "../parameters.ts";
import { type Plan, predictPlans } from "../support/files/apply-plans.ts";
import { applySettings, Known, planSettings, settingsQuestions, settingsText } from "../support/files/settings-file.ts";
import { type NameFile, nameFileFor, STRATEGIES } from "../support/system/hostname-file.ts";
import { runtimeName } from "../support/system/runtime-name.ts";

const params = parameters(
  {
    name: { ...str(), required: true, description: "The name, with or without a domain." },
    use: {
      ...choice(...STRATEGIES),
      description:
        "Where the permanent name is kept; found out unless given. systemd, debian, alpine and generic: /etc/hostname, sles: /etc/HOSTNAME, redhat: /etc/sysconfig/network, openrc: /etc/conf.d/hostname.",
    },
  },
  {},
  ({ name }) => {
    const problem = problemOf(name);
    if (problem !== undefined) throw new ModuleFailure(`"${name}" is no host name: ${problem}`);
  },
);

type Input = ParametersOf<typeof params> & { readonly file: NameFile };
type Data = { readonly plans: readonly Plan[]; readonly runtime: boolean };

export const hostname = stateModule<ParametersOf<typeof params>, Input, Questions, Data>({
  name: "hostname",
  summary: "Sets the host's name, for now and after a reboot.",
  description: [
    "The running name and the permanent one are looked at apart; each is set where it differs. /etc/hosts is left alone.",
    "The file is written directly, so neither D-Bus nor systemd-hostnamed is needed. The pretty name of systemd is left alone.",
    "Facts that were gathered before keep the old name; `ansible_facts` of the result carries the new one.",
  ],
  parameters: params,
  example: `- name: Name the host as the inventory does
  hostname:
    name: "{{ inventory_hostname }}"
`,
  returns: { name: "The name.", ansible_facts: "ansible_hostname, ansible_nodename, ansible_fqdn and ansible_domain." },
  prepare: async (given, _control, { traits }) => {
    return { ...given, file: nameFileFor(given.use, traits) };
  },
  probe: ({ file }, context) => settingsQuestions(file.path, context, [runtimeName()]),
  plan(state, { name, file }, context): Change<Data> | undefined {
    const known = new Known(state);
    const differences: Difference[] = [];
    const current = known.of(runtimeName());
    const runtime = current !== name;
    if (runtime) differences.push({ kind: "field", subject: "hostname", name: "running", before: current, after: name });
    const before = settingsText(file.path, known);
    const permanent = file.read(before);
    const change = permanent === name ? undefined : planSettings(file.path, file.write(before, name), known, context);
    if (change !== undefined) {
      differences.push({ kind: "field", subject: "hostname", name: "permanent", before: permanent ?? null, after: name });
      differences.push(...change.differences);
    }
    return differences.length === 0 ? undefined : { differences, data: { plans: change?.data ?? [], runtime } };
  },
  apply(change, { name }, { traits }) {
    const written = applySettings(change.data.plans, traits);
    return { ...written, script: joinSh([written.script, ...(change.data.runtime ? [setName(name)] : [])]) };
  },
  predict: (change, _state, { name }, { traits }) => [
    ...predictPlans(change.data.plans, traits),
    ...(change.data.runtime ? [{ question: runtimeName(), answer: name }] : []),
  ],
  result: (_state, { name }) => ({ name, ansible_facts: factsOf(name) }),
});

// sethostname(2), by whichever of these the host has. hostnamectl needs D-Bus.
function setName(name: string): Sh {
  return sh`if command -v hostname >/dev/null 2>&1; then hostname ${name}
elif [ -w /proc/sys/kernel/hostname ]; then printf '%s\\n' ${name} > /proc/sys/kernel/hostname
else hostnamectl --transient set-hostname ${name}; fi || exit`;
}

/** hostname(7): 64 characters at most; labels of letters, digits and hyphens, which neither begin nor end with one. */
function problemOf(name: string): string | undefined {
  if (name.length > 64) return "it has more than 64 characters";
  for (const label of name.split(".")) {
    if (label === "") return "a part of it is empty";
    if (!/^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(label))
      return `"${label}" must hold letters, digits and hyphens only, and begin and end without a hyphen`;
  }
  return undefined;
}

function factsOf(name: string): JsonObject {
  const [host = name, ...domain] = name.split(".");
  return { ansible_hostname: host, ansible_nodename: name, ansible_fqdn: name, ansible_domain: domain.join(".") };
}
