import { describe, expect, it } from "vitest";
import { planned } from "../../../test/module-cases.ts";
import { MissingPrerequisite } from "../contract.ts";
import { localHost, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { fieldsOf, getent } from "./getent.ts";

const found = (...lines: readonly string[]) => ({ status: 0, lines });
const asked = (database: string, more: object = {}) => ({ database, key: undefined, split: undefined, ...more });

describe("the fields of getent", () => {
  it.each([
    ["colons", found("root:x:0:0::/root:/bin/sh"), asked("passwd"), { root: ["x", "0", "0", "", "/root", "/bin/sh"] }],
    ["white space", found("ssh                   22/tcp"), asked("services"), { ssh: ["22/tcp"] }],
    ["a separator of one's own", found("a;b c;d"), asked("x", { split: ";" }), { a: ["b c", "d"] }],
    ["several lines of a key", found("::1 a", "::1 b", "::2 c"), asked("hosts"), { "::1": [["a"], ["b"]], "::2": ["c"] }],
    ["nothing for a key", { status: 2, lines: [] }, asked("passwd", { key: "x" }), { x: null }],
  ])("%s", (_name, entries, params, fields) => expect(fieldsOf(entries, params)).toEqual(fields));
});

describe("getent", () => {
  it.each([
    ["an unknown database", 1, 'Missing arguments, or database unknown: "hosts"'],
    ["no list", 3, 'Enumeration not supported on this database: hosts; give a "key"'],
    ["an unknown key", 2, 'One or more supplied key could not be found in the database: hosts has no "x"'],
  ])("refuses %s", async (_name, status, message) => {
    await expect(planned(getent, { database: "hosts", key: "x" }, { entries: { status, lines: [] } })).rejects.toThrow(message);
  });

  it("knows that an account may be made before", async () => {
    const nobody = planned(getent, { database: "group", key: "x" }, { entries: { status: 2, lines: [] } });
    await expect(nobody).rejects.toThrow(MissingPrerequisite);
    await expect(nobody).rejects.toMatchObject({ resource: "group:x" });
  });

  it("needs a database", async () => {
    await expect(planned(getent, { key: "x" }, {})).rejects.toThrow('getent needs the parameter "database"');
  });

  // busybox has no getent: the files are read then.
  it.each(SHELLS)("reads accounts with %s", async (shell) => {
    const host = await localHost(shell);
    const run = (raw: object) => runModule(host, getent, { database: "passwd", ...raw });
    try {
      const root = { root: ["x", "0", "0", "root", "/root", expect.any(String)] };
      expect((await run({ key: "root" })).result).toEqual({ ansible_facts: { getent_passwd: root } });
      expect((await run({ key: "0" })).result).toEqual({ ansible_facts: { getent_passwd: root } });
      expect((await run({})).result).toMatchObject({ ansible_facts: { getent_passwd: root } });
      expect((await run({ key: "no-such-user", fail_key: false })).result).toEqual({
        ansible_facts: { getent_passwd: { "no-such-user": null } },
      });
    } finally {
      await host.remove();
    }
  });
});
