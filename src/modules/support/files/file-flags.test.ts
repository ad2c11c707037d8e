import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { copy } from "../../files/copy.ts";
import { parseParameters } from "../../parameters.ts";
import { parametersWithoutFlags } from "./attributes.ts";
import { type FlagState, flagQuestion, flagsType, planFlags, wantedFlags } from "./file-flags.ts";
import { deviationFilter } from "./flag-deviation.ts";

const has = (letters: string): FlagState => ({ kind: "flags", letters });

describe("what chattr has to do", () => {
  it.each<[wanted: string, state: FlagState, isTouched: boolean, change: object | undefined]>([
    ["+i", has("e"), false, { lift: "", add: "i", remove: "", only: undefined, after: "ie" }],
    ["+iA", has("ie"), false, { lift: "i", add: "iA", remove: "", only: undefined, after: "iAe" }],
    ["+i", has("ie"), false, undefined],
    ["+i", has("ie"), true, { lift: "i", add: "i", remove: "", only: undefined, after: "ie" }],
    ["+i", { kind: "none" }, false, { lift: "", add: "i", remove: "", only: undefined, after: "i" }],
    ["-i", has("ie"), true, { lift: "i", add: "", remove: "", only: undefined, after: "e" }],
    ["-dA", has("de"), false, { lift: "", add: "", remove: "dA", only: undefined, after: "e" }],
    ["-i", has("de"), true, undefined],
    ["=d", has("dI"), true, undefined],
    ["d", has("iAe"), false, { lift: "i", add: "d", remove: "", only: "d", after: "de" }],
    ["=", has("Se"), false, { lift: "", add: "", remove: "", only: "", after: "e" }],
    ["=", has("e"), false, undefined],
    ["-e", has("e"), false, { lift: "", add: "", remove: "e", only: undefined, after: "" }],
  ])("%s of %o", (wanted, state, isTouched, change) => {
    expect(planFlags("/f", wantedFlags(wanted), state, isTouched)?.change).toEqual(change);
  });

  it("shows the flags before and after", () => {
    expect(planFlags("/f", wantedFlags("+A"), has("de"), false)?.differences).toEqual([
      { kind: "field", subject: "/f", name: "attributes", before: "de", after: "dAe" },
    ]);
    expect(planFlags("/f", wantedFlags("+i"), has("i"), true)?.differences).toEqual([]);
  });

  it.each<[wanted: string, state: FlagState, message: string]>([
    [
      "+d",
      has("ie"),
      '/f is immutable (flag i), and the task does not say what becomes of that: attributes "-i" clears it, "+i" lifts it for the change and sets it again',
    ],
    [
      "-i",
      has("ia"),
      '/f can only be appended to (flag a), and the task does not say what becomes of that: attributes "-a" clears it, "+a" lifts it for the change and sets it again',
    ],
    [
      "+i",
      { kind: "refused", why: "lsattr: Operation not supported While reading flags on /f" },
      'cannot set attributes "+i" of /f: the file system has no such flags: lsattr: Operation not supported While reading flags on /f',
    ],
    ["=A", { kind: "no-tools" }, 'cannot set attributes "=A" of /f: the host has no chattr and lsattr; install e2fsprogs'],
  ])("refuses %s of %o", (wanted, state, message) => {
    expect(() => planFlags("/f", wantedFlags(wanted), state, false)).toThrow(expect.objectContaining({ message }));
  });
});

describe("the parameter", () => {
  const form =
    'must be flags of chattr (aAcCdDeFijmPsStTux) with + to set them, - to clear them, or = or nothing for these and no others, like "+i"';
  it.each<[unknown, string]>([
    ["+z", `copy: "attributes" is "+z", but ${form}`],
    ["+i-d", `copy: "attributes" is "+i-d", but ${form}`],
    ["", `copy: "attributes" is "", but ${form}`],
    ["+", `copy: "attributes" is "+", but ${form}`],
    [["+i"], `copy: "attributes" is ["+i"], but ${form}`],
    ["immutable", `copy: "attributes" is "immutable", but ${form}`],
  ])("refuses %j", (attributes, message) => {
    const { problems } = parseParameters(copy.parameters, "copy", { dest: "/f", content: "x", attributes });
    expect(problems.map((one) => one.message)).toEqual([message]);
  });
  it.each(["+i", "-ai", "=dS", "d", "="])("takes %s", (text) => expect(flagsType.type.safeParse(text).success).toBe(true));
  it("is refused by modules that set no flags", () => {
    const set = { parameters: parametersWithoutFlags, constraints: {} };
    expect(parseParameters(set, "uri", { attr: "+i" }).problems.map((one) => one.message)).toEqual([
      'uri: "attr" is not supported here; set flags with a task of the module file, with recurse if need be',
    ]);
  });
});

describe("what the host says", () => {
  const { collector } = flagQuestion("/a");
  const decode = (text: string): unknown =>
    collector.decode({ rc: 0, stdout: Buffer.from(text), stderr: Buffer.alloc(0) }, ["/a"], Object.create(null));
  it.each<[said: string, answer: unknown]>([
    ["=--S-i---------e------- /a b\0", { kind: "flags", letters: "Sie" }],
    ["0--------------e------- /\0", { kind: "none" }],
    [
      "!lsattr: Operation not supported While reading flags on /a\0",
      { kind: "refused", why: "lsattr: Operation not supported While reading flags on /a" },
    ],
    ["?\0", { kind: "no-tools" }],
    ["", { reason: "cannot tell the flags of /a: no answer" }],
    ["=Usage: lsattr\0", { reason: "cannot tell the flags of /a: Usage: lsattr" }],
  ])("%j", (said, answer) => expect(decode(said)).toMatchObject([answer]));
});

describe("the search for files with other flags", () => {
  const listed = [
    "--S-i---------e------- /t/Si",
    "--S-----------e------- /t/S x",
    "--------------e------- /t/none",
    "lsattr: /t",
  ].join("\n");
  it.each<[wanted: string, names: readonly string[]]>([
    ["+i", ["/t/S x", "/t/none"]],
    ["+Si", ["/t/S x", "/t/none"]],
    ["-i", ["/t/Si"]],
    ["-Si", ["/t/Si", "/t/S x"]],
    ["=S", ["/t/Si", "/t/none"]],
    ["=", ["/t/Si", "/t/S x"]],
    ["=Si", ["/t/S x", "/t/none"]],
  ])("finds what is not %s", (wanted, names) => {
    for (const sed of [["sed"], ["busybox", "sed"]]) {
      const [program = "", ...args] = sed;
      const found = execFileSync(program, [...args, deviationFilter(wantedFlags(wanted))], {
        input: `${listed}\n`,
        encoding: "utf8",
      });
      expect(found.split("\n").filter((line) => line !== "")).toEqual(names);
    }
  });
});
