import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic, registerSource } from "../excerpt.ts";
import { checkVariableNames } from "./names.ts";
import { setSourceMap } from "./provenance.ts";
import type { Key } from "./value.ts";

describe("checkVariableNames", () => {
  it("refuses what no template could read, with the place of each", () => {
    const keys: readonly Key[] = ["good_1", "my-var", "2nd", 3, "for"];
    const vars = new Map(keys.map((key) => [key, 1]));
    registerSource("vars.yml", keys.map((key) => `${String(key)}: 1`).join("\n"));
    const at = (key: Key, index: number) => ({ file: "vars.yml", line: index + 1, column: 1, endColumn: String(key).length + 1 });
    setSourceMap(vars, {
      position: at("", 0),
      keys: new Map(keys.map((key, index) => [key, at(key, index)])),
      members: new Map(),
    });
    let told = "";
    try {
      checkVariableNames(vars);
    } catch (error) {
      told = error instanceof DiagnosticError ? error.diagnostics.map(formatDiagnostic).join("\n") : String(error);
    }
    expect(
      told,
    ).toBe(`error: "my-var" is no name for a variable: it must be letters, digits and underscores, and not begin with a digit
  vars.yml:2:1
  1 | good_1: 1
  2 | my-var: 1
    | ^^^^^^
  help: write my_var
error: "2nd" is no name for a variable: it must be letters, digits and underscores, and not begin with a digit
  vars.yml:3:1
  2 | my-var: 1
  3 | 2nd: 1
    | ^^^
error: a variable cannot be named 3: a name is text
  vars.yml:4:1
  3 | 2nd: 1
  4 | 3: 1
    | ^
error: a variable cannot be named "for", which is a word of the template language
  vars.yml:5:1
  4 | 3: 1
  5 | for: 1
    | ^^^`);
  });
});
