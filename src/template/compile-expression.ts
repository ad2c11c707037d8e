import { didYouMean } from "../suggest.ts";
import { isList, Secret, Undefined, type Value } from "../vars/value.ts";
import { type Arguments, type Expression, pathOf } from "./ast.ts";
import { toKey } from "./call.ts";
import { isTruthy } from "./compare.ts";
import { fault, NotYetKnown } from "./errors.ts";
import { applyFilter, filterNames, findFilter } from "./filters/registry.ts";
import { demand, type Evaluate, type Frame, guard } from "./frame.ts";
import { globals } from "./globals.ts";
import { readAttribute, readItem } from "./members.ts";
import { Callable, makeOwn, makeTuple, NativeFunction } from "./objects.ts";
import { applyBinary, applyComparison, applySign, applySlice, concatenate } from "./operators.ts";
import { typeName } from "./repr.ts";
import { applyTest, findTest, testNames } from "./tests/registry.ts";
import { EmptyChoice, memberNames, UnresolvedName } from "./undefined.ts";

export type EvaluatedArguments = { readonly positional: readonly Value[]; readonly keyword: ReadonlyMap<string, Value> };
const noKeywords: ReadonlyMap<string, Value> = new Map();

/** Turns an expression into a function. Its results are settled (see Runtime), perhaps undefined, perhaps boxed. */
export function compileExpression(node: Expression): Evaluate {
  switch (node.kind) {
    case "constant": {
      const { value } = node;
      return () => value;
    }
    case "name":
      return compileName(node.name, node);
    case "list":
    case "tuple": {
      const items = node.items.map(compileExpression);
      const make = node.kind === "list" ? makeOwn<readonly Value[]> : makeTuple;
      return (frame) => make(items.map((item) => item(frame)));
    }
    case "concatenation": {
      const items = node.items.map((item) => demanding(item));
      return guard(node, (frame) => {
        const opened = frame.runtime.open(items.map((item) => item(frame)));
        const text = concatenate(isList(opened.value) ? opened.value : []);
        return opened.secret ? frame.runtime.conceal(text) : text;
      });
    }
    case "dict": {
      const items = node.items.map(({ key, value }) => [demanding(key), compileExpression(value)] as const);
      return guard(node, (frame) => makeOwn(new Map(items.map(([key, value]) => [toKey(key(frame)), value(frame)]))));
    }
    case "attribute": {
      const { name } = node;
      const path = pathOf(node) ?? name;
      const target = compileExpression(node.target);
      return guard(node, (frame) => readMember(frame, node, target(frame), path, name, readAttribute));
    }
    case "item":
      return compileItem(node);
    case "slice":
      return () => fault("template-syntax", "a slice stands between the brackets of an index");
    case "call":
      return compileCall(node);
    case "filter": {
      const target = compileExpression(node.target);
      const args = compileArguments(node.arguments);
      const { name } = node;
      const filter = findFilter(name);
      if (filter === undefined) return guard(node, () => fault("unknown-filter", unknownFilter(name)));
      return guard(node, (frame) => {
        const input = target(frame);
        const { positional, keyword } = args(frame);
        return applyFilter(frame.runtime, filter, name, input, positional, keyword);
      });
    }
    case "test": {
      const target = compileExpression(node.target);
      const args = compileArguments(node.arguments);
      const { name } = node;
      const test = findTest(name);
      if (test === undefined) return guard(node, () => fault("unknown-test", unknownTest(name)));
      return guard(node, (frame) => {
        const input = target(frame);
        const { positional, keyword } = args(frame);
        return applyTest(frame.runtime, test, name, input, positional, keyword);
      });
    }
    case "unary": {
      if (node.operator === "not") {
        const truth = compileTruth(node.operand);
        return (frame) => !truth(frame);
      }
      const { operator } = node;
      const operand = demanding(node.operand);
      return guard(node, (frame) => withoutBoxes(frame, [operand(frame)], ([value = null]) => applySign(operator, value)));
    }
    case "binary":
      return compileBinary(node);
    case "logical": {
      const left = compileExpression(node.left);
      const right = compileExpression(node.right);
      const isAnd = node.operator === "and";
      return guard(node, (frame) => {
        const first = left(frame);
        return truthOf(frame, node.left, first) === isAnd ? right(frame) : first;
      });
    }
    case "comparison": {
      const first = demanding(node.first);
      const rest = node.rest.map(({ operator, operand }) => [operator, demanding(operand)] as const);
      // What a comparison tells about a secret is one bit, which a condition tells as well: it is not boxed.
      return guard(node, (frame) => {
        let left = first(frame);
        for (const [operator, operand] of rest) {
          const right = operand(frame);
          if (!applyComparison(operator, left, right)) return false;
          left = right;
        }
        return true;
      });
    }
    case "conditional": {
      const condition = compileTruth(node.condition);
      const then = compileExpression(node.then);
      const otherwise = node.otherwise === undefined ? undefined : compileExpression(node.otherwise);
      return (frame) => {
        if (condition(frame)) return then(frame);
        if (otherwise !== undefined) return otherwise(frame);
        return new EmptyChoice();
      };
    }
  }
}

/** Python's truth of an expression; an undefined value has none. */
export function compileTruth(node: Expression): (frame: Frame) => boolean {
  const evaluate = compileExpression(node);
  return guard(node, (frame) => truthOf(frame, node, evaluate(frame)));
}

function truthOf(frame: Frame, node: Expression, value: Value): boolean {
  if (typeof value === "boolean") return value;
  return isTruthy(value instanceof Undefined ? demand(frame, node, value) : value);
}

function demanding(node: Expression): Evaluate {
  const evaluate = compileExpression(node);
  return (frame) => demand(frame, node, evaluate(frame));
}

function compileName(name: string, node: Expression): Evaluate {
  return (frame) => {
    const bound = frame.scope.find(name);
    if (bound !== undefined) return bound;
    const variable = frame.seesVariables ? frame.runtime.variable(name) : undefined;
    if (variable !== undefined) return variable;
    const global = globals.get(name);
    if (global !== undefined) return global;
    if (name === "self" && frame.inheritance.self !== undefined) return frame.inheritance.self;
    const reading = { origin: frame.origin, at: node.at, end: node.end };
    return new UnresolvedName(name, reading, function* () {
      yield* frame.scope.names();
      if (frame.seesVariables) yield* frame.runtime.context.names.names();
    });
  };
}

type ReadMember<K> = (target: Value, key: K) => Value | undefined;

function readMember<K>(frame: Frame, node: Expression, target: Value, path: string, key: K, read: ReadMember<K>): Value {
  if (target instanceof Secret) {
    const member = readMember(frame, node, target.value, path, key, read);
    if (member instanceof Undefined) return member;
    if (member instanceof Callable) {
      return new NativeFunction(member.label, (args) => args.runtime.conceal(member.call(args)));
    }
    return new Secret(member);
  }
  if (target instanceof Undefined) {
    return target.reason === "not-yet-known" ? new Undefined(path, "not-yet-known") : target;
  }
  const member = read(target, key);
  if (member !== undefined) return frame.runtime.settle(member, path);
  return new UnresolvedName(path, { origin: frame.origin, at: node.at, end: node.end }, () => memberNames(target));
}

function compileItem(node: Expression & { readonly kind: "item" }): Evaluate {
  const target = compileExpression(node.target);
  const { index } = node;
  if (index.kind === "slice") {
    const [start, stop, step] = [index.start, index.stop, index.step].map((part) =>
      part === undefined ? () => null : demanding(part),
    );
    return guard(node, (frame) => {
      const sequence = demand(frame, node.target, target(frame));
      const bounds = [start, stop, step].map((part) => part?.(frame) ?? null);
      return withoutBoxes(frame, [sequence, ...bounds], ([value = null, from = null, to = null, by = null]) =>
        applySlice(value, from, to, by),
      );
    });
  }
  const key = demanding(index);
  const path = pathOf(node) ?? "the item";
  return guard(node, (frame) => {
    const container = target(frame);
    const wanted = key(frame);
    return readMember(frame, node, container, path, wanted instanceof Secret ? wanted.value : wanted, readItem);
  });
}

function compileBinary(node: Expression & { readonly kind: "binary" }): Evaluate {
  const left = demanding(node.left);
  const right = demanding(node.right);
  const { operator } = node;
  return guard(node, (frame) => {
    const a = left(frame);
    const b = right(frame);
    if (operator === "%" && typeof a === "string" && typeof b === "object") {
      const opened = frame.runtime.open(b);
      const text = applyBinary(operator, a, opened.value);
      return opened.secret ? frame.runtime.conceal(text) : text;
    }
    return withoutBoxes(frame, [a, b], ([x = null, y = null]) => applyBinary(operator, x, y));
  });
}

/** Works on what is in the boxes, if any, and boxes the result then. Members of containers keep theirs. */
function withoutBoxes(frame: Frame, values: readonly Value[], work: (values: readonly Value[]) => Value): Value {
  if (!values.some((one) => one instanceof Secret)) return work(values);
  return frame.runtime.conceal(work(values.map((one) => (one instanceof Secret ? one.value : one))));
}

function compileCall(node: Expression & { readonly kind: "call" }): Evaluate {
  const target = compileExpression(node.target);
  const args = compileArguments(node.arguments);
  const path = pathOf(node.target) ?? "this";
  return guard(node, (frame) => {
    const callee = target(frame);
    if (callee instanceof Callable) {
      const { positional, keyword } = args(frame);
      return callee.call({ positional, keyword, runtime: frame.runtime });
    }
    if (callee instanceof Undefined && callee.reason === "not-yet-known") throw new NotYetKnown(callee.name);
    if (callee instanceof UnresolvedName) return fault("not-callable", unknownFunction(node.target, path));
    return fault("not-callable", `${path} is a ${typeName(demand(frame, node.target, callee))}, not a function`);
  });
}

function unknownFunction(target: Expression, path: string): string {
  if (target.kind === "name") {
    if (findFilter(target.name) !== undefined) return `there is no function "${path}", but a filter: write "value | ${path}"`;
    return `there is no function "${path}"${didYouMean(path, globals.keys())}`;
  }
  return `there is no method "${path}"`;
}

export function compileArguments(args: Arguments): (frame: Frame) => EvaluatedArguments {
  const positional = args.positional.map(compileExpression);
  const keyword = args.keyword.map(({ name, value }) => [name, compileExpression(value)] as const);
  const rest = args.rest === undefined ? undefined : demanding(args.rest);
  const keywords = args.keywords === undefined ? undefined : demanding(args.keywords);
  if (positional.length === 0 && keyword.length === 0 && rest === undefined && keywords === undefined) {
    const none: EvaluatedArguments = { positional: [], keyword: noKeywords };
    return () => none;
  }
  return (frame) => {
    const values = positional.map((one) => one(frame));
    if (rest !== undefined) {
      const more = rest(frame);
      if (!isList(more)) return fault("template-value", `the argument after * must be a list, not ${typeName(more)}`);
      values.push(...more);
    }
    if (keyword.length === 0 && keywords === undefined) return { positional: values, keyword: noKeywords };
    const named = new Map<string, Value>(keyword.map(([name, value]) => [name, value(frame)]));
    const more = keywords?.(frame);
    if (more !== undefined && !(more instanceof Map)) {
      return fault("template-value", `the argument after ** must be a dict, not ${typeName(more)}`);
    }
    for (const [key, value] of more ?? []) named.set(String(key), value);
    return { positional: values, keyword: named };
  };
}

export function unknownFilter(name: string): string {
  return `there is no filter "${name}"${didYouMean(name, filterNames())}`;
}

export function unknownTest(name: string): string {
  return `there is no test "${name}"${didYouMean(name, testNames())}`;
}
