import { didYouMean } from "../suggest.ts";
import { lookupNames } from "../template/template.ts";
import { keyPosition, positionAt } from "../vars/provenance.ts";
import { isList, isMap, type Value, type ValueMap } from "../vars/value.ts";
import { readConditions } from "./conditions.ts";
import { described, field, isTemplated, memberPosition, staticText } from "./fields.ts";
import { checkKeys, checkVariableName } from "./keywords.ts";
import { type Loading, problem } from "./loading.ts";
import type { Loop, LoopControl, Until } from "./model.ts";
import { checkTemplates } from "./syntax.ts";

const plain: LoopControl = {
  loopVar: "item",
  indexVar: undefined,
  label: undefined,
  pause: undefined,
  extended: undefined,
  breakWhen: [],
};

/** `loop` or `with_…`, and `loop_control`. */
export function readLoop(loading: Loading, map: ValueMap): Loop | undefined {
  const keys = [...map.keys()].map(String).filter((key) => key === "loop" || key.startsWith("with_"));
  const [key, second] = keys;
  const control = readControl(loading, map);
  if (key === undefined) {
    if (map.has("loop_control")) {
      problem(loading, { code: "loop", message: '"loop_control" needs a loop', position: keyPosition(map, "loop_control") });
    }
    return undefined;
  }
  if (second !== undefined) {
    problem(loading, {
      code: "loop",
      message: `"${key}" and "${second}" exclude each other`,
      position: keyPosition(map, second),
    });
    return undefined;
  }
  const lookup = key === "loop" ? "loop" : key.slice("with_".length);
  const value = map.get(key) ?? null;
  if (!checkLookup(loading, map, key, lookup)) return undefined;
  checkTemplates(loading, value);
  checkItems(loading, map, key, value);
  return { lookup, value, control, position: memberPosition(map, key) };
}

function checkLookup(loading: Loading, map: ValueMap, key: string, lookup: string): boolean {
  const known = [...lookupNames()];
  if (lookup === "loop" || known.includes(lookup)) return true;
  problem(loading, {
    code: "unknown-lookup",
    message: `"${key}" is not a keyword or module${didYouMean(
      key,
      known.map((one) => `with_${one}`),
    )}`,
    position: keyPosition(map, key),
    help: `with_X loops over the lookup X, and there is no lookup "${lookup}"`,
  });
  return false;
}

function checkItems(loading: Loading, map: ValueMap, key: string, value: Value): void {
  if (isTemplated(value)) return;
  const wrong = value === null || (key === "loop" && !isList(value));
  if (!wrong) return;
  problem(loading, {
    code: "loop-not-a-list",
    message: `"${key}" must be a list, but is ${described(value)}`,
    position: memberPosition(map, key),
    ...(typeof value === "string" && /^[A-Za-z_][\w.]*$/.test(value)
      ? { help: `for the variable write ${key}: "{{ ${value} }}"` }
      : {}),
    ...(isMap(value) ? { help: "loop over a variable that holds it: {{ mapping | dict2items }}" } : {}),
  });
}

function readControl(loading: Loading, map: ValueMap): LoopControl {
  const value = map.get("loop_control");
  if (value === undefined || value === null) return plain;
  if (!isMap(value)) {
    problem(loading, {
      code: "keyword-type",
      message: `"loop_control" must be a mapping, but is ${described(value)}`,
      position: positionAt(map, ["loop_control"]),
    });
    return plain;
  }
  checkKeys(
    loading,
    value,
    ["loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"],
    "loop_control",
  );
  const name = (key: string): string | undefined => {
    const text = staticText(loading, value, key);
    if (text !== undefined) checkVariableName(loading, text, memberPosition(value, key), `"${key}":`);
    return text;
  };
  for (const key of ["label", "pause", "extended"]) checkTemplates(loading, value.get(key));
  return {
    loopVar: name("loop_var") ?? "item",
    indexVar: name("index_var"),
    label: field(loading, value, "label", "any"),
    pause: field(loading, value, "pause", "number"),
    extended: field(loading, value, "extended", "bool"),
    breakWhen: readConditions(loading, value, "break_when"),
  };
}

/** `until`, `retries`, `delay`. With `retries` alone a task is repeated until it does not fail, as in Ansible. */
export function readUntil(loading: Loading, map: ValueMap): Until | undefined {
  const conditions = readConditions(loading, map, "until");
  const retries = field(loading, map, "retries", "int");
  const delay = field(loading, map, "delay", "number");
  checkTemplates(loading, retries);
  checkTemplates(loading, delay);
  return conditions.length === 0 && retries === undefined ? undefined : { conditions, retries, delay };
}
