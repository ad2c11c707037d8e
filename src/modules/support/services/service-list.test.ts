import { describe, expect, it } from "vitest";
import { type Output, Unknown } from "../../contract.ts";
import { decodeServices } from "./service-list.ts";

const output = (stdout: string, rc = 0): Output => ({ rc, stdout: Buffer.from(stdout), stderr: Buffer.from("why not") });

describe("decodeServices", () => {
  it("systemd: units, then files, with what is wrong kept", () => {
    // systemctl 252 on Debian 12
    const text = `== units
  cron.service      loaded    active   running Regular background program processing daemon
● broken.service    loaded    failed   failed  A failed thing
  gone.service      not-found inactive dead    gone.service
  once.service      loaded    active   exited  Ends
== files
cron.service     enabled  enabled
broken.service   enabled  enabled
once.service     static   -
idle.service     disabled enabled
tmpl@.service    static   -
foo.service      masked   enabled
`;
    const of = (name: string, state: string, status: string) => ({ name, state, status, source: "systemd" });
    expect(decodeServices(output(text))).toEqual({
      "cron.service": of("cron.service", "running", "enabled"),
      "broken.service": of("broken.service", "stopped", "failed"),
      "gone.service": of("gone.service", "stopped", "not-found"),
      "once.service": of("once.service", "stopped", "static"),
      "idle.service": of("idle.service", "inactive", "disabled"),
      "tmpl@.service": of("tmpl@.service", "unknown", "static"),
      "foo.service": of("foo.service", "inactive", "masked"),
    });
  });

  it("openrc", () => {
    const text = `== runlevels
                crond |      default
             hwclock  |
                sshd  | boot default
== status 0 crond
== status 3 hwclock
== status 32 sshd
`;
    expect(decodeServices(output(text))).toEqual({
      crond: { name: "crond", state: "started", runlevels: ["default"], source: "openrc" },
      hwclock: { name: "hwclock", state: "stopped", runlevels: null, source: "openrc" },
      sshd: { name: "sshd", state: "crashed", runlevels: ["boot", "default"], source: "openrc" },
    });
  });

  it("sysv, by service or chkconfig", () => {
    expect(decodeServices(output("== sysv\n [ + ]  cron\n [ - ]  x11-common\n [ ? ]  kmod\n"))).toEqual({
      cron: { name: "cron", state: "running", source: "sysv" },
      "x11-common": { name: "x11-common", state: "stopped", source: "sysv" },
      kmod: { name: "kmod", state: "stopped", source: "sysv" },
    });
    expect(decodeServices(output("== chkconfig\nnetwork \t0:off\t1:off\t2:on\t3:on\t4:on\t5:on\t6:off\n"))).toEqual({
      network: { name: "network", state: "unknown", status: "enabled", source: "sysv" },
    });
  });

  it("does not take a failure for no services", () => {
    expect(decodeServices(output("", 1))).toEqual(new Unknown("cannot list the services: why not"));
  });
});
