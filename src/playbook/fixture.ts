import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Diagnostic, DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { actionModule, controlModule, engineModule, type Module, stateModule } from "../modules/contract.ts";
import { bool, choice, dict, int, listOf, mode, parameters, path, raw, str } from "../modules/parameters.ts";
import { sh } from "../sh.ts";
import { Secret, type ValueMap } from "../vars/value.ts";
import { loadPlaybook } from "./load.ts";
import type { LoaderOptions, ModuleRegistry } from "./loading.ts";
import type { Playbook } from "./model.ts";

/** A registry of a few modules, for the loader's own tests. */
const modules: readonly Module[] = [
  controlModule({
    name: "debug",
    summary: "",
    example: "",
    expressions: ["var"],
    parameters: parameters(
      { msg: { ...raw(), description: "" }, var: { ...str(), description: "" }, verbosity: { ...int(), description: "" } },
      { mutuallyExclusive: [["msg", "var"]] },
    ),
    run: () => ({}),
  }),
  controlModule({
    name: "assert",
    summary: "",
    example: "",
    expressions: ["that"],
    parameters: parameters({ that: { ...raw(), required: true, description: "" }, fail_msg: { ...raw(), description: "" } }),
    run: () => ({}),
  }),
  ...(["command", "shell"] as const).map((name) =>
    actionModule({
      name,
      summary: "",
      example: "",
      freeForm: "cmd",
      changesHost: true,
      parameters: parameters({
        cmd: { ...str(), description: "" },
        creates: { ...path(), description: "" },
        removes: { ...path(), description: "" },
        chdir: { ...path(), description: "" },
      }),
      run: () => ({ script: sh`true` }),
      result: () => ({}),
    }),
  ),
  ...(["copy", "template"] as const).map((name) =>
    state(name, [`ansible.builtin.${name}`], {
      src: { ...path(), description: "" },
      content: { ...raw(), description: "" },
      dest: { ...path(), required: true, description: "" },
      owner: { ...str(), description: "" },
      mode: { ...mode(), description: "" },
      remote_src: { ...bool(), default: false, description: "" },
      validate: { ...str(), description: "" },
      backup: { ...bool(), default: false, description: "" },
    }),
  ),
  state("file", [], {
    path: { ...path(), required: true, aliases: ["dest", "name"], description: "" },
    state: { ...choice("file", "directory", "absent", "touch", "link"), description: "" },
    mode: { ...mode(), description: "" },
    owner: { ...str(), description: "" },
    group: { ...str(), description: "" },
    recurse: { ...bool(), default: false, description: "" },
  }),
  state("service", ["systemd", "ansible.builtin.service"], {
    name: { ...str(), required: true, description: "" },
    state: { ...choice("started", "stopped", "restarted", "reloaded"), description: "" },
    enabled: { ...bool(), description: "" },
    daemon_reload: { ...bool(), default: false, description: "" },
  }),
  state("apt", ["package"], {
    name: { ...listOf(str()), description: "" },
    state: { ...choice("present", "absent", "latest"), default: "present", description: "" },
    update_cache: { ...bool(), default: false, description: "" },
    cache_valid_time: { ...int(), description: "" },
  }),
  state("sysctl", ["ansible.posix.sysctl"], {
    name: { ...str(), required: true, description: "" },
    value: { ...str(), description: "" },
    state: { ...choice("present", "absent"), default: "present", description: "" },
    reload: { ...bool(), default: true, description: "" },
  }),
  state("uri", [], { url: { ...str(), required: true, description: "" }, headers: { ...dict(), description: "" } }),
  engine(
    "meta",
    { free_form: { ...choice("flush_handlers", "end_play", "noop"), required: true, description: "" } },
    "free_form",
  ),
  engine("include_vars", { file: { ...path(), description: "" }, dir: { ...path(), description: "" } }, "file"),
  engineModule({ name: "set_fact", summary: "", example: "", parameters: parameters({}, { openNames: true }) }),
];

function state(name: string, aliases: readonly string[], set: Parameters<typeof parameters>[0]): Module {
  return stateModule({
    name,
    aliases,
    summary: "",
    example: "",
    parameters: parameters(set),
    probe: () => ({}),
    plan: () => undefined,
    apply: () => ({ script: sh`true` }),
  });
}

function engine(name: string, set: Parameters<typeof parameters>[0], freeForm: string): Module {
  return engineModule({ name, summary: "", example: "", freeForm, parameters: parameters(set) });
}

export const registry: ModuleRegistry = {
  findModule: (name) => {
    const short = name.replace(/^ansible\.(builtin|legacy)\./, "");
    return modules.find((one) => one.name === short || one.aliases?.some((alias) => alias === name || alias === short));
  },
  moduleNames: () => modules.map((one) => one.name),
};

export type Fixture = {
  readonly folder: string;
  readonly options: LoaderOptions;
  /** Loads `site.yml`. */
  load(): Playbook;
  /** Everything that is told about it, warnings first, as users read it; the folder is left out. */
  told(): string;
  warnings(): readonly string[];
};

/** Files in a folder of their own, removed after the test. */
export function fixture(files: Readonly<Record<string, string>>, extraVars: readonly ValueMap[] = []): Fixture {
  const folder = mkdtempSync(join(tmpdir(), "playbook-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const warnings: Diagnostic[] = [];
  const options: LoaderOptions = {
    registry,
    rolesPath: [],
    vault: {
      decryptFile: (text) => Buffer.from(text.slice(text.indexOf("\n") + 1)),
      decrypt: (vault) => new Secret(vault.ciphertext),
    },
    extraVars,
    warn: (warning) => warnings.push(warning),
  };
  const load = () => loadPlaybook(join(folder, "site.yml"), options);
  const shown = (diagnostics: readonly Diagnostic[]) =>
    diagnostics.map((one) => formatDiagnostic(one).replaceAll(`${folder}/`, "").replaceAll(folder, "."));
  return {
    folder,
    options,
    load,
    told() {
      try {
        load();
        return shown(warnings).join("\n");
      } catch (error) {
        if (!(error instanceof DiagnosticError)) throw error;
        return shown([...warnings, ...error.diagnostics]).join("\n");
      }
    },
    warnings: () => shown(warnings),
  };
}

/** A playbook of one play with these tasks, each line of which is moved to its place. */
export function playWith(tasks: string, rest = ""): string {
  const indented = tasks.replace(/^(?=.)/gm, "    ");
  return `- hosts: all\n${rest.replace(/^(?=.)/gm, "  ")}  tasks:\n${indented}`;
}
