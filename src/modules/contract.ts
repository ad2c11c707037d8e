import type { Sh } from "../sh.ts";
import type { ParameterSet } from "./parameters.ts";
import type { Answers, HostTraits, Output, Question, Questions } from "./questions.ts";

/** What a host is asked is part of what modules and the engine have agreed on. */
export * from "./questions.ts";

/** JSON-like data: what results are made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** What a task would find, or found, to be different. `text` is shown as a unified diff, `fields` as a table. */
export type Difference =
  | { readonly kind: "text"; readonly subject: string; readonly before: string; readonly after: string }
  | { readonly kind: "field"; readonly subject: string; readonly name: string; readonly before: Json; readonly after: Json };

/** A difference, and what `apply` needs to know to end it. */
export type Change<D = undefined> = {
  readonly differences: readonly Difference[];
  readonly data: D;
  /** Done each time it is asked for (`state: restarted`, `state: touch`): `plan` would find it again, so it is not verified. */
  readonly verify?: false;
  /**
   * Why only making the change tells whether it changes more than `differences`, which are certain (a download of which no checksum
   * is known). Without differences check mode says "may change". Afterwards `plan` may find such a change again, but no differences.
   */
  readonly maybe?: string;
};

/**
 * Something a task relies on, for check mode: `path:/etc/x`, `package:nginx`, `user:bob`, `group:x`, `unit:x`, `command:x`. Provided, but
 * not relied on: `path:/home/bob/*`, whatever may come with a directory. `image:x` is a container image, `kind:Certificate.cert-manager.io` a
 * kind that a Kubernetes API knows.
 */
export type Resource = `${"path" | "package" | "user" | "group" | "unit" | "command" | "device" | "image" | "kind"}:${string}`;

/**
 * Thrown by `plan`: what the change relies on is not there. In check mode that means "would change" if an earlier task
 * of the run would have provided it; otherwise, and outside of check mode, it is the error that `message` says.
 */
export class MissingPrerequisite extends Error {
  readonly resource: Resource;
  /**
   * What the task would find once a package of an earlier task has brought the resource, at a moment in milliseconds: whether the
   * distribution itself has done all that the task asks for (Debian enables and starts the services of a package when it installs it).
   */
  readonly afterPackage: "change" | ((packagedAt: number) => boolean);
  /** Result fields of the failure that it is when nothing would provide the resource. */
  readonly fields: JsonObject;
  constructor(
    resource: Resource,
    message: string,
    afterPackage: MissingPrerequisite["afterPackage"] = "change",
    fields: JsonObject = {},
  ) {
    super(message);
    this.fields = fields;
    this.name = "MissingPrerequisite";
    this.resource = resource;
    this.afterPackage = afterPackage;
  }
}

/** Thrown by any function of a module: the task fails with this message and these result fields. */
export class ModuleFailure extends Error {
  readonly fields: JsonObject;
  constructor(message: string, fields: JsonObject = {}) {
    super(message);
    this.name = "ModuleFailure";
    this.fields = fields;
  }
}

/** The answer that a question will have once a change is made. `plan` over predicted answers must find no change. */
export type Prediction<Answer = unknown> = { readonly question: Question<Answer>; readonly answer: Answer };

/**
 * What travels with a script. In it, `payload NAME` writes the bytes to standard output, and `payload_into NAME FILE` makes them the content
 * of a file that is there (mktemp's); the latter writes a large file once. A file of the control node is given as such: a large one
 * is streamed, arrives on the disk of the directory `near` (which may have yet to be made) before the script runs, and is verified by
 * its SHA-256; it goes on after a lost connection, and nothing of it stays behind.
 */
export type Payload =
  | { readonly content: Uint8Array }
  | { readonly file: string; readonly size: number; readonly digest: string; readonly near: string };

/** What runs on the host to make a change so. Exit status 0 or the task fails. */
export type Apply = {
  readonly script: Sh;
  readonly payloads?: Readonly<Record<string, Payload>>;
  /** Files of the host that are brought to the control node before the script runs. `prepare` is asked again afterwards. */
  readonly receives?: readonly FileReceipt[];
  /** Absolute paths under names that nobody can know, removed when the script has ended, also when it had to be killed. */
  readonly temporary?: readonly string[];
};

/**
 * A file of the host and where it goes on the control node, as a whole or not at all. `size`: what is read of it, 0 for all; `digest`: the SHA-256
 * that it must have then.
 */
export type FileReceipt = { readonly from: string; readonly to: string; readonly size: number; readonly digest?: string };

/** Thrown by `HostAccess`: the host cannot be reached, the connection was lost, or a step has taken too long. */
export class HostUnreachable extends Error {
  /** The connection's word for it: "lost", "refused", "timeout", "authentication", … */
  readonly code: string;
  /** Trying again cannot help: another host key, a wrong password for sudo. */
  readonly isFinal: boolean;
  constructor(message: string, code: string, isFinal: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = "HostUnreachable";
    this.code = code;
    this.isFinal = isFinal;
  }
}

/** A host, for actions of several steps that may outlive its connection. */
export type HostAccess = {
  /** It is the control node itself. */
  readonly isControlNode: boolean;
  /** One step, one round trip; it connects where there is no connection. Throws HostUnreachable. The exit status is in the output. */
  run(work: Apply, limits?: { readonly timeoutMs?: number }): Promise<Output>;
  /** Ends the connection. What was started with `setsid` or by the service manager goes on. */
  disconnect(): Promise<void>;
  /**
   * One attempt at a fresh connection: the host's lock is taken again, its traits are asked anew, and what was known about it is
   * dropped. Throws HostUnreachable.
   */
  reconnect(limits: { readonly timeoutMs: number }): Promise<void>;
  /** Throws when the run is interrupted. */
  sleep(ms: number): Promise<void>;
};

/** What probes and plans may know besides the parameters. */
export type ProbeContext = {
  readonly traits: HostTraits;
  readonly checkMode: boolean;
  /** The task's `environment`. Scripts that change something run with it; probes do not, nor does the control node. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Differences will be shown: ask for the contents too, not only for digests. */
  readonly diff: boolean;
  /**
   * Check mode: paths (items of the collector "path") that earlier tasks of the run would have changed, and when on the control
   * node's clock, in ms. An answer about times or about a directory's contents cannot be predicted otherwise.
   */
  readonly wouldChange?: ReadonlyMap<string, number>;
  /** Check mode: which paths earlier tasks of the run would have made and removed. For questions that patterns answer. */
  readonly paths?: PathForecast;
};

/** What paths there would be after the tasks of a dry run. Paths are absolute and normalised. */
export type PathForecast = {
  /** undefined: no task would have made or removed it. */
  exists(path: string): boolean | undefined;
  /** Every path that a task would have made or written to. */
  present(): Iterable<string>;
};

/** What the control node offers to modules that need its files. */
export type ControlNode = {
  /** Name of the host in the inventory, whoever a task is delegated to. */
  readonly host: string;
  /** Absolute path of a file that need not be there: "~" is the home directory, what is relative starts at the playbook's folder. */
  path(name: string): string;
  /** Finds a file by Ansible's search path (role's files/ or templates/, the task file's folder, the playbook's). */
  find(name: string, kind: "files" | "templates" | "vars"): string;
  /** Runs a script that only reads, by /bin/sh. */
  ask(script: Sh): Promise<Output>;
  /** Is there something, symbolic links followed? */
  exists(path: string): boolean;
  /** The whole content; what Ansible Vault encrypted is decrypted unless told otherwise. For files that are not large. */
  read(path: string, options?: { readonly decrypt: boolean }): Promise<Uint8Array>;
  /** What a found path is, symbolic links followed. */
  inspect(path: string): Promise<{ readonly kind: "file" | "directory"; readonly mode: number; readonly size: number }>;
  /** Did Ansible Vault encrypt the file? */
  isEncrypted(path: string): Promise<boolean>;
  /** Digests (lower case hex) of the file as it lies there, of any size; computed once in a run. */
  digests<const N extends readonly DigestName[]>(path: string, names: N): Promise<Readonly<Record<N[number], string>>>;
  /** Text of a template file, rendered with the task's variables. `secret`: a secret went into it. */
  renderTemplate(path: string, options: TemplateOptions): Promise<{ readonly text: string; readonly secret: boolean }>;
  /** Files below a directory, relative to it, sorted; directories end in "/". Links are followed unless told otherwise. */
  walk(path: string, options?: { readonly followLinks: boolean }): Promise<readonly WalkedFile[]>;
};

/** Something below a directory of the control node; `link`: it is a symbolic link to this. */
export type WalkedFile = { readonly path: string; readonly mode: number; readonly size: number; readonly link?: string };
export type DigestName = "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512";

export type TemplateOptions = {
  readonly trimBlocks: boolean;
  readonly lstripBlocks: boolean;
  readonly newlineSequence: "\n" | "\r" | "\r\n";
  readonly variableStart?: string;
  readonly variableEnd?: string;
  readonly blockStart?: string;
  readonly blockEnd?: string;
  readonly commentStart?: string;
  readonly commentEnd?: string;
  /** The template as the task names it, and where its text goes: for `template_path` and `template_destpath`. */
  readonly given?: string;
  readonly destination?: string;
};

type Common<P> = {
  /** The short name; "ansible.builtin.NAME" and "ansible.legacy.NAME" follow from it. */
  readonly name: string;
  /** Further full names: "ansible.posix.sysctl", "community.general.modprobe", or short ones: "systemd_service". */
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** Paragraphs: behaviour worth knowing, and where ours is deliberately different from Ansible's. */
  readonly description?: readonly string[];
  readonly parameters: ParameterSet<P>;
  /** The parameter that free-form text goes to: `command: ls` is `command: { cmd: ls }`. */
  readonly freeForm?: string;
  /** YAML of one or more tasks that can run as they stand. */
  readonly example: string;
  /** Fields of the result, name -> one line. */
  readonly returns?: Readonly<Record<string, string>>;
};

/** A module that describes state: probe, plan, apply, and the same probe again. The normal kind. */
export type StateModule<P, I = P, Q extends Questions = Questions, D = unknown> = Common<P> & {
  readonly kind: "state";
  /** `plan` never finds a change: facts, stat. */
  readonly readsOnly?: true;
  /** `prepare` does nothing but put parameters together, so a task may be prepared of which nobody knows yet whether it will run. */
  readonly isLight?: true;
  /** Reads what it needs on the control node and turns parameters into the input of the other functions. */
  prepare?(params: P, control: ControlNode, context: ProbeContext): Promise<I>;
  probe(input: I, context: ProbeContext): Q;
  /** Pure. undefined: converged. Throws ModuleFailure or MissingPrerequisite. */
  plan(state: Answers<Q>, input: I, context: ProbeContext): Change<D> | undefined;
  apply(change: Change<D>, input: I, context: ProbeContext): Apply;
  /** Completes a change with what only the control node can bring, right before `apply`; never in check mode. */
  supply?(change: Change<D>, input: I, control: ControlNode, context: ProbeContext): Promise<Change<D>>;
  /** The questions whose answers the change alters, and their new answers. For check mode. */
  predict?(change: Change<D>, state: Answers<Q>, input: I, context: ProbeContext): readonly Prediction[];
  /** What exists after the change that may not have existed before; "*" when that cannot be said (packages). */
  provides?(change: Change<D>, input: I, state: Answers<Q>): readonly (Resource | "*")[];
  /** Result fields besides changed/failed/diff, of a task that did (after it did) or did not find a change. */
  result?(state: Answers<Q>, input: I, context: ProbeContext): JsonObject;
  /** Result fields read from what the apply script printed. Of a `maybe` change, `changed: false` says that it changed nothing more. */
  applied?(output: Output, input: I): JsonObject;
  /** Asks, when something still differs after the change, what the host has to say to that: a unit's journal. Only reads. */
  diagnose?(left: Change<D>, input: I, context: ProbeContext): Sh | undefined;
  /** What a `maybe` change turned out to change besides its differences, by the answers before and after it. */
  turnedOut?(before: Answers<Q>, after: Answers<Q>, input: I, context: ProbeContext): readonly Difference[];
};

/** A module that does something each time it runs: command, shell, reboot, wait_for. */
export type ActionModule<P, I = P, Q extends Questions = Questions> = ScriptAction<P, I, Q> | SteppedAction<P, I, Q>;
type ScriptAction<P, I, Q extends Questions> = { readonly kind: "action" } & Action<P, I, Q> & OneScript<I>;
type SteppedAction<P, I, Q extends Questions> = { readonly kind: "action" } & Action<P, I, Q> & Steps<I>;

type Action<P, I, Q extends Questions> = Common<P> & {
  prepare?(params: P, control: ControlNode, context: ProbeContext): Promise<I>;
  /** Asked first, for actions that know when there is nothing to do (`creates`). */
  probe?(input: I, context: ProbeContext): Q;
  /** A reason not to run ("/x exists"), or undefined. */
  skip?(state: Answers<Q>, input: I, context: ProbeContext): string | undefined;
  /** Paths that will be there (true) or gone (false) after it has run, as far as its parameters promise that. For check mode. */
  promises?(state: Answers<Q>, input: I): ReadonlyMap<string, boolean>;
  /** False for those that never change a host (wait_for): check mode skips them then. */
  readonly changesHost: boolean;
  /** For those of which only some do (uri with `dest`): false for an input that changes nothing. */
  mayChange?(input: I): boolean;
};

/** An action that is one script. */
type OneScript<I> = {
  run(input: I, context: ProbeContext): Apply;
  /** Result fields, among them `changed` and, if it failed, `failed: true` and `msg`. Called whatever the status. */
  result(output: Output, input: I, elapsedMs: number): JsonObject;
  readonly perform?: never;
  readonly opensConnection?: never;
};

/** An action of several steps that may outlive its connection: wait_for_connection, reboot. */
type Steps<I> = {
  /** Result fields as of `result`. The task's `timeout` limits all steps together. */
  perform(input: I, host: HostAccess, control: ControlNode, context: ProbeContext): Promise<JsonObject>;
  /** The host need not answer yet: nothing is connected before `perform`, and the traits are unknown to `prepare` and to it. */
  readonly opensConnection?: true;
  readonly run?: never;
  readonly result?: never;
};

/** What a module that runs on the control node can ask for. Expressions are evaluated with the task's variables. */
export type ControlContext = {
  condition(expression: string): boolean;
  /** undefined: a variable that the expression reads is not defined. */
  evaluate(expression: string): Json | undefined;
  readonly verbosity: number;
  readonly checkMode: boolean;
};

/** A module that needs no host: debug, assert, fail, set_fact. */
export type ControlModule<P> = Common<P> & {
  readonly kind: "control";
  /** Parameters that hold bare expressions and must reach `run` untemplated: assert's `that`, debug's `var`. */
  readonly expressions?: readonly string[];
  /** `changed`, `failed`, `msg`, … */
  run(params: P, context: ControlContext): JsonObject;
};

/** A task keyword in module's clothing that only the engine can carry out: meta, set_fact, include_vars, add_host, group_by, pause. */
export type EngineModule<P> = Common<P> & { readonly kind: "engine" };

/**
 * Any module, its type parameters hidden: what the registry lists and the engine runs. Sound because the engine hands
 * back to a module only what that same module made (methods are compared bivariantly, so no cast is needed).
 */
export type AnyStateModule = StateModule<unknown, unknown, Questions, unknown>;
export type AnyActionModule = ActionModule<unknown, unknown, Questions>;
export type AnyControlModule = ControlModule<unknown>;
export type AnyEngineModule = EngineModule<unknown>;
export type Module = AnyStateModule | AnyActionModule | AnyControlModule | AnyEngineModule;

/** Gives a definition its types; the way every state module is written. */
export function stateModule<P, I = P, Q extends Questions = Questions, D = undefined>(
  definition: Omit<StateModule<P, I, Q, D>, "kind">,
): StateModule<P, I, Q, D> {
  return { ...definition, kind: "state" };
}

/** The same for actions that are one script. */
export function actionModule<P, I = P, Q extends Questions = Questions>(
  definition: Action<P, I, Q> & OneScript<I>,
): ScriptAction<P, I, Q> {
  return { ...definition, kind: "action" };
}

/** The same for actions of several steps. */
export function steppedAction<P, I = P, Q extends Questions = Questions>(
  definition: Action<P, I, Q> & Steps<I>,
): SteppedAction<P, I, Q> {
  return { ...definition, kind: "action" };
}

/** The same for modules of the control node. */
export function controlModule<P>(definition: Omit<ControlModule<P>, "kind">): ControlModule<P> {
  return { ...definition, kind: "control" };
}

/** The same for those that the engine itself carries out. */
export function engineModule<P>(definition: Omit<EngineModule<P>, "kind">): EngineModule<P> {
  return { ...definition, kind: "engine" };
}
