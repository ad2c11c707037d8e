import { lstat, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { editedText } from "../support/files/edited-text.test-support.ts";
import { type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { iniFile } from "./ini-file.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

type Raw = Readonly<Record<string, unknown>>;
type Expected = string | readonly [string, string];

const HEAD = "# head\na = 1\n\n";
const S = "[s]\n# c\nx = 1\n#y = 2\n  z=3\nv\n\n";
const T = "[t]\nx = 9\nx = 8\n";
const changed = (text: string): Expected => [text, "option changed"];
const added = (text: string): Expected => [text, "option added"];

describe("ini_file", () => {
  it.each<[Raw, Expected]>([
    [{ section: "s", option: "x", value: 1 }, "same"],
    [{ section: "s", option: "x", value: "2" }, changed(`${HEAD}${S.replace("x = 1", "x = 2")}${T}`)],
    [{ section: "s", option: "x", value: "1", no_extra_spaces: true }, changed(`${HEAD}${S.replace("x = 1", "x=1")}${T}`)],
    [{ section: "s", option: "y", value: "5" }, changed(`${HEAD}${S.replace("#y = 2", "y = 5")}${T}`)],
    [
      { section: "s", option: "y", value: "5", modify_inactive_option: false },
      added(`${HEAD}${S.replace("v\n", "v\ny = 5\n")}${T}`),
    ],
    [{ section: "s", option: "z", value: "3" }, changed(`${HEAD}${S.replace("  z=3", "z = 3")}${T}`)],
    [{ section: "s", option: "z", value: "3", ignore_spaces: true }, "same"],
    [{ section: "s", option: "new", value: "é" }, added(`${HEAD}${S.replace("v\n", "v\nnew = é\n")}${T}`)],
    [{ section: "s", option: "v", allow_no_value: true }, "same"],
    [{ section: "s", option: "v", value: "1" }, changed(`${HEAD}${S.replace("v\n", "v = 1\n")}${T}`)],
    [{ section: "s", option: "x", allow_no_value: true }, changed(`${HEAD}${S.replace("x = 1", "x")}${T}`)],
    [{ section: "s", option: "x", value: "1", allow_no_value: true }, "same"],
    [{ section: "s", option: "x", value: "" }, changed(`${HEAD}${S.replace("x = 1", "x = ")}${T}`)],
    [{ section: "t", option: "x", value: "9" }, changed(`${HEAD}${S}[t]\nx = 9\n`)],
    [{ section: "t", option: "x", value: "7" }, changed(`${HEAD}${S}[t]\nx = 7\n`)],
    [{ section: "t", option: "x", values: ["8", "7"] }, changed(`${HEAD}${S}[t]\nx = 7\nx = 8\n`)],
    [{ section: "t", option: "x", values: ["8", "7"], exclusive: false }, added(`${HEAD}${S}${T}x = 7\n`)],
    [{ section: "t", option: "x", values: ["9"], exclusive: false, state: "absent" }, changed(`${HEAD}${S}[t]\nx = 8\n`)],
    [{ section: "t", option: "x", state: "absent" }, changed(`${HEAD}${S}[t]\n`)],
    [{ section: "s", option: "y", state: "absent" }, "same"],
    [{ section: "s", state: "absent" }, [`${HEAD}${T}`, "section removed"]],
    [{ section: "none", state: "absent" }, "same"],
    [{ section: "n", option: "o", values: ["a", "b", "a"] }, [`${HEAD}${S}${T}[n]\no = a\no = b\n`, "section and option added"]],
    [{ section: "n", allow_no_value: true }, [`${HEAD}${S}${T}[n]\n`, "only section added"]],
    [{ section: "s", allow_no_value: true }, "same"],
    [{ option: "a", value: "2" }, changed(`# head\na = 2\n\n${S}${T}`)],
    [{ option: "b", value: "2" }, added(`# head\na = 1\nb = 2\n\n${S}${T}`)],
    [{ section: "", option: "a", state: "absent" }, changed(`# head\n\n${S}${T}`)],
  ])("%j", async (raw, expected) => {
    expect(await editedText(iniFile, `${HEAD}${S}${T}`, raw)).toEqual(expected);
  });

  it.each<[string, string | undefined, Raw, Expected]>([
    ["no file", undefined, { section: "n", option: "o", value: "v" }, ["\n[n]\no = v\n", "section and option added"]],
    ["no file to remove from", undefined, { section: "n", state: "absent" }, "same"],
    ["an empty file", "", { option: "o", value: "v" }, ["o = v\n\n", "option added"]],
    ["a last line without an end", "[s]\na = 1", { section: "s", option: "b", value: "2" }, added("[s]\na = 1\nb = 2\n")],
    ["a last line without an end that is right", "[s]\na = 1", { section: "s", option: "a", value: "1" }, "same"],
    ["CR LF", "[s]\r\na = 1\r\n", { section: "s", option: "b", value: "2" }, added("[s]\r\na = 1\r\nb = 2\r\n")],
    ["CR LF that is right", "[s]\r\na = 1\r\n", { section: "s", option: "a", value: "1" }, "same"],
    ["blanks in brackets", "[ s ]\na=1\n", { section: "s", option: "a", value: "2" }, changed("[ s ]\na = 2\n")],
    ["a comment behind brackets", "[s] # c\n", { section: "s", option: "a", value: "2" }, added("[s] # c\na = 2\n")],
    ["a comment above the line", "[s]\n;a=1\na=2\n", { section: "s", option: "a", value: "3" }, changed("[s]\n;a=1\na = 3\n")],
    [
      "names that look like patterns",
      "[s]\naxb=2\n",
      { section: "s", option: "a.b", value: "3" },
      added("[s]\naxb=2\na.b = 3\n"),
    ],
    [
      "a section whose name begins alike",
      "[s2]\n",
      { section: "s", option: "a", value: "1" },
      ["[s2]\n[s]\na = 1\n", "section and option added"],
    ],
  ])("with %s", async (_, text, raw, expected) => {
    expect(await editedText(iniFile, text, raw)).toEqual(expected);
  });

  it.each<[string, Raw, Expected]>([
    ["the one that has it", { section_has_values: [{ option: "a", value: 2 }] }, added("[m]\na=1\n[m]\na=2\nb = 1\n")],
    ["the first that has any", { section_has_values: [{ option: "a" }] }, added("[m]\na=1\nb = 1\n[m]\na=2\n")],
    [
      "a new one, with what it shall have",
      { section_has_values: [{ option: "a", values: ["3", "4"] }] },
      ["[m]\na=1\n[m]\na=2\n[m]\na = 3\na = 4\nb = 1\n", "section and option added"],
    ],
  ])("takes of several sections %s", async (_, raw, expected) => {
    expect(await editedText(iniFile, "[m]\na=1\n[m]\na=2\n", { section: "m", option: "b", value: "1", ...raw })).toEqual(
      expected,
    );
  });
});

describe.each(SHELLS)("ini_file with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);
  const run = (raw: Raw) => runModule(host, iniFile, { section: "s", option: "o", value: "v", ...raw });

  it("makes the file and its directories, once", async () => {
    const task = { path: at("a/b.ini"), mode: "0600" };
    expect(await run(task)).toMatchObject({
      changed: true,
      result: { msg: "section and option added", mode: "0600", state: "file" },
    });
    expect(await readFile(at("a/b.ini"), "utf8")).toBe("\n[s]\no = v\n");
    expect(await run(task)).toMatchObject({ changed: false, result: { msg: "OK" } });
    await expect(run({ path: at("gone"), create: false })).rejects.toMatchObject({
      message: `Destination ${at("gone")} does not exist !`,
    });
    expect(await run({ path: at("a") })).toMatchObject({ failed: `Path ${at("a")} is a directory !` });
  });

  it("replaces a link unless it shall follow it, and stays as closed as what it led to", async () => {
    await makeTree(host.directory, { "real@0600": "[s]\no = 1\n", link: "-> real" });
    expect(await run({ path: at("link"), value: "1" })).toMatchObject({ changed: false });
    expect(await run({ path: at("link"), follow: true })).toMatchObject({ changed: true });
    expect(await readlink(at("link"))).toBe("real");
    expect(await run({ path: at("link"), value: "2" })).toMatchObject({ changed: true, result: { mode: "0600", state: "file" } });
    expect((await lstat(at("link"))).isFile()).toBe(true);
    expect(await readFile(at("real"), "utf8")).toBe("[s]\no = v\n");
    expect(await readFile(at("link"), "utf8")).toBe("[s]\no = 2\n");
  });

  it("backs the file up", async () => {
    await makeTree(host.directory, { f: "[s]\no = 1\n" });
    const outcome = await run({ path: at("f"), backup: true });
    expect(await readFile(String(outcome.result["backup_file"]), "utf8")).toBe("[s]\no = 1\n");
  });
});
