import { describe, expect, it } from "vitest";
import { answerHere, localContext } from "../../../test/local-shell.ts";
import { planned } from "../../../test/module-cases.ts";
import { kernelModule, moduleFiles } from "../support/kernel/kernel-module.ts";
import { modprobe } from "./modprobe.ts";

const module = (state: string, isKnown = true) => ({ state, isKnown, kernel: "6.1.0" });
const file = (path: string, text: string) => ({ path, text });

describe("modprobe", () => {
  it.each([
    ["loads", {}, "absent", [], ["state: not loaded -> loaded"], "modprobe br_netfilter"],
    [
      "loads with parameters",
      { params: "a=1 b=2" },
      "absent",
      [],
      ["state: not loaded -> loaded"],
      "modprobe br_netfilter 'a=1' 'b=2'",
    ],
    ["unloads", { state: "absent" }, "loaded", [], ["state: loaded -> not loaded"], "modprobe -r br_netfilter"],
    [
      "is loaded at boot",
      { persistent: "present" },
      "loaded",
      [],
      ["at boot: absent -> /etc/modules-load.d/br_netfilter.conf"],
      "payload_into file0",
    ],
    [
      "with its parameters",
      { persistent: "present", params: "a=1" },
      "loaded",
      [file("/etc/modules", "br-netfilter\n")],
      ["at boot: absent -> /etc/modprobe.d/br_netfilter.conf"],
      "payload_into file0",
    ],
    [
      "is not loaded at boot",
      { persistent: "absent", state: "absent" },
      "absent",
      [file("/etc/modules", "# x\n br-netfilter\nother\n"), file("/etc/modprobe.d/a.conf", "options br_netfilter a=1\n")],
      ["at boot: /etc/modules -> absent", "at boot: /etc/modprobe.d/a.conf -> absent"],
      "sed -i -e",
    ],
  ])("%s", async (_name, raw, state, files, differences, part) => {
    const result = await planned(modprobe, { name: "br_netfilter", ...raw }, { module: module(state), files });
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["loaded", {}, "loaded", []],
    ["built in", {}, "builtin", []],
    ["loaded at boot", { persistent: "present" }, "loaded", [file("/etc/modules-load.d/k8s.conf", "overlay\nbr_netfilter\n")]],
    ["nowhere", { persistent: "absent", state: "absent" }, "absent", [file("/etc/modules", "#br_netfilter\nbr_netfilter_x\n")]],
  ])("converged: %s", async (_name, raw, state, files) => {
    expect((await planned(modprobe, { name: "br_netfilter", ...raw }, { module: module(state), files })).differences).toEqual([]);
  });

  it("says that there is no such module, and that one cannot be unloaded", async () => {
    await expect(planned(modprobe, { name: "x" }, { module: module("absent", false), files: [] })).rejects.toThrow(
      'modprobe: there is no module "x" for the running kernel 6.1.0',
    );
    await expect(planned(modprobe, { name: "x", state: "absent" }, { module: module("builtin"), files: [] })).rejects.toThrow(
      "x is built into the kernel and cannot be unloaded",
    );
  });

  it("asks this machine", () => {
    const answers = answerHere({ none: kernelModule("no-such-module"), files: moduleFiles() }, localContext());
    expect(answers["none"]).toMatchObject({ state: "absent", isKnown: false });
    expect(answers["files"]).toBeInstanceOf(Array);
  });
});
