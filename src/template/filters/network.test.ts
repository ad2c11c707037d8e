import { describe, expect, it } from "vitest";
import { TemplateString, type Value } from "../../vars/value.ts";
import { renderValue } from "../template.ts";

const context = {
  names: { lookup: () => undefined, names: () => [] },
  lookups: { searchPath: () => [], workingDirectory: "/" },
  decrypt: () => {
    throw new Error("nothing is encrypted here");
  },
  onSecret: () => {},
};
const evaluate = (expression: string): Value => renderValue(new TemplateString(`{{ ${expression} }}`), context);

describe("ipaddr", () => {
  it.each([
    ["'10.1.2.3' | ipaddr", "10.1.2.3"],
    ["'10.1.2' | ipaddr", false],
    ["'fd00::1' | ansible.utils.ipv4", false],
    ["['10.1.2.3', 'x', '::1'] | ipaddr", ["10.1.2.3", "::1"]],
    ["'10.1.2.3/24' | ipaddr('network')", "10.1.2.0"],
    ["'10.1.2.3/255.255.0.0' | ipaddr('subnet')", "10.1.0.0/16"],
    ["'10.1.2.3/24' | ipaddr('netmask')", "255.255.255.0"],
    ["'10.1.2.3/24' | ipaddr('broadcast')", "10.1.2.255"],
    ["'10.1.2.0/24' | ipaddr('prefix')", 24],
    ["'10.1.2.0/24' | ipaddr(10)", "10.1.2.10/24"],
    ["'10.1.2.0/24' | ipaddr('-2')", "10.1.2.254/24"],
    ["'10.1.2.3' | ipaddr('10.0.0.0/8')", "10.1.2.3"],
    ["'11.1.2.3' | ipaddr('10.0.0.0/8')", false],
    ["'10.43.0.0/16' | nthhost(10)", "10.43.0.10"],
    ["'192.168.1.1' | ipaddr('private')", "192.168.1.1"],
    ["'192.168.1.1' | ipaddr('public')", false],
    ["'2001:db8::1:0:0:1/64' | ipaddr('network/prefix')", "2001:db8::/64"],
    ["'2001:db8:0:0:1:0:0:1' | ipaddr('address')", "2001:db8::1:0:0:1"],
    ["'::ffff:1.2.3.4' | ipaddr('address')", "::ffff:102:304"],
    ["'fd00::1' | ipwrap", "[fd00::1]"],
    ["'10.0.0.1' | ipwrap", "10.0.0.1"],
  ])("%s is %j", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });
});
