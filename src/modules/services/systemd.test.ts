import { describe, expect, it } from "vitest";
import { inputOf } from "../../../test/local-shell.ts";
import { contextOf, planned } from "../../../test/module-cases.ts";
import { MissingPrerequisite } from "../contract.ts";
import type { UnitState } from "../support/services/service-manager.ts";
import { service } from "./service.ts";
import { systemd } from "./systemd.ts";
import { sysvinit } from "./sysvinit.ts";

const START = 1_700_000_000.5;
const running: UnitState = {
  unit: "demo.service",
  id: "demo.service",
  exists: true,
  masked: false,
  running: true,
  description: "active (running)",
  enabled: true,
  enabledIsCertain: true,
  startedAt: START,
  needsReload: false,
  ephemeral: false,
  error: null,
  status: {},
};
const stopped: UnitState = { ...running, running: false, startedAt: null, description: "inactive (dead)", enabled: false };
const answers = (unit: UnitState | null, more: object = {}) => ({
  unit,
  stale: { stale: [], loaded: [] },
  newest: [],
  file: { kind: "none" },
  ...more,
});

describe("systemd", () => {
  it.each([
    ["started", { state: "started" }, stopped, ["state: inactive (dead) -> started"], "start -- demo.service"],
    ["stopped", { state: "stopped" }, running, ["state: active (running) -> stopped"], "stop -- demo.service"],
    ["enabled", { enabled: true }, stopped, ["enabled: false -> true"], "--quiet enable -- demo.service"],
    ["disabled", { enabled: "no" }, running, ["enabled: true -> false"], "--quiet disable -- demo.service"],
    ["masked", { masked: true }, running, ["masked: false -> true"], "--quiet mask -- demo.service"],
    [
      "unmasked",
      { masked: false, state: "started" },
      { ...stopped, masked: true },
      ["masked: true -> false", "state: inactive (dead) -> started"],
      "unmask -- demo.service",
    ],
    [
      "both",
      { state: "started", enabled: true },
      stopped,
      ["enabled: false -> true", "state: inactive (dead) -> started"],
      "start -- demo.service",
    ],
    [
      "in the user's systemd",
      { state: "started", scope: "user" },
      stopped,
      ["state: inactive (dead) -> started"],
      "systemctl --user start",
    ],
  ])("%s", async (_name, raw, state, differences, part) => {
    const result = await planned(systemd, { name: "demo", ...raw }, answers(state));
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["runs", { state: "started", enabled: true }, running],
    ["does not run", { state: "stopped", enabled: false }, stopped],
    ["has failed, so it does not run", { state: "stopped" }, { ...stopped, description: "failed (failed, exit-code)" }],
    ["cannot be enabled", { enabled: true }, { ...running, enabled: null }],
    ["cannot be disabled", { enabled: false }, { ...running, enabled: null }],
    ["is not there and need not be masked off", { masked: false }, { ...stopped, exists: false }],
  ])("converged: %s", async (_name, raw, state) => {
    expect((await planned(systemd, { name: "demo", ...raw }, answers(state))).differences).toEqual([]);
  });

  it.each([
    ["restarted", running, "restart"],
    ["restarted", stopped, "restart"],
    ["reloaded", running, "reload"],
    ["reloaded", stopped, "restart"],
  ])("%s is done each time and not verified", async (state, unit, verb) => {
    const result = await planned(systemd, { name: "demo", state }, answers(unit));
    expect(result.change).toMatchObject({ verify: false });
    expect(result.script).toContain(`systemctl ${verb} -- demo.service`);
  });

  it("reads changed files again before it starts something", async () => {
    const result = await planned(systemd, { name: "demo", state: "started" }, answers({ ...stopped, needsReload: true }));
    expect(result.script.indexOf("daemon-reload")).toBeGreaterThan(-1);
    expect(result.script.indexOf("daemon-reload")).toBeLessThan(result.script.indexOf("start -- demo"));
  });

  it("reloads when some unit is stale, and only then", async () => {
    expect((await planned(systemd, { daemon_reload: true }, answers(null))).differences).toEqual([]);
    const stale = await planned(
      systemd,
      { daemon_reload: true },
      answers(null, { stale: { stale: ["a.service"], loaded: ["a.service"] } }),
    );
    expect(stale.differences).toEqual(["files of: a.service -> read again"]);
    expect(stale.left).toBeUndefined();
    const context = contextOf({ checkMode: true, wouldChange: new Map([["/etc/systemd/system/demo@.service", Date.now() - 5]]) });
    for (const [loaded, count] of [
      [["demo@x.service"], 1],
      [["other.service"], 0],
    ] as const) {
      const result = await planned(systemd, { daemon_reload: true }, answers(null, { stale: { stale: [], loaded } }), context);
      expect(result.differences).toHaveLength(count);
      expect(result.left).toBeUndefined();
    }
  });

  it("cannot prove that an indirect unit or an ended oneshot is as it should be", async () => {
    const indirect = { ...running, enabled: false, enabledIsCertain: false };
    expect((await planned(systemd, { name: "demo", enabled: true }, answers(indirect))).change).toMatchObject({ verify: false });
    const oneshot = { ...stopped, ephemeral: true };
    expect((await planned(systemd, { name: "demo", state: "started" }, answers(oneshot))).change).toMatchObject({
      verify: false,
    });
  });

  it.each([
    ["a masked unit", { state: "started" }, { ...stopped, masked: true }, "Unit demo.service is masked."],
    ["a broken unit", { state: "started" }, { ...stopped, error: "bad" }, "Unit demo.service cannot be used: bad"],
    [
      "a template",
      { name: "getty@", state: "started" },
      stopped,
      '"getty@" is a template; name an instance of it, such as "getty@main"',
    ],
    ["no name", { name: null, state: "started" }, null, '"state", "enabled" and "masked" need a "name"'],
    [
      "stopped and restart_when_changed",
      { state: "stopped", restart_when_changed: "/x" },
      running,
      '"restart_when_changed" needs a "name", and goes with "state: started" or with no state',
    ],
  ])("refuses %s", async (_name, raw, state, message) => {
    await expect(planned(systemd, { name: "demo", ...raw }, answers(state))).rejects.toThrow(message);
  });

  it.each([
    [{ name: "docker", state: "started" }, ["unit:docker"]],
    [{ name: "k3s.service", restart_when_changed: ["/etc/x"] }, ["unit:k3s"]],
    [{ name: "docker", state: "stopped" }, []],
    [{ name: "docker", enabled: true }, []],
    [{ daemon_reload: true }, []],
  ])("lets others rely on what it starts: %j", async (raw, provided) => {
    const input = await inputOf(systemd, raw, contextOf());
    expect(systemd.provides?.({ differences: [], data: undefined as never }, input, {} as never)).toEqual(provided);
  });

  it("says what is missing", async () => {
    const gone = { ...stopped, exists: false };
    await expect(planned(systemd, { name: "demo", state: "started" }, answers(gone))).rejects.toMatchObject({
      name: "MissingPrerequisite",
      resource: "unit:demo",
      message: "Could not find the requested service demo: host",
    });
  });

  it.each([
    [false, "in force", 50],
    [true, "read by the service when the package starts it", 150],
  ])("knows what a package would start before a change of what it reads: %s", async (isConverged, _, packagedAt) => {
    const raw = { name: "demo", state: "started", restart_when_changed: ["/etc/demo"] };
    const context = contextOf({ checkMode: true, wouldChange: new Map([["/etc/demo", 100]]) });
    const gone = { ...stopped, exists: false };
    const error = await planned(systemd, raw, answers(gone), context).catch((one: unknown) => one);
    if (!(error instanceof MissingPrerequisite) || error.afterPackage === "change") throw new Error("nothing was missing");
    expect(error.afterPackage(packagedAt)).toBe(isConverged);
  });

  it.each(["/etc/systemd/system/demo.service", "/usr/lib/systemd/system/demo.service", "/etc/init.d/demo"])(
    "foresees a unit that an earlier task of a check would bring as %s",
    async (path) => {
      const context = contextOf({ checkMode: true, wouldChange: new Map([[path, 1]]) });
      const result = await planned(systemd, { name: "demo", state: "started" }, answers({ ...stopped, exists: false }), context);
      expect(result.differences).toEqual(["state: inactive (dead) -> started"]);
      expect(result.left).toBeUndefined();
    },
  );
});

describe("a unit that an earlier task of a check would write", () => {
  const context = contextOf({ checkMode: true, wouldChange: new Map([["/etc/systemd/system/demo@.service", 1]]) });
  const file = (text: string) => ({ file: { kind: "file", base64: Buffer.from(text).toString("base64") } });
  it.each([
    ["[Service]\n[Install]\nWantedBy=x\n", ["enabled: false -> true"]],
    ["[Service]\n", []],
  ])("%j", async (text, differences) => {
    const gone = { ...stopped, unit: "demo@x.service", exists: false };
    const result = await planned(systemd, { name: "demo@x", enabled: true }, answers(gone, file(text)), context);
    expect(result.differences).toEqual(differences);
    expect(result.left).toBeUndefined();
  });
});

describe("units that are masked, or stand for others", () => {
  it("are disabled before they are masked", async () => {
    const result = await planned(systemd, { name: "demo", enabled: false, masked: true, state: "stopped" }, answers(running));
    expect(result.differences).toEqual(["enabled: true -> false", "masked: false -> true", "state: active (running) -> stopped"]);
    expect(result.script).toMatch(/disable -- demo[\s\S]*mask -- demo[\s\S]*stop -- demo/);
    expect(result.left).toBeUndefined();
  });

  it("are enabled by the name of the unit itself", async () => {
    const alias = { ...stopped, unit: "sshd.service", id: "ssh.service" };
    expect((await planned(systemd, { name: "sshd", enabled: true }, answers(alias))).script).toContain("enable -- ssh.service");
    const off = await planned(systemd, { name: "sshd", enabled: false }, answers({ ...alias, enabled: true }));
    expect(off.change).toMatchObject({ verify: false });
  });

  it("templates can be enabled", async () => {
    const result = await planned(systemd, { name: "demo@", enabled: true }, answers({ ...stopped, id: "demo@.service" }));
    expect(result.script).toContain("enable -- demo@.service");
  });

  it.each([
    [{ masked: true, state: "started" }, '"masked: true" and "state: started" exclude each other'],
    [{ masked: true, enabled: true }, '"masked: true" and "enabled: true" exclude each other'],
    [{ scope: "global", state: "stopped" }, 'with "scope: global" there is no systemd that could start or stop something'],
  ])("refuse %j", async (raw, message) => {
    await expect(planned(systemd, { name: "demo", ...raw }, answers(stopped))).rejects.toThrow(message);
  });

  it("say that the user's systemd does not run, which an earlier task may be about to start", async () => {
    const task = { name: "demo", scope: "user", state: "started" };
    await expect(planned(systemd, task, answers({ ...stopped, exists: false, unreachable: "it does not run" }))).rejects.toThrow(
      new MissingPrerequisite("path:/run/user", "it does not run"),
    );
  });
});

describe("runlevels", () => {
  const levels = (...names: readonly string[]): UnitState => ({
    ...stopped,
    id: "demo",
    enabled: names.length > 0,
    levels: names,
  });
  it.each([
    ["enabled elsewhere only", { enabled: true, runlevel: "boot" }, levels("default"), "rc-update --quiet add demo boot"],
    ["disabled there", { enabled: false }, levels("boot", "default"), "rc-update --quiet delete demo default"],
  ])("of OpenRC: %s", async (_name, raw, state, part) => {
    const result = await planned(service, { name: "demo", use: "openrc", ...raw }, answers(state));
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["is enabled there", { enabled: true }, levels("boot", "default")],
    ["is not enabled there", { enabled: false }, levels("boot")],
  ])("of OpenRC, converged: %s", async (_name, raw, state) => {
    expect((await planned(service, { name: "demo", use: "openrc", ...raw }, answers(state))).change).toBeUndefined();
  });

  it.each([
    ["some", { enabled: true, runlevels: [3, 5] }, levels("3"), "update-rc.d demo enable 3 && update-rc.d demo enable 5"],
    ["all", { enabled: true }, levels(), "update-rc.d demo defaults && update-rc.d demo enable"],
    ["one to leave", { enabled: false, runlevels: "3" }, levels("3", "5"), "update-rc.d demo disable 3"],
  ])("of SysV: %s", async (_name, raw, state, part) => {
    const result = await planned(sysvinit, { name: "demo", ...raw }, answers(state));
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });
});

describe("restart_when_changed", () => {
  const raw = { name: "demo", restart_when_changed: ["/etc/demo", "/etc/*.conf"] };
  it.each([
    ["nothing there", [], false],
    ["an older file", [{ path: "/etc/demo/a", ctime: START - 0.001 }], false],
    ["the very moment", [{ path: "/etc/demo/a", ctime: START }], false],
    ["a newer one in the same second", [{ path: "/etc/demo/a", ctime: START + 0.001 }], true],
    [
      "one of several",
      [
        { path: "/etc/demo/b", ctime: START + 9 },
        { path: "/etc/demo/a", ctime: 1 },
      ],
      true,
    ],
  ])("%s", async (_name, newest, restarts) => {
    const result = await planned(systemd, raw, answers(running, { newest }));
    expect(result.change !== undefined).toBe(restarts);
    expect(result.change?.verify).toBeUndefined();
    expect(result.left).toBeUndefined();
  });

  it("says what is newer, and by how much", async () => {
    const newest = [{ path: "/etc/demo/a", ctime: START + 2.25 }];
    expect((await planned(systemd, raw, answers(running, { newest }))).differences).toEqual([
      "state: started 2023-11-14T22:13:20.500Z, before /etc/demo/a was changed (2023-11-14T22:13:22.750Z) -> restarted",
    ]);
  });

  it("reads unit files again, in which systemd itself may see no change yet", async () => {
    const paths = ["/etc/demo", "/etc/systemd/system/demo.service.d", "/etc/systemd/system/demo.service.env"];
    const many = Array.from({ length: 5 }, (_, index) => `/etc/demo/${index}`);
    for (const [changed, isRead] of [
      [["/etc/systemd/system/demo.service.d/new.conf"], true],
      [["/etc/systemd/system/demo.service.env"], false],
      [["/etc/demo/a"], false],
      // There may be more.
      [many, true],
    ] as const) {
      const newest = changed.map((path) => ({ path, ctime: START + 9 }));
      const { script } = await planned(systemd, { name: "demo", restart_when_changed: paths }, answers(running, { newest }));
      expect(script.includes("daemon-reload"), changed[0]).toBe(isRead);
      expect(script.indexOf("daemon-reload")).toBeLessThan(script.indexOf("restart -- demo"));
    }
  });

  it("has nothing to do while the service is not running", async () => {
    const newest = [{ path: "/etc/demo/a", ctime: START + 9 }];
    expect((await planned(systemd, raw, answers(stopped, { newest }))).change).toBeUndefined();
    expect((await planned(systemd, { ...raw, state: "started" }, answers(stopped, { newest }))).differences).toEqual([
      "state: inactive (dead) -> started",
    ]);
  });

  it("foresees the restart for what earlier tasks of a check would change, once", async () => {
    const context = (path: string) => contextOf({ checkMode: true, wouldChange: new Map([[path, Date.now() - 5]]) });
    for (const path of ["/etc/demo", "/etc/demo/deep/file", "/etc/x.conf"]) {
      const result = await planned(systemd, raw, answers(running), context(path));
      expect(result.differences).toEqual([`state: started before the change of ${path} -> restarted`]);
      expect(result.left).toBeUndefined();
    }
    expect((await planned(systemd, raw, answers(running), context("/etc/demon"))).change).toBeUndefined();
  });

  it("does not guess when the start is not known", async () => {
    const newest = [{ path: "/etc/demo/a", ctime: 1 }];
    await expect(planned(systemd, raw, answers({ ...running, startedAt: null }, { newest }))).rejects.toThrow(
      "cannot tell when demo.service was started, which restart_when_changed needs to know",
    );
  });
});

describe("service", () => {
  it("uses the host's service manager, or the one that is named", async () => {
    const task = { name: "demo", state: "started", enabled: true, runlevel: "boot" };
    expect((await planned(service, { ...task, use: "openrc" }, answers({ ...stopped, id: "demo" }))).script).toBe(
      `rc-update --quiet add demo boot >/dev/null || exit
rc-service -- demo status >/dev/null 2>&1 </dev/null
k3_status=$?
if [ $k3_status -eq 32 ] || [ $k3_status -eq 64 ]; then rc-service -- demo restart  </dev/null; else rc-service -- demo start  </dev/null; fi || exit`,
    );
    expect((await planned(service, { ...task, use: "sysvinit" }, answers({ ...stopped, id: "demo" }))).script).toContain(
      "update-rc.d demo defaults",
    );
    expect((await planned(service, task, answers(stopped))).script).toContain("systemctl --quiet enable -- demo.service");
  });

  it("waits between stop and start", async () => {
    const script = (await planned(service, { name: "demo", state: "restarted", sleep: 3 }, answers(running))).script;
    expect(script).toMatch(/stop -- demo[\s\S]*\nsleep 3\n[\s\S]*start -- demo/);
  });
});
