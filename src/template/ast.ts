import type { PlainValue } from "../vars/value.ts";

/** Offsets into the source. */
type Place = { readonly at: number; readonly end: number };

export type Arguments = {
  readonly positional: readonly Expression[];
  readonly keyword: readonly { readonly name: string; readonly value: Expression }[];
  /** `*list` */
  readonly rest: Expression | undefined;
  /** `**mapping` */
  readonly keywords: Expression | undefined;
};

export type BinaryOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";
export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

export type Expression = Place &
  (
    | { readonly kind: "constant"; readonly value: PlainValue }
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "list" | "tuple" | "concatenation"; readonly items: readonly Expression[] }
    | { readonly kind: "dict"; readonly items: readonly { readonly key: Expression; readonly value: Expression }[] }
    | { readonly kind: "attribute"; readonly target: Expression; readonly name: string }
    | { readonly kind: "item"; readonly target: Expression; readonly index: Expression }
    | {
        readonly kind: "slice";
        readonly start: Expression | undefined;
        readonly stop: Expression | undefined;
        readonly step: Expression | undefined;
      }
    | { readonly kind: "call"; readonly target: Expression; readonly arguments: Arguments }
    | { readonly kind: "filter"; readonly name: string; readonly target: Expression; readonly arguments: Arguments }
    | { readonly kind: "test"; readonly name: string; readonly target: Expression; readonly arguments: Arguments }
    | { readonly kind: "unary"; readonly operator: "-" | "+" | "not"; readonly operand: Expression }
    | { readonly kind: "binary"; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression }
    | { readonly kind: "logical"; readonly operator: "and" | "or"; readonly left: Expression; readonly right: Expression }
    | {
        readonly kind: "comparison";
        readonly first: Expression;
        readonly rest: readonly { readonly operator: Comparison; readonly operand: Expression }[];
      }
    | {
        readonly kind: "conditional";
        readonly condition: Expression;
        readonly then: Expression;
        readonly otherwise: Expression | undefined;
      }
  );

/** What `for` and `set` assign to. */
export type Target = Place &
  (
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "member"; readonly object: string; readonly name: string }
    | { readonly kind: "tuple"; readonly items: readonly Target[] }
  );

export type Parameter = { readonly name: string; readonly default: Expression | undefined };

/** A filter of `{% filter %}` and `{% set x | filter %}`. */
export type FilterLink = Place & { readonly name: string; readonly arguments: Arguments };

export type Statement = Place &
  (
    | { readonly kind: "data"; readonly text: string }
    | { readonly kind: "output"; readonly value: Expression }
    | {
        readonly kind: "if";
        readonly branches: readonly { readonly condition: Expression; readonly body: readonly Statement[] }[];
        readonly otherwise: readonly Statement[];
      }
    | {
        readonly kind: "for";
        readonly target: Target;
        readonly iterable: Expression;
        readonly condition: Expression | undefined;
        readonly recursive: boolean;
        readonly body: readonly Statement[];
        readonly otherwise: readonly Statement[];
      }
    | { readonly kind: "set"; readonly target: Target; readonly value: Expression }
    | {
        readonly kind: "set-block";
        readonly target: Target;
        readonly filters: readonly FilterLink[];
        readonly body: readonly Statement[];
      }
    | {
        readonly kind: "with";
        readonly values: readonly { readonly target: Target; readonly value: Expression }[];
        readonly body: readonly Statement[];
      }
    | {
        readonly kind: "macro";
        readonly name: string;
        readonly parameters: readonly Parameter[];
        readonly body: readonly Statement[];
      }
    | {
        readonly kind: "call-block";
        readonly call: Expression;
        readonly parameters: readonly Parameter[];
        readonly body: readonly Statement[];
      }
    | { readonly kind: "filter-block"; readonly filters: readonly FilterLink[]; readonly body: readonly Statement[] }
    | {
        readonly kind: "block";
        readonly name: string;
        readonly scoped: boolean;
        readonly required: boolean;
        readonly body: readonly Statement[];
      }
    | { readonly kind: "extends"; readonly template: Expression }
    | { readonly kind: "include"; readonly template: Expression; readonly ignoreMissing: boolean; readonly withContext: boolean }
    | { readonly kind: "import"; readonly template: Expression; readonly name: string; readonly withContext: boolean }
    | {
        readonly kind: "from";
        readonly template: Expression;
        readonly names: readonly { readonly name: string; readonly alias: string }[];
        readonly withContext: boolean;
      }
    /** `{% autoescape %}`: a scope of its own; nothing is ever escaped here. */
    | { readonly kind: "scope"; readonly body: readonly Statement[] }
  );

/** `foo.bar[0]` as people write it, for messages; undefined for anything that is not a plain path. */
export function pathOf(node: Expression): string | undefined {
  if (node.kind === "name") return node.name;
  if (node.kind === "attribute") {
    const target = pathOf(node.target);
    return target === undefined ? undefined : `${target}.${node.name}`;
  }
  if (node.kind === "item" && node.index.kind === "constant") {
    const target = pathOf(node.target);
    const index = node.index.value;
    if (target === undefined || (typeof index !== "string" && typeof index !== "number")) return undefined;
    return typeof index === "string" ? `${target}['${index}']` : `${target}[${index}]`;
  }
  if (node.kind === "item") {
    const target = pathOf(node.target);
    const index = pathOf(node.index);
    return target === undefined || index === undefined ? undefined : `${target}[${index}]`;
  }
  return undefined;
}
