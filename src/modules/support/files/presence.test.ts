import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Unknown } from "../../contract.ts";
import { type LocalHost, localHost, SHELLS } from "../run-local.test-support.ts";
import { isPresent, presence } from "./presence.ts";

describe.each(SHELLS)("what is at a path or matches a pattern, with %s", (shell) => {
  let host: LocalHost;
  beforeAll(async () => {
    host = await localHost(shell);
    mkdirSync(join(host.directory, "a b", "d"), { recursive: true });
    for (const name of ["a b/1.conf", "a b/2.conf", "a b/.3.conf", "a b/d/4.conf"]) writeFileSync(join(host.directory, name), "");
    symlinkSync("nowhere", join(host.directory, "a b", "dangling"));
  });
  afterAll(() => host.remove());

  it.each<[string, string, string | undefined, string, string[]]>([
    ["a path", "H/a b/1.conf", undefined, "H/a b/1.conf", ["H/a b/1.conf"]],
    ["nothing", "H/a b/9.conf", undefined, "H/a b/9.conf", []],
    ["nothing in nothing", "H/x y/z", undefined, "H/x y/z", []],
    ["a dangling link", "H/a b/dangling", undefined, "H/a b/dangling", ["H/a b/dangling"]],
    ["the home", "~/a b/*.conf", undefined, "H/a b/*.conf", ["H/a b/1.conf", "H/a b/2.conf"]],
    ["a pattern over folders", "H/*/*/*.conf", undefined, "H/*/*/*.conf", ["H/a b/d/4.conf"]],
    ["a pattern without matches", "H/a b/*.cfg", undefined, "H/a b/*.cfg", []],
    ["a relative path", "d/4.conf", "~/a b", "H/a b/d/4.conf", ["H/a b/d/4.conf"]],
    ["a relative pattern", "*.conf", "H/a b", "H/a b/*.conf", ["H/a b/1.conf", "H/a b/2.conf"]],
    ["a folder that is not there", "*.conf", "H/no where", "H/no where/*.conf", []],
  ])("%s", async (_, pattern, directory, expanded, matches) => {
    const here = (text: string): string => text.replace(/^H/, host.directory);
    const { collector } = presence(here(pattern), directory === undefined ? undefined : here(directory));
    const [answer] = collector.decode(await host.run(collector.script([""], host.traits)), [""], host.traits);
    expect(answer).toEqual({ pattern: here(expanded), matches: matches.map(here) });
  });
});

it("does not take what may not be looked into for absent", async () => {
  const root = await localHost("dash");
  mkdirSync(join(root.directory, "closed"), { mode: 0o700 });
  const host = await localHost("dash", 65534);
  const path = join(root.directory, "closed", "x");
  const { collector } = presence(path);
  const [answer] = collector.decode(await host.run(collector.script([""], host.traits)), [""], host.traits);
  expect(answer).toEqual(new Unknown(`no permission to look into ${join(root.directory, "closed")} for ${path}`));
  await Promise.all([root.remove(), host.remove()]);
});

describe("isPresent", () => {
  const forecast = (paths: Readonly<Record<string, boolean>>) => ({
    exists: (path: string) => paths[path],
    present: () => Object.keys(paths).filter((path) => paths[path]),
  });
  it.each<[string, string[], Record<string, boolean>, boolean]>([
    ["/a", [], {}, false],
    ["/a", [], { "/a": true }, true],
    ["/a", ["/a"], { "/a": false }, false],
    ["/a/*.b", ["/a/1.b"], { "/a/1.b": false }, false],
    ["/a/*.b", ["/a/1.b", "/a/2.b"], { "/a/1.b": false }, true],
    ["/a/*.b", [], { "/a/x.b": true }, true],
    ["/a/*.b", [], { "/a/c/x.b": true, "/a/.x.b": true, "/a/xab": true }, false],
    ["/a/[!x]?", [], { "/a/xy": true }, false],
    ["/a/[!x]?", [], { "/a/yy": true }, true],
    ["/a/[x-z]+", [], { "/a/y+": true }, true],
  ])("%s, %j, %j: %s", (pattern, matches, paths, expected) => {
    expect(isPresent({ pattern, matches }, forecast(paths))).toBe(expected);
  });
});
