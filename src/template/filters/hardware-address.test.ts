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

describe("hwaddr", () => {
  it.each([
    ["'1a:2b:3c:4d:5e:06' | ansible.utils.hwaddr", "1a:2b:3c:4d:5e:06"],
    ["'1a2b.3c4d.5e06' | hwaddr('linux')", "1a:2b:3c:4d:5e:06"],
    ["'1A-2B-3C-4D-5E-06' | hwaddr('cisco')", "1a2b.3c4d.5e06"],
    ["'1a:2b:3c:4d:5e:6' | hwaddr('unix')", "1a:2b:3c:4d:5e:6"],
    ["'1a2b3c:4d5e06' | hwaddr('win')", "1A-2B-3C-4D-5E-06"],
    ["'1a:2b:3c:4d:5e:06' | macaddr('pgsql')", "1a2b3c:4d5e06"],
    ["'1a:2b:3c:4d:5e:06' | hwaddr('bare')", "1A2B3C4D5E06"],
    ["'00:00:00:00:01:00' | hwaddr('int')", 256],
    ["'1a:2b:3c:4d:5e:06' | hwaddr('bool')", true],
    ["'1a:2b:3c:4d:5e' | hwaddr", false],
    ["['x', '1a:2b:3c:4d:5e:06'] | hwaddr", ["1a:2b:3c:4d:5e:06"]],
  ])("%s is %j", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });

  it("refuses what it cannot convert", () => {
    expect(() => evaluate("'eth0' | hwaddr('linux')")).toThrow('"eth0" is not a hardware address');
    expect(() => evaluate("'1a:2b:3c:4d:5e:06' | hwaddr('x')")).toThrow('hwaddr: unknown format "x"');
  });
});

describe("ipaddr on ranges", () => {
  it.each([
    ["'10.0.0.1' | ipaddr('bool')", true],
    ["'10.0.0' | ipaddr('bool')", false],
    ["'10.0.0.0/24' | ipaddr('range_usable')", "10.0.0.1-10.0.0.254"],
    ["'10.0.0.0/31' | ipaddr('range_usable')", "10.0.0.0-10.0.0.1"],
    ["'10.0.0.7/24' | ipaddr('first_usable')", "10.0.0.1"],
    ["'10.0.0.7/24' | ipaddr('last_usable')", "10.0.0.254"],
    ["'192.168.0.0/16' | ipsubnet(20)", 16],
    ["'192.168.0.0/16' | ipsubnet(20, -1)", "192.168.240.0/20"],
    ["'10.0.0.0/24' | network_in_usable('10.0.0.255')", false],
    ["'10.0.0.0/24' | network_in_network('10.0.0.255')", true],
  ])("%s is %j", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });
});
