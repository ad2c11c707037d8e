import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultPlace, rewriteFile } from "./place.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "k3sprov-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe("the default place", () => {
  it.each([
    [{ HOME: "/home/me" }, "/home/me/.kube/config"],
    [{ HOME: "/home/me", KUBECONFIG: "" }, "/home/me/.kube/config"],
    [{ HOME: "/home/me", KUBECONFIG: "/a:/b" }, "/a"],
    [{ HOME: "/home/me", KUBECONFIG: ":b" }, "/srv/b"],
  ])("with %j is %s", (environment, expected) => {
    expect(defaultPlace(environment, "/srv")).toBe(expected);
  });
});

describe("writing", () => {
  it("makes file and folder for their owner alone, and leaves nothing beside", async () => {
    await rewriteFile(at("new/config"), (before) => `${before}`);
    expect([readFileSync(at("new/config"), "utf8"), mode(at("new/config")), mode(at("new")), readdirSync(at("new"))]).toEqual([
      "undefined",
      "600",
      "700",
      ["config"],
    ]);
  });

  it("replaces the file that a link leads to, and closes one that others could read", async () => {
    mkdirSync(at("real"));
    writeFileSync(at("real/config"), "old", { mode: 0o644 });
    symlinkSync("real/config", at("one"));
    symlinkSync(at("one"), at("two"));
    const inode = statSync(at("real/config")).ino;
    await rewriteFile(at("two"), (before) => before);
    expect([mode(at("real/config")), statSync(at("real/config")).ino]).toEqual(["600", inode]);
    await rewriteFile(at("two"), (before) => `${before} and new`);
    expect([readFileSync(at("real/config"), "utf8"), mode(at("real/config")), readdirSync(folder).sort()]).toEqual([
      "old and new",
      "600",
      ["one", "real", "two"],
    ]);
    symlinkSync("real/missing", at("three"));
    await rewriteFile(at("three"), () => "made");
    expect(readFileSync(at("real/missing"), "utf8")).toBe("made");
  });

  it("leaves the old file when there is nothing to write or the work fails", async () => {
    writeFileSync(at("config"), "old", { mode: 0o640 });
    await rewriteFile(at("config"), () => undefined);
    await expect(
      rewriteFile(at("config"), () => {
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect([readFileSync(at("config"), "utf8"), mode(at("config")), readdirSync(folder)]).toEqual(["old", "640", ["config"]]);
  });

  it("goes one after the other where several write", async () => {
    const texts = Array.from({ length: 8 }, (_, index) => `${index}\n`);
    await Promise.all(texts.map((text) => rewriteFile(at("config"), (before) => (before ?? "") + text)));
    expect(readFileSync(at("config"), "utf8").split("\n").sort()).toEqual(["", ...texts.map((text) => text.trim())]);
  });

  it("tells about a lock that stays, and what cannot be", async () => {
    writeFileSync(at("config.lock"), "");
    await expect(rewriteFile(at("config"), () => "x", 150)).rejects.toMatchObject({
      message: `${at("config.lock")} is there: another program is writing the file`,
    });
    rmSync(at("config.lock"));
    await expect(rewriteFile(folder, () => "x")).rejects.toMatchObject({ message: `${folder} is a directory` });
    symlinkSync("b", at("a"));
    symlinkSync("a", at("b"));
    await expect(rewriteFile(at("a"), () => "x")).rejects.toMatchObject({
      message: `${at("a")} is a symbolic link that leads nowhere`,
    });
    writeFileSync(at("file"), "");
    await expect(rewriteFile(at("file/config"), () => "x")).rejects.toThrow(/^.*\/file\/config cannot be written: /);
    expect(execFileSync("ls", ["-A", folder], { encoding: "utf8" })).toBe("a\nb\nfile\n");
  });
});
