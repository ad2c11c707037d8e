import { describe, expect, it } from "vitest";
import { checkOption, validateArguments } from "./argument-specs.ts";
import type { ArgumentOption } from "./model.ts";

const option = (rest: Partial<ArgumentOption>): ArgumentOption => ({
  type: "str",
  elements: undefined,
  required: false,
  default: undefined,
  choices: undefined,
  description: "",
  options: undefined,
  noLog: false,
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

describe("validateArguments", () => {
  it("tells everything that is wrong", () => {
    const spec = {
      entryPoint: "main",
      shortDescription: undefined,
      position: undefined,
      options: new Map([
        ["web_port", port],
        ["web_mirrors", mirrors],
      ]),
    };
    const values: Record<string, unknown> = { web_mirrors: "" };
    expect(validateArguments(spec, (name) => values[name])).toEqual(['"web_port" is required, but not set']);
  });
});
