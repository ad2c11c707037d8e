import { didYouMean } from "../suggest.ts";
import { positionAt } from "../vars/provenance.ts";
import { isList, isMap, type Key, type Value, type ValueMap } from "../vars/value.ts";
import { described } from "./fields.ts";
import { type Loading, problem, warning } from "./loading.ts";
import type { ArgumentOption, ArgumentRule } from "./model.ts";

type Options = ReadonlyMap<string, ArgumentOption>;
type Reading = { readonly loading: Loading; readonly map: ValueMap; readonly options: Options };

/** `mutually_exclusive`, `required_if` and their like out of one level of a specification. */
export function readRules(loading: Loading, map: ValueMap, options: Options): readonly ArgumentRule[] {
  const reading: Reading = { loading, map, options };
  return [
    ...groups(reading, "mutually_exclusive"),
    ...groups(reading, "required_together"),
    ...groups(reading, "required_one_of"),
    ...requiredIf(reading),
    ...requiredBy(reading),
  ];
}

/** A list of lists of names; one list of names is taken for one rule, as in Ansible. */
function groups(reading: Reading, kind: "mutually_exclusive" | "required_together" | "required_one_of"): readonly ArgumentRule[] {
  const written = members(reading, kind);
  const isOne = written.length > 0 && written.every((one) => typeof one === "string");
  if (isOne) return [{ kind, names: namesOf(reading, kind, written, [kind]), position: at(reading, [kind]) }];
  return written.flatMap((one, index): ArgumentRule[] => {
    const names = listAt(reading, kind, one, [kind, index]);
    return names === undefined
      ? []
      : [{ kind, names: namesOf(reading, kind, names, [kind, index]), position: at(reading, [kind, index]) }];
  });
}

function requiredIf(reading: Reading): readonly ArgumentRule[] {
  return members(reading, "required_if").flatMap((one, index): ArgumentRule[] => {
    const path = ["required_if", index];
    const rule = listAt(reading, "required_if", one, path);
    if (rule === undefined) return [];
    const [name, value = null, names, isAny = false] = rule;
    if (typeof name !== "string" || names === undefined || !isList(names) || rule.length > 4 || typeof isAny !== "boolean") {
      wrong(reading, path, `each of "required_if" must be [option, value, [options…]], with true at its end where one is enough`);
      return [];
    }
    namesOf(reading, "required_if", [name], [...path, 0]);
    return [
      {
        kind: "required_if",
        name,
        value,
        names: namesOf(reading, "required_if", names, [...path, 2]),
        isAny,
        position: at(reading, path),
      },
    ];
  });
}

function requiredBy(reading: Reading): readonly ArgumentRule[] {
  const written = reading.map.get("required_by");
  if (written === undefined || written === null) return [];
  if (!isMap(written)) {
    wrong(reading, ["required_by"], `"required_by" must be a mapping, but is ${described(written)}`);
    return [];
  }
  return [...written].map(([key, value]): ArgumentRule => {
    const path = ["required_by", key];
    namesOf(reading, "required_by", [String(key)], path);
    return {
      kind: "required_by",
      name: String(key),
      names: namesOf(reading, "required_by", isList(value) ? value : [value], path),
      position: at(reading, path),
    };
  });
}

function members(reading: Reading, kind: string): readonly Value[] {
  const written = reading.map.get(kind);
  if (written === undefined || written === null) return [];
  if (isList(written)) return written;
  wrong(reading, [kind], `"${kind}" must be a list, but is ${described(written)}`);
  return [];
}

function listAt(reading: Reading, kind: string, value: Value, path: readonly Key[]): readonly Value[] | undefined {
  if (isList(value)) return value;
  wrong(reading, path, `each of "${kind}" must be a list, but one is ${described(value)}`);
  return undefined;
}

/** Ansible passes over a name that no option has: the rule cannot do what it was meant for, but nothing is broken by it. */
function namesOf(reading: Reading, kind: string, names: readonly Value[], path: readonly Key[]): readonly string[] {
  const { loading, options } = reading;
  const known = [...options].flatMap(([name, option]) => [name, ...option.aliases.keys()]);
  return names.map(String).map((name) => {
    if (!known.includes(name)) {
      warning(loading, {
        code: "argument-spec",
        message: `"${kind}" names the option "${name}", which there is not${didYouMean(name, known)}`,
        position: at(reading, path),
      });
    }
    return name;
  });
}

function wrong(reading: Reading, path: readonly Key[], message: string): void {
  problem(reading.loading, { code: "argument-spec", message, position: at(reading, path) });
}

function at(reading: Reading, path: readonly Key[]) {
  return positionAt(reading.map, path);
}
