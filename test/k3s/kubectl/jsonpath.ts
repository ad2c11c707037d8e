import { at, isFields } from "../fields.ts";

/** kubectl's JSONPath: text with `{.a.b[0]}`, `{range .items[*]}…{end}`, filters `[?(@.type=="Ready")]`, `{"\n"}`. */
export function renderPath(template: string, root: unknown): string {
  return render(partsOf(template), { root, current: root });
}

type Part = { readonly kind: "text" | "expression"; readonly text: string };
type Scope = { readonly root: unknown; readonly current: unknown };

function partsOf(template: string): readonly Part[] {
  const parts: Part[] = [];
  const pattern = /\{((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^{}"'])*)\}|([^{]+)/g;
  for (const [, expression, text] of template.matchAll(pattern))
    parts.push(expression === undefined ? { kind: "text", text: text ?? "" } : { kind: "expression", text: expression.trim() });
  return parts;
}

function render(parts: readonly Part[], scope: Scope): string {
  let output = "";
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    if (part === undefined) break;
    if (part.kind === "text") {
      output += part.text;
      continue;
    }
    const [, range] = /^range\s+(.*)$/.exec(part.text) ?? [];
    if (range === undefined) {
      output += /^["']/.test(part.text) ? unquoted(part.text) : valuesAt(part.text, scope).map(shown).join(" ");
      continue;
    }
    const end = endOf(parts, index);
    for (const current of valuesAt(range, scope)) output += render(parts.slice(index + 1, end), { ...scope, current });
    index = end;
  }
  return output;
}

function endOf(parts: readonly Part[], start: number): number {
  let depth = 0;
  for (let index = start; index < parts.length; index++) {
    const part = parts[index];
    if (part?.kind !== "expression") continue;
    if (part.text.startsWith("range ")) depth += 1;
    if (part.text === "end") depth -= 1;
    if (depth === 0) return index;
  }
  throw new Error("error parsing jsonpath: unexpected end of range");
}

function unquoted(text: string): string {
  const known: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return text.slice(1, -1).replaceAll(/\\(.)/g, (_, letter: string) => known[letter] ?? letter);
}

const shown = (value: unknown): string => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value));

const STEP = /^(?:\.\.|\.?\*|\.((?:\\.|[^.[\]\\])+)|\[\?\((.*?)\)\]|\[(\*|-?\d+|'[^']*'|"[^"]*"|-?\d*:-?\d*)\])/;

/** What a path leads to; nothing where something is missing on the way. */
export function valuesAt(path: string, { root, current }: Scope): readonly unknown[] {
  let rest = path.replace(/^[$@]/, "");
  if (!/^[.[]/.test(rest) && rest !== "") rest = `.${rest}`;
  let values: readonly unknown[] = [path.startsWith("$") ? root : current];
  while (rest !== "" && rest !== ".") {
    const match = STEP.exec(rest);
    if (match === null) throw new Error(`error parsing jsonpath ${path}, unrecognized ${rest}`);
    const [whole, name, filter, index] = match;
    rest = rest.slice(whole.length);
    if (name !== undefined) values = values.flatMap((one) => fieldOf(one, name.replaceAll("\\", "")));
    else if (filter !== undefined) values = values.flatMap((one) => childrenOf(one).filter((child) => passes(child, filter)));
    else if (index === undefined || index === "*") values = values.flatMap(childrenOf);
    else if (/^['"]/.test(index)) values = values.flatMap((one) => fieldOf(one, index.slice(1, -1)));
    else values = values.flatMap((one) => sliceOf(one, index));
  }
  return values;
}

const fieldOf = (value: unknown, name: string): readonly unknown[] => {
  const found = at(value, name);
  return found === undefined || found === null ? [] : [found];
};

const childrenOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : isFields(value) ? Object.values(value) : [];

function sliceOf(value: unknown, index: string): readonly unknown[] {
  if (!Array.isArray(value)) return [];
  const [from = "", to] = index.split(":");
  if (to !== undefined) return value.slice(from === "" ? 0 : Number(from), to === "" ? undefined : Number(to));
  const found: unknown = value.at(Number(index));
  return found === undefined ? [] : [found];
}

function passes(child: unknown, filter: string): boolean {
  const [, path = "", operator = "", wanted = ""] = /^(\S+?)\s*(==|!=|=~|<=|>=|<|>)\s*(.+)$/.exec(filter) ?? [];
  if (operator === "") return valuesAt(filter, { root: child, current: child }).length > 0;
  const [found] = valuesAt(path, { root: child, current: child });
  const other = /^["']/.test(wanted) ? unquoted(wanted) : wanted;
  const isSame = found !== undefined && String(found) === other;
  return operator === "==" ? isSame : operator === "!=" ? !isSame : false;
}
