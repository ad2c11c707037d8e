import { asBytes } from "../python-regex.ts";
import type { Edit } from "./edited-file.ts";
import { linesOf } from "./line-edit.ts";

/** An option that a section must have, with one of these values; none: with any. */
export type IniCondition = { readonly option: string; readonly values: readonly string[] };

/** What `ini_file` was asked for. No `section`: what stands before the first one. */
export type IniWish = {
  readonly section: string | undefined;
  readonly conditions: readonly IniCondition[];
  readonly option: string | undefined;
  readonly values: readonly string[];
  readonly state: "present" | "absent";
  readonly exclusive: boolean;
  readonly allowNoValue: boolean;
  readonly noExtraSpaces: boolean;
  readonly ignoreSpaces: boolean;
  readonly modifyInactive: boolean;
};

type OptionLine = { readonly isActive: boolean; readonly value: string };
type Outcome = { readonly lines: readonly string[]; readonly message: string } | undefined;

const escaped = (text: string): string => text.replace(/[$()*+./?[\\\]^{|}]/g, "\\$&");
const isHeader = (line: string): boolean => line.startsWith("[");
const isFiller = (line: string): boolean => /^[ \t]*(?:[#;].*)?$/.test(bare(line));
const bare = (line: string): string => line.replace(/\r?\n$/, "");

export function iniEdit(given: IniWish): Edit {
  const wish = inBytes(given);
  return (text) => {
    if (text === undefined && wish.state === "absent") return undefined;
    const eol = /\r\n/.test(/^[^\n]*\n/.exec(text ?? "")?.[0] ?? "") ? "\r\n" : "\n";
    // As Ansible does: a file without lines is taken for one empty line, which stays.
    const lines = text === undefined || text === "" ? [eol] : linesOf(text);
    const last = lines.at(-1) ?? "";
    if (!last.endsWith("\n")) lines[lines.length - 1] = `${last}${eol}`;
    const outcome = new IniText(lines, eol, wish).edited();
    return outcome === undefined ? undefined : { text: outcome.lines.join(""), message: outcome.message };
  };
}

// A blank at the start of a value cannot be told from the one behind the "=".
function inBytes(wish: IniWish): IniWish {
  const values = (list: readonly string[]): string[] => [...new Set(list.map((one) => asBytes(one).replace(/^[ \t]+/, "")))];
  return {
    ...wish,
    section: wish.section === undefined ? undefined : asBytes(wish.section.trim()),
    option: wish.option === undefined ? undefined : asBytes(wish.option.trim()),
    values: values(wish.values),
    conditions: wish.conditions.map((one) => ({ option: asBytes(one.option.trim()), values: values(one.values) })),
  };
}

class IniText {
  readonly #lines: readonly string[];
  readonly #eol: string;
  readonly #wish: IniWish;

  constructor(lines: readonly string[], eol: string, wish: IniWish) {
    this.#lines = lines;
    this.#eol = eol;
    this.#wish = wish;
  }

  edited(): Outcome {
    const { state, option } = this.#wish;
    const range = this.#findSection();
    if (range === undefined) return state === "present" ? this.#withNewSection() : undefined;
    const before = this.#lines.slice(0, range.start);
    const body = this.#lines.slice(range.start, range.end);
    const after = this.#lines.slice(range.end);
    if (state === "absent" && option === undefined) {
      // The header goes, too.
      return { lines: [...before.slice(0, -1), ...after], message: "section removed" };
    }
    const outcome =
      option === undefined ? undefined : state === "absent" ? this.#without(body, option) : this.#with(body, option);
    return outcome === undefined ? undefined : { ...outcome, lines: [...before, ...outcome.lines, ...after] };
  }

  /** Where the lines of the section are, its header left out. */
  #findSection(): { readonly start: number; readonly end: number } | undefined {
    const { section } = this.#wish;
    const header = section === undefined ? undefined : new RegExp(`^\\[\\s*${escaped(section)}\\s*\\]`);
    for (let at = header === undefined ? -1 : 0; at < this.#lines.length; at += 1) {
      if (header !== undefined && !header.test(this.#lines[at] ?? "")) continue;
      const next = this.#lines.findIndex((line, index) => index > at && isHeader(line));
      const end = next < 0 ? this.#lines.length : next;
      if (this.#hasValues(this.#lines.slice(at + 1, end))) return { start: at + 1, end };
      if (header === undefined) return undefined;
    }
    return undefined;
  }

  #hasValues(body: readonly string[]): boolean {
    return this.#wish.conditions.every(({ option, values }) =>
      body.some((line) => {
        const found = optionLine(line, option);
        return found?.isActive === true && (values.length === 0 || values.includes(found.value));
      }),
    );
  }

  #assignment(option: string, value: string): string {
    if (value === "" && this.#wish.allowNoValue) return `${option}${this.#eol}`;
    return `${option}${this.#wish.noExtraSpaces ? "=" : " = "}${value}${this.#eol}`;
  }

  #without(body: readonly string[], option: string): Outcome {
    const { exclusive, values } = this.#wish;
    const kept = body.filter((line) => {
      const found = optionLine(line, option);
      return found?.isActive !== true || (!exclusive && !values.includes(found.value));
    });
    return kept.length === body.length ? undefined : { lines: kept, message: "option changed" };
  }

  /**
   * Lines that have a wanted value stay or are put right; with `exclusive`, other lines of the option take the values that are left,
   * and what then remains goes. Lines that are in force come before those that are commented out. What is still left is added.
   */
  #with(body: readonly string[], option: string): Outcome {
    const { exclusive, modifyInactive } = this.#wish;
    const wanted = [...(this.#wish.values.length === 0 ? [""] : this.#wish.values)];
    const lines: (string | undefined)[] = [...body];
    const settled = new Set<number>();
    let message = "";
    const settle = (index: number, value: string): void => {
      settled.add(index);
      const line = this.#settled(lines[index] ?? "", option, value);
      if (line === lines[index]) return;
      lines[index] = line;
      message = "option changed";
    };
    const places = (isActive: boolean): readonly (readonly [index: number, found: OptionLine])[] =>
      body.flatMap((line, index) => {
        const found = optionLine(line, option);
        return found?.isActive === isActive ? [[index, found] as const] : [];
      });
    const candidates = [...places(true), ...(modifyInactive ? places(false) : [])];
    for (const [index, { value }] of candidates) {
      const at = wanted.indexOf(value);
      if (at >= 0) settle(index, wanted.splice(at, 1)[0] ?? "");
    }
    if (exclusive) {
      for (const [index] of candidates) {
        const value = wanted[0];
        if (value === undefined) break;
        if (settled.has(index)) continue;
        wanted.shift();
        settle(index, value);
      }
      for (const [index] of places(true)) {
        if (settled.has(index)) continue;
        lines[index] = undefined;
        message = "option changed";
      }
    }
    const left = lines.filter((line) => line !== undefined);
    if (wanted.length > 0) {
      const at = left.findLastIndex((line) => !isFiller(line)) + 1;
      left.splice(at, 0, ...wanted.map((value) => this.#assignment(option, value)));
      message = "option added";
    }
    return message === "" ? undefined : { lines: left, message };
  }

  #settled(line: string, option: string, value: string): string {
    const found = optionLine(line, option);
    const isSame =
      found?.isActive === true && found.value === value && hasEquals(line) !== (value === "" && this.#wish.allowNoValue);
    return isSame && this.#wish.ignoreSpaces ? line : this.#assignment(option, value);
  }

  #withNewSection(): Outcome {
    const { section = "", option, values, conditions, exclusive, allowNoValue } = this.#wish;
    const others = conditions.filter((one) => one.option !== option);
    const same = exclusive ? [] : conditions.filter((one) => one.option === option).flatMap((one) => one.values);
    const own = [...new Set([...values, ...same])];
    const lines = [
      `[${section}]${this.#eol}`,
      ...others.flatMap((one) => assignmentsOf(one.values, allowNoValue).map((value) => this.#assignment(one.option, value))),
      ...(option === undefined ? [] : assignmentsOf(own, allowNoValue).map((value) => this.#assignment(option, value))),
    ];
    return {
      lines: [...this.#lines, ...lines],
      message: option === undefined ? "only section added" : "section and option added",
    };
  }
}

const assignmentsOf = (values: readonly string[], allowNoValue: boolean): readonly string[] =>
  values.length === 0 && allowNoValue ? [""] : values;

const hasEquals = (line: string): boolean => line.includes("=");

/** What a line says about an option; undefined when it is about something else. */
function optionLine(line: string, option: string): OptionLine | undefined {
  const found = new RegExp(`^[ \\t]*([#;]?)[ \\t]*${escaped(option)}[ \\t]*(?:=[ \\t]*(.*)|)$`, "s").exec(bare(line));
  return found === null ? undefined : { isActive: found[1] === "", value: found[2] ?? "" };
}
