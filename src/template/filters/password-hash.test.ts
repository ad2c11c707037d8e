import { describe, expect, it } from "vitest";
import { toPlain } from "../../source/json.ts";
import { TemplateString } from "../../vars/value.ts";
import { renderValue } from "../template.ts";

const context = {
  names: { lookup: () => undefined, names: () => [] },
  lookups: { searchPath: () => [], workingDirectory: "/" },
  decrypt: () => {
    throw new Error("nothing is encrypted here");
  },
  onSecret: () => {},
};
const evaluate = (expression: string): unknown => toPlain(renderValue(new TemplateString(`{{ ${expression} }}`), context));

describe("password_hash", () => {
  it("takes a salt and rounds, or makes a salt of 16 characters", () => {
    expect(evaluate("'x' | password_hash('sha256', 'ab', rounds=1000)")).toMatch(/^\$5\$rounds=1000\$ab\$[./0-9A-Za-z]{43}$/);
    expect(evaluate("'x' | password_hash")).toMatch(/^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$/);
    // Told by crypt(3); openssl answers nothing for the empty password.
    expect(evaluate("'' | password_hash('sha256', 'ab')")).toBe("$5$ab$qRq/oZkUn9lJUSIcgVT3NbpSDsjn.r137TBSoCt2kCA");
  });

  it.each(["md5", "bcrypt", "blowfish"])("refuses %s", (type) => {
    expect(() => evaluate(`'x' | password_hash('${type}')`)).toThrow(
      `password_hash: "${type}" is not supported; there are sha512 and sha256`,
    );
  });
});
