import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, ModuleFailure, type Resource, stateModule } from "../contract.ts";
import { choice, parameters, str } from "../parameters.ts";
import { writeScript } from "../support/files/atomic-write.ts";
import { type KernelModule, kernelModule, type ModuleFiles, moduleFiles } from "../support/kernel/kernel-module.ts";

type Data = {
  readonly load: boolean;
  readonly unload: boolean;
  readonly write: readonly Written[];
  readonly disable: readonly string[];
};
type Written = { readonly path: string; readonly text: string };

const LOAD = "/etc/modules-load.d";
const OPTIONS = "/etc/modprobe.d";

export const modprobe = stateModule({
  name: "modprobe",
  aliases: ["community.general.modprobe"],
  summary: "Loads and unloads kernel modules, for now and after a reboot.",
  description: ["A module that is built into the kernel counts as loaded."],
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
  probe: (params) => ({
    module: kernelModule(params.name),
    files: moduleFiles(),
  }),
  plan: (state, params) => {
    const differences: Difference[] = [];
    const differs = (name: string, before: string, after: string): void => {
      differences.push({ kind: "field", subject: params.name, name, before, after });
    };
    const load = params.state === "present" && state.module.state === "absent";
    const unload = params.state === "absent" && state.module.state !== "absent";
    if (load) {
      if (!state.module.isKnown) {
        const message = `modprobe: there is no module "${params.name}" for the running kernel ${state.module.kernel}`;
        throw new MissingPrerequisite(`path:/lib/modules/${state.module.kernel}`, message);
      }
      differs("state", "not loaded", "loaded");
    }
    if (unload) {
      if (state.module.state === "builtin")
        throw new ModuleFailure(`${params.name} is built into the kernel and cannot be unloaded`);
      differs("state", "loaded", "not loaded");
    }
    const write = params.persistent === "present" ? filesToWrite(params, state.files) : [];
    for (const { path } of write) differs("at boot", "absent", path);
    const disable = params.persistent === "absent" ? filesToDisable(params.name, state.files) : [];
    for (const path of disable) differs("at boot", path, "absent");
    return differences.length === 0 ? undefined : { differences, data: { load, unload, write, disable } satisfies Data };
  },
  apply: (change, params, context) => {
    const { load, unload, write, disable } = change.data;
    const parts: Sh[] = [];
    if (load) parts.push(sh`modprobe ${params.name} ${params.params.split(/\s+/).filter((one) => one !== "")} || exit`);
    if (unload) parts.push(sh`modprobe -r ${params.name} || exit`);
    const payloads: Record<string, { readonly content: Uint8Array }> = {};
    write.forEach(({ path, text }, index) => {
      const content = new TextEncoder().encode(text);
      const payload = `file${index}`;
      payloads[payload] = { content };
      const file = { dest: path, previous: undefined, replaces: false, set: {}, wanted: {}, backup: false, unsafeWrites: false };
      parts.push(writeScript({ ...file, from: { payload, size: content.byteLength } }, context.traits));
    });
    const pattern = linePattern(params.name);
    for (const path of disable) parts.push(sh`sed -i -e ${`/${pattern}/s/^/#/`} ${path} || exit`);
    return { script: joinSh(parts), payloads };
  },
  predict: (change, state, params) => {
    const { load, unload, write, disable } = change.data;
    const kept = new Map(state.files.map((file) => [file.path, file.text]));
    for (const { path, text } of write) kept.set(path, text);
    const line = new RegExp(`^\\s*(options\\s+)?${eitherSpelling(params.name)}(\\s.*)?$`);
    for (const path of disable) {
      const lines = (kept.get(path) ?? "").split("\n");
      kept.set(path, lines.map((one) => (line.test(one) ? `#${one}` : one)).join("\n"));
    }
    const module: KernelModule = { ...state.module, state: load ? "loaded" : unload ? "absent" : state.module.state };
    return [
      { question: kernelModule(params.name), answer: module },
      { question: moduleFiles(), answer: [...kept].map(([path, text]) => ({ path, text })) },
    ];
  },
  provides: (change, params) => [
    ...(change.data.load ? (SETTINGS_OF[plain(params.name)] ?? []).map((one): Resource => `path:/proc/sys/${one}`) : []),
    ...change.data.write.map(({ path }): Resource => `path:${path}`),
  ],
  result: (_state, params) => ({ name: params.name, params: params.params, state: params.state }),
});

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

/** A basic regular expression, for sed, of the lines that load a module or set its options. */
function linePattern(name: string): string {
  return `^[[:space:]]*\\(options[[:space:]][[:space:]]*\\)\\{0,1\\}${eitherSpelling(name)}\\([[:space:]].*\\)\\{0,1\\}$`;
}

const words = (text: string): string[][] => text.split("\n").map((line) => line.trim().split(/\s+/));

function filesToWrite(params: { readonly name: string; readonly params: string }, files: ModuleFiles): Written[] {
  const name = plain(params.name);
  const textOf = (path: string): string => files.find((file) => file.path === path)?.text ?? "";
  const added = (path: string, line: string): Written => {
    const text = textOf(path);
    return { path, text: `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n` };
  };
  const isLoaded = files.some(
    (file) => !file.path.startsWith(OPTIONS) && words(file.text).some(([first = ""]) => plain(first) === name),
  );
  const wanted = params.params
    .trim()
    .split(/\s+/)
    .filter((one) => one !== "");
  const hasOptions = files.some((file) =>
    words(file.text).some(
      ([first, module = "", ...options]) =>
        first === "options" && plain(module) === name && options.join(" ") === wanted.join(" "),
    ),
  );
  return [
    ...(isLoaded ? [] : [added(`${LOAD}/${params.name}.conf`, params.name)]),
    ...(hasOptions || wanted.length === 0
      ? []
      : [added(`${OPTIONS}/${params.name}.conf`, `options ${params.name} ${wanted.join(" ")}`)]),
  ];
}

function filesToDisable(module: string, files: ModuleFiles): string[] {
  const name = plain(module);
  const isAbout = ([first = "", second = ""]: readonly string[]): boolean =>
    plain(first) === name || (first === "options" && plain(second) === name);
  return files.filter((file) => words(file.text).some(isAbout)).map((file) => file.path);
}
