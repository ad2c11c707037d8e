import { describe, expect, it } from "vitest";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import { parseParameters } from "../parameters.ts";
import { parseRanges, withRanges } from "../support/accounts/sub-ids.ts";
import { newInode } from "../support/files/attributes.ts";
import { group } from "./group.ts";
import { user } from "./user.ts";

const bob = { name: "bob", uid: 1001, gid: 1001, comment: "Bob", home: "/home/bob", shell: "/bin/sh" };
const groupOf = (name: string, gid: number) => ({ name, gid, members: [] });
const answers = (more: object = {}) => ({
  user: bob,
  holder: null,
  memberships: [],
  shadow: null,
  home: "present",
  key: null,
  subuidPath: { kind: "absent" },
  subuidContent: { kind: "none" },
  subgidPath: { kind: "absent" },
  subgidContent: { kind: "none" },
  defaults: { homes: "/home", homeMode: 0o700, umask: 0o22, shell: "/bin/sh" },
  "group bob": groupOf("bob", 1001),
  ...more,
});
const shadow = { password: "$6$old", minDays: 0, maxDays: 99_999, warnDays: 7, inactiveDays: null, expires: null };
const busybox = contextOf({
  traits: { ...debian, commands: new Set(["adduser", "addgroup", "deluser", "delgroup", "chpasswd"]) },
});

describe("user", () => {
  it("makes one", async () => {
    const raw = {
      name: "bob",
      uid: 1001,
      group: "ops",
      groups: "adm,wheel",
      shell: "/bin/bash",
      home: "/srv/x/bob",
      password: "$6$h",
    };
    const state = answers({
      user: null,
      "group bob": null,
      "group ops": groupOf("ops", 7),
      "group adm": groupOf("adm", 4),
      "group wheel": groupOf("wheel", 5),
    });
    const result = await planned(user, raw, state);
    expect(result.script).toBe(
      "mkdir -p -- /srv/x || exit\nuseradd -u 1001 -g ops -G adm,wheel -d /srv/x/bob -s /bin/bash -m bob || exit\n\npayload password | chpasswd -e || exit",
    );
    expect(result.differences).toContain("password: ******** -> ******** (new)");
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["as useradd is set up", {}, "/home/bob", 0o700],
    ["where it is asked to be", { home: "/srv/b" }, "/srv/b", 0o700],
  ])("foresees the home it makes: %s", (_, more, path, mode) => {
    const state = answers({ user: null, "group bob": null });
    const params = parseParameters(user.parameters, "user", { name: "bob", ...more }).value;
    const change = user.plan(state as never, params, contextOf());
    if (change === undefined) throw new Error("no change");
    const predicted = user.predict?.(change, state as never, params, contextOf()) ?? [];
    const home = predicted.find((one) => one.question.collector.name === "path");
    expect([home?.question.item, home?.answer]).toEqual([
      path,
      expect.objectContaining({ kind: "directory", mode, owner: "bob" }),
    ]);
    expect(user.provides?.(change, params, state as never)).toEqual(["user:bob", "group:bob", `path:${path}/*`]);
  });

  it("takes no group of the same name for its own", async () => {
    const result = await planned(user, { name: "bob", create_home: false, system: true }, answers({ user: null }));
    expect(result.script).toContain("useradd -N -r -M bob || exit");
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["nothing is asked", { name: "bob" }, {}],
    ["all is so", { name: "bob", uid: 1001, group: "bob", comment: "Bob", home: "/home/bob", shell: "/bin/sh" }, {}],
    ["the primary group is named among the others", { name: "bob", groups: ["bob"] }, {}],
    [
      "append leaves others alone",
      { name: "bob", groups: "adm", append: true },
      { memberships: ["adm", "x"], "group adm": groupOf("adm", 4) },
    ],
    ["the same password", { name: "bob", password: "$6$old" }, { shadow }],
    ["a locked password of the same hash", { name: "bob", password: "$6$old" }, { shadow: { ...shadow, password: "!$6$old" } }],
    ["another password, which is for new users", { name: "bob", password: "x", update_password: "on_create" }, { shadow }],
    ["no end", { name: "bob", expires: -1 }, { shadow }],
    ["the same day", { name: "bob", expires: 86_400 * 3 + 5 }, { shadow: { ...shadow, expires: 3 } }],
    ["locked", { name: "bob", password_lock: true }, { shadow: { ...shadow, password: "!x" } }],
    ["absent", { name: "bob", state: "absent" }, { user: null }],
  ])("converged: %s", async (_name, raw, more) => {
    expect((await planned(user, raw, answers(more))).differences).toEqual([]);
  });

  it.each([
    ["shell and comment", { shell: "/bin/zsh", comment: "B" }, {}, "usermod -c B -s /bin/zsh bob || exit"],
    ["number", { uid: 5 }, {}, "usermod -u 5 bob || exit"],
    ["primary group", { group: "ops" }, { "group ops": groupOf("ops", 7) }, "usermod -g ops bob || exit"],
    ["home, moved", { home: "/srv/bob", move_home: true }, {}, "usermod -d /srv/bob -m bob || exit"],
    [
      "further groups",
      { groups: "adm", append: true },
      { memberships: ["x"], "group adm": groupOf("adm", 4) },
      "usermod -a -G adm bob || exit",
    ],
    [
      "exactly these groups",
      { groups: "adm" },
      { memberships: ["x"], "group adm": groupOf("adm", 4) },
      "usermod -G adm bob || exit",
    ],
    ["no groups", { groups: [] }, { memberships: ["x"] }, "usermod -G '' bob || exit"],
    ["lock", { password_lock: true }, { shadow }, "usermod -L bob || exit"],
    ["unlock", { password_lock: false }, { shadow: { ...shadow, password: "!x" } }, "usermod -U bob || exit"],
    ["end", { expires: 86_400 * 19_000 }, { shadow }, "usermod -e 2022-01-08 bob || exit"],
    ["no end", { expires: -1 }, { shadow: { ...shadow, expires: 5 } }, "usermod -e '' bob || exit"],
    [
      "ages",
      { password_expire_max: 90, password_expire_min: 1, password_expire_warn: 3 },
      { shadow },
      "chage -m 1 -M 90 -W 3 bob || exit",
    ],
    ["account after the password", { password_expire_account_disable: 5 }, { shadow }, "chage -I 5 bob || exit"],
    ["password", { password: "$6$new" }, { shadow }, "payload password | chpasswd -e || exit"],
    ["removal", { state: "absent", remove: true, force: true }, {}, "userdel -f -r bob"],
  ])("changes %s", async (_name, raw, more, script) => {
    const result = await planned(user, { name: "bob", ...raw }, answers(more));
    expect(result.script).toBe(script);
    expect(result.left).toBeUndefined();
  });

  it("makes a missing home directory, and a key", async () => {
    const result = await planned(
      user,
      { name: "bob", generate_ssh_key: true, ssh_key_type: "ed25519" },
      answers({ home: "missing" }),
    );
    expect(result.differences).toEqual(["home directory: absent -> present", "ssh key: absent -> present"]);
    expect(result.script).toContain("ssh-keygen -q -t ed25519  -C");
    expect(result.left).toBeUndefined();
  });

  it("gives a passphrase to ssh-keygen on no command line", async () => {
    const raw = { name: "bob", generate_ssh_key: true, ssh_key_passphrase: "open sesame" };
    const result = await planned(user, raw, answers());
    expect(result.script).toContain("payload passphrase | ");
    expect(result.script).not.toContain("sesame");
  });

  const file = (text: string) => ({
    subuidContent: { kind: "file", base64: Buffer.from(text).toString("base64") },
    subuidPath: { ...newInode("file", 0o644, debian) },
  });

  it("writes ranges of numbers, in the place of useradd's own", async () => {
    const result = await planned(
      user,
      { name: "bob", subuid_ranges: "300000:65536", subgid_ranges: ["auto"], create_home: false },
      answers({ user: null, "group bob": null, ...file("eve:100000:65536\nbob:165536:65536\n") }),
    );
    expect(result.script).toContain("useradd -K 'SUB_UID_COUNT=0' -K 'SUB_GID_COUNT=0' -M bob || exit");
    expect(result.differences).toEqual([
      "state: absent -> present",
      "/etc/subuid: text",
      "state: absent -> file",
      "/etc/subgid: text",
    ]);
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["bob:100000:65536\n", ["auto"], "bob:100000:65536\n"],
    ["bob:100000:1000\n", ["auto"], "bob:100000:1000\nbob:101000:65536\n"],
    ["eve:100000:65536\nada:200000:65536\n", ["auto"], "eve:100000:65536\nada:200000:65536\nbob:265536:65536\n"],
    ["1001:5000:10\n# x\n", ["7000:10"], "# x\nbob:7000:10\n"],
    ["bob:1:1\nbob:5:1\n", ["5:1", "1:1"], "bob:1:1\nbob:5:1\n"],
    ["eve:1:1\nbob:5:1\n", [], "eve:1:1\n"],
  ])("ranges: %j and %j make %j", (before, given, after) => {
    const ranges = parseRanges("subuid_ranges", given);
    expect(withRanges("/etc/subuid", before, { name: "bob", uid: 1001 }, ranges)).toBe(after);
    expect(withRanges("/etc/subuid", after, { name: "bob", uid: 1001 }, ranges)).toBe(after);
  });

  it.each([
    [
      "a range of another user",
      { subuid_ranges: ["150000:10"] },
      '/etc/subuid: 150000:10 overlaps 100000:65536, which belongs to "eve"',
    ],
    [
      "no range",
      { subuid_ranges: ["150000-10"] },
      '"subuid_ranges" has "150000-10", but must be START:COUNT such as "100000:65536", or auto',
    ],
    ["root's number", { subgid_ranges: ["0:10"] }, '"subgid_ranges" has "0:10", which would hand out root\'s own number'],
    ["ranges that overlap", { subuid_ranges: ["5:10", "14:1"] }, '"subuid_ranges": 5:10 and 14:1 overlap'],
    [
      "a password in clear",
      { password: "sesame" },
      `"password" is no hash, and with it nobody could log in; make one with: "{{ the_password | password_hash('sha512') }}"`,
    ],
    ["a line break in a hash", { password: "$6$x\nroot:" }, '"password" holds a character that no hash has'],
    ["a name that is an option", { name: "-r" }, '"-r" is no name of a user'],
    ["a umask that is none", { umask: "rwx" }, '"umask" is "rwx", but must be octal, such as "077"'],
    ["a colon in the comment", { comment: "a:0:0" }, '"comment" must not hold a colon or a line break'],
    [
      "ages that contradict",
      { password_expire_min: 9, password_expire_max: 5 },
      '"password_expire_min" (9) is more than "password_expire_max" (5): the password could never be changed',
    ],
  ])("refuses %s", async (_name, raw, message) => {
    await expect(planned(user, { name: "bob", ...raw }, answers({ shadow, ...file("eve:100000:65536\n") }))).rejects.toThrow(
      message,
    );
  });

  it.each([
    ["a missing group", { groups: "nosuch" }, { "group nosuch": null }, "Group nosuch does not exist"],
    [
      "a taken number",
      { uid: 7 },
      { holder: { ...bob, name: "eve", uid: 7 } },
      'UID 7 already belongs to the user "eve" (non_unique: true would allow it)',
    ],
  ])("refuses %s", async (_name, raw, more, message) => {
    await expect(planned(user, { name: "bob", ...raw }, answers(more))).rejects.toThrow(message);
  });

  it("gets along with busybox, and says what it cannot do there", async () => {
    const made = await planned(
      user,
      { name: "bob", shell: "/bin/ash", groups: "wheel" },
      answers({ user: null, "group bob": null, "group wheel": groupOf("wheel", 10) }),
      busybox,
    );
    expect(made.script).toBe("adduser -D -s /bin/ash bob || exit\naddgroup bob wheel || exit");
    expect((await planned(user, { name: "bob", groups: [] }, answers({ memberships: ["wheel"] }), busybox)).script).toBe(
      "delgroup bob wheel || exit",
    );
    await expect(planned(user, { name: "bob", shell: "/bin/zsh" }, answers(), busybox)).rejects.toThrow(
      'the host has no "usermod" to change shell with; install the package "shadow"',
    );
  });
});

describe("group", () => {
  it.each([
    ["made", { gid: 7, system: true }, { group: null, holder: null }, "groupadd -g 7   -r ops"],
    ["given another number", { gid: 7 }, { group: groupOf("ops", 8), holder: null }, "groupmod -g 7  ops"],
    ["removed", { state: "absent" }, { group: groupOf("ops", 8), holder: null }, "groupdel  ops"],
  ])("is %s", async (_name, raw, state, script) => {
    const result = await planned(group, { name: "ops", ...raw }, state);
    expect(result.script).toBe(script);
    expect(result.left).toBeUndefined();
  });

  it.each([
    [{}, { group: groupOf("ops", 8), holder: null }],
    [{ gid: 8 }, { group: groupOf("ops", 8), holder: groupOf("ops", 8) }],
    [{ state: "absent" }, { group: null, holder: null }],
  ])("is converged: %j", async (raw, state) => {
    expect((await planned(group, { name: "ops", ...raw }, state)).differences).toEqual([]);
  });

  it("refuses a taken number", async () => {
    await expect(planned(group, { name: "ops", gid: 0 }, { group: null, holder: groupOf("root", 0) })).rejects.toThrow(
      'GID 0 already belongs to the group "root" (non_unique: true would allow it)',
    );
  });
});
