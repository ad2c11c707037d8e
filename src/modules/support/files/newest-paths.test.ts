import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { answerHere, localContext } from "../../../../test/local-shell.ts";
import { type ChangedPath, newestPaths, wouldChangeBelow } from "./newest-paths.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov newest-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
const ctime = (path: string): number => Number(statSync(path, { bigint: true }).ctimeNs) / 1e9;

mkdirSync(at("d", "deep"), { recursive: true });
for (const name of ["a.conf", "b.conf", "d/deep/c", "elsewhere"]) writeFileSync(at(name), name);
symlinkSync(at("elsewhere"), at("link"));
symlinkSync(at("nowhere"), at("dangling"));

const ask = (...paths: string[]): readonly ChangedPath[] => {
  const { newest } = answerHere({ newest: newestPaths(paths) }, localContext());
  return newest as readonly ChangedPath[];
};

describe("newestPaths", () => {
  it("finds files by name and by pattern, newest first, to the fraction of a second", () => {
    const found = ask(at("*.conf"));
    expect(found.map((one) => one.path).sort()).toEqual([at("a.conf"), at("b.conf")]);
    for (const one of found) expect(one.ctime).toBeCloseTo(ctime(one.path), 5);
    expect(found.map((one) => one.ctime)).toEqual(found.map((one) => one.ctime).sort((a, b) => b - a));
  });

  it("goes into directories and follows links", () => {
    expect(
      ask(at("d"))
        .map((one) => one.path)
        .sort(),
    ).toEqual([at("d"), at("d", "deep"), at("d", "deep", "c")]);
    writeFileSync(at("elsewhere"), "changed");
    expect(ask(at("link"))[0]?.ctime).toBeCloseTo(ctime(at("elsewhere")), 5);
  });

  it("does not mind what is missing, and links to nowhere", () => {
    expect(ask(at("none"), at("no*ne"))).toEqual([]);
    expect(ask(at("dangling")).map((one) => one.path)).toEqual([at("dangling")]);
    expect(ask()).toEqual([]);
  });
});

describe("wouldChangeBelow", () => {
  const context = {
    ...localContext(),
    wouldChange: new Map([
      ["/etc/a/b", 10],
      ["/etc/x.conf", 20],
    ]),
  };
  it.each([
    [["/etc/a"], ["/etc/a/b"]],
    [["/etc/a/b"], ["/etc/a/b"]],
    [["/etc/*.conf"], ["/etc/x.conf"]],
    [["/etc/x?conf"], ["/etc/x.conf"]],
    [["/etc/a.b", "/etc/A"], []],
    [["/et"], []],
    [["/etc/"], ["/etc/a/b", "/etc/x.conf"]],
  ])("%j", (patterns, paths) => expect(wouldChangeBelow(patterns, context)).toEqual(paths));
  it("knows what came after", () => expect(wouldChangeBelow(["/etc"], context, 15)).toEqual(["/etc/x.conf"]));
});
