import type { Arguments, Expression, Statement, Target } from "./ast.ts";
import { bodiesOf } from "./compile.ts";

/** What stands directly inside of a node. */
export function childrenOf(node: Statement | Expression): {
  readonly statements: readonly Statement[];
  readonly expressions: readonly Expression[];
} {
  switch (node.kind) {
    case "output":
      return { statements: [], expressions: [node.value] };
    case "if":
      return { statements: bodiesOf(node).flat(), expressions: node.branches.map((one) => one.condition) };
    case "for":
      return { statements: bodiesOf(node).flat(), expressions: [node.iterable, ...present(node.condition)] };
    case "set":
      return { statements: [], expressions: [node.value] };
    case "with":
      return { statements: node.body, expressions: node.values.map((one) => one.value) };
    case "macro":
      return { statements: node.body, expressions: node.parameters.flatMap((one) => present(one.default)) };
    case "call-block":
      return { statements: node.body, expressions: [node.call, ...node.parameters.flatMap((one) => present(one.default))] };
    case "set-block":
    case "filter-block":
    case "block":
    case "scope":
      return { statements: node.body, expressions: [] };
    case "extends":
    case "include":
    case "import":
    case "from":
      return { statements: [], expressions: [node.template] };
    case "data":
    case "constant":
    case "name":
      return { statements: [], expressions: [] };
    case "list":
    case "tuple":
    case "concatenation":
      return { statements: [], expressions: node.items };
    case "dict":
      return { statements: [], expressions: node.items.flatMap((one) => [one.key, one.value]) };
    case "attribute":
      return { statements: [], expressions: [node.target] };
    case "item":
      return { statements: [], expressions: [node.target, node.index] };
    case "slice":
      return { statements: [], expressions: [...present(node.start), ...present(node.stop), ...present(node.step)] };
    case "call":
    case "filter":
    case "test":
      return { statements: [], expressions: [node.target, ...argumentsOf(node.arguments)] };
    case "unary":
      return { statements: [], expressions: [node.operand] };
    case "binary":
    case "logical":
      return { statements: [], expressions: [node.left, node.right] };
    case "comparison":
      return { statements: [], expressions: [node.first, ...node.rest.map((one) => one.operand)] };
    case "conditional":
      return { statements: [], expressions: [node.condition, node.then, ...present(node.otherwise)] };
  }
}

function argumentsOf(args: Arguments): readonly Expression[] {
  return [...args.positional, ...args.keyword.map((one) => one.value), ...present(args.rest), ...present(args.keywords)];
}

function present(node: Expression | undefined): readonly Expression[] {
  return node === undefined ? [] : [node];
}

function targetNames(target: Target): readonly string[] {
  if (target.kind === "tuple") return target.items.flatMap(targetNames);
  return target.kind === "name" ? [target.name] : [];
}

/** Calls `found` for every name that is read where the template has not bound it. */
export function walkNames(
  statements: readonly Statement[],
  expressions: readonly Expression[],
  found: (name: string) => void,
): void {
  const readExpression = (node: Expression, bound: ReadonlySet<string>): void => {
    if (node.kind === "name" && !bound.has(node.name)) found(node.name);
    for (const one of childrenOf(node).expressions) readExpression(one, bound);
  };
  const readBody = (body: readonly Statement[], outer: ReadonlySet<string>): void => {
    const bound = new Set(outer);
    for (const node of body) readStatement(node, bound);
  };
  const readStatement = (node: Statement, bound: Set<string>): void => {
    const inner = new Set(bound);
    for (const name of boundInside(node)) inner.add(name);
    if (node.kind === "for") {
      readExpression(node.iterable, bound);
      if (node.condition !== undefined) readExpression(node.condition, inner);
    } else for (const one of childrenOf(node).expressions) readExpression(one, bound);
    if (node.kind === "set-block" || node.kind === "filter-block") {
      for (const link of node.filters) for (const one of argumentsOf(link.arguments)) readExpression(one, bound);
    }
    // An if has no scope of its own: what it sets is set below it.
    if (node.kind === "if") for (const body of bodiesOf(node)) for (const one of body) readStatement(one, bound);
    else for (const body of bodiesOf(node)) readBody(body, inner);
    for (const name of boundAfter(node)) bound.add(name);
  };
  readBody(statements, new Set());
  for (const one of expressions) readExpression(one, new Set());
}

function boundInside(node: Statement): readonly string[] {
  switch (node.kind) {
    case "for":
      return [...targetNames(node.target), "loop"];
    case "with":
      return node.values.flatMap((one) => targetNames(one.target));
    case "macro":
      return [...node.parameters.map((one) => one.name), node.name, "varargs", "kwargs", "caller"];
    case "call-block":
      return node.parameters.map((one) => one.name);
    case "block":
      return ["self", "super"];
    default:
      return [];
  }
}

function boundAfter(node: Statement): readonly string[] {
  switch (node.kind) {
    case "set":
    case "set-block":
      return targetNames(node.target);
    case "macro":
    case "import":
      return [node.name];
    case "from":
      return node.names.map((one) => one.alias);
    default:
      return [];
  }
}
