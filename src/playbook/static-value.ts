import { dirname } from "node:path";
import { DiagnosticError, type Position } from "../diagnostic.ts";
import type { EvaluationContext, Names } from "../template/context.ts";
import { renderValue } from "../template/template.ts";
import { isList, isMap, Secret, type Value, type ValueMap } from "../vars/value.ts";
import { described, isTemplated } from "./fields.ts";
import { type Loading, problem } from "./loading.ts";
import type { Scope } from "./model.ts";
import { playOf, rolesAround, scopes } from "./scope.ts";
import { searchPath } from "./search-path.ts";

type Where = {
  readonly parent: Scope | undefined;
  /** Variables written beside the value. */
  readonly vars?: ValueMap | undefined;
  /** What is rendered, for messages: `"tags"`. */
  readonly what: string;
  readonly position: Position | undefined;
};

/**
 * Text that must be known before a host is chosen: file names of imports, role names, tags. It may use extra variables, and what the
 * playbook and the roles around it define without asking a host. Undefined, with the problem told, when that does not suffice.
 */
export function renderText(loading: Loading, value: Value, where: Where): string | undefined {
  return renderTexts(loading, [value], where)[0];
}

/** The same for several; a template may give a list. */
export function renderTexts(loading: Loading, values: readonly Value[], where: Where): readonly string[] {
  return values.flatMap((value) => (isTemplated(value) ? rendered(loading, value, where) : [String(value)]));
}

function rendered(loading: Loading, value: Value, where: Where): readonly string[] {
  let result: Value;
  try {
    result = renderValue(value, staticContext(loading, where));
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    for (const one of error.diagnostics) {
      problem(loading, {
        code: "not-static",
        message: `${where.what} must be known before the play starts: ${one.message}`,
        position: one.position ?? where.position,
        help: "use extra variables (-e), vars of the playbook or defaults of the role; facts and inventory variables come too late",
      });
    }
    return [];
  }
  const plain = result instanceof Secret ? result.value : result;
  if (isList(plain)) return plain.map(String);
  if (plain !== null && !isMap(plain) && typeof plain !== "object") return [String(plain)];
  problem(loading, {
    code: "not-static",
    message: `${where.what} must be text, but this template gives ${described(plain)}`,
    position: where.position,
  });
  return [];
}

function staticContext(loading: Loading, where: Where): EvaluationContext {
  const { parent } = where;
  const play = parent === undefined ? undefined : playOf(parent);
  return {
    names: staticNames(loading, where),
    lookups: {
      searchPath: (kind) => (parent === undefined ? [loading.folder] : searchPath(parent, loading.folder, kind)),
      workingDirectory: play === undefined ? loading.folder : dirname(play.file),
    },
    decrypt: (vault) => loading.options.vault.decrypt(vault),
    // What is rendered here names files and tags; whoever prints values has a redactor of its own.
    onSecret: () => undefined,
  };
}

function staticNames(loading: Loading, where: Where): Names {
  const layers: ValueMap[] = [...loading.options.extraVars].reverse();
  if (where.vars !== undefined) layers.push(where.vars);
  if (where.parent !== undefined) {
    for (const scope of scopes(where.parent)) if (scope.vars !== undefined) layers.push(scope.vars);
    const roles = rolesAround(where.parent);
    layers.push(...roles.map((role) => role.vars), ...roles.map((role) => role.defaults));
  }
  return {
    lookup(name) {
      for (const layer of layers) {
        const value = layer.get(name);
        if (value !== undefined) return value;
      }
      return undefined;
    },
    names: () => new Set(layers.flatMap((layer) => [...layer.keys()].map(String))),
  };
}
