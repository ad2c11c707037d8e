import type { Diagnostic } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import type { Expression, Statement } from "./ast.ts";
import { unknownFilter, unknownTest } from "./compile-expression.ts";
import { TemplateFault } from "./errors.ts";
import { findFilter, shortName } from "./filters/registry.ts";
import { lexExpression, lexTemplate } from "./lexer.ts";
import { lookupNames } from "./lookups/registry.ts";
import { locate, type Origin } from "./origin.ts";
import { parseExpression, parseTemplate } from "./parse-statement.ts";
import { findTest } from "./tests/registry.ts";
import type { Syntax } from "./token.ts";

type Kind = "template" | "expression";
type Node = Statement | Expression;

/** Filters, tests and lookups of a template that do not exist. The template parses. */
export function problemsIn(source: string, kind: Kind, syntax: Syntax, origin: Origin): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const tell = (code: string, message: string, at: number, end: number): void => {
    const position = locate(origin, at, end);
    found.push({ severity: "error", code, message, ...(position === undefined ? {} : { position }) });
  };
  for (const node of nodesOf(source, kind, syntax)) {
    if (node.kind === "filter" && findFilter(node.name) === undefined)
      tell("unknown-filter", unknownFilter(node.name), node.at, node.end);
    if (node.kind === "test" && findTest(node.name) === undefined)
      tell("unknown-test", unknownTest(node.name), node.at, node.end);
    if (node.kind === "filter-block" || node.kind === "set-block") {
      for (const link of node.filters) {
        if (findFilter(link.name) === undefined) tell("unknown-filter", unknownFilter(link.name), link.at, link.end);
      }
    }
    const lookup = node.kind === "call" ? lookupOf(node) : undefined;
    if (lookup !== undefined && ![...lookupNames()].includes(shortName(lookup))) {
      tell("unknown-lookup", `there is no lookup "${lookup}"${didYouMean(lookup, lookupNames())}`, node.at, node.end);
    }
  }
  return found;
}

/** Names that are read, those that the template binds itself among them. */
export function namesIn(source: string, kind: Kind, syntax: Syntax): ReadonlySet<string> {
  try {
    return new Set(nodesOf(source, kind, syntax).flatMap((node) => (node.kind === "name" && "name" in node ? [node.name] : [])));
  } catch (error) {
    if (error instanceof TemplateFault) return new Set();
    throw error;
  }
}

function lookupOf(node: Expression & { readonly kind: "call" }): string | undefined {
  if (node.target.kind !== "name" || !["lookup", "query", "q"].includes(node.target.name)) return undefined;
  const first = node.arguments.positional[0];
  return first?.kind === "constant" && typeof first.value === "string" ? first.value : undefined;
}

function nodesOf(source: string, kind: Kind, syntax: Syntax): readonly Node[] {
  const root: unknown =
    kind === "template" ? parseTemplate(lexTemplate(source, syntax)) : parseExpression(lexExpression(source, syntax));
  const found: Node[] = [];
  collect(root, found);
  return found;
}

// Every node is an object with a kind and a place, wherever in its parent it hangs.
function collect(value: unknown, found: Node[]): void {
  if (typeof value !== "object" || value === null) return;
  if (isNode(value)) found.push(value);
  for (const member of Array.isArray(value) ? value : Object.values(value)) collect(member, found);
}

function isNode(value: object): value is Node {
  return "kind" in value && "at" in value && "end" in value;
}
