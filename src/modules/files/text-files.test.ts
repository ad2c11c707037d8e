import { readFile, readlink, stat as statOf } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { blockinfile } from "./blockinfile.ts";
import { lineinfile } from "./lineinfile.ts";
import { stat } from "./stat.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

describe.each(SHELLS)("with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);
  type Raw = Readonly<Record<string, unknown>>;
  const line = (raw: Raw, options: { readonly diff?: boolean } = {}) => runModule(host, lineinfile, raw, options);
  const block = (raw: Raw) => runModule(host, blockinfile, raw);

  describe("lineinfile", () => {
    it("changes the real file behind a link, and keeps its mode", async () => {
      await makeTree(host.directory, { "real@0640": "x=1\ny=2\n", link: "-> real" });
      const task = { path: at("link"), regexp: "^x=", line: "x=2", backup: true };
      const outcome = await line(task, { diff: true });
      expect(outcome).toMatchObject({
        changed: true,
        differences: [{ kind: "text", before: "x=1\ny=2\n", after: "x=2\ny=2\n" }],
        result: { path: at("link"), msg: "line replaced", mode: "0640", state: "file" },
      });
      expect(await readlink(at("link"))).toBe("real");
      expect((await statOf(at("real"))).mode & 0o777).toBe(0o640);
      expect(await readFile(String(outcome.result["backup"]), "utf8")).toBe("x=1\ny=2\n");
      expect(await line(task)).toMatchObject({ changed: false, result: { msg: "", backup: "" } });
    });

    it("makes the file and its directories", async () => {
      expect(await line({ path: at("a/b/f"), line: "é", create: true, mode: "0600" })).toMatchObject({
        changed: true,
        result: { msg: "line added", mode: "0600" },
      });
      expect(await readFile(at("a/b/f"), "utf8")).toBe("é\n");
      await expect(line({ path: at("gone"), line: "x" })).rejects.toMatchObject({
        resource: `path:${at("gone")}`,
        message: `Destination ${at("gone")} does not exist !`,
      });
      expect(await line({ path: at("gone"), line: "x", state: "absent" })).toMatchObject({
        changed: false,
        result: { msg: "file not present" },
      });
      expect(await line({ path: at("a"), line: "x" })).toMatchObject({ failed: `Path ${at("a")} is a directory !` });
    });

    it("sets attributes beside the line, or alone", async () => {
      await makeTree(host.directory, { "f@0644": "x\n" });
      expect((await line({ path: at("f"), line: "x", mode: "0600" })).result["msg"]).toBe(
        "ownership, perms or SE linux context changed",
      );
      expect((await line({ path: at("f"), line: "y", mode: "0644" })).result["msg"]).toBe(
        "line added and ownership, perms or SE linux context changed",
      );
      expect(await line({ path: at("f"), line: "y", state: "absent", validate: "grep y %s" })).toMatchObject({
        failed: "failed to validate: rc:1 error:",
      });
    });

    it("keeps bytes that are no UTF-8", async () => {
      await makeTree(host.directory, { f: Buffer.from([0xff, 0x0a, 0x61]) });
      await line({ path: at("f"), line: "é", insertbefore: "BOF" });
      expect(await readFile(at("f"))).toEqual(Buffer.from([0xc3, 0xa9, 0x0a, 0xff, 0x0a, 0x61]));
    });
  });

  describe("a file that is not there", () => {
    it("has no block, and its absence is told", async () => {
      expect(await block({ path: at("gone"), state: "absent", create: true })).toMatchObject({
        changed: false,
        result: { msg: `File ${at("gone")} not present` },
      });
    });
  });

  describe("lineinfile that removes", () => {
    it("tells how many lines it found", async () => {
      await makeTree(host.directory, { f: "a1\nb\na2\n" });
      const task = { path: at("f"), regexp: "^a", state: "absent" };
      expect((await line(task)).result).toMatchObject({ msg: "2 line(s) removed", found: 2, backup: "" });
      expect((await line(task)).result).toMatchObject({ msg: "", found: 0, backup: "" });
      expect(await readFile(at("f"), "utf8")).toBe("b\n");
    });
  });

  describe("blockinfile", () => {
    it.each([
      [{ marker: "# here" }, 'marker "# here" must contain {mark}, so that the two markers differ'],
      [{ marker_end: "BEGIN" }, 'marker_begin and marker_end are both "BEGIN"; they must differ'],
      [{ marker: "# {mark}\n#" }, 'a marker is one line, but this has more: "# {mark}\\n#"'],
    ])("refuses %j", async (raw, failed) => expect(await block({ path: "/x", block: "x", ...raw })).toMatchObject({ failed }));

    it("puts a block in, changes it, and takes it out", async () => {
      await makeTree(host.directory, { f: "a\n" });
      const task = { path: at("f"), block: "x", marker: "# {mark} me" };
      expect(await block(task)).toMatchObject({ changed: true, result: { msg: "Block inserted" } });
      expect(await block(task)).toMatchObject({ changed: false });
      await block({ ...task, block: "y" });
      expect(await readFile(at("f"), "utf8")).toBe("a\n# BEGIN me\ny\n# END me\n");
      expect(await block({ ...task, state: "absent" })).toMatchObject({ result: { msg: "Block removed" } });
      expect(await readFile(at("f"), "utf8")).toBe("a\n");
      expect(await block({ ...task, path: at("new"), create: true, block: "" })).toMatchObject({
        changed: true,
        result: { msg: "File created" },
      });
      await expect(block({ path: at("gone"), block: "x" })).rejects.toMatchObject({
        message: `Path ${at("gone")} does not exist !`,
      });
    });
  });

  describe("stat", () => {
    const look = async (raw: Raw) => (await runModule(host, stat, raw)).result["stat"];

    it("tells about files, directories and links", async () => {
      await makeTree(host.directory, { "f@6751": "hello\n", "d/": "", l: "-> f", broken: "-> gone" });
      const info = await statOf(at("f"));
      const seconds = Math.floor(info.mtimeMs / 1000);
      const file = await look({ path: at("f") });
      expect(file).toMatchObject({
        exists: true,
        path: at("f"),
        mode: "6751",
        isreg: true,
        isdir: false,
        islnk: false,
        uid: 0,
        gid: 0,
        pw_name: "root",
        gr_name: "root",
        size: 6,
        nlink: 1,
        inode: info.ino,
        dev: info.dev,
        rusr: true,
        wusr: true,
        xusr: true,
        rgrp: true,
        wgrp: false,
        xgrp: true,
        roth: false,
        woth: false,
        xoth: true,
        isuid: true,
        isgid: true,
        readable: true,
        writeable: true,
        executable: true,
        checksum: "f572d396fae9206628714fb2ce00f72e94f2258f",
      });
      expect(Math.floor(Number((file as { mtime: number }).mtime))).toBe(seconds);
      expect(await look({ path: at("l") })).toMatchObject({ islnk: true, lnk_target: "f", lnk_source: at("f"), isreg: false });
      expect(await look({ path: at("l"), follow: true, checksum_algorithm: "md5" })).toMatchObject({
        isreg: true,
        checksum: "b1946ac92492d2347c6235b4d2611184",
      });
      expect(await look({ path: at("d") })).toMatchObject({ isdir: true });
      expect(await look({ path: at("broken"), follow: true })).toEqual({ exists: false });
      expect(await look({ path: at("gone/x") })).toEqual({ exists: false });
      expect(await look({ path: "/dev/null" })).toMatchObject({ ischr: true, device_type: 0x103 });
    });
  });

  describe("stat of kinds and flags", () => {
    it("tells them where the host can", async () => {
      await makeTree(host.directory, { f: "hello\n", l: "-> f" });
      const look = async (raw: Raw) => Object((await runModule(host, stat, raw)).result["stat"]);
      const seen = await look({ path: at("f") });
      expect([seen.mimetype, seen.charset]).toEqual(
        host.traits.commands.has("file") ? ["text/plain", "us-ascii"] : ["unknown", "unknown"],
      );
      expect(seen.attr_flags).toMatch(/^[A-Za-z]*$/);
      expect(Array.isArray(seen.attributes)).toBe(true);
      const quiet = await look({ path: at("f"), get_mime: false, get_attributes: false });
      expect(["mimetype", "charset", "attr_flags", "attributes", "version"].filter((name) => name in quiet)).toEqual([]);
    });
  });
});
