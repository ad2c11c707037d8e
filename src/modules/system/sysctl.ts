import { joinSh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, ModuleFailure, stateModule } from "../contract.ts";
import { bool, choice, parameters, path, str, toBoolean } from "../parameters.ts";
import { type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { hostPath } from "../support/files/host-path.ts";
import { applySettings, Known, planSettings, settingsQuestions, settingsText } from "../support/files/settings-file.ts";
import {
  isSameSetting,
  kernelSetting,
  nameProblem,
  settingName,
  settingPath,
  settingValue,
} from "../support/kernel/kernel-setting.ts";

/** `set`: give the kernel `text`; `load`: the rest of the file too. */
type Data = { readonly plans: readonly Plan[]; readonly text: string; readonly set: boolean; readonly load: boolean };

export const sysctl = stateModule({
  name: "sysctl",
  aliases: ["ansible.posix.sysctl"],
  summary: "Sets kernel settings, for now and after a reboot.",
  description: [
    "The line `name=value` is put into `sysctl_file`, once; other lines stay as they are. With `reload` or `sysctl_set` the kernel's value is " +
      "compared and set too, so that a value that somebody has changed by hand is put right.",
    "The kernel is given the value before the file is written, so that a value that it refuses is not left in a file; Ansible leaves it there, and " +
      "finds nothing to do the next time. Where the host has the command `sysctl`, a file that was changed is loaded as a whole afterwards.",
    "As in Ansible, a word for yes or no (`true`, `on`, `n`) means 1 or 0; here only when the kernel's own value is not a word, so that " +
      '`kernel.printk_devkmsg: "on"` can be set.',
    "A value that the kernel turns into another one, such as a size that it rounds, fails, since it would differ at each run: write what the " +
      "kernel shows, or use `reload: false` to have it in the file only.",
  ],
  parameters: parameters(
    {
      name: { ...str(), required: true, aliases: ["key"], description: "The setting: `net.ipv4.ip_forward`." },
      value: { ...str(), aliases: ["val"], description: "Its value. White space between several values may be any." },
      state: { ...choice("present", "absent"), default: "present", description: "Whether the line is to be in the file." },
      sysctl_file: { ...path(), default: "/etc/sysctl.conf", description: "The file." },
      sysctl_set: { ...bool(), default: false, description: "Compare and set the kernel's value, also without `reload`." },
      reload: {
        ...bool(),
        default: true,
        description: "Compare and set the kernel's value, and load the file when it was changed.",
      },
      ignoreerrors: {
        ...bool(),
        default: false,
        description: "Go on when the kernel does not know a setting: it is in the file only.",
      },
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
    const name = params.name.trim();
    const problem = nameProblem(name);
    if (problem !== undefined) throw new ModuleFailure(problem);
    const value = settingValue(params.value ?? "");
    if (params.state === "present" && value === "") throw new ModuleFailure("value cannot be blank");
    return Promise.resolve({ ...params, name, value, file: hostPath(params.sysctl_file, context.traits) });
  },
  probe: (input, context) => settingsQuestions(input.file, context, [kernelSetting(input.name)]),
  plan: (state, input, context) => {
    const known = new Known(state);
    const live = known.of(kernelSetting(input.name));
    const text = meant(input.value, live);
    const isPresent = input.state === "present";
    const before = settingsText(input.file, known);
    const after = isPresent ? withSetting(before, input.name, text) : withoutSetting(before, input.name);
    const change = after === before ? undefined : planSettings(input.file, after, known, context);
    const differences: Difference[] = [...(change?.differences ?? [])];
    const isForKernel = isPresent && (input.sysctl_set || input.reload);
    if (isForKernel && live === null && !input.ignoreerrors) {
      const message = `the kernel has no setting "${input.name}" (${settingPath(input.name)}); is a module missing?`;
      throw new MissingPrerequisite(`path:${settingPath(input.name)}`, message);
    }
    const set = isForKernel && live !== null && !isSameSetting(live, text);
    if (set) differences.push({ kind: "field", subject: input.name, name: "value", before: live, after: text });
    if (differences.length === 0) return undefined;
    const data: Data = { plans: change?.data ?? [], text, set, load: change !== undefined && input.reload };
    return { differences, data };
  },
  apply: ({ data: { plans, text, set, load } }, input, context) => {
    const written = applySettings(plans, context.traits);
    const path = settingPath(input.name);
    const setIt = sh`k3_said=$({ printf '%s\\n' ${text} > ${path}; } 2>&1) || { printf 'setting %s failed: %s\\n' ${input.name} "$k3_said" >&2; exit 1; }`;
    const loadIt = sh`if command -v sysctl >/dev/null; then sysctl ${input.ignoreerrors ? ["-e"] : []} -p ${input.file} >/dev/null || exit; fi`;
    const script = joinSh([...(set ? [setIt] : []), ...(plans.length > 0 ? [written.script] : []), ...(load ? [loadIt] : [])]);
    return { ...written, script };
  },
  predict: ({ data }, _state, input, context) => [
    ...predictPlans(data.plans, context.traits),
    ...(data.set ? [{ question: kernelSetting(input.name), answer: data.text }] : []),
  ],
  provides: (change) => providedBy(change.data.plans),
});

/** A word for yes or no is 1 or 0, unless the kernel has a word there itself. */
function meant(value: string, live: string | null): string {
  if (/^\d/.test(value) || (live !== null && /^[a-z]/i.test(live))) return value;
  const isYes = toBoolean(value);
  return isYes === undefined ? value : isYes ? "1" : "0";
}

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
