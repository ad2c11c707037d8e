import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { parseYaml } from "../source/yaml.ts";
import { checkVariableNames } from "./names.ts";
import { isMap } from "./value.ts";

describe("checkVariableNames", () => {
  it("refuses what no template could read, with the place of each", () => {
    const vars = parseYaml("good_1: 1\nmy-var: 1\n2nd: 1\n3: 1\nfor: 1\n", "vars.yml");
    let told = "";
    try {
      if (isMap(vars)) checkVariableNames(vars);
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
