import { type Diagnostic, DiagnosticError, type Position } from "../diagnostic.ts";
import type { Arguments, Expression, Statement } from "./ast.ts";
import { unknownFilter, unknownTest } from "./compile-expression.ts";
import { diagnosticOf, TemplateFault } from "./errors.ts";
import { findFilter } from "./filters/registry.ts";
import { globals } from "./globals.ts";
import { readHeader } from "./header.ts";
import { lexExpression, lexTemplate, SyntaxFault } from "./lexer.ts";
import { findLookup, unknownLookup } from "./lookups/registry.ts";
import { locate, type Origin } from "./origin.ts";
import { parseExpression, parseTemplate } from "./parse-statement.ts";
import { findTest } from "./tests/registry.ts";
import { type Syntax, valueSyntax } from "./token.ts";
import { childrenOf, walkNames } from "./walk.ts";

/**
 * What can be said of a template without evaluating it: syntax errors, and filters, tests and lookups that do not exist.
 * "template": a string or file with tags in it; "expression": a bare expression.
 */
export function checkSyntax(
  source: string,
  position: Position | undefined,
  kind: "template" | "expression",
  syntax: Syntax = valueSyntax,
): readonly Diagnostic[] {
  const origin: Origin = { source, position };
  try {
    const nodes = parse(source, origin, kind, syntax);
    const found: Diagnostic[] = [];
    for (const node of nodes.statements) checkStatement(node, nodes.origin, found);
    for (const node of nodes.expressions) checkExpression(node, nodes.origin, found);
    return found;
  } catch (error) {
    if (error instanceof SyntaxFault) return [diagnosticOf(error, locate(origin, error.at, error.end))];
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
}

/** Names of variables that a template reads and does not set itself; globals are not among them. Empty for one with syntax errors. */
export function referencedNames(
  source: string,
  kind: "template" | "expression",
  syntax: Syntax = valueSyntax,
): ReadonlySet<string> {
  const names = new Set<string>();
  try {
    const nodes = parse(source, { source, position: undefined }, kind, syntax);
    walkNames(nodes.statements, nodes.expressions, (name) => {
      if (!globals.has(name)) names.add(name);
    });
  } catch (error) {
    if (!(error instanceof SyntaxFault) && !(error instanceof DiagnosticError)) throw error;
  }
  return names;
}

type Parsed = { readonly statements: readonly Statement[]; readonly expressions: readonly Expression[]; readonly origin: Origin };

function parse(source: string, origin: Origin, kind: "template" | "expression", syntax: Syntax): Parsed {
  if (kind === "expression") return { statements: [], expressions: [parseExpression(lexExpression(source, syntax))], origin };
  const header = readHeader(source, syntax, origin);
  return {
    statements: parseTemplate(lexTemplate(header.body, header.syntax)),
    expressions: [],
    origin: { ...origin, source: header.body },
  };
}

function checkStatement(node: Statement, origin: Origin, found: Diagnostic[]): void {
  if (node.kind === "set-block" || node.kind === "filter-block") {
    for (const link of node.filters) {
      if (findFilter(link.name) === undefined) found.push(problem("unknown-filter", unknownFilter(link.name), origin, link));
      checkArguments(link.arguments, origin, found);
    }
  }
  const { statements, expressions } = childrenOf(node);
  for (const one of expressions) checkExpression(one, origin, found);
  for (const one of statements) checkStatement(one, origin, found);
}

function checkArguments(args: Arguments, origin: Origin, found: Diagnostic[]): void {
  for (const one of args.positional) checkExpression(one, origin, found);
  for (const one of args.keyword) checkExpression(one.value, origin, found);
  if (args.rest !== undefined) checkExpression(args.rest, origin, found);
  if (args.keywords !== undefined) checkExpression(args.keywords, origin, found);
}

const byName: ReadonlySet<string> = new Set(["map"]);
const byTest: ReadonlySet<string> = new Set(["select", "reject"]);
const byAttribute: ReadonlySet<string> = new Set(["selectattr", "rejectattr"]);

function checkExpression(node: Expression, origin: Origin, found: Diagnostic[]): void {
  if (node.kind === "filter") {
    if (findFilter(node.name) === undefined) found.push(problem("unknown-filter", unknownFilter(node.name), origin, node));
    const [first, second] = node.arguments.positional;
    if (byName.has(node.name)) checkName(first, "filter", origin, found);
    if (byTest.has(node.name)) checkName(first, "test", origin, found);
    if (byAttribute.has(node.name)) checkName(second, "test", origin, found);
  }
  if (node.kind === "test" && findTest(node.name) === undefined) {
    found.push(problem("unknown-test", unknownTest(node.name), origin, node));
  }
  if (node.kind === "call" && node.target.kind === "name" && ["lookup", "query", "q"].includes(node.target.name)) {
    checkName(node.arguments.positional[0], "lookup", origin, found);
  }
  for (const one of childrenOf(node).expressions) checkExpression(one, origin, found);
}

// Only a literal can be checked; what a variable names is known when it is evaluated.
function checkName(node: Expression | undefined, kind: "filter" | "test" | "lookup", origin: Origin, found: Diagnostic[]): void {
  if (node?.kind !== "constant" || typeof node.value !== "string") return;
  const name = node.value;
  const known = kind === "filter" ? findFilter(name) : kind === "test" ? findTest(name) : findLookup(name);
  if (known !== undefined) return;
  const message = kind === "filter" ? unknownFilter(name) : kind === "test" ? unknownTest(name) : unknownLookup(name);
  found.push(problem(`unknown-${kind}`, message, origin, node));
}

function problem(code: string, message: string, origin: Origin, node: { readonly at: number; readonly end: number }): Diagnostic {
  return diagnosticOf(new TemplateFault(code, message), locate(origin, node.at, node.end));
}
