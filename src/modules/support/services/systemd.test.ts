import { describe, expect, it } from "vitest";
import { type Output, Unknown } from "../../contract.ts";
import type { UnitState } from "./service-manager.ts";
import { decodeUnits, staleUnits } from "./systemd.ts";
import { unitName } from "./systemd-unit.ts";

const block = (id: string, values: string): string => `Id=${id}\nNames=${id}\n${values.trim().split(/\n\s*/).join("\n")}\n`;

// systemctl 252 on Debian 12: show --all --timestamp=us+utc
const shown = [
  block(
    "ssh.service",
    "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nType=notify\nRemainAfterExit=no\nResult=success\nExecMainStartTimestamp=Tue 2026-11-24 01:53:11.710774 UTC\nActiveEnterTimestamp=Tue 2026-11-24 01:53:11.747780 UTC\nNeedDaemonReload=no\nLoadError=",
  ).replace("Names=ssh.service", "Names=ssh.service sshd.service"),
  block(
    "nosuch.service",
    'LoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\nExecMainStartTimestamp=\nLoadError=org.freedesktop.systemd1.NoSuchUnit "Unit nosuch.service not found."',
  ),
  block(
    "dbus.service",
    "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=static\nExecMainStartTimestamp=Tue 2026-11-24 01:53:11.536281 UTC",
  ),
  block(
    "foo.service",
    'LoadState=masked\nActiveState=inactive\nSubState=dead\nUnitFileState=masked\nLoadError=org.freedesktop.systemd1.UnitMasked "Unit foo.service is masked."',
  ),
  block(
    "oldie.service",
    "LoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=generated\nType=forking\nRemainAfterExit=yes",
  ),
  block(
    "crash.service",
    "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nUnitFileState=static\nResult=exit-code\nExecMainStartTimestamp=Tue 2026-11-24 01:53:16.044041 UTC",
  ),
  block(
    "setup.service",
    "LoadState=loaded\nActiveState=active\nSubState=exited\nUnitFileState=disabled\nType=oneshot\nRemainAfterExit=yes\nNeedDaemonReload=yes\nExecMainStartTimestamp=\nActiveEnterTimestamp=Tue 2026-11-24 01:53:11.420977 UTC",
  ),
  block(
    "bad.service",
    'LoadState=bad-setting\nActiveState=inactive\nSubState=dead\nUnitFileState=enabled\nLoadError=org.freedesktop.systemd1.BadUnitSetting "Unit bad.service has a bad unit file setting."',
  ),
  block(
    "skipped.service",
    "LoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=enabled\nConditionResult=no\nStateChangeTimestamp=Tue 2026-11-24 01:53:11.420977 UTC",
  ),
].join("\n");

const output = (stdout: string, stderr = "", rc = 0): Output => ({
  rc,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});
const state = (item: string, text = shown): UnitState => {
  const [answer] = decodeUnits(output(text), [item]);
  if (answer === undefined || answer instanceof Unknown) throw new Error(answer?.reason ?? "no answer");
  return answer;
};
const START = Date.parse("2026-11-24T01:53:11Z") / 1000;

describe("what systemctl show says about a unit", () => {
  it.each([
    ["ssh", { exists: true, running: true, enabled: true, startedAt: START + 0.710774, description: "active (running)" }],
    ["sshd", { unit: "sshd.service", exists: true, running: true, enabled: true }],
    ["nosuch", { exists: false, running: false, startedAt: null, error: null }],
    ["dbus", { enabled: null, running: true, masked: false }],
    ["foo", { masked: true, exists: true, enabled: false, error: null }],
    ["oldie", { enabled: false, running: false, ephemeral: false }],
    ["crash", { running: false, startedAt: null, description: "activating (auto-restart)" }],
    ["setup", { running: true, enabled: false, startedAt: START + 0.420977, needsReload: true, ephemeral: false }],
    ["bad", { error: "Unit bad.service has a bad unit file setting." }],
    ["skipped", { running: false, description: "inactive (dead, a condition of the unit is not met)" }],
  ])("%s", (name, expected) => expect(state(name)).toMatchObject(expected));

  it("knows from links in rc?.d that an init script is enabled", () => {
    expect(state("oldie", `${shown}\nK3sysv=oldie.service\n`)).toMatchObject({ enabled: true });
  });

  it("takes the exact time from D-Bus where systemctl is too old to tell", () => {
    const old = block(
      "ssh.service",
      "LoadState=loaded\nActiveState=active\nSubState=running\nExecMainStartTimestamp=Tue 2026-11-24 02:53:11 CET",
    );
    expect(state("ssh", old)).toMatchObject({ startedAt: null });
    expect(state("ssh", `${old}\nK3exact=ssh.service t 1795485191710774\n`)).toMatchObject({ startedAt: 1795485191.710774 });
  });

  it("does not take silence for absence", () => {
    const bus =
      "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down";
    expect(decodeUnits(output("\n", bus, 1), ["ssh"])).toEqual([new Unknown(`systemctl cannot tell about ssh.service: ${bus}`)]);
  });

  it("reads which units need a reload", () => {
    const text =
      "Id=a.service\nLoadState=loaded\nNeedDaemonReload=no\n\nId=b.service\nLoadState=loaded\nNeedDaemonReload=yes\n\nId=c.service\nLoadState=not-found\n";
    expect(staleUnits("system").decode(output(text), [""], undefined as never)).toEqual([
      { stale: ["b.service"], loaded: ["a.service", "b.service"] },
    ]);
  });
});

describe("unitName", () => {
  it.each([
    ["cron", "cron.service"],
    ["cron.service", "cron.service"],
    ["foo@bar", "foo@bar.service"],
    ["a.b", "a.b.service"],
    ["docker.socket", "docker.socket"],
    ["home.mount", "home.mount"],
  ])("%s", (name, unit) => expect(unitName(name)).toBe(unit));
});
