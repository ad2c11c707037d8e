import { describe, expect, it } from "vitest";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import type { PolicyStore } from "../support/selinux/policy-store.ts";
import { seport } from "./seport.ts";

const store: PolicyStore = { type: "default", directory: "/var/lib/selinux/default/active", hasSemanage: true };
const port = (local: string | null, policy: string | null | undefined, of: PolicyStore = store) => ({ store: of, local, policy });
const live = contextOf({ traits: { ...debian, selinux: true } });
const given = { ports: "8081", proto: "tcp", setype: "http_port_t" };

describe("seport", () => {
  it.each([
    ["adds", {}, port(null, null), "none -> http_port_t", "semanage port --add -t http_port_t -p tcp 8081"],
    [
      "modifies what the policy says",
      {},
      port(null, "ssh_port_t"),
      "ssh_port_t -> http_port_t",
      "semanage port --modify -t http_port_t -p tcp 8081",
    ],
    ["modifies a local change", {}, port("ssh_port_t", undefined), "ssh_port_t -> http_port_t", "semanage port --modify"],
    [
      "makes it local",
      { local: true },
      port(null, "http_port_t"),
      "none -> http_port_t",
      "semanage port --modify -t http_port_t",
    ],
    ["removes", { state: "absent" }, port("http_port_t", undefined), "http_port_t -> none", "semanage port --delete -p tcp 8081"],
    ["loads nothing", { reload: false }, port(null, null), "none -> http_port_t", "semanage port --add -N -t http_port_t"],
  ])("%s", async (_name, raw, answer, difference, part) => {
    const found = await planned(seport, { ...given, ...raw }, { "8081": answer }, live);
    expect(found.differences).toEqual([`setype: ${difference}`]);
    expect(found.script).toContain(part);
    expect(found.left).toBeUndefined();
  });

  it.each([
    ["by a local change", {}, port("http_port_t", undefined)],
    ["by the policy", {}, port(null, "http_port_t")],
    ["without semanage", {}, port("http_port_t", undefined, { ...store, hasSemanage: false })],
    ["gone", { state: "absent" }, port(null, null)],
    ["another type's", { state: "absent" }, port("ssh_port_t", undefined)],
    ["only of the policy", { state: "absent", local: true }, port(null, "http_port_t")],
  ])("converged: %s", async (_name, raw, answer) => {
    expect((await planned(seport, { ...given, ...raw }, { "8081": answer }, live)).differences).toEqual([]);
  });

  it("changes all ports in one transaction, each once", async () => {
    const found = await planned(
      seport,
      { ...given, ports: ["8081", 8081, "9000 - 9010", "80-80"] },
      { "8081": port(null, null), "9000-9010": port("ssh_port_t", undefined), "80": port(null, "http_port_t") },
      live,
    );
    expect(found.differences).toEqual(["setype: none -> http_port_t", "setype: ssh_port_t -> http_port_t"]);
    expect(found.script).toContain(
      "'port --add -t http_port_t -p tcp 8081' 'port --modify -t http_port_t -p tcp 9000-9010' | semanage import ",
    );
    expect(found.left).toBeUndefined();
  });

  const off = contextOf();
  it.each([
    [{ ports: "0" }, live, '"ports" has "0", but must have ports or ranges from 1 to 65535, such as 8080 or 8000-8010'],
    [{ ports: "90-80" }, live, '"ports" has "90-80", but must have ports or ranges from 1 to 65535, such as 8080 or 8000-8010'],
    [{ ports: "http" }, live, '"ports" has "http", but must have ports or ranges from 1 to 65535, such as 8080 or 8000-8010'],
    [{ ports: [] }, live, '"ports" is empty'],
    [{ proto: "sctp" }, live, 'seport: "proto" is "sctp", but must be one of tcp, udp'],
    [
      { setype: "http port" },
      live,
      '"setype" is "http port", but must be a name of the policy: letters, digits, "_", "." and "-"',
    ],
    [{}, off, "seport: SELinux is disabled on this host; ignore_selinux_state: true changes the policy's store all the same"],
    [
      { state: "absent" },
      live,
      "seport: tcp/8081 is http_port_t by the policy itself and cannot be removed; give it another setype, or set local: true to look at local changes only",
    ],
  ])("says what is wrong with %j", async (raw, context, message) => {
    const answers = { "8081": port(null, "http_port_t") };
    await expect(planned(seport, { ...given, ...raw }, answers, context)).rejects.toMatchObject({ message });
  });

  it("says what is missing", async () => {
    const plan = (of: PolicyStore, traits = live.traits) =>
      planned(seport, given, { "8081": port(null, undefined, of) }, { ...live, traits });
    const noTool = { ...store, hasSemanage: false };
    await expect(plan(noTool)).rejects.toMatchObject({
      resource: "command:semanage",
      message: "seport needs semanage, which this host lacks; install the package policycoreutils-python-utils",
    });
    await expect(plan(noTool, { ...live.traits, packageManager: "yum" })).rejects.toMatchObject({
      message:
        "seport needs semanage, which this host lacks; install the package policycoreutils-python-utils (policycoreutils-python before RHEL 8)",
    });
    await expect(
      plan({ type: "targeted", hasSemanage: true }, { ...live.traits, packageManager: "zypper" }),
    ).rejects.toMatchObject({
      resource: "path:/var/lib/selinux/targeted/active",
      message: 'seport: there is no SELinux policy "targeted" on this host; install the package selinux-policy-targeted',
    });
  });
});
