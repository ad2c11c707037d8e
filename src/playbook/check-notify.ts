import { didYouMean } from "../suggest.ts";
import { TemplateString } from "../vars/value.ts";
import { flatten } from "./list.ts";
import { type Loading, problem, warning } from "./loading.ts";
import type { Include, Node, Task } from "./model.ts";
import { roleOf } from "./scope.ts";

/**
 * Reports names in `notify` that no handler has, unless an include that nobody can look through may bring it; and handlers of
 * one name in one place, of which only the last ever runs.
 */
export function checkNotified(loading: Loading, handlers: readonly Node[]): void {
  const { parts } = loading;
  warnDuplicates(loading, handlers);
  if (parts.unforeseen) return;
  const all = [...handlers, ...parts.possibleHandlers].flatMap(flatten);
  const known = new Set([...all.flatMap(namesOf), ...parts.brokenHandlers]);
  const patterns = all.flatMap(patternsOf);
  for (const { name, position, trail } of parts.notified) {
    if (known.has(name) || patterns.some((pattern) => pattern.test(name))) continue;
    problem(
      { ...loading, trail },
      {
        code: "unknown-handler",
        message: `no handler is called "${name}" or listens to it${didYouMean(name, known)}`,
        position,
      },
    );
  }
}

function namesOf(handler: Task | Include): readonly string[] {
  const { name, listen } = handler;
  if (name === undefined || name === null || name instanceof TemplateString) return listen;
  const role = roleOf(handler)?.name;
  return [String(name), ...(role === undefined ? [] : [`${role} : ${String(name)}`]), ...listen];
}

/** A name with a template in it may become any name that agrees with the rest of it. */
function patternsOf({ name }: Task | Include): readonly RegExp[] {
  if (!(name instanceof TemplateString)) return [];
  const literal = name.source.split(/\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}/s);
  return [new RegExp(`^(?:.* : )?${literal.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`, "s")];
}

function warnDuplicates(loading: Loading, handlers: readonly Node[]): void {
  const seen = new Map<string, Task | Include>();
  for (const handler of handlers.flatMap(flatten)) {
    const { name, position } = handler;
    if (typeof name !== "string") continue;
    const key = `${roleOf(handler)?.path ?? ""}\n${name}`;
    const before = seen.get(key);
    seen.set(key, handler);
    // A role that runs twice has its handlers twice.
    if (before === undefined || (before.position.file === position.file && before.position.line === position.line)) continue;
    warning(loading, {
      code: "duplicate-handler",
      message: `two handlers are called "${name}", and only the last one can be notified`,
      position,
      help: `the other one is at ${before.position.file}:${before.position.line}`,
    });
  }
}
