import { execFileSync } from "node:child_process";
import { lstat, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hashedName, isName, wantedLines, withHostKeys, withoutHostKeys } from "../support/accounts/host-keys.ts";
import { type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { knownHosts } from "./known-hosts.ts";

vi.setConfig({ testTimeout: 60_000 });

const ED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl";
const OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAn7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl";
const RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7";

const wanted = (key: string, hashes = false) => wantedLines(key, "h", hashes);

describe("lines of keys of hosts", () => {
  it.each([
    ["nothing there", "", `h ${ED}\n`],
    ["there, with another name", `# x\nh,10.0.0.1 ${ED} c\n`, `# x\nh,10.0.0.1 ${ED} c\n`],
    ["another key of the type", `h ${OTHER}\nh ${RSA}\n`, `h ${RSA}\nh ${ED}\n`],
    ["another key, shared with a host", `g,h,10.0.0.1 ${OTHER} c\n`, `g,10.0.0.1 ${OTHER} c\nh ${ED}\n`],
    ["twice", `h ${ED}\nH ${ED}\n`, `h ${ED}\n`],
    ["patterns and markers", `*,!x ${OTHER}\n@revoked h ${OTHER}\n`, `*,!x ${OTHER}\n@revoked h ${OTHER}\nh ${ED}\n`],
    ["another port", `[h]:2222 ${OTHER}\n`, `[h]:2222 ${OTHER}\nh ${ED}\n`],
  ])("are added: %s", (_name, before, after) => {
    expect(withHostKeys(before, "h", wanted(`h ${ED}`), false)).toBe(after);
    expect(withHostKeys(after, "h", wanted(`h ${ED}`), false)).toBe(after);
  });

  it("are hashed, and found again", () => {
    const once = withHostKeys(`h ${ED}\ng ${ED}\n`, "h", wanted(`h ${ED}`, true), true);
    expect(once).toMatch(/^g .*\n\|1\|\S{28}\|\S{28} ssh-ed25519 \S+\n$/);
    expect(withHostKeys(once, "h", wanted(`h ${ED}`, true), true)).toBe(once);
    expect(withHostKeys(once, "h", wanted(`h ${ED}`), false)).toBe(once);
    expect(withoutHostKeys(once, "h", undefined)).toBe(`g ${ED}\n`);
    expect(isName(hashedName("Host"), "hOST")).toBe(true);
    expect(hashedName("h")).not.toBe(hashedName("h"));
  });

  it("are hashed as ssh-keygen does", async () => {
    const host = await localHost("dash");
    const file = join(host.directory, "known");
    await writeFile(file, `${hashedName("[h]:2222")} ${ED}\n`);
    expect(execFileSync("ssh-keygen", ["-F", "[h]:2222", "-f", file], { encoding: "utf8" })).toContain("found: line 1");
    await writeFile(file, `h ${ED}\n`);
    execFileSync("ssh-keygen", ["-H", "-f", file], { stdio: "ignore" });
    expect(isName((await readFile(file, "utf8")).split(" ")[0] ?? "", "h")).toBe(true);
    await host.remove();
  });

  it("are removed: all, or the given ones", () => {
    const text = `h ${ED}\nh,g ${RSA}\n# h\n`;
    expect(withoutHostKeys(text, "h", undefined)).toBe(`g ${RSA}\n# h\n`);
    expect(withoutHostKeys(text, "h", [{ type: "ssh-ed25519", blob: ED.split(" ")[1] ?? "", comment: "" }])).toBe(
      `h,g ${RSA}\n# h\n`,
    );
    expect(withoutHostKeys(text, "x", undefined)).toBe(text);
  });
});

describe.each(SHELLS)("known_hosts with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(() => host.remove());
  const run = (raw: object) => runModule(host, knownHosts, { name: "h", ...raw });
  const file = (): string => join(host.directory, ".ssh/known_hosts");

  it("makes the file, keeps its mode, and removes what it wrote", async () => {
    expect(await run({ key: `h ${ED}\n${RSA}` })).toMatchObject({ changed: true, result: { path: file() } });
    expect(await readFile(file(), "utf8")).toBe(`h ${ED}\nh ${RSA}\n`);
    expect((await lstat(join(file(), ".."))).mode & 0o7777).toBe(0o700);
    execFileSync("chmod", ["600", file()]);
    expect((await run({ key: `h ${OTHER}` })).changed).toBe(true);
    expect((await run({ key: `h ${OTHER}` })).changed).toBe(false);
    expect((await run({ key: `h ${OTHER}`, hash_host: true })).changed).toBe(true);
    expect((await run({ key: `h ${OTHER}`, hash_host: true })).changed).toBe(false);
    expect((await lstat(file())).mode & 0o7777).toBe(0o600);
    expect((await run({ state: "absent" })).changed).toBe(true);
    expect((await run({ state: "absent" })).changed).toBe(false);
    expect(await readFile(file(), "utf8")).toBe("");
  });

  it("refuses what is wrong", async () => {
    const failure = async (raw: object) => (await run(raw)).failed;
    expect(await failure({ key: `g,i ${ED}` })).toBe('the key is one of g,i, and "name" is h: they must be the same host');
    expect(await failure({ key: "h ssh-rsa AAAA" })).toBe(
      'invalid host key: h ssh-rsa AAAA (a line is: name type key, such as "h ssh-ed25519 AAAA…")',
    );
    expect(await failure({ key: `@revoked h ${ED}` })).toBe(`known_hosts does not manage lines with a marker: @revoked h ${ED}`);
    expect(await failure({ key: "\n" })).toBe('"key" holds no key');
    expect(await failure({ name: "a b", key: ED })).toBe('"name" is "a b", but must be one name or address, or [name]:port');
    await expect(run({})).rejects.toThrow('known_hosts: with state: present it needs "key"');
    await expect(run({ key: ED, path: "~/no/such" })).rejects.toThrow(
      `Destination directory ${join(host.directory, "no")} does not exist`,
    );
    await makeTree(host.directory, { "dir/": "" });
    expect(await failure({ key: ED, path: "~/dir" })).toBe(`${join(host.directory, "dir")} is not a file of keys`);
  });
});
