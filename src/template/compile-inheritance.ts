import { dirname } from "node:path";
import { isList, type Value } from "../vars/value.ts";
import type { Statement } from "./ast.ts";
import { compileExpression } from "./compile-expression.ts";
import { badValue, fault } from "./errors.ts";
import { type BlockLink, demand, Frame, guard, type Inheritance, joinPieces, type Run, Scope } from "./frame.ts";
import { findTemplate, type LoadedTemplate } from "./loader.ts";
import { NativeFunction, TemplateModule, TemplateObject } from "./objects.ts";
import { toText } from "./repr.ts";
import { UnresolvedName } from "./undefined.ts";

type Node = Statement & { readonly kind: "block" | "extends" | "include" | "import" | "from" };

/** The statements by which templates are made of several files. */
export function compileInheritance(node: Node): Run {
  switch (node.kind) {
    case "block": {
      const { name, scoped } = node;
      return guard(node, (frame) => runBlock(frame, name, 0, scoped ? frame.scope : frame.inheritance.top));
    }
    case "extends": {
      const template = compileExpression(node.template);
      return guard(node, (frame) => {
        if (frame.inheritance.parent !== undefined) badValue("a template can extend only one other");
        const loaded = load(frame, demand(frame, node.template, template(frame)));
        const { inheritance, runtime, seesVariables } = frame;
        // What was printed before the tag stays; what follows it is only run for its definitions.
        const { output } = frame;
        frame.output = [];
        inheritance.parent = () => {
          inheritance.parent = undefined;
          const scope = inheritance.top;
          runTemplate(loaded, new Frame(runtime, loaded.origin, { scope, inheritance, seesVariables, output }));
        };
      });
    }
    case "include": {
      const template = compileExpression(node.template);
      return guard(node, (frame) => {
        const names = demand(frame, node.template, template(frame));
        const loaded = tryLoad(frame, names);
        if (loaded === undefined) return node.ignoreMissing ? undefined : missing(frame, names);
        const scope = new Scope(node.withContext ? frame.scope : undefined);
        const seesVariables = node.withContext && frame.seesVariables;
        return runTemplate(loaded, new Frame(frame.runtime, loaded.origin, { scope, seesVariables, output: frame.output }));
      });
    }
    case "import": {
      const template = compileExpression(node.template);
      return guard(node, (frame) => {
        frame.scope.assign(node.name, importModule(frame, demand(frame, node.template, template(frame)), node.withContext));
      });
    }
    case "from": {
      const template = compileExpression(node.template);
      return guard(node, (frame) => {
        const module = importModule(frame, demand(frame, node.template, template(frame)), node.withContext);
        for (const { name, alias } of node.names) {
          const reading = { origin: frame.origin, at: node.at, end: node.end };
          const hint = "the imported template does not define it";
          const value = module.get(name);
          frame.scope.assign(alias, value === undefined ? new UnresolvedName(name, reading, () => module.keys(), hint) : value);
        }
      });
    }
  }
}

/** Runs a template, and the one it extends. Its blocks come behind those of the templates that extend it. */
export function runTemplate(template: LoadedTemplate, frame: Frame): void {
  const { inheritance } = frame;
  for (const [name, { run, required }] of template.compiled.blocks) {
    const links = inheritance.blocks.get(name) ?? [];
    links.push({ run, required, origin: template.origin });
    inheritance.blocks.set(name, links);
  }
  inheritance.self ??= new Blocks(frame, inheritance.top);
  template.compiled.run(frame);
  inheritance.parent?.();
}

function runBlock(frame: Frame, name: string, level: number, parent: Scope): void {
  // Below `extends` a block is only defined; the parent says where it is printed.
  if (frame.inheritance.parent !== undefined) return;
  const link = frame.inheritance.blocks.get(name)?.[level];
  if (link === undefined) return;
  if (link.required) fault("template-value", `the required block "${name}" is not defined by any template`);
  const inner = frame.derive({ origin: link.origin, scope: blockScope(frame, name, level, parent), output: frame.output });
  link.run(inner);
}

function blockScope(frame: Frame, name: string, level: number, parent: Scope): Scope {
  const scope = new Scope(parent);
  scope.assign(
    "super",
    new NativeFunction("super", () => {
      if (!hasLink(frame.inheritance, name, level + 1)) return badValue(`there is no parent block called "${name}"`);
      return printBlock(frame, name, level + 1, parent);
    }),
  );
  return scope;
}

function hasLink(inheritance: Inheritance, name: string, level: number): boolean {
  const links: readonly BlockLink[] = inheritance.blocks.get(name) ?? [];
  return links.length > level;
}

function printBlock(frame: Frame, name: string, level: number, parent: Scope): Value {
  const inner = frame.derive({ scope: parent, output: [] });
  runBlock(inner, name, level, parent);
  return joinPieces(inner.output, frame.runtime);
}

/** `self`: the blocks of a template as functions. */
export class Blocks extends TemplateObject {
  readonly label = "self";
  readonly #frame: Frame;
  readonly #scope: Scope;
  constructor(frame: Frame, scope: Scope) {
    super();
    this.#frame = frame;
    this.#scope = scope;
  }
  override get(key: string): Value | undefined {
    if (!hasLink(this.#frame.inheritance, key, 0)) return undefined;
    return new NativeFunction(key, () => printBlock(this.#frame, key, 0, this.#scope));
  }
  override keys(): Iterable<string> {
    return this.#frame.inheritance.blocks.keys();
  }
}

function importModule(frame: Frame, names: Value, withContext: boolean): TemplateModule {
  const loaded = load(frame, names);
  const scope = new Scope(withContext ? frame.scope : undefined);
  const output: Value[] = [];
  runTemplate(
    loaded,
    new Frame(frame.runtime, loaded.origin, { scope, output, seesVariables: withContext && frame.seesVariables }),
  );
  const members = [...scope.own()].filter(([name]) => !name.startsWith("_"));
  return new TemplateModule(new Map(members), toText(frame.runtime.open(joinPieces(output, frame.runtime)).value));
}

function load(frame: Frame, names: Value): LoadedTemplate {
  return tryLoad(frame, names) ?? missing(frame, names);
}

function tryLoad(frame: Frame, names: Value): LoadedTemplate | undefined {
  const { value } = frame.runtime.open(names);
  const here = frame.origin.position === undefined ? [] : [dirname(frame.origin.position.file)];
  for (const name of isList(value) ? value : [value]) {
    const loaded = findTemplate(toText(name), frame.runtime.context.lookups, here, frame.origin.syntax);
    if (loaded !== undefined) return loaded;
  }
  return undefined;
}

function missing(frame: Frame, names: Value): never {
  const { value } = frame.runtime.open(names);
  const wanted = (isList(value) ? value : [value]).map((one) => `"${toText(one)}"`).join(", ");
  const folders = frame.runtime.context.lookups.searchPath("templates");
  return fault("template-not-found", `there is no template ${wanted}`, `looked in ${folders.join(", ")}`);
}
