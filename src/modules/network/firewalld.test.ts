import { describe, expect, it } from "vitest";
import { planned } from "../../../test/module-cases.ts";
import { firewalld } from "./firewalld.ts";

const yes = { daemon: "running", status: 0, said: "yes" };
const no = { daemon: "running", status: 1, said: "no" };
const stopped = { daemon: "stopped", status: 1, said: "no" };
const zones = { daemon: "running", status: 0, said: "block public trusted" };
const answers = (more: object = {}) => ({ zones, target: yes, service: yes, "permanent 0": no, "runtime 0": no, ...more });
const https = { service: "https", state: "enabled" };

describe("firewalld", () => {
  it.each([
    ["now", https, {}, ["service https: disabled -> enabled"], "firewall-cmd  '--add-service=https'  >/dev/null || exit"],
    [
      "at the next start",
      { ...https, permanent: true },
      {},
      ["service https: disabled -> enabled"],
      "firewall-cmd --permanent '--add-service=https'  >/dev/null || exit",
    ],
    [
      "now and later",
      { ...https, permanent: true, immediate: true },
      {},
      ["service https: disabled -> enabled", "service https: disabled -> enabled"],
      "firewall-cmd --permanent '--add-service=https'  >/dev/null || exit\nfirewall-cmd  '--add-service=https'  >/dev/null || exit",
    ],
    [
      "later, as it is so now",
      { ...https, permanent: true, immediate: true },
      { "runtime 0": yes },
      ["service https: disabled -> enabled"],
      "firewall-cmd --permanent '--add-service=https'  >/dev/null || exit",
    ],
    [
      "while it does not run",
      { ...https, permanent: true, immediate: true, offline: true },
      { "permanent 0": stopped, "runtime 0": stopped },
      ["service https: disabled -> enabled"],
      "firewall-offline-cmd '--add-service=https' >/dev/null || exit",
    ],
    [
      "for a while",
      { ...https, timeout: 60 },
      {},
      ["service https: disabled -> enabled"],
      "firewall-cmd  '--add-service=https' '--timeout=60' >/dev/null || exit",
    ],
    [
      "not any more",
      { ...https, state: "disabled" },
      { "runtime 0": yes },
      ["service https: enabled -> disabled"],
      "firewall-cmd  '--remove-service=https'  >/dev/null || exit",
    ],
    [
      "not any more while it does not run",
      { ...https, state: "disabled", permanent: true, offline: true },
      { "permanent 0": { ...stopped, status: 0 } },
      ["service https: enabled -> disabled"],
      "firewall-offline-cmd '--remove-service-from-zone=https' >/dev/null || exit",
    ],
    [
      "an interface",
      { interface: "eth1", zone: "public", state: "enabled" },
      {},
      ["interface eth1: disabled -> enabled"],
      "firewall-cmd  '--zone=public' '--change-interface=eth1'  >/dev/null || exit",
    ],
    [
      "no masquerade",
      { masquerade: "no", state: "enabled" },
      { "runtime 0": yes },
      ["masquerade: enabled -> disabled"],
      "firewall-cmd  --remove-masquerade  >/dev/null || exit",
    ],
    [
      "a zone",
      { zone: "edge", state: "present", permanent: true },
      {},
      ["zone: absent -> present"],
      "firewall-cmd --permanent '--new-zone=edge'  >/dev/null || exit",
    ],
    [
      "no zone",
      { zone: "public", state: "absent", permanent: true },
      {},
      ["zone: present -> absent"],
      "firewall-cmd --permanent '--delete-zone=public'  >/dev/null || exit",
    ],
    [
      "a target",
      { zone: "public", target: "%%REJECT%%", state: "present", permanent: true },
      { target: { ...yes, said: "default" } },
      ["target: default -> %%REJECT%%"],
      "firewall-cmd --permanent '--zone=public' '--set-target=%%REJECT%%'  >/dev/null || exit",
    ],
  ])("changes it: %s", async (_name, raw, more, differences, script) => {
    const result = await planned(firewalld, raw, answers(more));
    expect(result.differences).toEqual(differences);
    expect(result.script).toBe(script);
    expect(result.left).toBeUndefined();
  });

  it("makes settings of a zone that an earlier task of a dry run would have made", async () => {
    const invalid = { daemon: "running", status: 112, said: "INVALID_ZONE: edge" };
    const raw = { ...https, zone: "edge", permanent: true };
    const predicted = { zones: { ...zones, said: "public edge" }, "permanent 0": invalid };
    expect((await planned(firewalld, raw, answers(predicted))).differences).toEqual(["service https: disabled -> enabled"]);
    await expect(planned(firewalld, raw, answers({ "permanent 0": invalid }))).rejects.toThrow(
      'firewalld has no zone "edge"; state: present and permanent: true make it',
    );
  });

  it.each([
    [
      "no firewalld",
      https,
      { "runtime 0": { ...no, daemon: "no program" } },
      "the host has no firewalld; install the package firewalld",
    ],
    [
      "one that does not run",
      { ...https, permanent: true },
      { "permanent 0": stopped },
      "firewalld is not running; start it, or set permanent: true and offline: true to change what it reads when it starts",
    ],
    ["an unknown service", https, { service: no }, 'firewalld knows no service "https"'],
    [
      "one that the running firewall will not even look for",
      https,
      { "runtime 0": { ...no, status: 101 }, service: { ...no, status: 101 } },
      'firewalld knows no service "https"',
    ],
    [
      "what firewalld refuses",
      { rich_rule: "x", state: "enabled" },
      { "runtime 0": { ...no, status: 122, said: "INVALID_RULE: x" } },
      "firewalld does not take this: INVALID_RULE: x",
    ],
    ["two settings", { ...https, port: "80/tcp" }, {}, "exclude each other; give one of them"],
    [
      "a port without protocol",
      { port: "80", state: "enabled" },
      {},
      '"port" is "80", but must be PORT/PROTOCOL or FIRST-LAST/PROTOCOL, such as "8080/tcp"',
    ],
    [
      "a forward without a goal",
      { port_forward: [{ port: 80, proto: "tcp" }], state: "enabled" },
      {},
      '"port_forward" needs "port", "proto" and "toport"',
    ],
    [
      "the state of a zone for a setting",
      { ...https, state: "present" },
      {},
      "state: present is for zones; for a setting of a zone it is enabled",
    ],
    ["nothing", { state: "enabled" }, {}, "it needs a setting, such as service or port; or a zone and state: present or absent"],
    ["a zone for now", { zone: "edge", state: "present" }, {}, "zones and their targets are permanent: set permanent: true"],
    ["an interface without a zone", { interface: "eth1", state: "enabled" }, {}, '"interface" needs "zone"'],
    ["a timeout for ever", { ...https, permanent: true, timeout: 9 }, {}, '"timeout" is for changes that are not permanent'],
    [
      "a flag that is none",
      { masquerade: "maybe", state: "enabled" },
      {},
      '"masquerade" is "maybe", but must be a boolean (true or false)',
    ],
  ])("refuses %s", async (_name, raw, more, message) => {
    await expect(planned(firewalld, raw, answers(more))).rejects.toThrow(message);
  });
});
