import { joinSh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, stateModule } from "../contract.ts";
import { bool, choice, parameters, path, raw, str } from "../parameters.ts";
import { type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { hostPath } from "../support/files/host-path.ts";
import { applySettings, Known, planSettings, settingsQuestions, settingsText } from "../support/files/settings-file.ts";
import { kernelSetting, settingName, settingPath, settingValue } from "../support/kernel/kernel-setting.ts";

type Data = { readonly plans: readonly Plan[]; readonly live: boolean };

export const sysctl = stateModule({
  name: "sysctl",
  aliases: ["ansible.posix.sysctl"],
  summary: "Sets kernel settings, for now and after a reboot.",
  description: [
    "The line `name=value` is put into `sysctl_file`, and when that changes something the file is loaded. With `sysctl_set` the kernel's value is compared and set as well.",
  ],
  parameters: parameters(
    {
      name: { ...str(), required: true, aliases: ["key"], description: "The setting: `net.ipv4.ip_forward`." },
      value: { ...raw(), aliases: ["val"], description: "Its value. White space between several values may be any." },
      state: { ...choice("present", "absent"), default: "present", description: "Whether the line is to be in the file." },
      sysctl_file: { ...path(), default: "/etc/sysctl.conf", description: "The file." },
      sysctl_set: { ...bool(), default: false, description: "Compare and set the kernel's value too." },
      reload: { ...bool(), default: true, description: "Load the file when it was changed." },
      ignoreerrors: { ...bool(), default: false, description: "Go on when the kernel does not know a setting." },
    },
    { requiredIf: [["state", "present", ["value"]]] },
  ),
  example: `- name: Let packets pass
  sysctl:
    name: net.ipv4.ip_forward
    value: 1
    sysctl_file: /etc/sysctl.d/90-example.conf
    reload: false
`,
  prepare: (params, _control, context) => {
    const { value } = params;
    const text = typeof value === "boolean" ? (value ? "1" : "0") : value === undefined || value === null ? "" : String(value);
    return Promise.resolve({ ...params, text: settingValue(text), file: hostPath(params.sysctl_file, context.traits) });
  },
  probe: (input, context) => settingsQuestions(input.file, context, [kernelSetting(input.name)]),
  plan: (state, input, context) => {
    const known = new Known(state);
    const before = settingsText(input.file, known);
    const after = input.state === "absent" ? withoutSetting(before, input.name) : withSetting(before, input.name, input.text);
    const change = after === before ? undefined : planSettings(input.file, after, known, context);
    const differences: Difference[] = [...(change?.differences ?? [])];
    const live = known.of(kernelSetting(input.name));
    const sets = input.state === "present" && input.sysctl_set;
    const needsKernel = sets || (input.state === "present" && change !== undefined && input.reload);
    if (needsKernel && live === null && !input.ignoreerrors) {
      const message = `the kernel has no setting "${input.name}" (${settingPath(input.name)}); is a module missing?`;
      throw new MissingPrerequisite(`path:${settingPath(input.name)}`, message);
    }
    const isLiveOff = sets && live !== null && live !== input.text;
    if (isLiveOff) differences.push({ kind: "field", subject: input.name, name: "value", before: live, after: input.text });
    if (differences.length === 0) return undefined;
    const data: Data = { plans: change?.data ?? [], live: isLiveOff };
    return { differences, data };
  },
  apply: (change, input, context) => {
    const written = applySettings(change.data.plans, context.traits);
    const load = sh`sysctl ${input.ignoreerrors ? ["-e"] : []} -p ${input.file} >/dev/null || exit`;
    const set = sh`printf '%s\\n' ${input.text} > ${settingPath(input.name)} || exit`;
    const script = joinSh([
      ...(change.data.plans.length > 0 ? [written.script] : []),
      ...(change.data.plans.length > 0 && input.reload ? [load] : []),
      ...(change.data.live ? [set] : []),
    ]);
    return { ...written, script };
  },
  predict: (change, _state, input, context) => [
    ...predictPlans(change.data.plans, context.traits),
    ...(input.state === "present" && (change.data.live || input.reload)
      ? [{ question: kernelSetting(input.name), answer: input.text }]
      : []),
  ],
  provides: (change) => providedBy(change.data.plans),
});

const isAbout = (line: string, name: string): boolean => {
  if (/^\s*([#;]|$)/.test(line)) return false;
  const equals = line.indexOf("=");
  return equals > 0 && settingName(line.slice(0, equals)) === settingName(name);
};

/** The text with exactly one line for the setting, in the place of the first there was; the rest as it is. */
export function withSetting(text: string, name: string, value: string): string {
  const lines = linesOf(text);
  const places = lines.flatMap((line, index) => (isAbout(line, name) ? [index] : []));
  const [first, ...others] = places;
  if (first === undefined) return `${[...lines, `${name}=${value}`].join("\n")}\n`;
  const current = lines[first] ?? "";
  const isRight = settingValue(current.slice(current.indexOf("=") + 1)) === value;
  if (isRight && others.length === 0) return text;
  const kept = lines.map((line, index) => (index === first && !isRight ? `${name}=${value}` : line));
  return `${kept.filter((_, index) => !others.includes(index)).join("\n")}\n`;
}

export function withoutSetting(text: string, name: string): string {
  const lines = linesOf(text);
  const kept = lines.filter((line) => !isAbout(line, name));
  if (kept.length === lines.length) return text;
  return kept.length === 0 ? "" : `${kept.join("\n")}\n`;
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
