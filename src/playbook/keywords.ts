import type { Position } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { keyPosition, positionAt } from "../vars/provenance.ts";
import { isList, isMap, type Value, type ValueMap } from "../vars/value.ts";
import { readConditions } from "./conditions.ts";
import { described, field, isTemplated, texts } from "./fields.ts";
import { delegation, ignored, inheritable } from "./keyword-tables.ts";
import { type Loading, problem, warning } from "./loading.ts";
import { mergeMaps } from "./merge.ts";
import type { Condition, Inheritable, Scope } from "./model.ts";
import { checkModuleDefaults } from "./module-defaults.ts";
import { renderTexts } from "./static-value.ts";
import { checkTemplates } from "./syntax.ts";

/** What a play, role, block, task or include hands down. */
export type ScopeParts = {
  readonly keywords: Inheritable;
  readonly vars: ValueMap | undefined;
  readonly when: readonly Condition[];
  readonly tags: readonly string[];
};

/** Reads the keywords that all of them share. `parent` is what a template in `tags` can see. */
export function readScopeParts(loading: Loading, map: ValueMap, parent: Scope | undefined): ScopeParts {
  for (const name of ignored) if (map.has(name)) warnIgnored(loading, map, name);
  const vars = readVars(loading, map, "vars");
  return {
    keywords: readInheritable(loading, map),
    vars,
    when: readConditions(loading, map, "when"),
    tags: readTags(loading, map, parent, vars),
  };
}

export function warnIgnored(loading: Loading, map: ValueMap, name: string): void {
  warning(loading, {
    code: "keyword-ignored",
    message: `"${name}" has no meaning for k3sprov and is ignored`,
    position: keyPosition(map, name),
  });
}

function readInheritable(loading: Loading, map: ValueMap): Inheritable {
  const found: { -readonly [K in keyof Inheritable]: Inheritable[K] } = {};
  for (const [name, { field: key, kind }] of Object.entries({ ...inheritable, ...delegation })) {
    const value = field(loading, map, name, kind);
    if (value === undefined) continue;
    checkTemplates(loading, value);
    found[key] = value;
  }
  if (found.moduleDefaults !== undefined) checkModuleDefaults(loading, found.moduleDefaults);
  return found;
}

function readTags(loading: Loading, map: ValueMap, parent: Scope | undefined, vars: ValueMap | undefined): readonly string[] {
  const written = texts(loading, map, "tags", true);
  if (written.length === 0) return [];
  return renderTexts(loading, written, { parent, vars, what: '"tags"', position: positionAt(map, ["tags"]) }).flatMap((text) =>
    text.split(",").map((tag) => tag.trim()),
  );
}

// Words that Python, and so Ansible, does not take as names.
const RESERVED = new Set(
  "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield".split(
    " ",
  ),
);

export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.has(name);
}

/** Reports a name that cannot be one of a variable. */
export function checkVariableName(loading: Loading, name: string, position: Position | undefined, where: string): void {
  if (isVariableName(name)) return;
  problem(loading, {
    code: "variable-name",
    message: `${where} "${name}" is no valid variable name`,
    position,
    help: RESERVED.has(name)
      ? "this word is reserved in Python's grammar, and so in Ansible's"
      : "use letters, digits and underscores, and begin with a letter or an underscore",
  });
}

/** A mapping of variables. */
export function readVars(loading: Loading, map: ValueMap, name: string): ValueMap | undefined {
  const value = map.get(name);
  if (value === undefined || value === null) return undefined;
  const vars = asVars(loading, value, name, positionAt(map, [name]));
  return vars;
}

/** `value` as a mapping of variables, checked; undefined, with the problem told, when it is none. */
export function asVars(loading: Loading, value: Value, name: string, position: Position | undefined): ValueMap | undefined {
  if (isList(value) && value.length > 0 && value.every(isMap)) {
    warning(loading, {
      code: "vars-list",
      message: `"${name}" is a list of mappings, which Ansible has given up; k3sprov takes them together`,
      position,
      help: 'write "name: value" lines without dashes',
    });
    return asVars(loading, mergeMaps(value), name, position);
  }
  if (!isMap(value)) {
    problem(loading, {
      code: "vars-not-a-mapping",
      message: `"${name}" must be a mapping of variables, but is ${described(value)}`,
      position,
      ...(Array.isArray(value) ? { help: 'write "name: value" lines without dashes' } : {}),
    });
    return undefined;
  }
  for (const key of value.keys()) {
    if (typeof key === "string") checkVariableName(loading, key, keyPosition(value, key), "the variable");
    else {
      problem(loading, {
        code: "variable-name",
        message: `the variable ${String(key)} is no valid variable name`,
        position: keyPosition(value, key),
        help: "use letters, digits and underscores, and begin with a letter or an underscore",
      });
    }
  }
  checkTemplates(loading, value);
  return value;
}

/** Reports keys that are not among `known`. */
export function checkKeys(loading: Loading, map: ValueMap, known: readonly string[], what: string): void {
  for (const key of map.keys()) {
    const name = String(key);
    if (known.includes(name)) continue;
    problem(loading, {
      code: "unknown-keyword",
      message: `${what} has no keyword "${name}"${didYouMean(name, known)}`,
      position: keyPosition(map, key),
    });
  }
}

/** The name of a play, block or task, as a label for what is wrong in it. */
export function labelOf(kind: string, name: Value | undefined, otherwise: string): string {
  const text = typeof name === "string" ? name : isTemplated(name) && "source" in name ? name.source : otherwise;
  return text === "" ? kind : `${kind} "${text}"`;
}
