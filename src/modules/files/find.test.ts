import { chmod, chown, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { find } from "./find.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

type Raw = Readonly<Record<string, unknown>>;

describe.each(SHELLS)("find with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
    await makeTree(host.directory, {
      "a.log@0600": "one\nERROR two\n",
      "b.log": "x".repeat(2000),
      "c d.txt": "say ERROR\n",
      ".hidden.log": "",
      "sub/d.log@0755": "ERROR\n",
      "sub/deep/e.log": "",
      ".git/f.log": "",
      link: "-> a.log",
      "to-sub": "-> sub",
      broken: "-> gone",
    });
    await utimes(join(host.directory, "a.log"), 1, Date.now() / 1000 - 90_000);
  });
  afterEach(() => host.remove());
  const look = async (raw: Raw) => (await runModule(host, find, { paths: host.directory, ...raw })).result;
  const names = async (raw: Raw): Promise<readonly string[]> => {
    const { files } = await look(raw);
    return (files as { path: string }[]).map((one) => one.path.slice(host.directory.length + 1));
  };

  it.each<[Raw, readonly string[]]>([
    [{}, ["a.log", "b.log", "c d.txt"]],
    [{ patterns: "*.log" }, ["a.log", "b.log"]],
    [{ patterns: ["[!b].log", "c?d*"] }, ["a.log", "c d.txt"]],
    [{ patterns: "*.log", excludes: "a*", hidden: true }, [".hidden.log", "b.log"]],
    [{ patterns: "^[ab]\\.l", use_regex: true }, ["a.log", "b.log"]],
    [{ patterns: "\\.log", use_regex: true }, []],
    [{ recurse: true, patterns: "*.log" }, [".git/f.log", "a.log", "b.log", "sub/d.log", "sub/deep/e.log"]],
    [{ recurse: true, depth: 2, patterns: "*.log" }, [".git/f.log", "a.log", "b.log", "sub/d.log"]],
    [{ recurse: true, depth: 0, patterns: "e.log" }, ["sub/deep/e.log"]],
    [{ recurse: true, follow: true, patterns: "d.log" }, ["sub/d.log", "to-sub/d.log"]],
    [{ file_type: "directory" }, ["sub"]],
    [{ file_type: "link" }, ["broken", "link", "to-sub"]],
    [{ file_type: "any", limit: 3 }, ["a.log", "b.log", "broken"]],
    [{ age: "1d" }, ["a.log"]],
    [{ age: "-1d" }, ["b.log", "c d.txt"]],
    [{ age: "1w", age_stamp: "atime" }, ["a.log"]],
    [{ size: "1k" }, ["b.log"]],
    [{ size: "-100" }, ["a.log", "c d.txt"]],
    [{ contains: "ERROR" }, ["a.log"]],
    [{ contains: ".*ERROR", patterns: "*.txt" }, ["c d.txt"]],
    [{ contains: "two\\n\\Z", read_whole_file: true }, ["a.log"]],
    [{ mode: "0600" }, ["a.log"]],
    [{ mode: "u+x", exact_mode: false, recurse: true }, ["sub/d.log"]],
  ])("%j", async (raw, expected) => {
    expect(await names(raw)).toEqual(expected);
  });

  it("gives Ansible's fields", async () => {
    const result = await look({ patterns: "a.log", get_checksum: true });
    expect(result).toMatchObject({
      matched: 1,
      examined: 9,
      skipped_paths: {},
      msg: "All paths examined",
      files: [
        {
          path: join(host.directory, "a.log"),
          mode: "0600",
          isreg: true,
          islnk: false,
          size: 14,
          uid: 0,
          pw_name: "root",
          rusr: true,
          roth: false,
          checksum: "d375b399cc6f20b3a59efa3ce91c66a7a2fb193b",
        },
      ],
    });
  });

  it("tells what it could not search", async () => {
    const gone = join(host.directory, "gone");
    expect(await look({ paths: [gone, join(host.directory, "sub")] })).toMatchObject({
      matched: 1,
      skipped_paths: { [gone]: `'${gone}' is not a directory` },
      msg: "Not all paths examined, check warnings for details",
    });
    const user = await localHost(shell, 65534);
    await makeTree(user.directory, { "closed/f": "", f: "" });
    await chmod(join(user.directory, "closed"), 0o700);
    await chown(user.directory, 65534, 65534);
    const { result } = await runModule(user, find, { paths: user.directory, recurse: true });
    expect(result).toMatchObject({ matched: 1, skipped_paths: { [join(user.directory, "closed")]: "Permission denied" } });
    await user.remove();
  });

  it.each<[Raw, string]>([
    [{ age: "old" }, 'age "old" must be a number, with one of s, m, h, d, w behind it if need be'],
    [{ size: "1x" }, 'size "1x" must be a number, with one of b, k, m, g, t behind it if need be'],
    [{ patterns: "(", use_regex: true }, 'patterns "(" is not a regular expression that can be used: unterminated group'],
    [{ contains: "[" }, 'contains "[" is not a regular expression that can be used: a [ is not closed'],
  ])("refuses %j", async (raw, failed) => {
    expect(await runModule(host, find, { paths: "/", ...raw })).toMatchObject({ failed });
  });
});
