import { badValue } from "../errors.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

export type VersionKind = "loose" | "strict" | "semver" | "semantic" | "pep440";

const operators: Readonly<Record<string, (order: number) => boolean>> = {
  "==": (order) => order === 0,
  "=": (order) => order === 0,
  eq: (order) => order === 0,
  "!=": (order) => order !== 0,
  "<>": (order) => order !== 0,
  ne: (order) => order !== 0,
  "<": (order) => order < 0,
  lt: (order) => order < 0,
  "<=": (order) => order <= 0,
  le: (order) => order <= 0,
  ">": (order) => order > 0,
  gt: (order) => order > 0,
  ">=": (order) => order >= 0,
  ge: (order) => order >= 0,
};

/** Compares versions: `loose` by runs of digits and letters, `strict` as N.N[.N][aN|bN], `semver` as semver.org 2.0.0 says. */
export function compareVersions(a: string, b: string, operator: string, kind: VersionKind): boolean {
  const holds = operators[operator];
  if (holds === undefined) return badValue(`"${operator}" compares no versions; use ==, !=, <, <=, > or >=`);
  if (a === "" || b === "") return badValue("a version to compare must not be empty");
  return holds(kind === "loose" ? compareLoose(a, b) : kind === "strict" ? compareStrict(a, b) : compareSemver(a, b, kind));
}

type Part = number | string;

function compareLoose(a: string, b: string): number {
  const parts = (text: string): Part[] =>
    (text.match(/\d+|[a-z]+|[^\s\da-z.]+/gi) ?? []).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return compareParts(parts(a), parts(b));
}

function compareParts(a: readonly Part[], b: readonly Part[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [x, y] = [a[index], b[index]];
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    if (typeof x !== typeof y) return badValue(`versions cannot be compared: "${x}" against "${y}"`);
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

function compareStrict(a: string, b: string): number {
  const parse = (text: string): Part[] => {
    const found = /^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$/.exec(text);
    if (found === null) return badValue(`"${text}" is no strict version (N.N, N.N.N, N.NaN)`);
    // A pre-release comes before the release: "a" < "b" < "~".
    return [Number(found[1]), Number(found[2]), Number(found[3] ?? 0), found[4] ?? "~", Number(found[5] ?? 0)];
  };
  return compareParts(parse(a), parse(b));
}

function compareSemver(a: string, b: string, kind: VersionKind): number {
  const parse = (text: string) => {
    const found = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-?([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(text);
    if (found === null) return badValue(`"${text}" is no ${kind} version`);
    return { numbers: [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)], pre: found[4]?.split(".") };
  };
  const [x, y] = [parse(a), parse(b)];
  const order = compareParts(x.numbers, y.numbers);
  if (order !== 0 || (x.pre === undefined && y.pre === undefined)) return order;
  if (x.pre === undefined || y.pre === undefined) return x.pre === undefined ? 1 : -1;
  return comparePre(x.pre, y.pre);
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [x, y] = [a[index], b[index]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    if (x === y) continue;
    const [isX, isY] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (isX && isY) return Number(x) - Number(y);
    if (isX !== isY) return isX ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return 0;
}

const version = {
  parameters: ["version", "operator?", "strict?", "version_type?"],
  run: (input, call) => {
    const kind = call.flag("strict", false) ? "strict" : call.text("version_type", "loose");
    return compareVersions(
      toText(input),
      call.text("version"),
      call.text("operator", "=="),
      kind === "strict" || kind === "semver" || kind === "semantic" || kind === "pep440" ? kind : "loose",
    );
  },
} satisfies FilterTable[string];

export const versionFilters: FilterTable = { version, version_compare: version };
