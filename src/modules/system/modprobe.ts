import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, ModuleFailure, type Resource, stateModule } from "../contract.ts";
import { choice, parameters, str } from "../parameters.ts";
import { type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { applySettings, Known, planSettings, settingsQuestions, settingsText } from "../support/files/settings-file.ts";
import { type KernelModule, kernelModule, type ModuleFiles, moduleFiles } from "../support/kernel/kernel-module.ts";
import { splitWords } from "../support/words.ts";

type Data = {
  readonly step: "load" | "unload" | undefined;
  /** Files as they are to be afterwards. */
  readonly texts: ReadonlyMap<string, string>;
  readonly plans: readonly Plan[];
  /** Files in which lines are commented out: all about the module, or only its options. */
  readonly disable: readonly string[];
};

/** `words`: what modprobe is given; `options`: the same as files of options spell it, quotation marks and all. */
type Input = {
  readonly name: string;
  readonly params: string;
  readonly state: "present" | "absent";
  readonly persistent: "disabled" | "present" | "absent";
  readonly words: readonly string[];
  readonly options: readonly string[];
};

const OPTIONS = "/etc/modprobe.d";
const loadFile = (name: string): string => `/etc/modules-load.d/${name}.conf`;
const optionsFile = (name: string): string => `${OPTIONS}/${name}.conf`;

export const modprobe = stateModule({
  name: "modprobe",
  aliases: ["community.general.modprobe"],
  summary: "Loads and unloads kernel modules, for now and after a reboot.",
  description: [
    "A module that is built into the kernel counts as loaded.",
    "With `persistent: present` and `params` the module's options at boot become exactly those: other lines with options of it are commented out. " +
      "Without `params` they are left alone, where Ansible comments them out. Everything else in the files stays, where Ansible writes the file anew.",
  ],
  parameters: parameters({
    name: { ...str(), required: true, description: "The module. `-` and `_` are the same." },
    params: {
      ...str(),
      default: "",
      description: "Parameters, as on modprobe's command line. Those of a module that is loaded already are not changed.",
    },
    state: { ...choice("present", "absent"), default: "present", description: "Whether it is to be loaded." },
    persistent: {
      ...choice("disabled", "present", "absent"),
      default: "disabled",
      description: "`present`: load it at boot too. `absent`: comment out all lines that do so. `disabled`: leave that alone.",
    },
  }),
  example: `- name: What Kubernetes needs
  modprobe:
    name: br_netfilter
    persistent: present
`,
  returns: { name: "The module.", params: "As given.", state: "As given." },
  prepare: (params) => {
    const { name } = params;
    if (!/^\w[\w.-]*$/.test(name))
      throw new ModuleFailure(`"${name}" is no name of a kernel module: it is made of letters, digits, _ and -`);
    return Promise.resolve({ ...params, words: wordsOf(params.params), options: optionsOf(params.params) });
  },
  probe: ({ name, persistent }: Input, context) => ({
    module: kernelModule(name),
    files: moduleFiles(),
    ...(persistent === "present"
      ? { ...settingsQuestions(loadFile(name), context), ...settingsQuestions(optionsFile(name), context) }
      : {}),
  }),
  plan: (state, input, context) => {
    const differences: Difference[] = [];
    const differs = (name: string, before: string, after: string): void => {
      differences.push({ kind: "field", subject: input.name, name, before, after });
    };
    const step = stepTo(input, state.module);
    if (step === "load") differs("state", "not loaded", "loaded");
    if (step === "unload") differs("state", "loaded", "not loaded");
    const boot = bootPlan(input, state.files);
    for (const path of boot.disable) differs("at boot", path, "absent");
    const known = new Known(state);
    const plans = [...boot.lines].flatMap(([path, lines]) => {
      const text = withLines(settingsText(path, known), lines, path.startsWith(OPTIONS) ? input.name : undefined);
      const change = planSettings(path, text, known, context);
      differences.push(...(change?.differences ?? []));
      return change?.data ?? [];
    });
    if (differences.length === 0) return undefined;
    const texts = textsAfter(input, state.files, boot);
    return { differences, data: { step, texts, plans, disable: boot.disable } satisfies Data };
  },
  apply: ({ data: { step, plans, disable } }, input, context) => {
    const written = applySettings(plans, context.traits);
    // Through links, which sed would put a file in the place of.
    const expression = `/${linePattern(input.name, input.persistent === "present")}/s/^/#/`;
    const parts: Sh[] = [
      ...(step === "load" ? [sh`modprobe ${input.name} ${input.words} || exit`] : []),
      ...(step === "unload" ? [sh`modprobe -r ${input.name} || exit`] : []),
      ...disable.map((path) => sh`sed -i -e ${expression} "$(readlink -f ${path})" || exit`),
      ...(plans.length > 0 ? [written.script] : []),
    ];
    return { ...written, script: joinSh(parts) };
  },
  predict: ({ data: { step, texts, plans } }, state, input, context) => {
    const after = step === "load" ? "loaded" : step === "unload" ? "absent" : state.module.state;
    const module: KernelModule = { ...state.module, state: after };
    return [
      { question: kernelModule(input.name), answer: module },
      { question: moduleFiles(), answer: [...texts].map(([path, text]) => ({ path, text })) },
      ...predictPlans(plans, context.traits),
    ];
  },
  provides: ({ data: { step, plans } }, input) => [
    ...(step === "load" ? (SETTINGS_OF[plain(input.name)] ?? []).map((one): Resource => `path:/proc/sys/${one}`) : []),
    ...providedBy(plans),
  ],
  result: (_state, input) => ({ name: input.name, params: input.params, state: input.state }),
});

function stepTo(input: Input, module: KernelModule): Data["step"] {
  const isThere = module.state !== "absent";
  if (isThere === (input.state === "present")) return undefined;
  if (module.state === "builtin") throw new ModuleFailure(`${input.name} is built into the kernel and cannot be unloaded`);
  if (!module.hasTool)
    throw new MissingPrerequisite("command:modprobe", 'the host has no "modprobe" command; install the package kmod');
  if (isThere) return "unload";
  if (!module.isKnown) {
    const message = `modprobe: there is no module "${input.name}" for the running kernel ${module.kernel}`;
    throw new MissingPrerequisite(`path:/lib/modules/${module.kernel}`, message);
  }
  return "load";
}

// Kernel settings that exist only while a module is loaded, so that a dry run does not take `sysctl` for wrong.
const SETTINGS_OF: Readonly<Record<string, readonly string[]>> = {
  br_netfilter: ["iptables", "ip6tables", "arptables"].map((one) => `net/bridge/bridge-nf-call-${one}`),
  nf_conntrack: ["max", "buckets", "tcp_timeout_established", "tcp_timeout_close_wait"].map(
    (one) => `net/netfilter/nf_conntrack_${one}`,
  ),
  ip_vs: ["conn_reuse_mode", "expire_nodest_conn", "conntrack"].map((one) => `net/ipv4/vs/${one}`),
};

const plain = (name: string): string => name.replaceAll("-", "_");

const eitherSpelling = (name: string): string =>
  plain(name)
    .replace(/[.*^$/\\]/g, "\\$&")
    .replaceAll("_", "[-_]");

/** A basic regular expression, for sed, of the lines that load a module or set its options, or only of the latter. */
function linePattern(name: string, onlyOptions: boolean): string {
  const options = "options[[:space:]][[:space:]]*";
  const start = onlyOptions ? options : `\\(${options}\\)\\{0,1\\}`;
  return `^[[:space:]]*${start}${eitherSpelling(name)}\\([[:space:]].*\\)\\{0,1\\}$`;
}

function wordsOf(params: string): string[] {
  try {
    return splitWords(params);
  } catch (error) {
    if (error instanceof SyntaxError) throw new ModuleFailure(`params cannot be split into words: ${error.message}: ${params}`);
    throw error;
  }
}

/** The words of a line, what is quoted being one. */
function optionsOf(text: string): string[] {
  return text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
}

type Line = { readonly isOptions: boolean; readonly isAbout: boolean; readonly options: readonly string[] };

function readLine(line: string, module: string): Line {
  const [first = "", second = "", ...options] = optionsOf(line);
  if (first === "options") return { isOptions: true, isAbout: plain(second) === plain(module), options };
  return { isOptions: false, isAbout: plain(first) === plain(module), options: [] };
}

type Boot = { readonly lines: ReadonlyMap<string, readonly string[]>; readonly disable: readonly string[] };

/** Lines that the two files of the module's name lack, and files in which old ones are in the way. */
function bootPlan({ name, persistent, options }: Input, files: ModuleFiles): Boot {
  const read = files.map(({ path, text }) => ({ path, lines: text.split("\n").map((line) => readLine(line, name)) }));
  const mine = read.map(({ path, lines }) => ({ path, lines: lines.filter((line) => line.isAbout) }));
  const lines = new Map<string, readonly string[]>();
  if (persistent === "disabled") return { lines, disable: [] };
  if (persistent === "absent") return { lines, disable: mine.filter((one) => one.lines.length > 0).map(({ path }) => path) };
  if (!mine.some(({ path, lines: all }) => !path.startsWith(OPTIONS) && all.length > 0)) lines.set(loadFile(name), [name]);
  const optional = mine.filter((one) => one.lines.some((line) => line.isOptions));
  const found = new Set(optional.flatMap((one) => one.lines.flatMap((line) => line.options)));
  const isRight = found.size === new Set(options).size && options.every((one) => found.has(one));
  if (options.length === 0 || isRight) return { lines, disable: [] };
  lines.set(
    optionsFile(name),
    options.map((one) => `options ${name} ${one}`),
  );
  return { lines, disable: optional.map(({ path }) => path).filter((path) => path !== optionsFile(name)) };
}

/** The text with more lines at its end; `module`: lines with options of it that were there before are commented out. */
function withLines(text: string, lines: readonly string[], module: string | undefined): string {
  const kept = module === undefined ? text : commentedOut(text, module, true);
  return `${kept}${kept === "" || kept.endsWith("\n") ? "" : "\n"}${lines.join("\n")}\n`;
}

function commentedOut(text: string, module: string, onlyOptions: boolean): string {
  const isOff = (line: string): boolean => {
    const { isAbout, isOptions } = readLine(line, module);
    return isAbout && (isOptions || !onlyOptions);
  };
  const lines = text.split("\n");
  return lines.map((line) => (isOff(line) ? `#${line}` : line)).join("\n");
}

function textsAfter({ name, persistent }: Input, files: ModuleFiles, { lines, disable }: Boot): Map<string, string> {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  for (const path of disable) texts.set(path, commentedOut(texts.get(path) ?? "", name, persistent === "present"));
  for (const [path, more] of lines)
    texts.set(path, withLines(texts.get(path) ?? "", more, path.startsWith(OPTIONS) ? name : undefined));
  return texts;
}
