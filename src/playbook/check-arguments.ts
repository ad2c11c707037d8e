import type { Position } from "../diagnostic.ts";
import type { Module } from "../modules/contract.ts";
import { decimalMode, parseParameters, realName } from "../modules/parameters.ts";
import { toPlain } from "../source/json.ts";
import { sourceTextAt } from "../source/yaml.ts";
import { keyPosition, positionAt } from "../vars/provenance.ts";
import { isList, type Key, TemplateString, type Value, type ValueMap } from "../vars/value.ts";
import { holdsTemplate, textPosition } from "./fields.ts";
import { checkVariableName } from "./keywords.ts";
import { type Loading, problem } from "./loading.ts";
import type { Scope } from "./model.ts";
import { defaultsFor } from "./module-defaults.ts";
import { checkExpression, checkTemplates } from "./syntax.ts";

export type Call = {
  readonly module: Module;
  readonly moduleName: string;
  readonly args: ValueMap;
  readonly templatedArgs: Value | undefined;
  readonly scope: Scope;
  readonly position: Position | undefined;
};

/** Checks the parameters of a task as far as they hold no templates, and the syntax of those that do. */
export function checkArguments(loading: Loading, call: Call): void {
  const { module, moduleName, args } = call;
  const defaults = defaultsFor(call.scope, module, moduleName);
  const raw: Record<string, unknown> = {};
  const unknownYet = new Set<string>();
  const mayBeOmitted = new Set<string>();
  for (const name of unwrittenDefaults(module, args, defaults.names)) {
    raw[name] = undefined;
    unknownYet.add(name);
  }
  for (const [key, value] of args) {
    const name = String(key);
    const isExpression =
      module.kind === "control" && module.expressions?.includes(realName(module.parameters, name) ?? "") === true;
    if (isExpression) checkExpressions(loading, value, positionAt(args, [key]));
    else checkTemplates(loading, value);
    if (holdsTemplate(value) || hasDecimalMode(loading, call, key, value)) {
      raw[name] = undefined;
      unknownYet.add(name);
      if (value instanceof TemplateString && /\bomit\b/.test(value.source)) mayBeOmitted.add(name);
    } else raw[name] = toPlain(value);
  }
  checkNewVariables(loading, module, args);
  const open = call.templatedArgs !== undefined || defaults.open;
  for (const { path, message } of parseParameters(module.parameters, module.name, raw, unknownYet, mayBeOmitted).problems) {
    // What is missing may come with parameters that are not known yet.
    if (path.length === 0 && open) continue;
    const [first] = path;
    const isUnknown = typeof first === "string" && realName(module.parameters, first) === undefined;
    problem(loading, {
      code: isUnknown ? "unknown-parameter" : "parameter",
      message,
      position: positionOf(call, path, isUnknown),
      help: `k3sprov doc ${module.name}`,
    });
  }
  if (call.templatedArgs !== undefined) checkTemplates(loading, call.templatedArgs);
}

function positionOf(call: Call, path: readonly Key[], isUnknown: boolean): Position | undefined {
  const [first] = path;
  if (first === undefined) return call.position;
  if (isUnknown) return keyPosition(call.args, first) ?? call.position;
  return positionAt(call.args, path) ?? keyPosition(call.args, first) ?? call.position;
}

function unwrittenDefaults(module: Module, args: ValueMap, names: ReadonlySet<string>): readonly string[] {
  const written = new Set([...args.keys()].map((name) => realName(module.parameters, String(name))));
  return [...names].filter((name) => !written.has(realName(module.parameters, name)));
}

function checkExpressions(loading: Loading, value: Value, position: Position | undefined): void {
  if (typeof value === "string") checkExpression(loading, value, textPosition(position, value));
  else if (isList(value)) for (const [index, one] of value.entries()) checkExpressions(loading, one, positionAt(value, [index]));
  else checkTemplates(loading, value);
}

/** `mode: 644` in the source: YAML gives the decimal number, and nobody means that. */
function hasDecimalMode(loading: Loading, call: Call, key: Key, value: Value): boolean {
  const { module, args } = call;
  const real = realName(module.parameters, String(key));
  if (typeof value !== "number" || real === undefined) return false;
  if (module.parameters.parameters[real]?.typeName !== "mode") return false;
  const position = positionAt(args, [key]);
  if (position === undefined || !/^[1-9][0-9]*$/.test(sourceTextAt(position))) return false;
  problem(loading, {
    code: "decimal-mode",
    message: `${module.name}: "${String(key)}" ${decimalMode(value)}`,
    position,
    help: "YAML reads digits without a leading zero as a decimal number; a file mode is octal",
  });
  return true;
}

function checkNewVariables(loading: Loading, module: Module, args: ValueMap): void {
  if (module.name !== "set_fact") return;
  for (const key of args.keys()) {
    const name = String(key);
    // A name that is a template is known only when it is rendered.
    if (name.includes("{{")) checkTemplates(loading, key);
    else checkVariableName(loading, name, keyPosition(args, key), "the variable");
  }
}
