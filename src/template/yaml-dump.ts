import { Float, isList, type Key, type Value } from "../vars/value.ts";
import { textLength } from "./characters.ts";
import { compare } from "./compare.ts";
import { badValue } from "./errors.ts";
import { floatText, typeName } from "./repr.ts";
import { scalarText } from "./yaml-scalar.ts";

export type YamlStyle = {
  readonly indent: number;
  /** True: `{a: 1}`; false: one member a line; null: flow for what holds scalars only. */
  readonly flow: boolean | null;
  readonly sortKeys: boolean;
  readonly explicitStart: boolean;
};

const width = 80;

/** YAML as PyYAML's dumper prints it, block sequences not indented below their key. */
export function dumpYaml(value: Value, style: YamlStyle): string {
  const start = style.explicitStart ? "---" : "";
  if (isScalar(value)) {
    const text = scalar(value, false, false, style.indent, style.explicitStart ? 4 : 0);
    const isOpen = typeof value !== "string" || /^[^'"]/.test(text);
    return `${start === "" ? "" : `${start} `}${text}\n${isOpen ? "...\n" : ""}`;
  }
  const body = isFlow(value, style) ? new FlowWriter(style).write(value, start === "" ? 0 : 4) : block(value, 0, style, 0);
  const gap = start === "" ? "" : isFlow(value, style) ? " " : "\n";
  return `${start}${gap}${body}\n`;
}

function isScalar(value: Value): boolean {
  return !isList(value) && !(value instanceof Map);
}

function isFlow(value: Value, style: YamlStyle): boolean {
  if (isList(value) && value.length === 0) return true;
  if (value instanceof Map && value.size === 0) return true;
  if (style.flow !== null) return style.flow;
  if (isList(value)) return value.every(isScalar);
  return value instanceof Map && [...value.values()].every(isScalar);
}

function members(map: ReadonlyMap<Key, Value>, style: YamlStyle): readonly (readonly [Key, Value])[] {
  const all = [...map];
  return style.sortKeys ? all.sort(([a], [b]) => compare(a, b)) : all;
}

/** `indent`: the column of this container's own members; the first line is already positioned there. */
function block(value: Value, indent: number, style: YamlStyle, level: number): string {
  const pad = `\n${" ".repeat(indent)}`;
  if (isList(value)) {
    return value
      .map((member) => {
        if (isFlow(member, style) && !isScalar(member)) return `- ${new FlowWriter(style).write(member, indent + 2, indent)}`;
        if (isScalar(member)) return `- ${scalar(member, false, false, indent + style.indent, indent + 2)}`;
        return `-${" ".repeat(style.indent - 1)}${block(member, indent + style.indent, style, level + 1)}`;
      })
      .join(pad);
  }
  if (!(value instanceof Map)) throw new TypeError("only containers are written as blocks");
  return members(value, style)
    .map(([key, member]) => pair(key, member, indent, style, level))
    .join(pad);
}

function pair(key: Key, member: Value, indent: number, style: YamlStyle, level: number): string {
  const inner = indent + style.indent;
  const isSimple = isSimpleKey(key);
  const pad = `\n${" ".repeat(indent)}`;
  const head = isSimple
    ? `${scalar(key, true, false, indent, indent)}:`
    : `? ${scalar(key, false, false, inner, indent + 2)}${pad}:`;
  const column = isSimple ? indent + textLength(head) + 1 : indent + 2;
  if (isScalar(member)) return `${head} ${scalar(member, false, false, inner, column)}`;
  if (isFlow(member, style)) return `${head} ${new FlowWriter(style).write(member, column, indent)}`;
  if (!isSimple) return `${head}${" ".repeat(style.indent - 1)}${block(member, inner, style, level + 1)}`;
  // A list below a key is not indented, as PyYAML has it.
  const start = isList(member) ? indent : inner;
  return `${head}\n${" ".repeat(start)}${block(member, start, style, level + 1)}`;
}

const tags: Readonly<Record<string, string>> = {
  str: "!!str",
  int: "!!int",
  float: "!!float",
  bool: "!!bool",
  NoneType: "!!null",
};

// PyYAML counts the tag that it then leaves out. Anything longer stands behind a question mark.
function isSimpleKey(key: Key): boolean {
  const text = typeof key === "string" ? key : scalar(key, true, false, 0, 0);
  if (text === "" || /[\n\u0085\u2028\u2029]/.test(text)) return false;
  return textLength(text) + (tags[typeName(key)] ?? "").length < 128;
}

/** Flow style, broken after a comma where a line would pass column 80. */
class FlowWriter {
  readonly #style: YamlStyle;
  #text = "";
  #column = 0;

  constructor(style: YamlStyle) {
    this.#style = style;
  }

  /** `indent`: that of the block around it. */
  write(value: Value, column: number, indent = 0): string {
    this.#column = column;
    this.#value(value, indent);
    return this.#text;
  }

  #key(key: Key, indent: number): void {
    if (isSimpleKey(key)) return this.#put(`${scalar(key, true, true, indent, this.#column)}: `);
    this.#put("? ");
    this.#put(scalar(key, false, true, indent + this.#style.indent, this.#column));
    this.#put(this.#column > width ? `\n${" ".repeat(indent)}: ` : " : ");
  }

  #put(text: string): void {
    this.#text += text;
    const line = text.lastIndexOf("\n");
    this.#column = line < 0 ? this.#column + textLength(text) : textLength(text.slice(line + 1));
  }

  #value(value: Value, indent: number): void {
    if (isScalar(value)) return this.#put(scalar(value, false, true, indent + this.#style.indent, this.#column));
    const items: readonly (readonly [Key | undefined, Value])[] =
      value instanceof Map ? members(value, this.#style) : isList(value) ? value.map((one) => [undefined, one] as const) : [];
    this.#put(value instanceof Map ? "{" : "[");
    const inner = indent + this.#style.indent;
    items.forEach(([key, member], index) => {
      if (index > 0) this.#put(",");
      if (this.#column > width) this.#put(`\n${" ".repeat(inner)}`);
      else if (index > 0) this.#put(" ");
      if (key !== undefined) this.#key(key, inner);
      this.#value(member, inner);
    });
    this.#put(value instanceof Map ? "}" : "]");
  }
}

function scalar(value: Value, key: boolean, flow: boolean, indent: number, column: number): string {
  if (value === null) return "null";
  if (typeof value === "string") return scalarText(value, { key, flow, indent, column });
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : float(value);
  if (value instanceof Float) return float(value.value);
  return badValue(`a ${typeName(value)} cannot be written as YAML`);
}

function float(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = floatText(value);
  // YAML 1.1 reads 1e+16 as a string unless there is a dot in it.
  return text.includes(".") || !text.includes("e") ? text : text.replace("e", ".0e");
}
