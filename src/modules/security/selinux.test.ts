import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { inputOf } from "../../../test/local-shell.ts";
import { contextOf } from "../../../test/module-cases.ts";
import type { HostTraits, JsonObject, Prediction } from "../contract.ts";
import { pathQuestion } from "../support/files/path-collector.ts";
import {
  ask,
  type LocalHost,
  localHost,
  makeTree,
  predictedState,
  SHELLS,
  type ShellName,
} from "../support/run-local.test-support.ts";
import { type BootArguments, bootArguments, type SelinuxStatus, selinuxStatus } from "../support/selinux/selinux-status.ts";
import { selinux } from "./selinux.ts";

// As Fedora writes it.
const CONFIG = `# This file controls the state of SELinux on the system.
# SELINUX= can take one of these three values:
#     enforcing - SELinux security policy is enforced.
SELINUX=enforcing
# SELINUXTYPE= can take one of these three values:
SELINUXTYPE=targeted
`;
const withState = (state: string, policy = "targeted"): string =>
  CONFIG.replace("\nSELINUX=enforcing", `\nSELINUX=${state}`).replace("TYPE=targeted", `TYPE=${policy}`);
const status = (mode: SelinuxStatus["mode"], isInKernel: boolean | undefined = true): SelinuxStatus => ({
  mode,
  isInKernel,
  kernel: "6.1.0-13-amd64",
  awaitsPolicy: false,
});

const hosts: LocalHost[] = [];
afterAll(() => Promise.all(hosts.map((host) => host.remove())));

type Host = {
  readonly config?: string;
  readonly status?: SelinuxStatus;
  readonly boot?: BootArguments;
  readonly shell?: ShellName;
  readonly packageManager?: HostTraits["packageManager"];
};

/** A host with a real configuration file, and what is told about its kernel, its boot entries and its policies. */
async function onHost(raw: Readonly<Record<string, unknown>>, given: Host = {}) {
  const host = await localHost(given.shell ?? "dash");
  hosts.push(host);
  const file = join(host.directory, "config");
  if (given.config !== "") await makeTree(host.directory, { "config@0600": given.config ?? CONFIG });
  const traits: HostTraits = { ...host.traits, packageManager: given.packageManager ?? "dnf" };
  const context = contextOf({ traits });
  const input = await inputOf(selinux, { configfile: file, ...raw }, context);
  const questions = selinux.probe(input, context);
  const told = async (): Promise<Record<string, unknown>> => {
    const answers = await ask(host, Object.values(questions));
    const found = Object.fromEntries(
      Object.entries(questions).map(([name, one]) => [name, answers.get(`${one.collector.name}\n${one.item}`)]),
    );
    const directory = await ask(host, [pathQuestion(host.directory)]);
    const predictions: Prediction[] = [
      { question: selinuxStatus(), answer: given.status ?? status("enforcing") },
      { question: bootArguments(), answer: given.boot ?? { isOff: "none" } },
      ...["targeted", "mls"].map((policy) => ({
        question: pathQuestion(`/etc/selinux/${policy}/policy`),
        answer: [...directory.values()][0],
      })),
    ];
    return { ...predictedState(questions, found, predictions) };
  };
  const state = await told();
  const change = selinux.plan(state, input, context);
  const predicted =
    change === undefined ? state : predictedState(questions, state, selinux.predict?.(change, state, input, context) ?? []);
  return {
    file,
    host,
    told,
    differences: (change?.differences ?? []).map((one) =>
      one.kind === "text" ? "text" : `${one.name}: ${String(one.before)} -> ${String(one.after)}`,
    ),
    left: change === undefined ? undefined : selinux.plan(predicted, input, context),
    work: change === undefined ? undefined : selinux.apply(change, input, context),
    result: selinux.result?.(predicted, input, context) ?? {},
    input,
    context,
    applied: (output: Parameters<NonNullable<typeof selinux.applied>>[0]): JsonObject => selinux.applied?.(output, input) ?? {},
  };
}

const enforcing = { state: "enforcing", policy: "targeted" };
const permissive = { state: "permissive", policy: "targeted" };
const disabled = { state: "disabled" };

describe("selinux", () => {
  it.each<[string, Readonly<Record<string, unknown>>, Host, readonly string[], string | undefined, boolean]>([
    ["is enforcing", enforcing, {}, [], undefined, false],
    ["becomes permissive", permissive, {}, ["text", "mode: enforcing -> permissive"], "echo 0 > /sys/fs/selinux/enforce", false],
    [
      "enforces now what it would after a reboot",
      enforcing,
      { status: status("permissive") },
      ["mode: permissive -> enforcing"],
      "echo 1 > /sys/fs/selinux/enforce",
      false,
    ],
    ["is permissive until the reboot", disabled, {}, ["text", "mode: enforcing -> permissive"], "echo 0 >", true],
    ["waits for the reboot", disabled, { config: withState("disabled"), status: status("permissive") }, [], undefined, true],
    ["is disabled", disabled, { config: withState("disabled"), status: status("off") }, [], undefined, false],
    ["has none", disabled, { config: "", status: status("off", false) }, [], undefined, false],
    ["enforces after a reboot", enforcing, { config: withState("disabled"), status: status("off") }, ["text"], "payload", true],
    ["awaits the reboot to enforce", enforcing, { status: status("off", undefined) }, [], undefined, true],
    ["has another policy after a reboot", { ...enforcing, policy: "mls" }, {}, ["text"], "payload", true],
    [
      "is off in every boot entry",
      { ...disabled, update_kernel_param: true },
      { config: withState("disabled"), status: status("off"), boot: { isOff: "some" } },
      ["selinux: none -> selinux=0"],
      "grubby --update-kernel=ALL '--args=selinux=0'",
      false,
    ],
    [
      "is on in every boot entry",
      { ...enforcing, update_kernel_param: true },
      { boot: { isOff: "some" } },
      ["selinux: selinux=0 -> none"],
      "grubby --update-kernel=ALL '--remove-args=selinux=0'",
      false,
    ],
  ])("%s", async (_name, raw, host, differences, part, reboot) => {
    const found = await onHost(raw, host);
    expect(found.differences).toEqual(differences);
    if (part === undefined) expect(found.work).toBeUndefined();
    else expect(found.work?.script.text).toContain(part);
    expect(found.left).toBeUndefined();
    expect(found.result).toMatchObject({ state: raw["state"], reboot_required: reboot });
  });

  it.each(SHELLS)("writes the configuration with %s, and nothing else of it", async (shell) => {
    const config = `${CONFIG}SELINUX=disabled\n# kept`;
    const found = await onHost({ ...enforcing, policy: "mls" }, { config, shell });
    const output = await found.host.run(
      found.work?.script ??
        (() => {
          throw new Error("no change");
        })(),
      found.work?.payloads,
    );
    expect(output.stderr.toString()).toBe("");
    expect(output.rc).toBe(0);
    expect(readFileSync(found.file, "utf8")).toBe(`${withState("enforcing", "mls")}# kept\n`);
    expect(selinux.plan(await found.told(), found.input, found.context)).toBeUndefined();
    expect(found.applied(output)).toEqual({
      msg: "SELinux policy of the next boot changed from 'targeted' to 'mls', SELinux state of the next boot changed from 'disabled' to 'enforcing'",
      reboot_required: true,
    });
  });

  it("says what only a reboot brings", async () => {
    const host: Host = { config: withState("disabled"), status: status("off"), packageManager: "apt" };
    expect((await onHost(enforcing, host)).result).toMatchObject({
      msg: "a reboot is required to set the SELinux state to 'enforcing', with security=selinux on the kernel's command line: Debian's selinux-activate adds it",
    });
    expect((await onHost(disabled)).result).toMatchObject({
      msg: "a reboot is required to set the SELinux state to 'disabled'",
      policy: "targeted",
    });
  });

  it.each<[Readonly<Record<string, unknown>>, Host, string]>([
    [{ state: "enforced" }, {}, 'selinux: "state" is "enforced", but must be one of enforcing, permissive, disabled'],
    [{ state: "enforcing" }, {}, 'selinux: with state: enforcing it needs "policy"'],
    [{ state: "permissive" }, {}, 'selinux: with state: permissive it needs "policy"'],
    [
      { ...enforcing, policy: "../x" },
      {},
      '"policy" is "../x", but must be a name of the policy: letters, digits, "_", "." and "-"',
    ],
    [
      enforcing,
      { status: status("off", false) },
      "selinux: the kernel of this host, 6.1.0-13-amd64, was built without SELinux, so that it can never be enforcing; boot a kernel that has it",
    ],
    [
      { ...enforcing, policy: "minimum" },
      {},
      'selinux: the policy "minimum" is not installed, there is no /etc/selinux/minimum/policy; install the package selinux-policy-targeted',
    ],
    [
      { ...enforcing, configfile: "/nowhere/config" },
      {},
      'selinux: there is no /nowhere/config on this host; install the package selinux-policy-targeted, or name the file with "configfile"',
    ],
    [
      { ...disabled, update_kernel_param: true },
      { boot: { isOff: undefined } },
      "selinux: update_kernel_param needs grubby, which this host lacks; install the package grubby",
    ],
  ])("says what is wrong with %j (%#)", async (raw, host, message) => {
    await expect(onHost(raw, host)).rejects.toMatchObject({ message });
  });
});
