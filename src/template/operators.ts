import { isList, Secret, Undefined, type Value } from "../vars/value.ts";
import type { BinaryOperator, Comparison } from "./ast.ts";
import { characters } from "./characters.ts";
import { compare, contains, equals } from "./compare.ts";
import { DateTime, TimeDelta } from "./datetime.ts";
import { badValue } from "./errors.ts";
import { calculate, isNumeric, makeFloat, toIndex } from "./numbers.ts";
import { isTuple, makeOwn, makeTuple } from "./objects.ts";
import { percentFormat } from "./percent-format.ts";
import { toText, typeName } from "./repr.ts";

// Far beyond any configuration file; a slip such as 'x' * 10 ** 12 must not take the control node down.
const maximumLength = 64 * 1024 * 1024;

/** Python's binary operators on settled values without boxes. Throws TemplateFault as Python throws TypeError. */
export function applyBinary(operator: BinaryOperator, left: Value, right: Value): Value {
  if (isNumeric(left) && isNumeric(right)) return calculate(operator, left, right);
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") return left + right;
    if (isList(left) && isList(right) && isTuple(left) === isTuple(right)) return sameKind(left, [...left, ...right]);
    if (typeof left === "string" || typeof right === "string") {
      const other = typeof left === "string" ? right : left;
      return badValue(
        `"+" cannot join a string and a value of type ${typeName(other)}`,
        'write "~" to join as text, or convert with "| int" or "| string"',
      );
    }
  }
  if (operator === "*") {
    const count = toIndex(left) ?? toIndex(right);
    const sequence = toIndex(left) === undefined ? left : right;
    if (count !== undefined && (typeof sequence === "string" || isList(sequence))) return repeat(sequence, count);
  }
  if (operator === "-" && left instanceof DateTime && right instanceof DateTime) {
    return new TimeDelta(left.fields.getTime() - right.fields.getTime());
  }
  if (operator === "%" && typeof left === "string") return percentFormat(left, right);
  return badValue(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);
}

function repeat(sequence: string | readonly Value[], count: number): Value {
  const times = Math.max(0, count);
  if (sequence.length * times > maximumLength)
    return badValue(`the result of "*" is too long (${sequence.length} times ${count})`);
  if (typeof sequence === "string") return sequence.repeat(times);
  const result: Value[] = [];
  for (let index = 0; index < times; index += 1) result.push(...sequence);
  return sameKind(sequence, result);
}

function sameKind(like: readonly Value[], items: readonly Value[]): readonly Value[] {
  return isTuple(like) ? makeTuple(items) : makeOwn(items);
}

export function applySign(operator: "-" | "+", operand: Value): Value {
  if (!isNumeric(operand)) return badValue(`bad operand type for unary ${operator}: '${typeName(operand)}'`);
  if (operator === "+") return calculate("+", operand, 0);
  if (typeof operand === "number" && !Number.isInteger(operand)) return -operand;
  if (typeof operand === "object") return makeFloat(-operand.value);
  return calculate("-", 0, operand);
}

export function applyComparison(operator: Comparison, left: Value, right: Value): boolean {
  switch (operator) {
    case "==":
      return equals(left, right);
    case "!=":
      return !equals(left, right);
    case "in":
      return contains(right, left);
    case "not in":
      return !contains(right, left);
    case "<":
      return compare(left, right, operator) < 0;
    case "<=":
      return compare(left, right, operator) <= 0;
    case ">":
      return compare(left, right, operator) > 0;
    case ">=":
      return compare(left, right, operator) >= 0;
  }
}

/** Jinja2's `~`. */
export function concatenate(parts: readonly Value[]): string {
  return parts.map(toText).join("");
}

/** Python's `sequence[start:stop:step]`. */
export function applySlice(target: Value, start: Value, stop: Value, step: Value): Value {
  if (target instanceof Secret || target instanceof Undefined) throw new TypeError("slices are taken of opened values");
  if (typeof target !== "string" && !isList(target)) return badValue(`'${typeName(target)}' object cannot be sliced`);
  const items: readonly (Value | string)[] = typeof target === "string" ? characters(target) : target;
  const stride = bound(step) ?? 1;
  if (stride === 0) return badValue("slice step cannot be zero");
  const { length } = items;
  const clamp = (value: number | undefined, fallback: number): number => {
    if (value === undefined) return fallback;
    const absolute = value < 0 ? value + length : value;
    return stride > 0 ? Math.min(Math.max(absolute, 0), length) : Math.min(Math.max(absolute, -1), length - 1);
  };
  const from = clamp(bound(start), stride > 0 ? 0 : length - 1);
  const to = clamp(bound(stop), stride > 0 ? length : -1);
  const result: (Value | string)[] = [];
  for (let index = from; stride > 0 ? index < to : index > to; index += stride) {
    const item = items[index];
    if (item !== undefined) result.push(item);
  }
  if (typeof target === "string") return result.join("");
  return sameKind(target, result);
}

function bound(value: Value): number | undefined {
  if (value === null) return undefined;
  return toIndex(value) ?? badValue("slice indices must be integers or None");
}
