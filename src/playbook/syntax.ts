import type { Position } from "../diagnostic.ts";
import { checkSyntax } from "../template/template.ts";
import { isList, isMap, TemplateString, type Value } from "../vars/value.ts";
import { keep, type Loading } from "./loading.ts";

/** Reports the syntax errors of every template in a value. */
export function checkTemplates(loading: Loading, value: Value | undefined): void {
  if (value instanceof TemplateString) {
    keep(loading, value.position, checkSyntax(value.source, value.position, "template"));
  } else if (isList(value)) {
    for (const one of value) checkTemplates(loading, one);
  } else if (isMap(value)) {
    for (const one of value.values()) checkTemplates(loading, one);
  }
}

/** Reports the syntax error of an expression that stands without braces: a condition, the `var` of debug. */
export function checkExpression(loading: Loading, source: string, position: Position | undefined): void {
  keep(loading, position, checkSyntax(source, position, "expression"));
}
