import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandRanges, RangeProblem, readHostAddress } from "./ranges.ts";

describe("readHostAddress", () => {
  it.each([
    ["web1", ["web1"], undefined],
    ["web1.example.org:2222", ["web1.example.org"], 2222],
    ["web[1:3]", ["web1", "web2", "web3"], undefined],
    ["web[01:10:4].x:22", ["web01.x", "web05.x", "web09.x"], 22],
    ["web[008:010]", ["web008", "web009", "web010"], undefined],
    ["web[:2]", ["web0", "web1", "web2"], undefined],
    ["db[a:e:2]", ["dba", "dbc", "dbe"], undefined],
    ["[a:b]-[1:2]", ["a-1", "a-2", "b-1", "b-2"], undefined],
    ["192.0.2.1:22", ["192.0.2.1"], 22],
    ["2001:db8::1", ["2001:db8::1"], undefined],
    ["[2001:db8::1]:22", ["2001:db8::1"], 22],
  ])("%s", (text, names, port) => {
    expect(readHostAddress(text)).toEqual({ names, port });
  });

  it.each([
    ["web[1:x]", 'the range in "web[1:x]" needs two numbers or two letters'],
    ["web[3:1]", 'the range in "web[3:1]" ends before it begins'],
    ["web[01:1]", 'the range in "web[01:1]" begins with a zero, so both of its ends must be equally long'],
    ["web[1:9:0]", 'the range in "web[1:9:0]" has step 0'],
    ["web[1]", '"web[1]" has a bracket that begins no range; a range is [first:last] or [first:last:step]'],
    ["web[0:999999999]", '"web[0:999999999]" stands for more than 100000 hosts'],
    ["web:99999", "99999 is no port (1 to 65535)"],
    ["", "a host name is empty"],
  ])("refuses %j", (text, message) => {
    expect(() => readHostAddress(text)).toThrow(new RangeProblem(message));
  });
});

describe("expandRanges", () => {
  it("writes out every number between the ends, with their width", () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(40), fc.integer({ min: 1, max: 5 }), fc.boolean(), (first, count, step, isPadded) => {
        const last = first + count;
        const text = (number: number): string => (isPadded ? String(number).padStart(4, "0") : String(number));
        const names = expandRanges(`h[${text(first)}:${text(last)}:${step}]x`);
        expect(names.map((name) => Number(name.slice(1, -1)))).toEqual(
          Array.from({ length: Math.floor(count / step) + 1 }, (_, index) => first + index * step),
        );
        expect(names.every((name) => !isPadded || name.length === 6)).toBe(true);
      }),
    );
  });
});
