import { describe, expect, it } from "vitest";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import type { BooleanValue } from "../support/selinux/boolean-values.ts";
import { seboolean } from "./seboolean.ts";

const live = contextOf({ traits: { ...debian, selinux: true } });
const off = contextOf();
const value = (more: Partial<BooleanValue> = {}): { readonly boolean: BooleanValue } => ({
  boolean: {
    store: { type: "targeted", directory: "/var/lib/selinux/targeted/active", hasSemanage: true },
    name: "httpd_enable_cgi",
    live: false,
    stored: null,
    isKnown: true,
    hasSetsebool: true,
    ...more,
  },
});
const given = { name: "httpd_enable_cgi", state: true };
const stored = { ...given, persistent: true };

describe("seboolean", () => {
  it.each([
    ["switches on", given, value(), live, ["state: off -> on"], "setsebool httpd_enable_cgi on"],
    [
      "switches off",
      { ...given, state: "off" },
      value({ live: true }),
      live,
      ["state: on -> off"],
      "setsebool httpd_enable_cgi off",
    ],
    [
      "switches on for good",
      stored,
      value(),
      live,
      ["state: off -> on", "after a reboot: the policy's default -> on"],
      "setsebool -P httpd_enable_cgi on",
    ],
    [
      "keeps what is right already",
      stored,
      value({ live: true, stored: false }),
      live,
      ["after a reboot: off -> on"],
      "setsebool -P httpd_enable_cgi on",
    ],
    [
      "writes it down where SELinux is off",
      { ...stored, ignore_selinux_state: true },
      value({ live: null }),
      off,
      ["after a reboot: the policy's default -> on"],
      "setsebool -P -N httpd_enable_cgi on",
    ],
  ])("%s", async (_name, raw, state, context, differences, part) => {
    const found = await planned(seboolean, raw, state, context);
    expect(found.differences).toEqual(differences);
    expect(found.script).toContain(part);
    expect(found.left).toBeUndefined();
  });

  it.each([
    ["now", given, value({ live: true, stored: false }), live],
    ["for good", stored, value({ live: true, stored: true, hasSetsebool: false }), live],
    ["where SELinux is off", { ...stored, ignore_selinux_state: true }, value({ live: null, stored: true }), off],
  ])("converged: %s", async (_name, raw, state, context) => {
    expect((await planned(seboolean, raw, state, context)).differences).toEqual([]);
  });

  it.each([
    [{ state: "maybe" }, live, {}, 'seboolean: "state" is "maybe", but must be a boolean (true or false)'],
    [{ name: "a b" }, live, {}, '"name" is "a b", but must be a name of the policy: letters, digits, "_", "." and "-"'],
    [
      { ignore_selinux_state: true },
      off,
      {},
      "seboolean: ignore_selinux_state needs persistent: true, since there is no other value where SELinux is disabled",
    ],
    [{}, live, { isKnown: false, live: null }, 'seboolean: the SELinux policy has no boolean "httpd_enable_cgi"'],
    [
      {},
      off,
      { live: null },
      "seboolean: SELinux is disabled on this host; ignore_selinux_state: true changes the policy's store all the same",
    ],
    [{}, live, { hasSetsebool: false }, "seboolean needs setsebool, which this host lacks; install the package policycoreutils"],
    [
      {},
      live,
      { store: { type: "default", hasSemanage: false } },
      'seboolean: there is no SELinux policy "default" on this host; install the package selinux-policy-default',
    ],
  ])("says what is wrong with %j (%#)", async (raw, context, answer, message) => {
    await expect(planned(seboolean, { ...given, ...raw }, value(answer), context)).rejects.toMatchObject({ message });
  });
});
