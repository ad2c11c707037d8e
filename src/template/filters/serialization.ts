import { stringify } from "yaml";
import { fromPlain } from "../../source/json.ts";
import { parseYaml, parseYamlDocuments } from "../../source/yaml.ts";
import { DiagnosticError } from "../../diagnostic.ts";
import { Float, isList, type Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";
import { badValue } from "../errors.ts";
import { isNumber, toDouble } from "../numbers.ts";
import { floatText, toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

type Style = { readonly indent: number | undefined; readonly sortKeys: boolean; readonly ascii: boolean; readonly separators: readonly [string, string] };

/** JSON as Python's json module writes it. */
export function toJsonText(value: Value, style: Style, depth = 0): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (isNumber(value)) return numberText(value);
  if (typeof value === "string") return jsonString(value, style.ascii);
  const pad = style.indent === undefined ? "" : `\n${" ".repeat(style.indent * (depth + 1))}`;
  const end = style.indent === undefined ? "" : `\n${" ".repeat(style.indent * depth)}`;
  const [comma, colon] = style.separators;
  const joint = style.indent === undefined ? comma : comma.trimEnd();
  if (isList(value)) {
    if (value.length === 0) return "[]";
    return `[${pad}${value.map((one) => toJsonText(one, style, depth + 1)).join(`${joint}${pad}`)}${end}]`;
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, one]): [string, Value] => [keyText(key), one]);
    if (style.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return "{}";
    const members = entries.map(([key, one]) => `${jsonString(key, style.ascii)}${colon}${toJsonText(one, style, depth + 1)}`);
    return `{${pad}${members.join(`${joint}${pad}`)}${end}}`;
  }
  return jsonString(toText(value), style.ascii);
}

function keyText(key: Value): string {
  if (key === null) return "null";
  return typeof key === "boolean" ? String(key) : toText(key);
}

function numberText(value: Value & (number | bigint | Float)): string {
  if (typeof value === "bigint") return String(value);
  const double = toDouble(value);
  if (Number.isNaN(double)) return "NaN";
  if (!Number.isFinite(double)) return double > 0 ? "Infinity" : "-Infinity";
  return value instanceof Float || !Number.isInteger(double) ? floatText(double) : String(double);
}

function jsonString(text: string, ascii: boolean): string {
  const quoted = JSON.stringify(text);
  return ascii ? quoted.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`) : quoted;
}

/** What the YAML library takes: mappings stay Maps, so that keys keep their order and kind. */
function forYaml(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (isList(value)) return value.map(forYaml);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, forYaml(one)]));
  return value;
}

function yamlText(input: Value, call: Call, indent: number): string {
  const isScalar = !isList(input) && !(input instanceof Map);
  const text = stringify(forYaml(input), {
    version: "1.1",
    indent: call.integer("indent", indent),
    indentSeq: false,
    lineWidth: call.integer("width", 0),
    sortMapEntries: call.flag("sort_keys", true),
    singleQuote: true,
  });
  return isScalar && !text.endsWith("\n") ? `${text}\n` : text;
}

const reading = <T>(what: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (error instanceof DiagnosticError || error instanceof SyntaxError) return badValue(`this is not ${what}: ${error.message}`);
    throw error;
  }
};

const yamlParameters = ["indent?", "width?", "sort_keys?", "default_flow_style?", "allow_unicode?"];

export const serializationFilters: FilterTable = {
  to_json: {
    parameters: ["indent?", "sort_keys?", "ensure_ascii?", "separators?", "preprocess_unsafe?", "vault_to_text?"],
    run: (input, call) =>
      toJsonText(input, {
        indent: call.given("indent") === undefined ? undefined : call.integer("indent"),
        sortKeys: call.flag("sort_keys", false),
        ascii: call.flag("ensure_ascii", true),
        separators: separatorsOf(call),
      }),
  },
  tojson: {
    parameters: ["indent?"],
    run: (input, call) =>
      toJsonText(input, {
        indent: call.given("indent") === undefined ? undefined : call.integer("indent"),
        sortKeys: true,
        ascii: true,
        separators: [", ", ": "],
      }).replace(/[<>&']/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`),
  },
  to_nice_json: {
    parameters: ["indent?", "sort_keys?", "ensure_ascii?"],
    run: (input, call) =>
      toJsonText(input, {
        indent: call.integer("indent", 4),
        sortKeys: call.flag("sort_keys", true),
        ascii: call.flag("ensure_ascii", true),
        separators: [", ", ": "],
      }),
  },
  from_json: {
    parameters: [],
    run: (input) => reading("JSON", () => fromPlain(JSON.parse(toText(input)))),
  },
  to_yaml: { parameters: yamlParameters, run: (input, call) => yamlText(input, call, 2) },
  to_nice_yaml: { parameters: yamlParameters, run: (input, call) => yamlText(input, call, 4) },
  from_yaml: {
    parameters: [],
    run: (input) => (input === null ? null : reading("YAML", () => parseYaml(toText(input), "<from_yaml>", { templates: false }))),
  },
  from_yaml_all: {
    parameters: [],
    run: (input) => reading("YAML", () => [...parseYamlDocuments(toText(input), "<from_yaml_all>", { templates: false })]),
  },
};

function separatorsOf(call: Call): readonly [string, string] {
  const given = call.given("separators");
  if (given === undefined) return [", ", ": "];
  return isList(given) && given.length === 2 ? [toText(given[0] ?? ""), toText(given[1] ?? "")] : badValue("separators must be a pair of texts");
}
