import type { Position } from "../diagnostic.ts";
import { checkSyntax } from "../template/template.ts";
import { positionAt } from "../vars/provenance.ts";
import { Float, isList, TemplateString, type Value, type ValueMap } from "../vars/value.ts";
import { described, textPosition } from "./fields.ts";
import { type Loading, problem, warning } from "./loading.ts";
import type { Condition } from "./model.ts";
import { checkExpression, checkTemplates } from "./syntax.ts";

/** `when`, `changed_when` and their like: one condition or a list, all of which must hold. */
export function readConditions(loading: Loading, map: ValueMap, name: string): readonly Condition[] {
  const value = map.get(name);
  if (value === undefined || value === null) return [];
  if (!isList(value)) return readCondition(loading, name, value, positionAt(map, [name]));
  return value.flatMap((one, index) => readCondition(loading, name, one, positionAt(map, [name, index])));
}

function readCondition(loading: Loading, name: string, value: Value, position: Position | undefined): readonly Condition[] {
  if (typeof value === "boolean") return [{ source: value, position }];
  if (typeof value === "number" || typeof value === "bigint") return [{ source: String(value), position }];
  if (value instanceof Float) return [{ source: value.value.toFixed(1), position }];
  if (typeof value === "string" && value.trim() !== "") {
    const at = textPosition(position, value);
    checkExpression(loading, value, at);
    return [{ source: value, position: at }];
  }
  if (value instanceof TemplateString) return [bracedCondition(loading, name, value)];
  problem(loading, {
    code: "condition",
    message: `"${name}" must be a condition or a list of conditions, but is ${value === "" ? "empty text" : described(value)}`,
    position,
  });
  return [];
}

/** A condition with braces in it. Around the whole they are superfluous; in the middle nobody could evaluate it. */
function bracedCondition(loading: Loading, name: string, value: TemplateString): Condition {
  const { source, position } = value;
  // Braces inside of a text literal are part of that text.
  if (checkSyntax(source, position, "expression").length === 0) return { source, position };
  const whole = /^\s*\{\{(?<inside>(?:(?!\{\{|\}\}|\{%).)*)\}\}\s*$/s.exec(source)?.groups?.["inside"];
  const message = `"${name}" is an expression already: no {{ }} in it`;
  if (whole === undefined) {
    const help = "write the names of variables as they are, and texts in quotes";
    problem(loading, { code: "condition-braces", message, position, help });
  } else {
    warning(loading, { code: "condition-braces", message, position, help: `write ${name}: ${whole.trim()}` });
    checkTemplates(loading, value);
  }
  return { source, position };
}
