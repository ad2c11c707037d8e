import { readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { editedText } from "../support/files/edited-text.test-support.ts";
import { type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { replace } from "./replace.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const TEXT = "a = 1\nb = 2\n[x]\na = 3\n[y]\na = 4\né\n";
type Raw = Readonly<Record<string, unknown>>;

describe("replace", () => {
  it.each<[Raw, string | readonly [string, string]]>([
    [{ regexp: "^a = (\\d)$", replace: "A = \\1\\1" }, ["A = 11\nb = 2\n[x]\nA = 33\n[y]\nA = 44\né\n", "3 replacements made"]],
    [
      { regexp: "^b = (?P<n>\\d)", replace: "B\\g<n>\\g<1>\\t" },
      ["a = 1\nB22\t\n[x]\na = 3\n[y]\na = 4\né\n", "1 replacements made"],
    ],
    [{ regexp: "a = \\d\\n" }, ["b = 2\n[x]\n[y]\né\n", "3 replacements made"]],
    [{ regexp: "nothing" }, "same"],
    [{ regexp: "^(a = )1$", replace: "\\g<1>1" }, "same"],
    [{ regexp: "(?i)A", replace: "q", after: "\\[x\\]" }, ["a = 1\nb = 2\n[x]\nq = 3\n[y]\nq = 4\né\n", "2 replacements made"]],
    [{ regexp: "a", replace: "q", before: "\\[x\\]" }, ["q = 1\nb = 2\n[x]\na = 3\n[y]\na = 4\né\n", "1 replacements made"]],
    [{ regexp: "a", replace: "q", before: "a" }, ["q = 1\nb = 2\n[x]\nq = 3\n[y]\na = 4\né\n", "2 replacements made"]],
    [
      { regexp: "a", replace: "q", after: "b", before: "\\[y" },
      ["a = 1\nb = 2\n[x]\nq = 3\n[y]\na = 4\né\n", "1 replacements made"],
    ],
    [{ regexp: "a", replace: "q", after: "\\[z\\]" }, "same"],
    [{ regexp: "^\\w$", replace: "e" }, ["a = 1\nb = 2\n[x]\na = 3\n[y]\na = 4\ne\n", "1 replacements made"]],
    [
      { regexp: "=", replace: "\u00e9", encoding: "ascii" },
      '/f is not encoded in ascii; say in which encoding it is with "encoding"',
    ],
    [{ regexp: "=", replace: "€", encoding: "latin-1" }, '"€" cannot be written in the encoding latin-1'],
  ])("%j", async (raw, expected) => {
    expect(await editedText(replace, TEXT, raw)).toEqual(expected);
  });

  it("repeats a replacement that leaves something to be found, and refuses one without end", async () => {
    expect(await editedText(replace, "a\n\n\n\n\n\nb\n", { regexp: "\\n\\n\\n", replace: "\\n\\n" })).toEqual([
      "a\n\nb\n",
      "4 replacements made",
    ]);
    expect(await editedText(replace, "a\n", { regexp: "a", replace: "aa" })).toBe(
      'regexp "a" finds something again in what replace "aa" makes of /f, so that every run would change the file; write an expression that ' +
        "does not match its own result",
    );
  });
});

describe.each(SHELLS)("replace with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);

  it("changes what a link leads to, keeps its mode, and tells what it did", async () => {
    await makeTree(host.directory, { "real@0640": "x=1\r\ny=2\r\n", link: "-> real" });
    const task = { path: at("link"), regexp: "x=\\d", replace: "x=2", backup: true };
    const outcome = await runModule(host, replace, task, { diff: true });
    expect(outcome).toMatchObject({
      changed: true,
      differences: [{ kind: "text", before: "x=1\r\ny=2\r\n", after: "x=2\r\ny=2\r\n" }],
      result: { path: at("link"), msg: "1 replacements made", rc: 0, mode: "0640" },
    });
    expect(await readlink(at("link"))).toBe("real");
    expect((await stat(at("real"))).mode & 0o777).toBe(0o640);
    expect(await readFile(String(outcome.result["backup_file"]), "utf8")).toBe("x=1\r\ny=2\r\n");
    expect(await runModule(host, replace, task)).toMatchObject({ changed: false, result: { msg: "", rc: 0 } });
    expect(await runModule(host, replace, { ...task, after: "z" })).toMatchObject({
      changed: false,
      result: { msg: "Pattern for before/after params did not match the given file: z(?P<subsection>.*)" },
    });
  });

  it("leaves the file when it must not be changed", async () => {
    await makeTree(host.directory, { f: "a\n", bin: Buffer.from([0xff, 0xfe]), "d/": "" });
    const run = (raw: Raw) => runModule(host, replace, { regexp: "a", replace: "b", ...raw });
    expect(await run({ path: at("f"), validate: "grep -q a %s" })).toMatchObject({ failed: "failed to validate: rc:1 error:" });
    expect(await readFile(at("f"), "utf8")).toBe("a\n");
    expect(await run({ path: at("bin") })).toMatchObject({
      failed: `${at("bin")} is not encoded in utf-8; say in which encoding it is with "encoding"`,
    });
    expect(await run({ path: at("d") })).toMatchObject({ failed: `Path ${at("d")} is a directory !` });
    await expect(run({ path: at("gone") })).rejects.toMatchObject({ message: `Path ${at("gone")} does not exist !` });
  });

  it.each([
    ["latin-1", Buffer.from([0xe9, 0x0a]), Buffer.from([0xe8, 0x0a])],
    ["UTF-16-LE", Buffer.from("é\n", "utf16le"), Buffer.from("è\n", "utf16le")],
    ["utf_16_be", Buffer.from("é\n", "utf16le").swap16(), Buffer.from("è\n", "utf16le").swap16()],
  ])("edits a file in %s", async (encoding, before, after) => {
    await makeTree(host.directory, { f: before });
    expect(await runModule(host, replace, { path: at("f"), regexp: "é$", replace: "è", encoding })).toMatchObject({
      changed: true,
    });
    expect(await readFile(at("f"))).toEqual(after);
  });
});
