import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerHere, localContext } from "../../../test/local-shell.ts";
import { contextOf, planned } from "../../../test/module-cases.ts";
import { inodeOf } from "../support/files/inode.test-support.ts";
import { absent } from "../support/files/path-collector.ts";
import { findEntry, parseEntry, withEntry, withoutEntry } from "../support/mounts/fstab.ts";
import { isOther, lackingFlags } from "../support/mounts/mount-state.ts";
import { type Mount, mountPoint, mountSource, mountTable } from "../support/mounts/mount-table.ts";
import { mount } from "./mount.ts";

const entry = { src: "/dev/sdb1", path: "/srv/my data", fstype: "ext4", opts: "defaults", dump: "0", passno: "2" };
const LINE = "/dev/sdb1 /srv/my\\040data ext4 defaults 0 2";

describe("fstab", () => {
  it.each([
    ["an empty file", "", `${LINE}\n`],
    ["no newline at the end", "proc /proc proc defaults 0 0", `proc /proc proc defaults 0 0\n${LINE}\n`],
    [
      "the entry, differently spaced",
      `/dev/sdb1\t/srv/my\\040data/\text4  defaults 0 2\n`,
      `/dev/sdb1\t/srv/my\\040data/\text4  defaults 0 2\n`,
    ],
    ["other options", "# x\n/dev/sdb1 /srv/my\\040data ext4 ro\n# y\n", `# x\n${LINE}\n# y\n`],
    ["several entries", `${LINE}\n/dev/sdc1 /srv/my\\040data xfs\n`, `${LINE}\n`],
    ["a comment like it", `#${LINE}\n`, `#${LINE}\n${LINE}\n`],
    ["a line that is none", "rubbish\n", `rubbish\n${LINE}\n`],
  ])("gets an entry: %s", (_name, before, after) => expect(withEntry(before, entry)).toBe(after));

  it("tells swap areas apart by what they are on", () => {
    const swap = (src: string) => ({ src, path: "none", fstype: "swap", opts: "sw", dump: "0", passno: "0" });
    const text = withEntry(withEntry("", swap("/swap1")), swap("/swap2"));
    expect(text).toBe("/swap1 none swap sw 0 0\n/swap2 none swap sw 0 0\n");
    expect(withoutEntry(text, "none", "/swap1")).toBe("/swap2 none swap sw 0 0\n");
  });

  it("reads what it wrote, once and again", () => {
    const field = fc.stringMatching(/^[!-~ \t\\#]{1,12}$/).filter((text) => text.trim() !== "");
    fc.assert(
      fc.property(
        field,
        field.map((text) => `/${text.replace(/\/+$/, "x")}`),
        (src, path) => {
          const wanted = { ...entry, src, path };
          const text = withEntry("# x\n", wanted);
          expect(findEntry(text, path)).toEqual(wanted);
          expect(withEntry(text, wanted)).toBe(text);
          expect(withoutEntry(text, path)).toBe("# x\n");
        },
      ),
    );
  });

  it("knows the defaults of fields that are not there", () => {
    expect(parseEntry("a /b auto")).toEqual({ src: "a", path: "/b", fstype: "auto", opts: "defaults", dump: "0", passno: "0" });
  });
});

const root: Mount = { device: "8:1", root: "/", path: "/", fstype: "ext4", source: "/dev/sda1", options: ["rw", "relatime"] };
const directory = { kind: "directory", real: "/srv/a", device: "" } as const;
const none = { kind: "other", real: "", device: "" } as const;

describe("what is mounted", () => {
  it.each([
    ["ro", ["rw"], ["ro"]],
    ["defaults,rw", ["ro"], ["rw"]],
    ["ro,rw", ["rw"], []],
    ["nosuid,nodev,suid", ["rw"], ["nodev"]],
    ["size=1m,mode=0700", ["rw"], []],
  ])("with %s on a mount that has %j lacks %j", (opts, options, lacking) => {
    expect(lackingFlags(opts, { ...root, options })).toEqual(lacking);
  });

  it.each([
    [
      "the same directory",
      { src: "/srv/a", fstype: "none", opts: "bind" },
      directory,
      { ...root, root: "/srv/a", path: "/m" },
      false,
    ],
    [
      "another directory",
      { src: "/srv/a", fstype: "none", opts: "bind" },
      directory,
      { ...root, root: "/srv/b", path: "/m" },
      true,
    ],
    [
      "a device by another name",
      { src: "UUID=1", fstype: "ext4", opts: "" },
      { kind: "block", real: "/dev/sdb1", device: "8:17" } as const,
      { ...root, device: "8:17" },
      false,
    ],
    [
      "another device",
      { src: "UUID=1", fstype: "ext4", opts: "" },
      { kind: "block", real: "/dev/sdb1", device: "8:17" } as const,
      root,
      true,
    ],
    [
      "a volume of btrfs",
      { src: "/dev/sdb1", fstype: "btrfs", opts: "" },
      { kind: "block", real: "/dev/sdb1", device: "8:17" } as const,
      { ...root, device: "0:40", source: "/dev/sdc1" },
      false,
    ],
    ["another server", { src: "a:/x", fstype: "nfs", opts: "" }, none, { ...root, fstype: "nfs4", source: "b:/x" }, true],
    ["the same server", { src: "a:/x/", fstype: "nfs", opts: "" }, none, { ...root, fstype: "nfs4", source: "a:/x" }, false],
    [
      "another name for nothing",
      { src: "none", fstype: "tmpfs", opts: "" },
      none,
      { ...root, fstype: "tmpfs", source: "tmpfs" },
      false,
    ],
  ])("is %s", (_name, wanted, source, mounted, other) => expect(isOther(mounted, wanted, source, [root])).toBe(other));

  it("is read from this machine", () => {
    const answers = answerHere(
      {
        table: mountTable(),
        point: mountPoint("/proc"),
        missing: mountPoint("/no/such"),
        source: mountSource("/no/such"),
        name: mountSource("tmpfs"),
      },
      localContext(),
    );
    expect(answers["table"]).toContainEqual(expect.objectContaining({ path: "/proc", fstype: "proc", root: "/" }));
    expect(answers["point"]).toEqual({ real: "/proc", kind: "directory", isEmpty: false });
    expect(answers["missing"]).toEqual({ real: "/no/such", kind: "missing", isEmpty: true });
    expect(answers["source"]).toMatchObject({ kind: "missing" });
    expect(answers["name"]).toMatchObject({ kind: "other" });
  });
});

describe("mount", () => {
  const raw = { path: "/m", src: "tmpfs", fstype: "tmpfs", state: "mounted" };
  const run = async (
    more: object,
    table: readonly Mount[],
    fstab: string,
    point: object = { real: "/m", kind: "directory", isEmpty: true },
  ) => {
    const context = contextOf();
    const input = await mount.prepare?.(
      { ...raw, dump: "0", passno: "0", fstab: "/etc/fstab", boot: true, backup: false, opts_no_log: false, ...more } as never,
      undefined as never,
      context,
    );
    const keys = Object.keys(mount.probe(input as never, context));
    const inode = inodeOf("file", 0o644);
    const answer = (key: string): unknown => {
      if (key.startsWith("mount-table")) return table;
      if (key.startsWith("mount-point")) return point;
      if (key.startsWith("mount-source")) return none;
      if (key === "path\n/etc/fstab") return inode;
      if (key.startsWith("path")) return { ...inode, kind: "directory" };
      if (key.startsWith("content")) return { kind: "file", base64: Buffer.from(fstab).toString("base64") };
      if (key.startsWith("digest")) return "0";
      if (key.startsWith("nothing")) return JSON.parse(key.slice("nothing\n".length));
      return key.startsWith("selinux") ? "" : key.startsWith("user") || key.startsWith("group") ? null : absent;
    };
    return planned(mount, { ...raw, ...more }, Object.fromEntries(keys.map((key) => [key, answer(key)])), context);
  };
  const tmpfs: Mount = { device: "0:50", root: "/", path: "/m", fstype: "tmpfs", source: "tmpfs", options: ["rw"] };
  const LINE = "tmpfs /m tmpfs defaults 0 0\n";

  it.each([
    ["mounted", {}, [tmpfs], LINE],
    ["present", { state: "present" }, [], LINE],
    ["unmounted", { state: "unmounted" }, [root], LINE],
    ["absent", { state: "absent" }, [root], "", { real: "/m", kind: "missing", isEmpty: true }],
    ["absent, the directory in use", { state: "absent" }, [root], "", { real: "/m", kind: "directory", isEmpty: false }],
    ["ephemeral", { state: "ephemeral" }, [tmpfs], ""],
    ["not at boot", { state: "present", boot: false }, [], "tmpfs /m tmpfs defaults,noauto 0 0\n"],
  ])("is converged: %s", async (_name, more, table, fstab, point = undefined) => {
    expect((await run(more, table, fstab, point)).differences).toEqual([]);
  });

  it.each([
    ["nothing there", {}, [root], "", ["/etc/fstab: text", "state: unmounted -> mounted"], "mount -t tmpfs  tmpfs /m || exit 1"],
    ["in fstab only", {}, [root], LINE, ["state: unmounted -> mounted"], "mount -t tmpfs  tmpfs /m || exit 1"],
    [
      "without flags",
      { opts: "ro,nosuid" },
      [tmpfs],
      "tmpfs /m tmpfs ro,nosuid 0 0\n",
      ["options: rw -> ro,nosuid"],
      "mount -o remount,ro,nosuid /m || exit",
    ],
    [
      "twice",
      { state: "unmounted" },
      [tmpfs, tmpfs],
      LINE,
      ["state: mounted -> unmounted"],
      "umount /m || exit\numount /m || exit",
    ],
    [
      "something else",
      {},
      [{ ...tmpfs, fstype: "ext4", source: "/dev/sdz" }],
      LINE,
      ["source: /dev/sdz -> tmpfs"],
      "umount /m || exit\nmount -t tmpfs  tmpfs /m || exit 1",
    ],
    [
      "to be removed",
      { state: "absent" },
      [tmpfs],
      "",
      ["state: mounted -> unmounted"],
      "umount /m || exit\nrmdir /m 2>/dev/null || :",
    ],
  ])("changes %s", async (_name, more, table, fstab, differences, script) => {
    const result = await run(more, table, fstab);
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(script);
    expect(result.left).toBeUndefined();
  });

  it.each([
    [
      "an ephemeral mount over another",
      { state: "ephemeral" },
      [{ ...tmpfs, fstype: "ext4", source: "/dev/sdz" }],
      "/m is a mount of /dev/sdz (ext4) already; state: ephemeral does not replace what is mounted",
    ],
    ["a remount of nothing", { state: "remounted" }, [root], "/m is not mounted, so it cannot be mounted again"],
    ["options with blanks", { opts: "ro, nosuid" }, [], '"opts" is "ro, nosuid", but must be one word without blanks'],
    ["a dump that is no number", { dump: "x" }, [], '"dump" is "x", but must be a number'],
    [
      "a swap area to mount",
      { path: "none", fstype: "swap" },
      [],
      "a swap area has no path to be mounted; state: present puts it into fstab, and swapon turns it on",
    ],
    ["a swap area with a path", { fstype: "swap" }, [], "a swap area has no path: write path: none, not /m"],
    [
      "a bind mount of a name",
      { opts: "bind", src: "srv" },
      [],
      '"src" is "srv", but a bind mount needs the absolute path of a directory',
    ],
    ["no source", { src: undefined }, [], 'mount: with state: mounted it needs "src"'],
  ])("refuses %s", async (_name, more, table, message) => {
    const given = Object.fromEntries(Object.entries({ ...raw, ...more }).filter(([, value]) => value !== undefined));
    const attempt = "src" in given ? run(more, table, "") : planned(mount, given, {});
    await expect(attempt).rejects.toThrow(message);
  });
});
