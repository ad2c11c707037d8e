import { describe, expect, it } from "vitest";
import { planned } from "../../../test/module-cases.ts";
import { adjtimeAfter, clockOf, confdAfter } from "../support/system/hardware-clock.ts";
import { timezone } from "./timezone.ts";

describe("the hardware clock's files", () => {
  it.each([
    ["silence is UTC", "", "UTC", ""],
    ["silence, and local", "", "local", "0.0 0 0.0\n0\nLOCAL\n"],
    ["the drift stays", "1.5 2 0\n99\nUTC\n", "local", "1.5 2 0\n99\nLOCAL\n"],
    ["two lines", "1.5 2 0\n99\n", "local", "1.5 2 0\n99\nLOCAL\n"],
    ["back", "1.5 2 0\n99\nLOCAL\n", "UTC", "1.5 2 0\n99\nUTC\n"],
    ["as it is", "0 0 0\n0\nLOCAL", "local", "0 0 0\n0\nLOCAL"],
  ] as const)("%s", (_name, before, clock, after) => {
    expect(adjtimeAfter(before, clock)).toBe(after);
    expect(clockOf(after)).toBe(clock);
  });

  it.each([
    ['clock="UTC"\n', "UTC", 'clock="UTC"\n'],
    ["# x\nclock=UTC\n", "local", '# x\nclock="local"\n'],
    ["# x\n", "UTC", '# x\nclock="UTC"\n'],
  ] as const)("%j with %s", (before, clock, after) => expect(confdAfter(before, clock)).toBe(after));
});

describe("timezone", () => {
  const inode = {
    ...{ uid: 0, gid: 0, owner: "root", group: "root", size: 5, links: 1, inode: 1, device: 1, rawDevice: [0, 0] },
    ...{ atime: 1, mtime: 1, ctime: 1 },
  };
  const file = { ...inode, kind: "file", mode: 0o644 };
  const directory = { ...inode, kind: "directory", mode: 0o755 };
  const link = (target: string) => ({
    ...inode,
    kind: "link",
    mode: 0o777,
    link: { target, path: `/usr/share/zoneinfo/x`, inode: file },
  });
  const zone = "/usr/share/zoneinfo/Europe/Vienna";
  const text = (content: string) => ({ kind: "file", base64: Buffer.from(content).toString("base64") });
  const answers = (localtime: object, etcTimezone: string | undefined) => ({
    [`path\n${zone}`]: file,
    "path\n/usr/share/zoneinfo": directory,
    "path\n/etc/localtime": localtime,
    "path\n/etc": directory,
    "user\n": null,
    "group\n": null,
    "selinux context\n": "",
    "path\n/etc/timezone": etcTimezone === undefined ? { kind: "absent" } : file,
    "digest\nsha256 /etc/timezone": etcTimezone === undefined ? null : "0",
    "content\n/etc/timezone": etcTimezone === undefined ? { kind: "none" } : text(etcTimezone),
  });
  const plan = (localtime: object, etcTimezone: string | undefined) => {
    const given = answers(localtime, etcTimezone);
    // Questions that need no answer here have no fixed name.
    const all = new Proxy<Record<string, unknown>>(given, {
      has: () => true,
      get: (target, key) => (typeof key === "string" && key in given ? target[key] : ""),
      getOwnPropertyDescriptor: (target, key) =>
        Reflect.getOwnPropertyDescriptor(target, key) ?? { value: "", configurable: true, enumerable: true },
    });
    return planned(timezone, { name: "Europe/Vienna" }, all);
  };

  it.each([
    ["an absolute link", link(zone), "Europe/Vienna\n", []],
    ["a relative link, as timedatectl writes it", link(`..${zone}`), "Europe/Vienna\n", []],
    ["another zone", link("/usr/share/zoneinfo/Etc/UTC"), "Europe/Vienna\n", ["zone: Etc/UTC -> Europe/Vienna"]],
    ["a copy", file, "Europe/Vienna\n", ["zone: null -> Europe/Vienna"]],
    ["nothing", { kind: "absent" }, "Europe/Vienna\n", ["zone: null -> Europe/Vienna"]],
    ["another zone in /etc/timezone", link(zone), "Etc/UTC\n", ["/etc/timezone: text"]],
  ])("%s", async (_name, localtime, etc, differences) => {
    expect((await plan(localtime, etc)).differences).toEqual(differences);
  });

  it.each([
    ["nothing", {}, 'timezone needs one of "name" or "hwclock"'],
    ["a way out", { name: "../x" }, '"../x" is no name of a time zone; it is one like Europe/Vienna'],
    ["an absolute path", { name: "/etc/x" }, '"/etc/x" is no name of a time zone; it is one like Europe/Vienna'],
    ["an unknown clock", { hwclock: "gmt" }, 'timezone: "hwclock" is "gmt", but must be one of UTC, local'],
    [
      "two names of one parameter",
      { hwclock: "UTC", rtc: "UTC" },
      'timezone: "rtc" and "hwclock" are the same parameter; give one of them',
    ],
  ])("refuses %s", async (_name, raw, message) => {
    await expect(planned(timezone, raw, {})).rejects.toThrow(message);
  });
});
