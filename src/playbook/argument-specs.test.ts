import { describe, expect, it } from "vitest";
import type { Value } from "../vars/value.ts";
import { checkOption, deprecatedArguments, secretArguments, UNKNOWN, validateArguments } from "./argument-specs.ts";
import type { ArgumentOption, ArgumentRule } from "./model.ts";

const option = (rest: Partial<ArgumentOption>): ArgumentOption => ({
  type: "str",
  elements: undefined,
  required: false,
  default: undefined,
  choices: undefined,
  description: "",
  options: undefined,
  rules: [],
  applyDefaults: false,
  noLog: false,
  aliases: new Map(),
  deprecation: undefined,
  position: undefined,
  ...rest,
});

const port = option({ type: "int", required: true });
const mirrors = option({
  type: "list",
  elements: "dict",
  options: new Map([
    ["host", option({ required: true, description: "Name of the registry." })],
    ["port", option({ type: "int" })],
  ]),
});

describe("checkOption", () => {
  it.each<[string, ArgumentOption, unknown, string[]]>([
    ["text", option({}), "x", []],
    ["a number as text", option({}), 5, []],
    ["a list as text", option({}), ["a"], ['"x" is ["a"], but must be text']],
    ["nothing", option({}), undefined, []],
    ["null", option({ required: true }), null, ['"x" is required, but not set']],
    ["required with a default", option({ required: true, default: "y" }), undefined, []],
    ["digits as a number", port, "80", []],
    ["words as a number", port, "eighty", ['"x" is "eighty", but must be a whole number']],
    ["yes as a boolean", option({ type: "bool" }), "yes", []],
    ["maybe as a boolean", option({ type: "bool" }), "maybe", ['"x" is "maybe", but must be a boolean (true or false)']],
    ["an empty path", option({ type: "path" }), "", []],
    ["commas as a list", option({ type: "list", elements: "int" }), "1, 2", []],
    ["a wrong element", option({ type: "list", elements: "int" }), [1, "b"], ['"x[1]" is "b", but must be a whole number']],
    ["a mapping as a list", option({ type: "list" }), { a: 1 }, ['"x" is {"a":1}, but must be a list']],
    ["pairs as a mapping", option({ type: "dict" }), "a=1, b=2", []],
    ["JSON as a mapping", option({ type: "dict" }), '{"a": 1}', []],
    ["text as a mapping", option({ type: "dict" }), "a", ['"x" is "a", but must be a mapping']],
    ["a size", option({ type: "bytes" }), "10M", []],
    ["no size", option({ type: "bytes" }), "big", ['"x" is "big", but must be a size in bytes, such as 1048576 or "1M"']],
    ["a choice", option({ choices: ["a", "b"] }), "a", []],
    ["no choice", option({ choices: ["a", "b"] }), "c", ['"x" is "c", but must be one of a, b']],
    [
      "no choice in a list",
      option({ type: "list", elements: "str", choices: ["a", "b"] }),
      ["a", "c"],
      ['"x[1]" is "c", but must be one of a, b'],
    ],
    [
      "a secret",
      option({ type: "int", noLog: true }),
      "hunter2",
      ['"x" is a value that is not shown, but must be a whole number'],
    ],
    [
      "members",
      mirrors,
      [{ host: "a", port: "b" }, { prot: 1 }],
      [
        '"x[0].port" is "b", but must be a whole number',
        '"x[1]" has no option "prot"; did you mean "port"?',
        '"x[1].host" is required, but not set (Name of the registry)',
      ],
    ],
  ])("%s", (_title, one, value, problems) => {
    expect(checkOption("x", one, value)).toEqual(problems);
  });
});

const rule = (kind: "mutually_exclusive" | "required_together" | "required_one_of", ...names: string[]): ArgumentRule => ({
  kind,
  names,
  position: undefined,
});
const requiredIf = (name: string, value: Value, names: string[], isAny = false): ArgumentRule => ({
  kind: "required_if",
  name,
  value,
  names,
  isAny,
  position: undefined,
});
const requiredBy = (name: string, ...names: string[]): ArgumentRule => ({
  kind: "required_by",
  name,
  names,
  position: undefined,
});

function told(
  options: Readonly<Record<string, ArgumentOption>>,
  rules: readonly ArgumentRule[],
  values: Readonly<Record<string, unknown>>,
): string[] {
  const spec = {
    entryPoint: "main",
    shortDescription: undefined,
    position: undefined,
    options: new Map(Object.entries(options)),
    rules,
  };
  return validateArguments(spec, (name) => values[name]).map((one) => one.message);
}

describe("validateArguments", () => {
  it("tells everything that is wrong", () => {
    expect(told({ web_port: port, web_mirrors: mirrors }, [], { web_mirrors: "" })).toEqual([
      '"web_port" is required, but not set',
    ]);
  });

  const abc = { a: option({}), b: option({}), c: option({ default: "d" }) };
  it.each<[string, ArgumentRule, Record<string, unknown>, string[]]>([
    ["one of two that exclude each other", rule("mutually_exclusive", "a", "b"), { a: 1 }, []],
    ["both", rule("mutually_exclusive", "a", "b"), { a: 1, b: 2 }, ['"a" and "b" exclude each other; give one of them']],
    ["null is not given", rule("mutually_exclusive", "a", "b"), { a: 1, b: null }, []],
    ["a default excludes nothing", rule("mutually_exclusive", "a", "c"), { a: 1 }, []],
    ["none of those that belong together", rule("required_together", "a", "b"), {}, []],
    ["a part of them", rule("required_together", "a", "b"), { b: 1 }, ['"a" and "b" must be given together, but "a" is not set']],
    ["a default belongs to it", rule("required_together", "a", "c"), { a: 1 }, []],
    ["none of one of", rule("required_one_of", "a", "b"), {}, ['one of "a" and "b" is required, but none is set']],
    ["one of", rule("required_one_of", "a", "b"), { b: 1 }, []],
    ["another value", requiredIf("c", "e", ["a"]), {}, []],
    ["the default is the value", requiredIf("c", "d", ["a", "b"]), {}, ['"c" is d, so "a" and "b" are required, but not set']],
    ["the value", requiredIf("a", "x", ["b"]), { a: "x" }, ['"a" is x, so "b" is required, but not set']],
    ["one is enough", requiredIf("a", "x", ["b", "c"], true), { a: "x" }, []],
    [
      "one would be enough",
      requiredIf("c", "d", ["a", "b"], true),
      {},
      ['"c" is d, so one of "a" and "b" is required, but not set'],
    ],
    ["it needs another", requiredBy("a", "b"), { a: 1 }, ['"a" is set, so "b" is required, but not set']],
    ["it has it", requiredBy("a", "b"), { a: 1, b: 1 }, []],
    ["not known yet", rule("required_together", "a", "b"), { a: UNKNOWN }, []],
  ])("holds the rule: %s", (_, one, values, expected) => {
    expect(told(abc, [one], values)).toEqual(expected);
  });

  it("compares by type", () => {
    const on = { on: option({ type: "bool" }), a: option({}) };
    expect(told(on, [requiredIf("on", true, ["a"])], { on: "yes" })).toEqual(['"on" is true, so "a" is required, but not set']);
  });

  it("holds rules, aliases and defaults of members as well", () => {
    const tls = option({
      type: "dict",
      applyDefaults: true,
      options: new Map([
        ["key", option({ aliases: new Map([["private_key", ""]]) })],
        ["cert", option({})],
        ["mode", option({ required: true })],
      ]),
      rules: [rule("required_together", "key", "cert")],
    });
    expect(told({ tls }, [], { tls: { private_key: "k", mode: "a" } })).toEqual([
      '"tls.key" and "tls.cert" must be given together, but "tls.cert" is not set',
    ]);
    expect(told({ tls }, [], {})).toEqual(['"tls.mode" is required, but not set']);
    expect(told({ tls: { ...tls, applyDefaults: false } }, [], {})).toEqual([]);
    const list = { ...tls, type: "list" as const, elements: "dict" as const };
    expect(told({ list }, [], { list: [{ mode: "a" }, { mode: "a", cert: "c" }] })).toEqual([
      '"list[1].key" and "list[1].cert" must be given together, but "list[1].key" is not set',
    ]);
  });
});

describe("what options say of themselves", () => {
  const spec = {
    entryPoint: "main",
    shortDescription: undefined,
    position: undefined,
    rules: [],
    options: new Map([
      ["old", option({ deprecation: "it will be removed in version 3.0" })],
      ["new", option({ aliases: new Map([["former", "it will be removed in version 2.0"]]), noLog: true })],
      ["list", option({ type: "list", options: new Map([["token", option({ noLog: true })]]) })],
    ]),
  };
  const values: Record<string, unknown> = { old: 1, former: "hunter2", list: [{ token: "t1" }, { token: null }] };

  it("is told to who uses them", () => {
    expect(deprecatedArguments(spec, (name) => values[name]).map((one) => one.message)).toEqual([
      '"old" is deprecated: it will be removed in version 3.0',
      '"former" is a deprecated name of "new": it will be removed in version 2.0',
    ]);
    expect(deprecatedArguments(spec, () => undefined)).toEqual([]);
  });

  it("hides what is marked no_log, at any depth", () => {
    expect(secretArguments(spec, (name) => values[name])).toEqual(["hunter2", "t1"]);
  });
});
