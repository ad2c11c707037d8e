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

const expectAll = (cases: readonly (readonly [string, unknown])[]) =>
  it.each(cases.map(([expression, expected]) => ({ expression, expected })))("$expression", ({ expression, expected }) => {
    expect(evaluate(expression)).toEqual(expected);
  });

describe("strftime", () => {
  expectAll([
    ["'%Y-%m-%d %H:%M:%S' | strftime(0, utc=true)", "1970-01-01 00:00:00"],
    ["'%F %T' | strftime(1704067199.5, true)", "2023-12-31 23:59:59"],
    ["'%G-W%V %j %U %W %a %b %e %p %I %z %%' | strftime(1704067200, utc=true)", "2024-W01 001 00 01 Mon Jan  1 AM 12 +0000 %"],
    ["'%s' | strftime(12)", "12"],
  ]);
  it("refuses what it does not know", () => {
    expect(() => evaluate("'%q' | strftime(0)")).toThrow('strftime: unknown directive "%q"');
    expect(() => evaluate("'%Y' | strftime('soon')")).toThrow("strftime needs seconds since the epoch");
  });
});

describe("to_datetime", () => {
  expectAll([
    ["('2024-02-29 01:02:03' | to_datetime) ~ ''", "2024-02-29 01:02:03"],
    ["(('2024-03-01 00:00:00' | to_datetime) - ('2024-02-28 00:00:00' | to_datetime)).days", 2],
    ["(('2024-01-01 00:01:30' | to_datetime) - ('2024-01-01 00:00:00' | to_datetime)).total_seconds() | int", 90],
    ["('Jan 5 2024 11:30 PM GMT' | to_datetime('%b %d %Y %I:%M %p %Z')) ~ ''", "2024-01-05 23:30:00"],
    ["('2024-366' | to_datetime('%Y-%j')) ~ ''", "2024-12-31 00:00:00"],
    ["('2024-01-01T00:00:00+0000' | to_datetime('%Y-%m-%dT%H:%M:%S%z')) ~ ''", "2024-01-01 00:00:00"],
  ]);
  it.each([
    ["2023-02-29 00:00:00", "%Y-%m-%d %H:%M:%S", "'2023-02-29 00:00:00' is not a date"],
    ["2024-01-01 10:99:00", "%Y-%m-%d %H:%M:%S", "'2024-01-01 10:99:00' is not a date"],
    ["2023-366", "%Y-%j", "'2023-366' is not a date"],
    ["13 PM", "%I %p", "'13 PM' is not a date"],
    ["2024 2024", "%Y %Y", 'to_datetime: "%Y" is in the format twice'],
    ["12:00 +0200", "%H:%M %z", "to_datetime keeps no time zone, but '12:00 +0200' is at +0200"],
    ["x", "%Y", "time data 'x' does not match format '%Y'"],
  ])("refuses %s as %s", (text, format, message) => {
    expect(() => evaluate(`'${text}' | to_datetime('${format}')`)).toThrow(message);
  });
});
