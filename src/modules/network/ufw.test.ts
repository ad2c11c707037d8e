import { describe, expect, it } from "vitest";
import { planned } from "../../../test/module-cases.ts";
import { ufwRule } from "../support/firewall/ufw-questions.ts";
import { ufw } from "./ufw.ts";

const ufwState = {
  isInstalled: true,
  isEnabled: true,
  policies: { incoming: "deny", outgoing: "allow", routed: "deny" },
  logging: "low",
  count: { ipv4: 3, ipv6: 2 },
};
const answers = (more: object = {}, rule: object = { state: "other" }) => ({ state: { ...ufwState, ...more }, rule });

describe("what a dry run of ufw says", () => {
  const decode = (text: string) =>
    ufwRule(["allow"]).collector.decode(
      { rc: 0, stdout: Buffer.from(`${text}\0`), stderr: Buffer.alloc(0) },
      [""],
      undefined as never,
    )[0];
  const SSH = "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n";
  const SSH6 = "### tuple ### allow tcp 22 ::/0 any ::/0 in\n";
  const now = `== now 4\n${SSH}== now 6\n${SSH6}`;
  it.each([
    ["nothing to add", `said|Skipping adding existing rule\n${now}`, "same"],
    ["a rule more", `said|*filter\n:ufw-user-input - [0:0]\n${SSH}### tuple ### deny tcp 23\n${now}`, "other"],
    ["nothing to remove", `said|*filter\n:ufw-user-input - [0:0]\n${SSH}:ufw6-user-input - [0:0]\n${SSH6}${now}`, "same"],
    ["one family less", `said|*filter\n:ufw-user-input - [0:0]\n${SSH}:ufw6-user-input - [0:0]\n${now}`, "other"],
    ["all rules gone", `said|*filter\n:ufw-user-input - [0:0]\n:ufw6-user-input - [0:0]\n${now}`, "other"],
    ["no ufw", "none|", "other"],
  ])("%s", (_name, text, state) => expect(decode(text)).toEqual({ state }));

  it("a mistake, or that it may not be asked", () => {
    expect(decode("refused|ERROR: Bad port\n")).toEqual({ state: "refused", said: "ERROR: Bad port" });
    expect(decode("refused|ERROR: You need to be root to run this script")).toMatchObject({
      reason: "cannot ask ufw: ERROR: You need to be root to run this script",
    });
  });
});

describe("ufw", () => {
  it.each([
    [
      "a rule",
      { rule: "allow", port: "22", proto: "tcp" },
      {},
      ["rule: absent -> allow from any to any port 22 proto tcp"],
      "ufw allow from any to any port 22 proto tcp >/dev/null || exit",
    ],
    [
      "everything about a rule",
      {
        rule: "reject",
        direction: "in",
        interface: "eth0",
        log: true,
        src: "10.0.0.1",
        from_port: "5",
        dest: "10.0.0.2",
        comment: "a b",
      },
      {},
      ["rule: absent -> reject in on eth0 log from 10.0.0.1 port 5 to 10.0.0.2 comment a b"],
      "ufw reject in on eth0 log from 10.0.0.1 port 5 to 10.0.0.2 comment 'a b' >/dev/null || exit",
    ],
    [
      "a removal",
      { rule: "allow", port: "22", delete: true, insert: 1, comment: "x" },
      {},
      ["rule: allow from any to any port 22 -> absent"],
      "ufw delete allow from any to any port 22 >/dev/null || exit",
    ],
    [
      "a first rule",
      { rule: "deny", from: "10.0.0.1", insert: 1 },
      {},
      ["rule: absent -> deny from 10.0.0.1 to any"],
      "ufw insert 1 deny from 10.0.0.1 to any >/dev/null || exit",
    ],
    [
      "a first rule for IPv6",
      { rule: "deny", from: "::1", insert: 0, insert_relative_to: "first-ipv6" },
      {},
      ["rule: absent -> deny from ::1 to any"],
      "ufw insert 4 deny from ::1 to any >/dev/null || exit",
    ],
    [
      "a place behind the end",
      { rule: "deny", insert: 9 },
      {},
      ["rule: absent -> deny from any to any"],
      "ufw deny from any to any >/dev/null || exit",
    ],
    [
      "a route",
      { rule: "allow", route: true, if_in: "a", if_out: "b", insert: 1 },
      {},
      ["rule: absent -> route allow in on a out on b from any to any"],
      "ufw route insert 1 allow in on a out on b from any to any >/dev/null || exit",
    ],
    [
      "a policy",
      { policy: "reject" },
      {},
      ["default incoming: deny -> reject"],
      "ufw default reject incoming >/dev/null || exit",
    ],
    [
      "a policy for routes",
      { policy: "allow", direction: "routed" },
      {},
      ["default routed: deny -> allow"],
      "ufw default allow routed >/dev/null || exit",
    ],
    ["logging", { logging: "full" }, {}, ["logging: low -> full"], "ufw logging full >/dev/null || exit"],
    [
      "all at once",
      { state: "enabled", logging: "on", policy: "deny", direction: "out" },
      { isEnabled: false, logging: "off" },
      ["state: disabled -> enabled", "logging: off -> on", "default outgoing: allow -> deny"],
      "ufw --force enable >/dev/null || exit\nufw logging on >/dev/null || exit\nufw default deny outgoing >/dev/null || exit",
    ],
    ["a reset", { state: "reset" }, {}, ["state: enabled, 5 rules -> reset"], "ufw --force reset >/dev/null || exit"],
  ])("changes %s", async (_name, raw, more, differences, script) => {
    const result = await planned(ufw, raw, answers(more));
    expect(result.differences).toEqual(differences);
    expect(result.script).toBe(script);
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["a rule", { rule: "allow", port: "22" }, answers({}, { state: "same" })],
    ["the state", { state: "enabled", logging: "on", policy: "deny" }, answers()],
    ["nothing to reset", { state: "reset" }, answers({ isEnabled: false, count: { ipv4: 0, ipv6: 0 } })],
    ["a removal after a reset", { rule: "allow", port: "22", delete: true }, answers({ isReset: true })],
  ])("is converged: %s", async (_name, raw, state) => expect((await planned(ufw, raw, state)).differences).toEqual([]));

  it("adds after a reset what was there before it", async () => {
    const rule = await planned(ufw, { rule: "allow", port: "22" }, answers({ isReset: true }, { state: "same" }));
    expect(rule.differences).toEqual(["rule: absent -> allow from any to any port 22"]);
    expect(rule.left).toBeUndefined();
  });

  it.each([
    ["no ufw", { state: "enabled" }, { isInstalled: false }, "the host has no ufw; install the package ufw"],
    ["a reload of nothing", { state: "reloaded" }, { isEnabled: false }, "ufw is not enabled, so there is nothing to reload"],
    ["nothing to do", {}, {}, 'ufw needs one of "state", "default", "rule" or "logging"'],
    ["a direction for nothing", { state: "enabled", direction: "in" }, {}, '"direction" needs "default" or "rule"'],
    [
      "routed rules",
      { rule: "allow", direction: "routed" },
      {},
      "direction: routed is for default; for a rule it is route: true",
    ],
    [
      "one direction for two",
      { rule: "allow", policy: "deny", direction: "in" },
      {},
      '"direction" cannot be for "default" and "rule" at once; make two tasks of it',
    ],
    ["an interface without a direction", { rule: "allow", interface: "eth0" }, {}, '"interface" needs "direction"'],
    [
      "two interfaces without a route",
      { rule: "allow", if_in: "a", if_out: "b" },
      {},
      "only rules with route: true have both interface_in and interface_out",
    ],
    ["a port without a rule", { state: "enabled", port: "22" }, {}, 'a rule needs "rule": allow, deny, limit or reject'],
    ["an option for an address", { rule: "allow", from: "--dry-run" }, {}, '"from_ip" is "--dry-run", but must be one word'],
    ["quotes in a comment", { rule: "allow", comment: "it's" }, {}, '"comment" must not hold quotes or line breaks'],
  ])("refuses %s", async (_name, raw, more, message) => {
    await expect(planned(ufw, raw, answers(more))).rejects.toThrow(message);
  });
});
