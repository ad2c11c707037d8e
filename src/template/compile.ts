import type { Statement } from "./ast.ts";
import { compileExpression } from "./compile-expression.ts";
import { compileBody } from "./compile-statement.ts";
import type { Evaluate, Run } from "./frame.ts";
import { lexExpression, lexTemplate } from "./lexer.ts";
import { parseExpression, parseTemplate } from "./parse-statement.ts";
import { type Syntax, valueSyntax } from "./token.ts";

export type CompiledTemplate = {
  readonly run: Run;
  /** Set when the template is one `{{ expression }}` and nothing else: its value is the result, whatever its type. */
  readonly lone: Evaluate | undefined;
  readonly blocks: ReadonlyMap<string, { readonly run: Run; readonly required: boolean }>;
};

const values = new Map<string, CompiledTemplate>();
const expressions = new Map<string, Evaluate>();
const files = new Map<string, CompiledTemplate>();

/** A string of a playbook. Cached. Throws SyntaxFault. */
export function compileValue(source: string): CompiledTemplate {
  return cached(values, source, () => compileTemplate(source, valueSyntax));
}

/** A template file. Cached. Throws SyntaxFault. */
export function compileFile(source: string, syntax: Syntax): CompiledTemplate {
  return cached(files, `${JSON.stringify(syntax)}\n${source}`, () => compileTemplate(source, syntax));
}

/** A bare expression. Cached. Throws SyntaxFault. */
export function compileBare(source: string): Evaluate {
  return cached(expressions, source, () => compileExpression(parseExpression(lexExpression(source, valueSyntax))));
}

function compileTemplate(source: string, syntax: Syntax): CompiledTemplate {
  const statements = parseTemplate(lexTemplate(source, syntax));
  const [only] = statements;
  return {
    run: compileBody(statements),
    lone: statements.length === 1 && only?.kind === "output" ? compileExpression(only.value) : undefined,
    blocks: new Map(
      blocksOf(statements).map((block) => [block.name, { run: compileBody(block.body), required: block.required }]),
    ),
  };
}

function blocksOf(statements: readonly Statement[]): (Statement & { readonly kind: "block" })[] {
  return statements.flatMap((node) => {
    const inner = bodiesOf(node).flatMap(blocksOf);
    return node.kind === "block" ? [node, ...inner] : inner;
  });
}

/** The statements inside of a statement. */
export function bodiesOf(node: Statement): readonly (readonly Statement[])[] {
  switch (node.kind) {
    case "if":
      return [...node.branches.map((one) => one.body), node.otherwise];
    case "for":
      return [node.body, node.otherwise];
    case "set-block":
    case "with":
    case "macro":
    case "call-block":
    case "filter-block":
    case "block":
    case "scope":
      return [node.body];
    default:
      return [];
  }
}

function cached<T>(cache: Map<string, T>, key: string, make: () => T): T {
  const present = cache.get(key);
  if (present !== undefined) return present;
  const made = make();
  cache.set(key, made);
  return made;
}
