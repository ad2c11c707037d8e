import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerHere, localContext } from "../../../test/local-shell.ts";
import { planned } from "../../../test/module-cases.ts";
import { kernelSetting, settingName, settingPath } from "../support/kernel/kernel-setting.ts";
import { sysctl, withoutSetting, withSetting } from "./sysctl.ts";

describe("settingPath", () => {
  it.each([
    ["net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"],
    ["net/ipv4/ip_forward", "/proc/sys/net/ipv4/ip_forward"],
    ["net.ipv4.conf.eth0/100.forwarding", "/proc/sys/net/ipv4/conf/eth0.100/forwarding"],
    ["net/ipv4/conf/eth0.100/forwarding", "/proc/sys/net/ipv4/conf/eth0.100/forwarding"],
  ])("%s", (name, path) => expect(settingPath(name)).toBe(path));
  it("ignores sysctl's sign for settings that may fail", () => expect(settingName("-net.x ")).toBe("net/x"));
});

describe("withSetting", () => {
  it.each([
    ["an empty file", "", "a.b=1\n"],
    ["a file without it", "x.y = 2\n", "x.y = 2\na.b=1\n"],
    ["no newline at the end", "x.y=2", "x.y=2\na.b=1\n"],
    ["another value", "# a.b\na.b = 0\nx.y=2\n", "# a.b\na.b=1\nx.y=2\n"],
    ["the value, differently written", " a.b =  1 \n", " a.b =  1 \n"],
    ["a slash in the name", "a/b=1\n", "a/b=1\n"],
    ["several lines", "a.b=1\nx.y=2\n-a.b=0\n", "a.b=1\nx.y=2\n"],
    ["commented out", "#a.b=1\n;a.b=1\n", "#a.b=1\n;a.b=1\na.b=1\n"],
    ["a longer name", "a.b.c=1\n", "a.b.c=1\na.b=1\n"],
  ])("%s", (_name, before, after) => expect(withSetting(before, "a.b", "1")).toBe(after));

  it("is done after one time, and undone by withoutSetting", () => {
    const line = fc.constantFrom("a.b=1", "a.b = 2", "a/b=1", "# c", "x.y=3", "", "a.b");
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = lines.map((one) => `${one}\n`).join("");
        const once = withSetting(text, "a.b", "1");
        expect(withSetting(once, "a.b", "1")).toBe(once);
        expect(withoutSetting(once, "a.b")).toBe(withoutSetting(text, "a.b"));
      }),
    );
  });
});

describe("kernel settings of this machine", () => {
  it("are read whole, and missing ones are known to be missing", () => {
    const context = localContext();
    const answers = answerHere(
      {
        one: kernelSetting("kernel.ostype"),
        many: kernelSetting("net.ipv4.ip_local_port_range"),
        none: kernelSetting("net.no.such"),
      },
      context,
    );
    expect(answers).toEqual({ one: "Linux", many: expect.stringMatching(/^\d+ \d+$/), none: null });
  });
});

describe("sysctl", () => {
  const directory = {
    kind: "directory",
    mode: 0o755,
    uid: 0,
    gid: 0,
    owner: "root",
    group: "root",
    size: 0,
    links: 1,
    inode: 1,
    device: 1,
    rawDevice: [0, 0],
    atime: 1,
    mtime: 1,
    ctime: 1,
  };
  const answers = (text: string | undefined, live: string | null) => ({
    "path\n/etc/x.conf": text === undefined ? { kind: "absent" } : { ...directory, kind: "file", mode: 0o600 },
    "path\n/etc": directory,
    "digest-sha256\n/etc/x.conf": text === undefined ? null : "0",
    "content\n/etc/x.conf":
      text === undefined ? { kind: "none" } : { kind: "file", base64: Buffer.from(text).toString("base64") },
    "user-account\n": null,
    "group-account\n": null,
    "selinux-context\n": "",
    "kernel-setting\na.b": live,
  });
  const raw = { name: "a.b", value: 1, sysctl_file: "/etc/x.conf" };
  const run = async (more: object, state: ReturnType<typeof answers>) => {
    // The digest collector's and the context collector's names are theirs to choose.
    const context = localContext();
    const input = await sysctl.prepare?.(
      { ...raw, state: "present", reload: true, sysctl_set: false, ignoreerrors: false, ...more } as never,
      undefined as never,
      context,
    );
    const keys = Object.keys(sysctl.probe(input as never, context));
    const all = Object.fromEntries(
      keys.map((key) => [
        key,
        state[key as keyof typeof state] ??
          (key.startsWith("digest") || key.includes("sha256") ? (state["digest-sha256\n/etc/x.conf"] ?? null) : null),
      ]),
    );
    return planned(sysctl, { ...raw, ...more }, all);
  };

  it("writes the file and loads it", async () => {
    const result = await run({}, answers(undefined, "0"));
    expect(result.differences).toEqual(["state: absent -> file", "/etc/x.conf: text"]);
    expect(result.script).toContain("sysctl  -p /etc/x.conf >/dev/null || exit");
    expect(result.left).toBeUndefined();
  });

  it("sets the kernel's value only where asked to", async () => {
    expect((await run({}, answers("a.b=1\n", "0"))).differences).toEqual([]);
    const set = await run({ sysctl_set: true }, answers("a.b=1\n", "0"));
    expect(set.differences).toEqual(["value: 0 -> 1"]);
    expect(set.script).toBe("printf '%s\\n' 1 > /proc/sys/a/b || exit");
    expect(set.left).toBeUndefined();
  });

  it("names a setting that is not there", async () => {
    await expect(run({}, answers(undefined, null))).rejects.toThrow(
      'the kernel has no setting "a.b" (/proc/sys/a/b); is a module missing?',
    );
    expect((await run({ reload: false }, answers(undefined, null))).differences).toHaveLength(2);
    expect((await run({ ignoreerrors: true }, answers(undefined, null))).script).toContain("sysctl -e -p");
  });
});
