import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerHere, inputOf, localContext } from "../../../test/local-shell.ts";
import { planned } from "../../../test/module-cases.ts";
import { settingsAnswers } from "../support/files/settings-answers.test-support.ts";
import { isSameSetting, kernelSetting, settingName, settingPath } from "../support/kernel/kernel-setting.ts";
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
  const raw = { name: "a.b", value: 1, sysctl_file: "/etc/x.conf" };
  const run = async (more: object, text: string | undefined, live: string | null) => {
    const context = localContext();
    const questions = sysctl.probe(await inputOf(sysctl, { ...raw, ...more }, context), context);
    const files = text === undefined ? {} : { "/etc/x.conf": text };
    return planned(sysctl, { ...raw, ...more }, settingsAnswers(questions, files, { "kernel-setting\na.b": live }));
  };

  it("sets the kernel's value, writes the file and loads it", async () => {
    const result = await run({}, undefined, "0");
    expect(result.differences).toEqual(["state: absent -> file", "/etc/x.conf: text", "value: 0 -> 1"]);
    const set = "printf '%s\\n' 1 > /proc/sys/a/b";
    const load = "sysctl  -p /etc/x.conf >/dev/null || exit";
    expect(result.script).toContain(set);
    expect(result.script.indexOf(load)).toBeGreaterThan(result.script.indexOf(set));
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["reload alone", { reload: true }, "0", ["value: 0 -> 1"]],
    ["sysctl_set alone", { reload: false, sysctl_set: true }, "0", ["value: 0 -> 1"]],
    ["neither", { reload: false }, "0", []],
    ["the value is right", {}, "1", []],
    ["the setting is not there, which is to be ignored", { ignoreerrors: true }, null, []],
    ["it is to be absent", { state: "absent" }, "0", ["/etc/x.conf: text"]],
    ["a word, of a setting that is a number", { value: "Yes" }, "1", []],
    ["no, of a setting that is a number", { value: false }, "1", ["/etc/x.conf: text", "value: 1 -> 0"]],
    ["a word, of a setting that is one", { value: "on" }, "ratelimit", ["/etc/x.conf: text", "value: ratelimit -> on"]],
    ["a number in another base", { value: "0x01", reload: true, sysctl_set: true }, "1", ["/etc/x.conf: text"]],
    ["the first of several numbers", { value: "1" }, "1 4 1 7", []],
    ["one number too many", { value: "1 2" }, "1", ["/etc/x.conf: text", "value: 1 -> 1 2"]],
  ])("finds what differs: %s", async (_name, more, live, differences) => {
    const result = await run(more, "a.b=1\n", live);
    expect(result.differences).toEqual(differences);
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["30000-32767,8080", "8080,30000-32767", true],
    ["1,2,3,7", "1-3,7", true],
    ["8080", "8081", false],
    ["010", "8", true],
    ["0", "0", true],
    ["-1", "-1", true],
    ["cubic", "reno", false],
    ["a", "a b", false],
  ])("%s, written, is shown as %s: %s", (wanted, live, same) => expect(isSameSetting(live, wanted)).toBe(same));

  it("names a setting that is not there", async () => {
    await expect(run({}, undefined, null)).rejects.toThrow(
      'the kernel has no setting "a.b" (/proc/sys/a/b); is a module missing?',
    );
    expect((await run({ reload: false }, undefined, null)).differences).toHaveLength(2);
    expect((await run({ ignoreerrors: true }, undefined, null)).script).toContain("sysctl -e -p");
  });

  it.each([
    ["no name", { name: " " }, "name cannot be blank"],
    ["no value", { value: " " }, "value cannot be blank"],
    ["no value at all", { value: null }, 'sysctl: with state: present it needs "value"'],
    ["a list", { value: ["1"] }, 'sysctl: "value" is ["1"], but must be a string'],
    [
      "a way out of /proc/sys",
      { name: "x/../../../etc/motd" },
      '"x/../../../etc/motd" is no name of a kernel setting: write it like net.ipv4.ip_forward or net/ipv4/ip_forward',
    ],
    [
      "a line of its own",
      { name: "a.b=1\nc" },
      '"a.b=1\nc" is no name of a kernel setting: it must hold no white space and none of = # ;',
    ],
    [
      "sysctl's sign",
      { name: "-a.b" },
      '"-a.b" is no name of a kernel setting: it must not begin with -; use ignoreerrors instead',
    ],
    ["another state", { state: "loaded" }, 'sysctl: "state" is "loaded", but must be one of present, absent'],
    ["a file that is none", { sysctl_file: 5 }, 'sysctl: "sysctl_file" is 5, but must be a path'],
  ])("refuses %s", async (_name, more, message) => {
    const refused = inputOf(sysctl, { ...raw, ...more }, localContext());
    await expect(refused).rejects.toMatchObject({ message });
  });
});
