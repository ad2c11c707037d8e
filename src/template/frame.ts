import { Omit, Secret, Undefined, type Value } from "../vars/value.ts";
import { badValue, located, NotYetKnown, TemplateFault } from "./errors.ts";
import { locate, type Origin } from "./origin.ts";
import { toText } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { EmptyChoice, raiseUndefined } from "./undefined.ts";

/** The variables that a part of a template binds itself: by `set`, `for`, `with`, as a macro's parameter. */
export class Scope {
  readonly parent: Scope | undefined;
  #values: Map<string, Value> | undefined;

  constructor(parent: Scope | undefined) {
    this.parent = parent;
  }

  find(name: string): Value | undefined {
    let scope: Scope | undefined = this;
    while (scope !== undefined) {
      const value = scope.#values?.get(name);
      if (value !== undefined) return value;
      scope = scope.parent;
    }
    return undefined;
  }

  assign(name: string, value: Value): void {
    this.#values ??= new Map();
    this.#values.set(name, value);
  }

  /** What this very scope binds; a template's top scope is what others import. */
  own(): ReadonlyMap<string, Value> {
    return this.#values ?? new Map();
  }

  *names(): Iterable<string> {
    if (this.#values !== undefined) yield* this.#values.keys();
    if (this.parent !== undefined) yield* this.parent.names();
  }
}

export type Evaluate = (frame: Frame) => Value;
export type Run = (frame: Frame) => void;

/** One definition of a `{% block %}`; the first of a name wins, `super()` reaches the next. */
export type BlockLink = { readonly run: Run; readonly origin: Origin; readonly required: boolean };

/** What a template and those it extends share while they are rendered. */
export type Inheritance = {
  readonly blocks: Map<string, BlockLink[]>;
  readonly top: Scope;
  /** Set by `{% extends %}`: runs the parent; what the child still prints is dropped. */
  parent: (() => void) | undefined;
  /** What `self` is. */
  self: Value | undefined;
};

/** Where an evaluation stands. `scope` and `output` are swapped while the parts of a template run. */
export class Frame {
  readonly runtime: Runtime;
  readonly origin: Origin;
  readonly inheritance: Inheritance;
  /** False in a template imported without context: it sees globals only. */
  readonly seesVariables: boolean;
  scope: Scope;
  output: Value[];

  constructor(
    runtime: Runtime,
    origin: Origin,
    options: { scope?: Scope; inheritance?: Inheritance; seesVariables?: boolean; output?: Value[] } = {},
  ) {
    this.runtime = runtime;
    this.origin = origin;
    this.scope = options.scope ?? new Scope(undefined);
    this.inheritance = options.inheritance ?? { blocks: new Map(), top: this.scope, parent: undefined, self: undefined };
    this.seesVariables = options.seesVariables ?? true;
    this.output = options.output ?? [];
  }

  /** A frame for another body in the same surroundings. */
  derive(options: { origin?: Origin; scope: Scope; output?: Value[] }): Frame {
    return new Frame(this.runtime, options.origin ?? this.origin, {
      scope: options.scope,
      inheritance: this.inheritance,
      seesVariables: this.seesVariables,
      ...(options.output === undefined ? {} : { output: options.output }),
    });
  }
}

type Place = { readonly at: number; readonly end: number };

/** Adds the place to faults of `work`. Errors that have one already pass through. */
export function guard<T>(node: Place, work: (frame: Frame) => T): (frame: Frame) => T {
  return (frame) => {
    try {
      return work(frame);
    } catch (error) {
      if (error instanceof TemplateFault) throw located(error, locate(frame.origin, node.at, node.end));
      throw error;
    }
  };
}

/** The value, settled in depth; refuses an undefined one. */
export function demand(frame: Frame, node: Place, value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof EmptyChoice) return "";
  if (value instanceof Undefined) return raiseUndefined(value, locate(frame.origin, node.at, node.end));
  return frame.runtime.deep(value);
}

/** Runs `body` with its output set aside, and gives that as text. */
export function capture(frame: Frame, body: Run): Value {
  const saved = frame.output;
  frame.output = [];
  body(frame);
  const pieces = frame.output;
  frame.output = saved;
  return joinPieces(pieces, frame.runtime);
}

/** Pieces of output as one text, secret if any of them is. `None` prints nothing, as Ansible has it. */
export function joinPieces(pieces: readonly Value[], runtime: Runtime): Value {
  let secret = false;
  let text = "";
  for (const piece of pieces) {
    if (typeof piece === "string") text += piece;
    else if (piece !== null) {
      if (piece instanceof Undefined && piece.reason === "not-yet-known") throw new NotYetKnown(piece.name);
      if (piece instanceof Omit) badValue("omit stands for a parameter that is left out; it cannot be part of a text");
      const opened = runtime.open(piece);
      const shown = opened.value === null ? "" : toText(opened.value);
      if (opened.secret) {
        secret = true;
        if (shown !== "") runtime.context.onSecret(shown);
      }
      text += shown;
    }
  }
  return secret ? new Secret(text) : text;
}
