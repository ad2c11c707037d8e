import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerHere, inputOf, localContext } from "../../../test/local-shell.ts";
import { contextOf, planned } from "../../../test/module-cases.ts";
import { Sh } from "../../sh.ts";
import { MissingPrerequisite } from "../contract.ts";
import { settingsAnswers } from "../support/files/settings-answers.test-support.ts";
import { kernelModule, moduleFiles } from "../support/kernel/kernel-module.ts";
import { type LocalHost, localHost, makeTree, SHELLS } from "../support/run-local.test-support.ts";
import { modprobe } from "./modprobe.ts";

const module = (state: string, isKnown = true, hasTool = true) => ({ state, isKnown, hasTool, kernel: "6.1.0" });

/** Plans on a host with these files. */
async function plannedWith(raw: object, state: ReturnType<typeof module>, files: Readonly<Record<string, string>> = {}) {
  const all = { name: "br_netfilter", ...raw };
  const questions = modprobe.probe(await inputOf(modprobe, all, contextOf()), contextOf());
  const list = Object.entries(files).map(([path, text]) => ({ path, text }));
  return planned(modprobe, all, settingsAnswers(questions, files, { module: state, files: list }));
}

const LOAD = "/etc/modules-load.d/br_netfilter.conf";
const OPTIONS = "/etc/modprobe.d/br_netfilter.conf";

describe("modprobe", () => {
  it.each([
    ["loads", {}, "absent", {}, ["state: not loaded -> loaded"], "modprobe br_netfilter  || exit"],
    [
      "loads with parameters",
      { params: "a=1 b='2 3'" },
      "absent",
      {},
      ["state: not loaded -> loaded"],
      "modprobe br_netfilter 'a=1' 'b=2 3' || exit",
    ],
    ["unloads", { state: "absent" }, "loaded", {}, ["state: loaded -> not loaded"], "modprobe -r br_netfilter || exit"],
    ["is loaded at boot", { persistent: "present" }, "loaded", {}, ["state: absent -> file", `${LOAD}: text`], "payload_into"],
    [
      "with its parameters",
      { persistent: "present", params: "a=1" },
      "loaded",
      { "/etc/modules": "br-netfilter\n" },
      ["state: absent -> file", `${OPTIONS}: text`],
      "payload_into",
    ],
    [
      "with others than before",
      { persistent: "present", params: "a=1" },
      "loaded",
      {
        [LOAD]: "br_netfilter\n",
        [OPTIONS]: "blacklist x\noptions br-netfilter a=2\n",
        "/etc/modprobe.d/z.conf": "options br_netfilter b=1\n",
      },
      ["at boot: /etc/modprobe.d/z.conf -> absent", `${OPTIONS}: text`],
      "sed -i -e '/^[[:space:]]*options",
    ],
    [
      "is not loaded at boot",
      { persistent: "absent", state: "absent" },
      "absent",
      { "/etc/modules": "# x\n br-netfilter\nother\n", "/etc/modprobe.d/a.conf": "options br_netfilter a=1\n" },
      ["at boot: /etc/modules -> absent", "at boot: /etc/modprobe.d/a.conf -> absent"],
      "sed -i -e",
    ],
  ])("%s", async (_name, raw, state, files, differences, part) => {
    const result = await plannedWith(raw, module(state), files);
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });

  it("keeps what else its file of options says", async () => {
    const raw = { persistent: "present", params: "a=1 b=2" };
    const files = { [LOAD]: "br_netfilter\n", [OPTIONS]: "blacklist x\noptions br-netfilter a=2" };
    const { change } = await plannedWith(raw, module("loaded"), files);
    expect(change?.data).toMatchObject({
      texts: new Map([
        [LOAD, "br_netfilter\n"],
        [OPTIONS, "blacklist x\n#options br-netfilter a=2\noptions br_netfilter a=1\noptions br_netfilter b=2\n"],
      ]),
    });
  });

  it.each([
    ["loaded", {}, "loaded", {}],
    ["built in", {}, "builtin", {}],
    ["loaded at boot", { persistent: "present" }, "loaded", { "/etc/modules-load.d/k8s.conf": "overlay\nbr_netfilter\n" }],
    [
      "with parameters, in other lines and another order",
      { persistent: "present", params: "b=2 a=1" },
      "loaded",
      { [LOAD]: "br_netfilter\n", "/etc/modprobe.d/x.conf": "options br_netfilter a=1\noptions br-netfilter b=2\n" },
    ],
    [
      "with parameters that nobody has asked for",
      { persistent: "present" },
      "loaded",
      { [LOAD]: "br_netfilter\n", [OPTIONS]: "options br_netfilter a=1\n" },
    ],
    ["nowhere", { persistent: "absent", state: "absent" }, "absent", { "/etc/modules": "#br_netfilter\nbr_netfilter_x\n" }],
  ])("converged: %s", async (_name, raw, state, files) => {
    expect((await plannedWith(raw, module(state), files)).differences).toEqual([]);
  });

  it.each([
    ["no such module", {}, module("absent", false), 'modprobe: there is no module "br_netfilter" for the running kernel 6.1.0'],
    [
      "a module that cannot be unloaded",
      { state: "absent" },
      module("builtin"),
      "br_netfilter is built into the kernel and cannot be unloaded",
    ],
    [
      "a host without modprobe",
      {},
      module("absent", false, false),
      'the host has no "modprobe" command; install the package kmod',
    ],
    [
      "a way out of the folder",
      { name: "../x" },
      module("absent"),
      '"../x" is no name of a kernel module: it is made of letters, digits, _ and -',
    ],
    [
      "an open quotation",
      { params: "a='1" },
      module("absent"),
      "params cannot be split into words: a quotation is not closed: a='1",
    ],
    ["another state", { state: "loaded" }, module("absent"), 'modprobe: "state" is "loaded", but must be one of present, absent'],
    [
      "another word for persistent",
      { persistent: true },
      module("absent"),
      'modprobe: "persistent" is true, but must be one of disabled, present, absent',
    ],
    ["a list of parameters", { params: ["a=1"] }, module("absent"), 'modprobe: "params" is ["a=1"], but must be a string'],
  ])("refuses %s", async (_name, raw, state, message) => {
    await expect(plannedWith(raw, state)).rejects.toMatchObject({ message });
  });

  it("relies on the package that has modprobe", async () => {
    await expect(plannedWith({}, module("absent", false, false))).rejects.toMatchObject({ resource: "command:modprobe" });
    await expect(plannedWith({}, module("absent", false))).rejects.toBeInstanceOf(MissingPrerequisite);
  });

  it("asks this machine", () => {
    const answers = answerHere({ none: kernelModule("no-such-module"), files: moduleFiles() }, localContext());
    expect(answers["none"]).toMatchObject({ state: "absent", isKnown: false });
    expect(answers["files"]).toBeInstanceOf(Array);
  });
});

describe.each(SHELLS)("modules of a kernel, asked with %s", (shell) => {
  let host: LocalHost;
  beforeAll(async () => {
    host = await localHost(shell);
  });
  afterAll(() => host.remove());

  /** The host's own script, with the kernel's files below the host's directory. */
  const below = ({ text }: Sh): Sh =>
    new Sh(text.replace(/(?<![\w.])\/(?=(?:proc|sys|lib\/modules|etc)\/)/g, `${host.directory}/`));

  async function states(names: readonly string[], tools: "with" | "without"): Promise<unknown> {
    const { collector } = kernelModule("");
    const path = tools === "with" ? `PATH=${host.directory}/bin:$PATH\n` : `PATH=${host.directory}/bare\n`;
    const output = await host.run(new Sh(path + below(collector.script(names, host.traits)).text));
    expect(output.stderr.toString("utf8")).toBe("");
    return collector
      .decode(output, names, host.traits)
      .map((one) =>
        "state" in one ? `${one.state}${one.isKnown ? "" : " unknown"}${one.hasTool ? "" : " no tool"}` : one.reason,
      );
  }

  const kernel = {
    "proc/sys/kernel/osrelease": "6.1.0-test\n",
    "proc/modules": "br_netfilter 32768 0 - Live 0x0\nbridge 1 1 br_netfilter, Live 0x0\nnf_tables 1 0 - Live 0x0 (OE)\n",
    "lib/modules/6.1.0-test/modules.builtin": "kernel/fs/ext4/ext4.ko\nkernel/crypto/sha256-generic.ko.xz\n",
    "sys/module/kernel_own/": "",
    "bin/modprobe@755": '#!/bin/sh\n[ "$1 $2" = "-n -q" ] && case $3 in dummy|vxlan_x) exit 0;; esac\nexit 1\n',
    "etc/modules": "# all\nloop",
    "etc/modules-load.d/a.conf": "dummy\n",
    "etc/modprobe.d/b.conf": "options dummy numdummies=2\n",
    "etc/modprobe.d/b.conf.old": "options dummy numdummies=3\n",
  };

  it("are loaded, built in, known or unknown", async () => {
    await makeTree(host.directory, kernel);
    const names = [
      "br_netfilter",
      "br-netfilter",
      "bridge",
      "br",
      "netfilter",
      "ext4",
      "sha256_generic",
      "sha256-generic",
      "sha256",
    ];
    expect(await states([...names, "kernel_own", "dummy", "vxlan-x", "nonesuch"], "with")).toEqual([
      ...["loaded", "loaded", "loaded", "absent unknown", "absent unknown", "builtin", "builtin", "builtin", "absent unknown"],
      ...["builtin", "absent", "absent", "absent unknown"],
    ]);
  });

  it("are told without the list of what is built in, and without any that is loaded", async () => {
    rmSync(join(host.directory, "lib"), { recursive: true });
    writeFileSync(join(host.directory, "proc", "modules"), "");
    expect(await states(["br_netfilter", "ext4", "kernel_own", "dummy"], "with")).toEqual([
      ...["absent unknown", "absent unknown", "builtin", "absent"],
    ]);
  });

  it("are told by the kernel's own files where there is no modprobe", async () => {
    await makeTree(host.directory, kernel);
    // sed is all that is needed of the host.
    mkdirSync(join(host.directory, "bare"));
    const sed = (await host.run(new Sh("command -v sed"))).stdout.toString("utf8").trim();
    await makeTree(host.directory, { "bare/sed": `-> ${sed}` });
    expect(await states(["bridge", "ext4", "dummy"], "without")).toEqual([
      ...["loaded no tool", "builtin no tool", "absent unknown no tool"],
    ]);
  });

  it("are listed in files for the next boot", async () => {
    await makeTree(host.directory, kernel);
    const { collector } = moduleFiles();
    const [files] = collector.decode(await host.run(below(collector.script([""], host.traits))), [""], host.traits);
    expect(files).toEqual([
      { path: join(host.directory, "etc/modules"), text: "# all\nloop\n" },
      { path: join(host.directory, "etc/modules-load.d/a.conf"), text: "dummy\n" },
      { path: join(host.directory, "etc/modprobe.d/b.conf"), text: "options dummy numdummies=2\n" },
    ]);
  });

  it("are taken out of files, through links, and only they", async () => {
    const text = "# all\n br-netfilter\nbr_netfilter\nbr_netfilter_x\noptions br_netfilter a=1\noptions br_netfilterx a=1\n";
    await makeTree(host.directory, { "etc/real": text, "etc/modules-load.d/z.conf": "-> ../real" });
    const path = "/etc/modules-load.d/z.conf";
    for (const [raw, expected] of [
      [
        { persistent: "present", params: "a=2" },
        "# all\n br-netfilter\nbr_netfilter\nbr_netfilter_x\n#options br_netfilter a=1\noptions br_netfilterx a=1\n",
      ],
      [
        { persistent: "absent", state: "absent" },
        "# all\n# br-netfilter\n#br_netfilter\nbr_netfilter_x\n#options br_netfilter a=1\noptions br_netfilterx a=1\n",
      ],
    ] as const) {
      const input = await inputOf(modprobe, { name: "br_netfilter", ...raw }, contextOf());
      const data = { step: undefined, texts: new Map(), plans: [], disable: [path] };
      const change = { differences: [], data };
      const ran = await host.run(below(modprobe.apply(change, input, contextOf()).script));
      expect([ran.rc, ran.stderr.toString("utf8")]).toEqual([0, ""]);
      const shown = await host.run(below(new Sh("cat /etc/real; [ -L /etc/modules-load.d/z.conf ] && echo link")));
      expect(shown.stdout.toString("utf8")).toBe(`${expected}link\n`);
    }
  });
});
