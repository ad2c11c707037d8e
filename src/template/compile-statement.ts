import { isList, Secret, Undefined, type Value } from "../vars/value.ts";
import type { Expression, FilterLink, Statement, Target } from "./ast.ts";
import { iterate } from "./call.ts";
import { compileArguments, compileExpression, compileTruth, unknownFilter } from "./compile-expression.ts";
import { compileInheritance } from "./compile-inheritance.ts";
import { badValue, fault } from "./errors.ts";
import { applyFilter, findFilter } from "./filters/registry.ts";
import { capture, demand, type Frame, guard, type Run, Scope } from "./frame.ts";
import { LoopState } from "./loop.ts";
import { type CompiledMacro, compileParameters, Macro } from "./macro.ts";
import { Callable, Cell, NativeFunction, snapshot } from "./objects.ts";
import { locate } from "./origin.ts";
import { raiseUndefined } from "./undefined.ts";

/** One function that runs all statements in order. */
export function compileBody(statements: readonly Statement[]): Run {
  const runs = statements.map(compileStatement);
  const [only] = runs;
  if (runs.length === 1 && only !== undefined) return only;
  return (frame) => {
    for (const run of runs) run(frame);
  };
}

function compileStatement(node: Statement): Run {
  switch (node.kind) {
    case "data": {
      const { text } = node;
      return (frame) => void frame.output.push(text);
    }
    case "output":
      return compileOutput(node.value);
    case "if":
      return compileIf(node);
    case "for":
      return compileFor(node);
    case "set": {
      const assign = compileAssignment(node.target);
      const value = compileExpression(node.value);
      return (frame) => assign(frame, value(frame));
    }
    case "set-block": {
      const assign = compileAssignment(node.target);
      const body = inScope(compileBody(node.body));
      const filters = compileFilters(node.filters);
      return (frame) => assign(frame, filters(frame, capture(frame, body)));
    }
    case "with": {
      const values = node.values.map((one) => [compileAssignment(one.target), compileExpression(one.value)] as const);
      const body = compileBody(node.body);
      return (frame) => {
        const outer = frame.scope;
        const results = values.map(([assign, value]) => [assign, value(frame)] as const);
        frame.scope = new Scope(outer);
        for (const [assign, value] of results) assign(frame, value);
        body(frame);
        frame.scope = outer;
      };
    }
    case "macro": {
      const { name, at, end } = node;
      const macro: CompiledMacro = {
        name,
        parameters: compileParameters(node.parameters),
        body: compileBody(node.body),
        at,
        end,
      };
      return (frame) => frame.scope.assign(name, new Macro(macro, frame));
    }
    case "call-block":
      return compileCallBlock(node);
    case "filter-block": {
      const body = inScope(compileBody(node.body));
      const filters = compileFilters(node.filters);
      return (frame) => void frame.output.push(filters(frame, capture(frame, body)));
    }
    case "scope":
      return inScope(compileBody(node.body));
    case "block":
    case "extends":
    case "include":
    case "import":
    case "from":
      return compileInheritance(node);
  }
}

function compileOutput(node: Expression): Run {
  const evaluate = compileExpression(node);
  return guard(node, (frame) => {
    const value = demand(frame, node, evaluate(frame));
    if (value instanceof Callable) {
      badValue(`${value.label} is a function; call it: ${value.label}()`);
    }
    frame.output.push(snapshot(value));
  });
}

function inScope(body: Run): Run {
  return (frame) => {
    const outer = frame.scope;
    frame.scope = new Scope(outer);
    body(frame);
    frame.scope = outer;
  };
}

function compileIf(node: Statement & { readonly kind: "if" }): Run {
  const branches = node.branches.map((one) => [compileTruth(one.condition), compileBody(one.body)] as const);
  const otherwise = compileBody(node.otherwise);
  return (frame) => {
    for (const [condition, body] of branches) {
      if (condition(frame)) return body(frame);
    }
    return otherwise(frame);
  };
}

function compileFor(node: Statement & { readonly kind: "for" }): Run {
  const iterable = compileExpression(node.iterable);
  const assign = compileAssignment(node.target);
  const condition = node.condition === undefined ? undefined : compileTruth(node.condition);
  const body = compileBody(node.body);
  const otherwise = compileBody(node.otherwise);
  const loop = (frame: Frame, value: Value, depth: number): void => {
    const outer = frame.scope;
    const items = membersOf(frame, node.iterable, value).filter((item) => {
      if (condition === undefined) return true;
      frame.scope = new Scope(outer);
      assign(frame, item);
      return condition(frame);
    });
    const recurse = (inner: Value, innerDepth: number): Value => {
      const scope = frame.scope;
      const text = capture(frame, () => loop(frame, inner, innerDepth));
      frame.scope = scope;
      return text;
    };
    const state = new LoopState(items, depth, node.recursive ? recurse : undefined);
    items.forEach((item, index) => {
      frame.scope = new Scope(outer);
      state.moveTo(index);
      assign(frame, item);
      frame.scope.assign("loop", state);
      body(frame);
    });
    frame.scope = outer;
    if (items.length === 0) inScope(otherwise)(frame);
  };
  return guard({ at: node.iterable.at, end: node.iterable.end }, (frame) => loop(frame, iterable(frame), 0));
}

/** The settled members to iterate over; a member that is itself undefined is only refused when it is used. */
function membersOf(frame: Frame, node: Expression, value: Value): readonly Value[] {
  if (value instanceof Undefined) return raiseUndefined(value, locate(frame.origin, node.at, node.end));
  const { runtime } = frame;
  if (value instanceof Secret)
    return iterate(value, runtime).map((one) => (one instanceof Secret ? new Secret(runtime.settle(one.value)) : one));
  return iterate(value, runtime).map((one) => runtime.settle(one));
}

function compileCallBlock(node: Statement & { readonly kind: "call-block" }): Run {
  if (node.call.kind !== "call") return () => fault("template-syntax", "call takes the call of a macro");
  const target = compileExpression(node.call.target);
  const args = compileArguments(node.call.arguments);
  const { at, end } = node;
  const macro: CompiledMacro = {
    name: "caller",
    parameters: compileParameters(node.parameters),
    body: compileBody(node.body),
    at,
    end,
  };
  return guard(node.call, (frame) => {
    const callee = target(frame);
    if (callee instanceof Undefined) raiseUndefined(callee, locate(frame.origin, node.call.at, node.call.end));
    if (!(callee instanceof Callable)) return badValue("call takes the call of a macro");
    const { positional, keyword } = args(frame);
    const withCaller = new Map(keyword).set("caller", new Macro(macro, frame));
    // A plain function (a lookup, say) knows no caller.
    const named = callee instanceof NativeFunction ? keyword : withCaller;
    frame.output.push(callee.call({ positional, keyword: named, runtime: frame.runtime }));
  });
}

function compileFilters(links: readonly FilterLink[]): (frame: Frame, text: Value) => Value {
  const steps = links.map((link) => {
    const filter = findFilter(link.name);
    const args = compileArguments(link.arguments);
    return { link, filter, args };
  });
  return (frame, text) => {
    let value = text;
    for (const { link, filter, args } of steps) {
      const input = value;
      value = guard(link, () => {
        if (filter === undefined) return fault("unknown-filter", unknownFilter(link.name));
        const { positional, keyword } = args(frame);
        return applyFilter(frame.runtime, filter, link.name, input, positional, keyword);
      })(frame);
    }
    return value;
  };
}

function compileAssignment(target: Target): (frame: Frame, value: Value) => void {
  switch (target.kind) {
    case "name": {
      const { name } = target;
      return (frame, value) => frame.scope.assign(name, value);
    }
    case "member": {
      const { object, name } = target;
      return (frame, value) => {
        guard(target, () => {
          const cell = frame.scope.find(object);
          if (!(cell instanceof Cell)) return badValue(`only the members of a namespace() can be set, and "${object}" is none`);
          return cell.assign(name, value);
        })(frame);
      };
    }
    case "tuple": {
      const parts = target.items.map(compileAssignment);
      return (frame, value) => {
        const items = guard(target, () => membersToUnpack(frame, value, parts.length))(frame);
        parts.forEach((assign, index) => {
          assign(frame, items[index] ?? null);
        });
      };
    }
  }
}

function membersToUnpack(frame: Frame, value: Value, wanted: number): readonly Value[] {
  if (value instanceof Undefined) return raiseUndefined(value);
  const items = iterate(value, frame.runtime).map((one) => frame.runtime.settle(one));
  if (items.length === wanted) return items;
  const hint = value instanceof Map && !isList(value) ? "; a dict gives its keys, .items() gives pairs" : "";
  return badValue(`${wanted} names cannot take ${items.length} values${hint}`);
}
