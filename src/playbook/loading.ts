import { isAbsolute, relative } from "node:path";
import { type Diagnostic, DiagnosticError, type Diagnostics, type Position } from "../diagnostic.ts";
import type { Module } from "../modules/contract.ts";
import { parseYaml, readTextSync } from "../source/yaml.ts";
import type { Secret, Value, ValueMap, VaultText } from "../vars/value.ts";
import type { Node, Role } from "./model.ts";
import type { Guards } from "./role-identity.ts";

/** The modules there are: `modules/registry.ts`, or a few of a test's own. */
export type ModuleRegistry = {
  findModule(name: string): Module | undefined;
  /** Names without a collection in front, for suggestions. */
  moduleNames(): readonly string[];
};

/** Opens what is encrypted. Both throw DiagnosticError when they cannot. */
export type VaultReader = {
  decryptFile(text: string, path: string): Uint8Array;
  decrypt(vault: VaultText): Secret;
};

export type LoaderOptions = {
  readonly registry: ModuleRegistry;
  /** Folders with roles, searched after the playbook's own `roles/`. */
  readonly rolesPath: readonly string[];
  readonly vault: VaultReader;
  /** `--extra-vars`, the later win: names of imported files and roles may use them. */
  readonly extraVars: readonly ValueMap[];
  readonly warn: (warning: Diagnostic) => void;
};

/** What a play gathers while its parts are loaded. */
export type PlayParts = {
  readonly roles: Role[];
  readonly roleHandlers: Node[];
  /** Handlers of imported roles; they come after the play's own. */
  readonly importedHandlers: Node[];
  /** Handlers that dynamic includes with a known name bring, should they run. */
  readonly possibleHandlers: Node[];
  /** Names of handlers that have mistakes: those are told already, and `notify` is not to blame. */
  readonly brokenHandlers: string[];
  /** A dynamic include whose name is a template may bring any handler. */
  unforeseen: boolean;
  /** Roles that run already, by what makes a role the same one: see role-identity.ts. */
  readonly running: Map<string, { readonly role: Role; readonly guards: Guards }>;
  /** Names in `notify:` that hold no template. */
  readonly notified: { readonly name: string; readonly position: Position | undefined; readonly trail: readonly string[] }[];
  /** Dynamic includes that have been looked through already. */
  readonly seen: Set<string>;
};

/** Where the loader stands: what problems are told with, and what the parts of a file need to know of their surroundings. */
export type Loading = {
  readonly options: LoaderOptions;
  readonly problems: Diagnostics;
  /** The way here, outermost first, as diagnostics show it. */
  readonly trail: readonly string[];
  /** Folder of the file that is being read. */
  readonly folder: string;
  /** Files that are being read, outermost first: an import of one of them would never end. */
  readonly files: readonly string[];
  readonly parts: PlayParts;
  readonly isHandler: boolean;
  /** `notify:` of the blocks around. */
  readonly notify: readonly Value[];
  /** Inside of a conditional dynamic include, which may be there for hosts that are not in this run. */
  readonly lenient: boolean;
};

export function newParts(): PlayParts {
  return {
    roles: [],
    roleHandlers: [],
    importedHandlers: [],
    possibleHandlers: [],
    brokenHandlers: [],
    unforeseen: false,
    running: new Map(),
    notified: [],
    seen: new Set(),
  };
}

type Told = { readonly code: string; readonly message: string; readonly position: Position | undefined; readonly help?: string };

export function problem(loading: Loading, told: Told): void {
  loading.problems.error(told.code, told.message, rest(loading, told));
}

export function warning(loading: Loading, told: Told): void {
  loading.problems.warn(told.code, told.message, rest(loading, told));
}

function rest(loading: Loading, told: Told): Omit<Diagnostic, "severity" | "code" | "message"> {
  return {
    ...(told.position === undefined ? {} : { position: told.position }),
    ...(loading.trail.length === 0 ? {} : { context: loading.trail }),
    ...(told.help === undefined ? {} : { help: told.help }),
  };
}

/** Runs `work` and keeps the problems that it throws, with the way here; `position` is for those that have none. */
export function collect<T>(loading: Loading, position: Position | undefined, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    loading.problems.add(
      error.diagnostics.map((one) => ({
        ...(loading.trail.length === 0 ? {} : { context: loading.trail }),
        ...(position === undefined ? {} : { position }),
        ...one,
      })),
    );
    return undefined;
  }
}

/** Keeps problems that were found rather than thrown, as `collect` does with those that it catches. */
export function keep(loading: Loading, position: Position | undefined, found: readonly Diagnostic[]): void {
  if (found.length > 0) collect(loading, position, () => throwAll(found));
}

function throwAll(found: readonly Diagnostic[]): never {
  throw new DiagnosticError(found);
}

export function within(loading: Loading, label: string): Loading {
  return { ...loading, trail: [...loading.trail, label] };
}

/** A path as messages show it: relative where it lies below the current folder. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === "" || short.startsWith("..") || isAbsolute(short) ? path : short;
}

const VAULT_HEADER = "$ANSIBLE_VAULT;";

type YamlFile = { readonly value: Value; readonly isEncrypted: boolean };

/** What files hold, beside the text that it was read from: a role that many others depend on is loaded once for each of them. */
const known = new WeakMap<LoaderOptions, Map<string, { readonly text: string; readonly file: YamlFile }>>();

/** A YAML file that may be encrypted as a whole. Throws DiagnosticError. */
export function readYaml(options: LoaderOptions, path: string): YamlFile {
  const text = readTextSync(path);
  let files = known.get(options);
  if (files === undefined) {
    files = new Map();
    known.set(options, files);
  }
  const before = files.get(path);
  if (before?.text === text) return before.file;
  const file = parseFile(options, path, text);
  files.set(path, { text, file });
  return file;
}

function parseFile(options: LoaderOptions, path: string, text: string): YamlFile {
  if (!text.startsWith(VAULT_HEADER)) return { value: parseYaml(text, shownPath(path)), isEncrypted: false };
  const clear = new TextDecoder().decode(options.vault.decryptFile(text, path));
  return { value: parseYaml(clear, shownPath(path), { excerpts: false }), isEncrypted: true };
}
