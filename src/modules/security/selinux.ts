import { joinSh, type Sh, sh } from "../../sh.ts";
import {
  type Difference,
  MissingPrerequisite,
  ModuleFailure,
  type Output,
  type ProbeContext,
  type Questions,
  stateModule,
} from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { followed } from "../support/files/file-fields.ts";
import { hostPath } from "../support/files/host-path.ts";
import { pathQuestion } from "../support/files/path-collector.ts";
import { applySettings, Known, planSettings, settingsQuestions, settingsText } from "../support/files/settings-file.ts";
import { missingTool, policyName, policyPackage } from "../support/selinux/policy-store.ts";
import { bootArguments, type SelinuxStatus, selinuxStatus } from "../support/selinux/selinux-status.ts";

const params = parameters(
  {
    state: {
      ...choice("enforcing", "permissive", "disabled"),
      required: true,
      description: "Enforce the policy, only log what it would deny, or do not load it.",
    },
    policy: { ...str(), description: "The policy: `targeted`, with Debian `default`. Not needed for `disabled`." },
    configfile: {
      ...path(),
      default: "/etc/selinux/config",
      aliases: ["conf", "file"],
      description: "What the host reads when it boots.",
    },
    update_kernel_param: {
      ...bool(),
      default: false,
      description:
        "With `disabled`, put `selinux=0` on the kernel's command line in every boot entry, otherwise take it away; needs grubby.",
    },
  },
  {
    requiredIf: [
      ["state", "enforcing", ["policy"]],
      ["state", "permissive", ["policy"]],
    ],
  },
  ({ policy }) => {
    if (policy !== undefined) policyName("policy", policy);
  },
);

type Params = ParametersOf<typeof params>;
type Input = Params & { readonly file: string };
type Data = {
  readonly plans: readonly Plan[];
  readonly mode: "enforcing" | "permissive" | undefined;
  readonly boot: "add" | "remove" | undefined;
  readonly awaitsPolicy: boolean;
  readonly messages: readonly string[];
};

export const selinux = stateModule<Params, Input, Questions, Data>({
  name: "selinux",
  aliases: ["ansible.posix.selinux"],
  summary: "Switches SELinux between enforcing, permissive and disabled.",
  description: [
    "Both the running mode and the one of the next boot are compared. What only a reboot can bring (from or to `disabled`, another policy) is written down, and the result says `reboot_required`; until the reboot, a host that is to be `disabled` is permissive.",
    "Before a host that never had SELinux enforces it, its files have to be labelled: `touch /.autorelabel` and a reboot in permissive mode, or Debian's selinux-activate. Otherwise it may not boot.",
    "A kernel that was built without SELinux is refused.",
    "RHEL 9 and Fedora no longer heed `SELINUX=disabled` fully; there set `update_kernel_param`.",
  ],
  parameters: params,
  example: `- name: Enforce the policy
  selinux:
    policy: "{{ ansible_facts['selinux']['type'] }}"
    state: enforcing
  register: selinux_mode
  when: ansible_facts['selinux']['status'] == 'enabled'
`,
  returns: {
    msg: "What was changed, and what only a reboot brings.",
    configfile: "As given.",
    policy: "The policy.",
    state: "As given.",
    reboot_required: "Does the host run otherwise than asked for until it is rebooted?",
  },
  prepare(given, _control, { traits }) {
    return Promise.resolve({ ...given, file: hostPath(given.configfile, traits) });
  },
  probe: (input, context) =>
    settingsQuestions(input.file, context, [
      selinuxStatus(),
      ...(input.policy === undefined ? [] : [pathQuestion(policyFolder(input.policy))]),
      ...(input.update_kernel_param ? [bootArguments()] : []),
    ]),
  plan(state, input, context) {
    const known = new Known(state);
    const status = known.of(selinuxStatus());
    const differences: Difference[] = [];
    const messages: string[] = [];
    if (input.state !== "disabled") requireSelinux(status, input, known, context);
    const isThere = followed(known.path(input.file)) !== undefined;
    if (!isThere && (input.state !== "disabled" || status.mode !== "off")) {
      const message = `selinux: there is no ${input.file} on this host; install the package ${policyPackage(context.traits)}, or name the file with "configfile"`;
      throw new MissingPrerequisite(`path:${input.file}`, message);
    }
    const before = settingsText(input.file, known);
    const after = isThere ? withMode(before, input) : before;
    const written = after === before ? undefined : planSettings(input.file, after, known, context);
    differences.push(...(written?.differences ?? []));
    for (const key of ["SELINUXTYPE", "SELINUX"]) {
      const [old, wanted] = [valueOf(before, key), valueOf(after, key)];
      const noun = key === "SELINUX" ? "state" : "policy";
      if (old !== wanted) messages.push(`SELinux ${noun} of the next boot changed from '${old ?? ""}' to '${wanted ?? ""}'`);
    }
    const mode = input.state === "disabled" ? "permissive" : input.state;
    // A host that is to be disabled and does not enforce waits for its reboot as it is.
    const isModeOff = status.mode !== "off" && status.mode !== mode;
    if (isModeOff) {
      differences.push({ kind: "field", subject: "SELinux", name: "mode", before: status.mode, after: mode });
      messages.push(`running SELinux state changed from '${status.mode}' to '${mode}'`);
    }
    const boot = input.update_kernel_param ? planBoot(known, input, context) : undefined;
    if (boot !== undefined) {
      const word = (isOff: boolean): string => (isOff ? "selinux=0" : "none");
      differences.push({
        kind: "field",
        subject: "boot entries",
        name: "selinux",
        before: word(boot === "remove"),
        after: word(boot === "add"),
      });
      messages.push(`selinux=0 ${boot === "add" ? "added to" : "removed from"} the boot entries`);
    }
    if (differences.length === 0) return undefined;
    const awaitsPolicy = status.mode !== "off" && valueOf(before, "SELINUXTYPE") !== valueOf(after, "SELINUXTYPE");
    return {
      differences,
      data: { plans: written?.data ?? [], mode: isModeOff ? mode : undefined, boot, awaitsPolicy, messages },
    };
  },
  apply({ data }, _input, { traits }) {
    const written = applySettings(data.plans, traits);
    const parts: Sh[] = [
      ...(data.plans.length > 0 ? [written.script] : []),
      ...(data.boot === undefined
        ? []
        : [sh`grubby --update-kernel=ALL ${data.boot === "add" ? "--args=selinux=0" : "--remove-args=selinux=0"} >&2 || exit`]),
      // What setenforce does, which some hosts lack.
      ...(data.mode === undefined ? [] : [sh`echo ${data.mode === "enforcing" ? 1 : 0} > /sys/fs/selinux/enforce || exit`]),
      sh`printf 'selinux=%s\\0%s\\0' ${data.awaitsPolicy ? "policy" : ""} ${data.messages.join(", ")}`,
    ];
    return { ...written, script: joinSh(parts) };
  },
  predict({ data }, state, input, { traits }) {
    const status = new Known(state).of(selinuxStatus());
    const mode = data.mode ?? status.mode;
    return [
      ...predictPlans(data.plans, traits),
      { question: selinuxStatus(), answer: { ...status, mode, awaitsPolicy: status.awaitsPolicy || data.awaitsPolicy } },
      ...(input.update_kernel_param
        ? [{ question: bootArguments(), answer: { isOff: input.state === "disabled" ? "all" : "none" } }]
        : []),
    ];
  },
  provides: ({ data }) => providedBy(data.plans),
  result(state, input, { traits }) {
    const known = new Known(state);
    const status = known.of(selinuxStatus());
    const isOtherwise = input.state === "disabled" ? status.mode !== "off" : status.mode === "off";
    const policy = input.policy ?? valueOf(settingsText(input.file, known), "SELINUXTYPE") ?? null;
    const reboot = isOtherwise || status.awaitsPolicy;
    const msg = isOtherwise ? rebootMessage(input, traits) : "";
    return { configfile: input.configfile, policy, state: input.state, reboot_required: reboot, msg };
  },
  applied(output: Output) {
    const [, policy, messages = ""] = /selinux=(policy)?\0([^\0]*)\0/.exec(output.stdout.toString("utf8")) ?? [];
    return { msg: messages, ...(policy === undefined ? {} : { reboot_required: true }) };
  },
});

const policyFolder = (policy: string): string => `/etc/selinux/${policy}/policy`;

/** Throws where the kernel has no SELinux, and where the policy is not installed. */
function requireSelinux(status: SelinuxStatus, input: Input, known: Known, { traits }: ProbeContext): void {
  if (status.mode === "off" && status.isInKernel === false) {
    throw new ModuleFailure(
      `selinux: the kernel of this host, ${status.kernel}, was built without SELinux, so that it can never be ${input.state}; boot a kernel that has it`,
    );
  }
  const { policy = "" } = input;
  if (followed(known.path(policyFolder(policy)))?.kind === "directory") return;
  const message = `selinux: the policy "${policy}" is not installed, there is no ${policyFolder(policy)}; install the package ${policyPackage(traits)}`;
  throw new MissingPrerequisite(`path:${policyFolder(policy)}`, message);
}

function planBoot(known: Known, input: Input, { traits }: ProbeContext): Data["boot"] {
  const { isOff } = known.of(bootArguments());
  if (isOff === undefined) throw missingTool("grubby", "selinux: update_kernel_param", traits);
  if (input.state === "disabled") return isOff === "all" ? undefined : "add";
  return isOff === "none" ? undefined : "remove";
}

function rebootMessage({ state }: Input, traits: ProbeContext["traits"]): string {
  const debian =
    state !== "disabled" && traits.packageManager === "apt"
      ? ", with security=selinux on the kernel's command line: Debian's selinux-activate adds it"
      : "";
  return `a reboot is required to set the SELinux state to '${state}'${debian}`;
}

/** The value of the last line for a key. */
function valueOf(text: string, key: string): string | undefined {
  const values = text.split("\n").flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1).trim()] : []));
  return values.at(-1);
}

function withMode(text: string, { state, policy }: Input): string {
  const withState = withValue(text, "SELINUX", state);
  return policy === undefined ? withState : withValue(withState, "SELINUXTYPE", policy);
}

/** The text with exactly one line for the key, in the place of the first there was. */
function withValue(text: string, key: string, value: string): string {
  const all = text.replace(/\n$/, "").split("\n");
  const places = all.flatMap((line, index) => (line.startsWith(`${key}=`) ? [index] : []));
  const [first] = places;
  if (first === undefined) return `${text === "" || text.endsWith("\n") ? text : `${text}\n`}${key}=${value}\n`;
  if (places.length === 1 && valueOf(text, key) === value) return text;
  const kept = all.flatMap((line, index) => (index === first ? [`${key}=${value}`] : places.includes(index) ? [] : [line]));
  return `${kept.join("\n")}\n`;
}
