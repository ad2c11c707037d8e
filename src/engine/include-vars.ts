import { readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { ModuleFailure } from "../modules/contract.ts";
import { isMap, type Key, type Value, type ValueMap } from "../vars/value.ts";
import { loadVarsFileSync } from "../vault/vars-file.ts";
import type { RunContext } from "./context.ts";
import { controlNode } from "./control-node.ts";
import type { Evaluator } from "./evaluator.ts";

export type IncludedVars = { readonly files: readonly string[]; readonly vars: ValueMap };

/** What `include_vars` loads. Throws ModuleFailure when there is no such file, DiagnosticError for what is wrong in it. */
export function includedVars(run: RunContext, evaluator: Evaluator, params: Readonly<Record<string, unknown>>): IncludedVars {
  const control = controlNode(evaluator, (text, path) => run.options.vault.decryptFile(text, path));
  const file = text(params["file"]);
  const folder = text(params["dir"]);
  const files = folder === undefined ? [control.find(file ?? "", "vars")] : filesBelow(control.find(folder, "vars"), params);
  const all = new Map<Key, Value>();
  for (const path of files) for (const [name, value] of readOnce(run, path)) all.set(name, value);
  const under = text(params["name"]);
  const vars = under === undefined ? all : new Map<Key, Value>([[under, all]]);
  if (params["hash_behaviour"] !== "merge") return { files, vars };
  const merged = [...vars].map(([name, value]): [Key, Value] => [name, mergedWithWhatIsThere(name, value, evaluator)]);
  return { files, vars: new Map(merged) };
}

const read = new WeakMap<RunContext, Map<string, ValueMap>>();

/** Each host and each look ahead ask for the same files; one that was written anew in between is read again. */
function readOnce(run: RunContext, path: string): ValueMap {
  const { mtimeMs, size } = statSync(path);
  const key = `${mtimeMs} ${size} ${path}`;
  const known = read.get(run) ?? new Map<string, ValueMap>();
  read.set(run, known);
  const vars = known.get(key) ?? loadVarsFileSync(path, run.options.vault);
  known.set(key, vars);
  return vars;
}

function filesBelow(folder: string, params: Readonly<Record<string, unknown>>): string[] {
  const depth = Number(params["depth"] ?? 0);
  const matching = text(params["files_matching"]);
  const wanted = matching === undefined ? undefined : expression(matching);
  const ignored = list(params["ignore_files"]).map(expression);
  const extensions = list(params["extensions"]);
  const walk = (here: string, level: number): string[] =>
    readdirSync(here)
      .sort()
      .flatMap((name) => {
        const path = join(here, name);
        if (statSync(path).isDirectory()) return depth === 0 || level < depth ? walk(path, level + 1) : [];
        if (ignored.some((one) => one.test(name)) || (wanted !== undefined && !wanted.test(name))) return [];
        if (extensions.includes(extname(name).slice(1))) return [path];
        if (params["ignore_unknown_extensions"] === true) return [];
        throw new ModuleFailure(
          `include_vars: ${path} ends in none of ${extensions.join(", ")}; name it in ignore_files, or give ignore_unknown_extensions: true`,
        );
      });
  return walk(folder, 1);
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new ModuleFailure(error instanceof Error ? error.message : String(error));
  }
}

function mergedWithWhatIsThere(name: Key, value: Value, evaluator: Evaluator): Value {
  const before = evaluator.context.names.lookup(String(name));
  return before === undefined ? value : merged(evaluator.render(before), value);
}

function merged(before: Value, value: Value): Value {
  if (!isMap(before) || !isMap(value)) return value;
  const all = new Map(before);
  for (const [key, one] of value) all.set(key, merged(all.get(key) ?? null, one));
  return all;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
