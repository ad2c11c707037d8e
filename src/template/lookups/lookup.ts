import { isList, type Value } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { toText } from "../repr.ts";
import type { Runtime } from "../runtime.ts";

/** A lookup gets its terms settled and without boxes, and answers a list. */
export type Lookup = (terms: readonly Value[], options: Options, runtime: Runtime) => readonly Value[];
export type LookupTable = Readonly<Record<string, Lookup>>;

/** The named arguments of a lookup. */
export class Options {
  readonly #given: ReadonlyMap<string, Value>;
  readonly #lookup: string;
  constructor(lookup: string, given: ReadonlyMap<string, Value>) {
    this.#lookup = lookup;
    this.#given = given;
  }
  get all(): ReadonlyMap<string, Value> {
    return this.#given;
  }
  value(name: string): Value | undefined {
    return this.#given.get(name);
  }
  text(name: string, fallback: string): string {
    const value = this.#given.get(name);
    return value === undefined || value === null ? fallback : toText(value);
  }
  flag(name: string, fallback: boolean): boolean {
    const value = this.#given.get(name);
    if (value === undefined) return fallback;
    return typeof value === "boolean" ? value : ["true", "yes", "on", "1"].includes(toText(value).toLowerCase());
  }
  number(name: string, fallback: number): number {
    const value = this.#given.get(name);
    if (value === undefined) return fallback;
    const number = Number(toText(value));
    return Number.isFinite(number) ? number : badValue(`the lookup "${this.#lookup}": "${name}" must be a number`);
  }
  /** A text or a list of texts. */
  texts(name: string): readonly string[] {
    const value = this.#given.get(name);
    if (value === undefined || value === null) return [];
    return isList(value) ? value.map(toText) : [toText(value)];
  }
}

/** Ansible's older form of arguments: `password file length=10`, `ini key section=x`. */
export function splitTerm(term: string): { readonly words: readonly string[]; readonly options: ReadonlyMap<string, string> } {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (const word of term.split(/\s+/).filter((one) => one !== "")) {
    const found = /^(\w+)=(.*)$/.exec(word);
    if (found === null) words.push(word);
    else options.set(found[1] ?? "", found[2] ?? "");
  }
  return { words, options };
}

/** One level of lists taken apart. */
export function flattened(terms: readonly Value[]): readonly Value[] {
  return terms.flatMap((one) => (isList(one) ? one : [one]));
}
