import { describe, expect, it } from "vitest";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import type { PolicyStore } from "../support/selinux/policy-store.ts";
import { sefcontext } from "./sefcontext.ts";

const store: PolicyStore = { type: "default", directory: "/var/lib/selinux/default/active", hasSemanage: true };
const live = contextOf({ traits: { ...debian, selinux: true } });
const label = (type: string): string => `system_u:object_r:${type}:s0`;
type Rule = readonly [target: string, source: string, by: "local" | "distribution"];
const answers = (local: string | null, policy: string | null, ...rules: readonly Rule[]) => ({
  context: { store, local, stored: local, policy },
  substitutions: { store, list: rules.map(([target, source, by]) => ({ target, source, by })) },
});
const given = { target: "/srv/www(/.*)?", setype: "httpd_sys_content_t" };
const fresh = answers(null, null);

describe("sefcontext", () => {
  it.each([
    [
      "adds",
      {},
      fresh,
      "context: none -> system_u:object_r:httpd_sys_content_t:s0",
      "semanage fcontext --add -f a -t httpd_sys_content_t '/srv/www(/.*)?'",
    ],
    [
      "adds for directories, with user and level",
      { ftype: "d", seuser: "staff_u", selevel: "s0:c1" },
      fresh,
      "context: none -> staff_u:object_r:httpd_sys_content_t:s0:c1",
      "semanage fcontext --add -f d -t httpd_sys_content_t -s staff_u -r s0:c1 '/srv/www(/.*)?'",
    ],
    [
      "modifies what the policy says, and keeps its user",
      {},
      answers(null, "user_u:object_r:var_t:s0"),
      "context: user_u:object_r:var_t:s0 -> user_u:object_r:httpd_sys_content_t:s0",
      "semanage fcontext --modify -f a -t httpd_sys_content_t '/srv/www(/.*)?'",
    ],
    [
      "modifies a local change",
      {},
      answers(label("etc_t"), null),
      "context: system_u:object_r:etc_t:s0 -> system_u:object_r:httpd_sys_content_t:s0",
      "semanage fcontext --modify -f a",
    ],
    [
      "labels nothing",
      { setype: "<<none>>" },
      answers(label("etc_t"), null),
      "context: system_u:object_r:etc_t:s0 -> <<none>>",
      "semanage fcontext --modify -f a -t '<<none>>'",
    ],
    [
      "labels again",
      {},
      answers("<<none>>", null),
      "context: <<none>> -> system_u:object_r:httpd_sys_content_t:s0",
      "semanage fcontext --modify -f a -t httpd_sys_content_t",
    ],
    [
      "changes the level alone",
      { selevel: "s0:c9" },
      answers(label("httpd_sys_content_t"), null),
      "context: system_u:object_r:httpd_sys_content_t:s0 -> system_u:object_r:httpd_sys_content_t:s0:c9",
      "semanage fcontext --modify -f a -t httpd_sys_content_t -r s0:c9",
    ],
    [
      "removes, and the policy's word holds again",
      { state: "absent" },
      answers(label("httpd_sys_content_t"), label("var_t")),
      "context: system_u:object_r:httpd_sys_content_t:s0 -> system_u:object_r:var_t:s0",
      "semanage fcontext --delete -f a '/srv/www(/.*)?'",
    ],
    [
      "loads nothing",
      { reload: false },
      fresh,
      "context: none -> system_u:object_r:httpd_sys_content_t:s0",
      "semanage fcontext --add -N -f a",
    ],
  ])("%s", async (_name, raw, state, difference, part) => {
    const found = await planned(sefcontext, { ...given, ...raw }, state, live);
    expect(found.differences).toEqual([difference]);
    expect(found.script).toContain(part);
    expect(found.left).toBeUndefined();
  });

  const equal = { target: "/srv/equal", substitute: "/var/www" };
  it.each([
    ["adds", equal, fresh, "as: none -> /var/www", ["semanage fcontext --add -e /var/www /srv/equal"]],
    [
      "changes",
      equal,
      answers(null, null, ["/srv/equal", "/var/log", "local"]),
      "as: /var/log -> /var/www",
      ["'fcontext --delete -e /var/log /srv/equal' 'fcontext --add -e /var/www /srv/equal' | semanage import"],
    ],
    [
      "removes",
      { ...equal, state: "absent" },
      answers(null, null, ["/srv/equal", "/var/www", "local"]),
      "as: /var/www -> none",
      ["semanage fcontext --delete -e /var/www /srv/equal"],
    ],
    [
      "removes whatever it is",
      { target: "/srv/equal", state: "absent" },
      answers(null, null, ["/srv/equal", "/var/www", "local"]),
      "as: /var/www -> none",
      ["semanage fcontext --delete -e /var/www /srv/equal"],
    ],
  ])("%s a substitute", async (_name, raw, state, difference, parts) => {
    const found = await planned(sefcontext, raw, state, live);
    expect(found.differences).toEqual([difference]);
    for (const part of parts) expect(found.script).toContain(part);
    expect(found.left).toBeUndefined();
  });

  it.each([
    ["by a local change", {}, answers(label("httpd_sys_content_t"), label("var_t"))],
    ["by the policy", {}, answers(null, label("httpd_sys_content_t"))],
    ["with another user that was not asked about", {}, answers("staff_u:object_r:httpd_sys_content_t:s0:c1", null)],
    ["gone", { state: "absent" }, answers(null, null)],
    ["back to the policy's", { state: "absent", setype: null }, answers(null, label("var_t"))],
    ["a substitute", { setype: null, ...equal }, answers(null, null, ["/srv/equal", "/var/www", "local"])],
    ["another substitute stays", { setype: null, ...equal, state: "absent" }, answers(null, null, ["/srv/equal", "/x", "local"])],
  ])("converged: %s", async (_name, raw, state) => {
    expect((await planned(sefcontext, { ...given, ...raw }, state, live)).differences).toEqual([]);
  });

  it.each([
    [{ setype: null }, live, 'sefcontext: with state: present it needs "setype" or "substitute"'],
    [{ substitute: "/x" }, live, 'sefcontext: "setype" and "substitute" exclude each other; give one of them'],
    [
      { setype: null, substitute: "/x", ftype: "d" },
      live,
      'sefcontext: "substitute" and "ftype" exclude each other; give one of them',
    ],
    [{ target: "srv" }, live, '"target" is "srv", but must begin with "/" and hold no blanks; "\\s" stands for one'],
    [{ target: "/a b" }, live, '"target" is "/a b", but must begin with "/" and hold no blanks; "\\s" stands for one'],
    [
      { setype: null, target: "/srv/x", substitute: "/var/www/" },
      live,
      '"substitute" is "/var/www/", but with "substitute" must be an absolute path without "/" at its end',
    ],
    [{ setype: "a b" }, live, '"setype" is "a b", but must be a name of the policy: letters, digits, "_", "." and "-"'],
    [{ selevel: "s0 s1" }, live, '"selevel" is "s0 s1", but must be a level or range such as s0 or s0-s0:c0.c1023'],
    [{ ftype: "x" }, live, 'sefcontext: "ftype" is "x", but must be one of a, b, c, d, f, l, p, s'],
    [
      {},
      contextOf(),
      "sefcontext: SELinux is disabled on this host; ignore_selinux_state: true changes the policy's store all the same",
    ],
    [
      { target: "/run/lock/x" },
      live,
      "sefcontext: nothing below /run/lock is looked up under its own name, since it is labelled as /var/lock; use the target /var/lock/x",
    ],
  ])("says what is wrong with %j", async (raw, context, message) => {
    const state = answers(null, null, ["/run/lock", "/var/lock", "distribution"]);
    await expect(planned(sefcontext, { ...given, ...raw }, state, context)).rejects.toMatchObject({ message });
  });

  it("cannot remove what the policy says", async () => {
    const state = answers(null, label("httpd_sys_content_t"));
    await expect(planned(sefcontext, { ...given, state: "absent" }, state, live)).rejects.toMatchObject({
      message:
        "sefcontext: /srv/www(/.*)? is httpd_sys_content_t by the policy itself, which cannot be removed; give it another setype with state: present",
    });
  });

  it("needs semanage only for a change", async () => {
    const without = (local: string | null) => {
      const state = answers(local, null);
      return { ...state, context: { ...state.context, store: { ...store, hasSemanage: false } } };
    };
    expect((await planned(sefcontext, given, without(label("httpd_sys_content_t")), live)).change).toBeUndefined();
    await expect(planned(sefcontext, given, without(null), live)).rejects.toMatchObject({
      message: "sefcontext needs semanage, which this host lacks; install the package policycoreutils-python-utils",
    });
  });
});
