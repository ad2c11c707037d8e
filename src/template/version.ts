import { badValue } from "./errors.ts";

export type VersionOrder = "loose" | "strict" | "semver" | "semantic" | "pep440";

/** Compares two versions; negative, zero or positive. Throws TemplateFault for one that the order cannot read. */
export function compareVersions(a: string, b: string, order: VersionOrder): number {
  switch (order) {
    case "strict":
      return compareParts(strictParts(a), strictParts(b));
    case "semver":
    case "semantic":
      return compareSemantic(a, b);
    case "pep440":
      return compareParts(pep440Parts(a), pep440Parts(b));
    default:
      return compareParts(looseParts(a), looseParts(b));
  }
}

type Part = number | string;

function compareParts(a: readonly Part[], b: readonly Part[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const left = a[index] ?? 0;
    const right = b[index] ?? 0;
    if (left === right) continue;
    if (typeof left !== typeof right) {
      return badValue(
        `the versions cannot be compared: "${left}" stands against "${right}"`,
        'say how: version(…, version_type="semver")',
      );
    }
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

/** Runs of digits, runs of letters, and what else stands between the dots. */
function looseParts(version: string): readonly Part[] {
  return (version.match(/\d+|[a-z]+|[^\da-z.]+/g) ?? []).map((one) => (/^\d/.test(one) ? Number(one) : one));
}

function strictParts(version: string): readonly Part[] {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$/.exec(version);
  if (match === null) return badValue(`"${version}" is not a strict version (1.2, 1.2.3, 1.2a1)`);
  const [, major, minor, patch, letter, number] = match;
  // A pre-release comes before its release: "a" and "b" sort before "f".
  return [Number(major), Number(minor), Number(patch ?? 0), letter ?? "f", Number(number ?? 0)];
}

const semantic = /^(\d+)\.(\d+)\.(\d+)(?:-([\da-zA-Z.-]+))?(?:\+[\da-zA-Z.-]+)?$/;

// https://semver.org, version 2.0.0, section 11.
function compareSemantic(a: string, b: string): number {
  const [left, right] = [a, b].map(
    (one) => semantic.exec(one) ?? badValue(`"${one}" is not a semantic version (1.2.3, 1.2.3-rc.1)`),
  );
  for (const index of [1, 2, 3]) {
    const difference = Number(left?.[index]) - Number(right?.[index]);
    if (difference !== 0) return difference;
  }
  const first = left?.[4]?.split(".");
  const second = right?.[4]?.split(".");
  if (first === undefined || second === undefined) return (first === undefined ? 1 : 0) - (second === undefined ? 1 : 0);
  for (let index = 0; index < Math.min(first.length, second.length); index += 1) {
    const x = first[index] ?? "";
    const y = second[index] ?? "";
    if (x === y) continue;
    const numbers = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (numbers[0] && numbers[1]) return Number(x) - Number(y);
    if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return first.length - second.length;
}

// https://peps.python.org/pep-0440/: development before alpha, beta, candidate, release, post-release.
function pep440Parts(version: string): readonly Part[] {
  const match =
    /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|rc|alpha|beta|c|pre|preview)[-_.]?(\d*))?(?:(?:[-_.]?(?:post|rev|r)[-_.]?|-)(\d+))?(?:[-_.]?dev[-_.]?(\d*))?(?:\+.*)?$/i.exec(
      version.trim(),
    );
  if (match === null) return badValue(`"${version}" is not a version by PEP 440`);
  const [, epoch, release = "", letter, number, post, dev] = match;
  const numbers = release.split(".").map(Number);
  while (numbers.length < 8) numbers.push(0);
  const stage = letter === undefined ? 4 : ({ a: 1, alpha: 1, b: 2, beta: 2 }[letter.toLowerCase()] ?? 3);
  const isBareDevelopment = dev !== undefined && letter === undefined && post === undefined;
  return [
    Number(epoch ?? 0),
    ...numbers,
    isBareDevelopment ? 0 : stage,
    Number(number || 0),
    post === undefined ? -1 : Number(post),
    dev === undefined ? Number.MAX_SAFE_INTEGER : Number(dev || 0),
  ];
}

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

/** `version('1.2', '>=')` */
export function testVersion(value: string, wanted: string, operator: string, order: string): boolean {
  if (value === "") return badValue("the version to compare is empty");
  if (wanted === "") return badValue("the version to compare with is empty");
  const test = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  if (test === undefined)
    return badValue(`version: "${operator}" is no operator; there are ${Object.keys(operators).join(", ")}`);
  if (!["loose", "strict", "semver", "semantic", "pep440"].includes(order)) {
    return badValue(`version: "${order}" is no kind of version; there are loose, strict, semver, semantic, pep440`);
  }
  // Just checked against the members of the type.
  return test(compareVersions(value, wanted, order as VersionOrder));
}
