import { describe, expect, it } from "vitest";
import { Float } from "../vars/value.ts";
import { readPythonLiteral } from "./python-literal.ts";

describe("readPythonLiteral", () => {
  it.each<[string, unknown]>([
    ["1", 1],
    ["-1_000", -1000],
    ["0x1f", 31],
    ["0o17", 15],
    ["0b11", 3],
    ["1.5", 1.5],
    ["1.", new Float(1)],
    [".5", 0.5],
    ["1e3", new Float(1000)],
    ["-1.0", new Float(-1)],
    ["12345678901234567890", 12345678901234567890n],
    ["True", true],
    ["None", null],
    ["'a' \"b\"", "ab"],
    ["'it\\'s\\n\\x41\\u00e9\\q'", "it's\nAé\\q"],
    ["[1, 'x', [True,]]", [1, "x", [true]]],
    ["(1, 2)", [1, 2]],
    ["(1)", 1],
    ["(1,)", [1]],
    ["1, 2", [1, 2]],
    [
      "{'a': 1, 2: [ ]}",
      new Map<unknown, unknown>([
        ["a", 1],
        [2, []],
      ]),
    ],
    ["{1, 2}", [1, 2]],
    ["{}", new Map()],
    ["8080  # the port", 8080],
  ])("%s", (text, value) => {
    expect(readPythonLiteral(text)).toEqual(value);
  });

  it.each([
    "yes",
    "true",
    "web1",
    "0644",
    "1.2.3",
    "10.0.0.1",
    "{{ x }}",
    "[1, x]",
    "'a",
    "",
    "{1: 2, 3}",
    "- 1 -",
    "1x",
    "foo # bar",
    "a=b",
    "1 2",
    "--",
  ])("%j is no literal", (text) => {
    expect(readPythonLiteral(text)).toBeUndefined();
  });
});
