import type { Position } from "../diagnostic.ts";
import type { Module } from "../modules/contract.ts";
import type { Value, ValueMap } from "../vars/value.ts";

/** A bare Jinja2 expression (`when:`), or a literal boolean. */
export type Condition = { readonly source: string | boolean; readonly position: Position | undefined };

/**
 * Keywords that plays, roles, blocks and tasks share and hand down. Values that are still `Value` may hold templates and
 * are rendered by the engine; undefined means "not written here: ask the parent". A copy of a parent's value is never made.
 */
export type Inheritable = {
  readonly become?: Value;
  readonly becomeUser?: Value;
  readonly becomeMethod?: Value;
  readonly becomeFlags?: Value;
  readonly becomeExe?: Value;
  readonly remoteUser?: Value;
  readonly port?: Value;
  readonly connection?: Value;
  readonly environment?: Value;
  readonly ignoreErrors?: Value;
  readonly ignoreUnreachable?: Value;
  readonly anyErrorsFatal?: Value;
  readonly checkMode?: Value;
  readonly diff?: Value;
  readonly noLog?: Value;
  readonly delegateTo?: Value;
  readonly delegateFacts?: Value;
  readonly runOnce?: Value;
  readonly throttle?: Value;
  readonly timeout?: Value;
  readonly moduleDefaults?: Value;
};

/** One link of the chain a task inherits through: play, role, block, include. */
export type Scope = {
  readonly parent: Scope | undefined;
  readonly kind: "play" | "role" | "block" | "task" | "include";
  readonly keywords: Inheritable;
  /** `vars:` written here (role parameters too, as kind "role"). */
  readonly vars: ValueMap | undefined;
  readonly when: readonly Condition[];
  readonly tags: readonly string[];
  readonly role: Role | undefined;
  readonly position: Position | undefined;
};

export type LoopControl = {
  readonly loopVar: string;
  readonly indexVar: string | undefined;
  readonly label: Value | undefined;
  readonly pause: Value | undefined;
  readonly extended: Value | undefined;
  readonly breakWhen: readonly Condition[];
};

export type Loop = {
  /** "loop", or the lookup of `with_X`: items, dict, fileglob, sequence, … ; "until" loops are in `Until`. */
  readonly lookup: string;
  readonly value: Value;
  readonly control: LoopControl;
  readonly position: Position | undefined;
};

export type Until = {
  readonly conditions: readonly Condition[];
  readonly retries: Value | undefined;
  readonly delay: Value | undefined;
};

export type Task = Scope & {
  readonly kind: "task";
  /** Unique in the process. */
  readonly id: number;
  readonly name: Value | undefined;
  readonly module: Module;
  /** As written: "ansible.builtin.copy". */
  readonly moduleName: string;
  /** Parameters by the names the user wrote, free-form text already under its parameter, `args:` merged in. */
  readonly args: ValueMap;
  /** `args: "{{ dictionary }}"`: more parameters, known only when rendered. */
  readonly templatedArgs: Value | undefined;
  readonly loop: Loop | undefined;
  readonly until: Until | undefined;
  readonly register: string | undefined;
  readonly notify: Value | undefined;
  readonly changedWhen: readonly Condition[] | undefined;
  readonly failedWhen: readonly Condition[] | undefined;
  /** `listen:` of a handler. */
  readonly listen: readonly string[];
  readonly isHandler: boolean;
  readonly position: Position;
  /** Folder of the file that the task stands in: first place to look for its files. */
  readonly folder: string;
};

export type Block = Scope & {
  readonly kind: "block";
  readonly name: Value | undefined;
  readonly block: readonly Node[];
  readonly rescue: readonly Node[];
  readonly always: readonly Node[];
  readonly position: Position;
};

/** `include_tasks`, `include_role`: resolved when a host comes to it. The imports are resolved at load time and leave no node. */
export type Include = Scope & {
  readonly kind: "include";
  readonly id: number;
  readonly name: Value | undefined;
  readonly what: "tasks" | "role";
  readonly moduleName: string;
  /** file; or name, tasks_from, vars_from, defaults_from, handlers_from, public, allow_duplicates, rolespec_validate. */
  readonly args: ValueMap;
  /** `apply:` — keywords for the included tasks, as a scope without parent. */
  readonly apply: Omit<Scope, "parent" | "kind"> | undefined;
  readonly loop: Loop | undefined;
  readonly register: string | undefined;
  readonly isHandler: boolean;
  readonly listen: readonly string[];
  readonly position: Position;
  readonly folder: string;
};

export type Node = Task | Block | Include;

export type Role = {
  readonly name: string;
  readonly path: string;
  readonly defaults: ValueMap;
  readonly vars: ValueMap;
  /** Parameters: `- role: x` with other keys, or `vars:` beside it. */
  readonly parameters: ValueMap | undefined;
  readonly argumentSpec: ArgumentSpec | undefined;
  readonly handlers: readonly Node[];
  /** Roles it depends on, already in front of it in the play. */
  readonly dependencies: readonly Role[];
  /** Names of the role that includes this one first, for `ansible_parent_role_names`. */
  readonly parents: readonly string[];
};

/** `meta/argument_specs.yml`, the entry point's options. */
export type ArgumentSpec = {
  readonly entryPoint: string;
  readonly shortDescription: string | undefined;
  readonly options: ReadonlyMap<string, ArgumentOption>;
  readonly rules: readonly ArgumentRule[];
  readonly position: Position | undefined;
};
export type ArgumentOption = {
  readonly type: "str" | "int" | "float" | "bool" | "list" | "dict" | "path" | "raw" | "json" | "bytes" | "bits" | "jsonarg";
  readonly elements: ArgumentOption["type"] | undefined;
  readonly required: boolean;
  readonly default: Value | undefined;
  readonly choices: readonly Value[] | undefined;
  readonly description: string;
  readonly options: ReadonlyMap<string, ArgumentOption> | undefined;
  /** What holds among `options`. */
  readonly rules: readonly ArgumentRule[];
  /** Not given, it is an empty mapping, so that what its own options require is required. */
  readonly applyDefaults: boolean;
  readonly noLog: boolean;
  /** Further names, and what is to be said to who uses one of them; "" when nothing is. */
  readonly aliases: ReadonlyMap<string, string>;
  /** What is to be said to who uses it: when it will be removed. */
  readonly deprecation: string | undefined;
  readonly position: Position | undefined;
};
/** What must hold among the options of one level. */
export type ArgumentRule = { readonly names: readonly string[]; readonly position: Position | undefined } & (
  | { readonly kind: "mutually_exclusive" | "required_together" | "required_one_of" }
  /** When `name` has the value, all of `names` are required, or one of them. */
  | { readonly kind: "required_if"; readonly name: string; readonly value: Value; readonly isAny: boolean }
  /** When `name` is given, all of `names` are required. */
  | { readonly kind: "required_by"; readonly name: string }
);

export type VarsPrompt = {
  readonly name: string;
  readonly prompt: Value | undefined;
  readonly isPrivate: boolean;
  readonly default: Value | undefined;
  readonly confirm: boolean;
};

export type Play = Scope & {
  readonly kind: "play";
  readonly name: Value | undefined;
  readonly hosts: Value;
  readonly gatherFacts: Value | undefined;
  readonly gatherSubset: Value | undefined;
  readonly gatherTimeout: Value | undefined;
  readonly strategy: "linear" | "free" | "host_pinned" | "debug";
  readonly serial: Value | undefined;
  readonly order: Value | undefined;
  readonly maxFailPercentage: Value | undefined;
  readonly forceHandlers: Value | undefined;
  readonly varsFiles: Value | undefined;
  readonly varsPrompt: readonly VarsPrompt[];
  /** Static roles of the play, dependencies first, in the order they run. */
  readonly roles: readonly Role[];
  readonly preTasks: readonly Node[];
  /** Tasks of `roles:`, in order, each below its role's scope. */
  readonly roleTasks: readonly Node[];
  readonly tasks: readonly Node[];
  readonly postTasks: readonly Node[];
  /** Handlers of the play and of its static roles, in the order in which they run. */
  readonly handlers: readonly Node[];
  readonly file: string;
  readonly position: Position;
};

export type Playbook = { readonly file: string; readonly plays: readonly Play[] };
