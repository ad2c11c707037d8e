import { isList, type Value, VaultText } from "../../vars/value.ts";
import { contains, isTruthy } from "../compare.ts";
import { badValue } from "../errors.ts";
import { toBoolean } from "../filters/conversion.ts";
import { compareVersions, type VersionKind } from "../filters/version.ts";
import { isNumber, toDouble } from "../numbers.ts";
import { toText } from "../repr.ts";
import type { Test, TestTable } from "./test.ts";

const list = (value: Value, what: string): readonly Value[] => (isList(value) ? value : badValue(`${what} needs lists`));
const isSubset = (a: Value, b: Value): boolean => list(a, "subset").every((one) => contains(b, one));

const version: Test = {
  parameters: ["version", "operator?", "strict?", "version_type?"],
  run: (input, call) => {
    const kind: VersionKind = call.flag("strict", false) ? "strict" : versionKind(call.text("version_type", "loose"));
    return compareVersions(toText(input), call.text("version"), call.text("operator", "=="), kind);
  },
};

function versionKind(text: string): VersionKind {
  if (text === "loose" || text === "strict" || text === "semver" || text === "semantic" || text === "pep440") return text;
  return badValue(`version_type is "${text}", but must be loose, strict, semver or pep440`);
}

const subset: Test = { parameters: ["other"], run: (input, call) => isSubset(input, call.value("other")) };
const superset: Test = { parameters: ["other"], run: (input, call) => isSubset(call.value("other"), input) };
const truth = (wanted: boolean): Test => ({
  parameters: ["convert_bool?"],
  run: (input, call) => {
    const converted = call.flag("convert_bool", false) ? toBoolean(input) : input;
    return isTruthy(converted) === wanted;
  },
});

/** Ansible's tests of values. */
export const ansibleTests: TestTable = {
  version,
  version_compare: version,
  subset,
  issubset: subset,
  superset,
  issuperset: superset,
  contains: { parameters: ["item"], run: (input, call) => contains(input, call.value("item")) },
  any: { parameters: [], run: (input) => list(input, "any").some(isTruthy) },
  all: { parameters: [], run: (input) => list(input, "all").every(isTruthy) },
  truthy: truth(true),
  falsy: truth(false),
  nan: { parameters: [], run: (input) => isNumber(input) && Number.isNaN(toDouble(input)) },
  vault_encrypted: {
    parameters: [],
    raw: true,
    run: (input) => input instanceof VaultText || (typeof input === "string" && input.startsWith("$ANSIBLE_VAULT;")),
  },
};
