import { DiagnosticError } from "../../diagnostic.ts";
import { parseJson } from "../../source/json.ts";
import { parseYaml, parseYamlDocuments } from "../../source/yaml.ts";
import { isList, Secret, type Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";
import { isTruthy } from "../compare.ts";
import { badValue } from "../errors.ts";
import { dumpJson } from "../json-dump.ts";
import { toIndex } from "../numbers.ts";
import { toText } from "../repr.ts";
import { readToml } from "../toml.ts";
import { dumpYaml } from "../yaml-dump.ts";
import type { FilterTable } from "./filter.ts";

/** Filters that write and read JSON and YAML, the bytes being those of Python's json and PyYAML. */
export const serializationFilters: FilterTable = {
  to_json: { parameters: ["*", "**"], run: (input, call) => json(input, call, { sortKeys: false }) },
  to_nice_json: {
    parameters: ["indent?", "sort_keys?", "*", "**"],
    run: (input, call) => json(input, call, { sortKeys: call.flag("sort_keys", true), indent: call.integer("indent", 4) }),
  },
  tojson: {
    parameters: ["indent?"],
    run: (input, call) => {
      const indent = call.given("indent") === undefined ? {} : { indent: call.integer("indent") };
      const html: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027" };
      return dumpJson(input, { sortKeys: true, ...indent }).replace(/[<>&']/g, (one) => html[one] ?? one);
    },
  },
  from_json: {
    parameters: [],
    run: (input) => read("JSON", () => parseJson(needText(input, "from_json"), "from_json", { templates: false })),
  },
  to_yaml: {
    parameters: ["default_flow_style?", "**"],
    run: (input, call) => {
      const flow = call.given("default_flow_style");
      return yaml(input, call, 2, flow === undefined ? null : isTruthy(flow));
    },
  },
  to_nice_yaml: { parameters: ["indent?", "**"], run: (input, call) => yaml(input, call, call.integer("indent", 4), false) },
  from_yaml: {
    parameters: [],
    run: (input) =>
      typeof input === "string"
        ? read("YAML", () => parseYaml(input, "from_yaml", { templates: false, excerpts: false }))
        : input,
  },
  from_toml: {
    parameters: ["go_template?"],
    run: (input, call) => {
      const read = readToml(needText(input, "from_toml"), call.flag("go_template", false));
      return "problem" in read ? badValue(`this is not TOML: ${read.problem}`) : read.value;
    },
  },
  toml_problem: {
    parameters: ["go_template?"],
    run: (input, call) => {
      const read = readToml(needText(input, "toml_problem"), call.flag("go_template", false));
      return "problem" in read ? read.problem : "";
    },
  },
  from_yaml_all: {
    parameters: [],
    run: (input) => {
      if (typeof input !== "string") return isList(input) ? input : [input];
      return read("YAML", () => parseYamlDocuments(input, "from_yaml_all", { templates: false, excerpts: false }));
    },
  },
};

function json(input: Value, call: Call, base: { readonly sortKeys: boolean; readonly indent?: number }): Value {
  const option = (name: string): Value | undefined => call.keywords.get(name);
  for (const name of call.keywords.keys()) {
    if (!["indent", "sort_keys", "ensure_ascii", "separators", "vault_to_text", "preprocess_unsafe"].includes(name)) {
      return badValue(`${call.label} has no argument "${name}"`);
    }
  }
  const indent = toIndex(option("indent") ?? null) ?? base.indent;
  const separators = option("separators");
  const pair =
    isList(separators) && separators.length === 2
      ? ([toText(separators[0] ?? ""), toText(separators[1] ?? "")] as const)
      : undefined;
  return dumpJson(input, {
    sortKeys: option("sort_keys") === undefined ? base.sortKeys : isTruthy(option("sort_keys") ?? false),
    ensureAscii: option("ensure_ascii") === undefined ? true : isTruthy(option("ensure_ascii") ?? true),
    ...(indent === undefined ? {} : { indent }),
    ...(pair === undefined ? {} : { separators: pair }),
  });
}

function yaml(input: Value, call: Call, indent: number, flow: boolean | null): Value {
  for (const name of call.keywords.keys()) {
    if (!["indent", "sort_keys", "explicit_start", "width", "allow_unicode", "default_flow_style"].includes(name)) {
      return badValue(`${call.label} has no argument "${name}"`);
    }
  }
  const sort = call.keywords.get("sort_keys");
  return dumpYaml(input, {
    indent: toIndex(call.keywords.get("indent") ?? null) ?? indent,
    flow,
    sortKeys: sort === undefined ? true : isTruthy(sort),
    explicitStart: isTruthy(call.keywords.get("explicit_start") ?? false),
  });
}

function needText(input: Value, label: string): string {
  return typeof input === "string" ? input : badValue(`${label} needs a string`);
}

// The text may be a secret, hence it stays out of the message: only the complaint itself is told.
function read(what: string, parse: () => Value | readonly Value[]): Value {
  try {
    const result = parse();
    return result instanceof Secret ? result.value : result;
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    const [first] = error.diagnostics;
    const line = first?.position === undefined ? "" : ` in line ${first.position.line}`;
    return badValue(`this is not ${what}${line}: ${first?.message ?? "it cannot be read"}`);
  }
}
