import { describe, expect, it } from "vitest";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import { nameFileFor, STRATEGIES } from "../support/system/hostname-file.ts";
import { hostname } from "./hostname.ts";

describe("the file of the permanent name", () => {
  const alpine = { ...debian, serviceManager: "openrc", osFamily: ["alpine"] } as const;
  it.each([
    ["systemd anywhere", undefined, { ...debian, osFamily: ["fedora"] }, "/etc/hostname"],
    ["Alpine", undefined, alpine, "/etc/hostname"],
    ["Gentoo", undefined, { ...alpine, osFamily: ["gentoo"] }, "/etc/conf.d/hostname"],
    ["old Red Hat", undefined, { ...debian, serviceManager: "sysvinit", osFamily: ["rhel"] }, "/etc/sysconfig/network"],
    ["as told", "openrc", alpine, "/etc/conf.d/hostname"],
    ["something else", undefined, { ...debian, serviceManager: "none", osFamily: ["slackware"] }, "/etc/hostname"],
  ] as const)("%s", (_name, use, traits, path) => expect(nameFileFor(use, traits).path).toBe(path));

  it.each([
    ["debian", "old\n", "new\n"],
    ["debian", "# the name\n\nold\n", "# the name\n\nnew\n"],
    ["debian", "", "new\n"],
    ["redhat", "NETWORKING=yes\nHOSTNAME=old\nGATEWAY=1\n", "NETWORKING=yes\nHOSTNAME=new\nGATEWAY=1\n"],
    ["redhat", "NETWORKING=yes\n", "NETWORKING=yes\nHOSTNAME=new\n"],
    ["openrc", "# x\nhostname='old'\n", '# x\nhostname="new"\n'],
    ["openrc", 'hostname="a"\nhostname=old\n', 'hostname="a"\nhostname="new"\n'],
  ] as const)("%s: %j", (use, before, after) => {
    const file = nameFileFor(use, debian);
    expect(file.read(before)).toBe(before.includes("old") ? "old" : undefined);
    expect(file.write(before, "new")).toBe(after);
    expect(file.read(after)).toBe("new");
  });
});

describe("hostname", () => {
  it.each([
    ["an empty name", { name: "" }, '"" is no host name: a part of it is empty'],
    [
      "blanks",
      { name: "a b" },
      '"a b" is no host name: "a b" must hold letters, digits and hyphens only, and begin and end without a hyphen',
    ],
    [
      "a hyphen at the end",
      { name: "a-.b" },
      '"a-.b" is no host name: "a-" must hold letters, digits and hyphens only, and begin and end without a hyphen',
    ],
    [
      "an unknown strategy",
      { name: "a", use: "solaris" },
      `hostname: "use" is "solaris", but must be one of ${STRATEGIES.join(", ")}`,
    ],
    ["no name", {}, 'hostname needs the parameter "name"'],
    [
      "what would end a shell's word",
      { name: "a;b" },
      '"a;b" is no host name: "a;b" must hold letters, digits and hyphens only, and begin and end without a hyphen',
    ],
  ])("refuses %s", async (_name, raw, message) => {
    await expect(planned(hostname, raw, {}, contextOf())).rejects.toThrow(message);
  });
});
