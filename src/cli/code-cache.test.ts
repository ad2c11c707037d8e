import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Script } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeCacheFolder, loadWithCodeCache, readCache, writeCache } from "./code-cache.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "k3sprov-code-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const code = (): Buffer => new Script("1 + 1").createCachedData();

describe("the program's file", () => {
  const program = (): string => {
    const file = join(folder, "program-1.cjs");
    writeFileSync(
      file,
      'exports.here = __filename; exports.join = require("node:path").join("a", "b"); exports.load = () => import("node:os");',
    );
    return file;
  };

  it("answers its exports, with its own name, require and import", async () => {
    const loaded = loadWithCodeCache(program(), undefined);
    expect(loaded).toMatchObject({ here: program(), join: "a/b" });
    expect(loaded).toHaveProperty("load", expect.any(Function));
  });

  it("runs with a cache that V8 does not want", () => {
    const cache = join(folder, "cache");
    const file = program();
    writeCache(join(cache, `program-1.cjs-${process.version}-${process.arch}.code`), () => Buffer.from("something else"));
    expect(loadWithCodeCache(file, cache)).toMatchObject({ join: "a/b" });
  });
});

describe("the cache", () => {
  const file = (): string => join(folder, "cache", "program-2.cjs.code");

  it("gives back what was written, for its owner alone, and forgets other versions'", () => {
    const made = code();
    writeCache(join(folder, "cache", "program-1.cjs.code"), () => made);
    writeFileSync(join(folder, "cache", "notes.txt"), "kept");
    writeCache(file(), () => made);
    expect(readCache(file())?.equals(made)).toBe(true);
    expect(readdirSync(join(folder, "cache")).sort()).toEqual(["notes.txt", "program-2.cjs.code"]);
  });

  it.each<[string, () => void]>([
    ["is not there", () => rmSync(file())],
    ["is cut off", () => writeFileSync(file(), readFileSync(file()).subarray(0, -1))],
    ["is damaged", () => writeFileSync(file(), Buffer.concat([readFileSync(file()), Buffer.from("x")]))],
    ["others may write", () => chmodSync(file(), 0o620)],
    ["lies in a folder that others may write", () => chmodSync(join(folder, "cache"), 0o777)],
    [
      "is a link",
      () => {
        writeFileSync(join(folder, "elsewhere"), readFileSync(file()));
        rmSync(file());
        symlinkSync(join(folder, "elsewhere"), file());
      },
    ],
    // Only root can give a file away.
    ...(process.getuid?.() === 0
      ? ([
          ["is another user's", () => chownSync(file(), 12_345, 12_345)],
          ["lies in another user's folder", () => chownSync(join(folder, "cache"), 12_345, 12_345)],
        ] satisfies [string, () => void][])
      : []),
  ])("is not read when it %s", (_, spoil) => {
    writeCache(file(), code);
    expect(readCache(file())).toBeDefined();
    spoil();
    expect(readCache(file())).toBeUndefined();
  });

  it("is not written where others may write, or where nothing can be", () => {
    mkdirSync(join(folder, "cache"));
    chmodSync(join(folder, "cache"), 0o777);
    writeCache(file(), code);
    expect(readdirSync(join(folder, "cache"))).toEqual([]);
    writeFileSync(join(folder, "file"), "");
    writeCache(join(folder, "file", "program-1.cjs.code"), code);
    expect(readdirSync(folder).sort()).toEqual(["cache", "file"]);
  });

  it.each([
    [{ XDG_CACHE_HOME: "/c" }, "/c/k3sprov"],
    [{ XDG_CACHE_HOME: "relative" }, join(homedir(), ".cache/k3sprov")],
    [{}, join(homedir(), ".cache/k3sprov")],
    [{ NODE_DISABLE_COMPILE_CACHE: "1", XDG_CACHE_HOME: "/c" }, undefined],
  ])("with %j lies in %s", (environment, expected) => {
    expect(codeCacheFolder(environment)).toBe(expected);
  });
});
