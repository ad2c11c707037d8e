import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { pamLimits, withLimit } from "./pam-limits.ts";

vi.setConfig({ testTimeout: 60_000 });

const wanted = {
  domain: "*",
  limit_type: "soft",
  limit_item: "nofile",
  value: "100",
  use_min: false,
  use_max: false,
  comment: "",
};
const LINE = "*\tsoft\tnofile\t100";

describe("withLimit", () => {
  it.each([
    ["an empty file", "", {}, `${LINE}\n`],
    ["no newline at the end", "# x", {}, `# x\n${LINE}\n`],
    ["there, differently spaced", "*  soft nofile   100   # c\n", {}, "*  soft nofile   100   # c\n"],
    ["another value", "a\n* soft nofile 5 # c\nb\n", {}, `a\n${LINE}\t# c\nb\n`],
    ["another comment", `${LINE} # c\n`, { comment: "d" }, `${LINE}\t# d\n`],
    ["several lines, of which the last counts", "* soft nofile 5\n* soft nofile 100\n", {}, "* soft nofile 100\n"],
    [
      "other items",
      "* hard nofile 5\n* soft nproc 5\n#* soft nofile 5\n",
      {},
      `* hard nofile 5\n* soft nproc 5\n#* soft nofile 5\n${LINE}\n`,
    ],
    ["the lower", "* soft nofile 5\n", { use_min: true }, "* soft nofile 5\n"],
    ["the lower of the new", "* soft nofile unlimited\n", { use_min: true }, `${LINE}\n`],
    ["the higher", "* soft nofile -1\n", { use_max: true }, "* soft nofile -1\n"],
    ["the higher of the new", "* soft nofile 5\n", { use_max: true }, `${LINE}\n`],
  ])("%s", (_name, before, more, after) => {
    expect(withLimit(before, { ...wanted, ...more }).text).toBe(after);
    expect(withLimit(after, { ...wanted, ...more }).text).toBe(after);
  });
});

describe.each(SHELLS)("pam_limits with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(() => host.remove());
  const run = (raw: object) =>
    runModule(host, pamLimits, { domain: "*", limit_type: "soft", limit_item: "nofile", value: 100, dest: "~/limits", ...raw });

  it("writes the file, with a backup", async () => {
    await makeTree(host.directory, { limits: "* soft nofile 5\n" });
    const outcome = await run({ backup: true });
    expect(outcome).toMatchObject({ changed: true, result: { msg: LINE } });
    expect(await readFile(String(outcome.result["backup_file"]), "utf8")).toBe("* soft nofile 5\n");
    expect(await run({ backup: true })).toMatchObject({ changed: false, result: { msg: LINE } });
  });

  it("refuses what is wrong", async () => {
    const failure = async (raw: object) => (await run(raw)).failed;
    expect(await failure({ value: "many" })).toBe('"value" is "many", but must be a number, unlimited, infinity or -1');
    expect(await failure({ limit_item: "nice", value: 20 })).toBe('"value" is "20", but a niceness goes from -20 to 19');
    expect(await failure({ domain: "a b" })).toBe('"domain" is "a b", but must be one word');
    expect(await failure({ use_min: true, use_max: true })).toBe('"use_min" and "use_max" exclude each other; give one of them');
    await expect(run({ limit_type: "firm" })).rejects.toThrow(
      'pam_limits: "limit_type" is "firm", but must be one of hard, soft, -',
    );
    await expect(run({ dest: "~/no/such" })).rejects.toThrow(
      `Destination directory ${join(host.directory, "no")} does not exist`,
    );
    await makeTree(host.directory, { "dir/": "" });
    expect(await failure({ dest: "~/dir" })).toBe(`${join(host.directory, "dir")} is no text file of settings`);
  });
});
