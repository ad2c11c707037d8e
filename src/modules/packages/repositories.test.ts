import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { inputOf } from "../../../test/local-shell.ts";
import { contextOf, planned } from "../../../test/module-cases.ts";
import { contentOf } from "../support/files/content-collector.ts";
import { inodeOf } from "../support/files/inode.test-support.ts";
import { absent, type PathState } from "../support/files/path-collector.ts";
import type { SourceList } from "../support/packages/apt-sources.ts";
import { aptRepository } from "./apt-repository.ts";
import { deb822Repository } from "./deb822-repository.ts";
import { dpkgSelections } from "./dpkg-selections.ts";
import { packageFacts } from "./package-facts.ts";
import { rpmKey } from "./rpm-key.ts";
import { yumRepository } from "./yum-repository.ts";
import { zypperRepository } from "./zypper-repository.ts";

const list = (path: string, text: string, mode = 0o644): SourceList => ({ path, inode: inodeOf("file", mode), text });

/** Answers to the questions about a file of that text; undefined: there is none. */
function fileAnswers(
  path: string,
  text: string | undefined,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const directories = [
    "/",
    ...path
      .split("/")
      .slice(1, -1)
      .map((_, index, all) => `/${all.slice(0, index + 1).join("/")}`),
  ];
  return {
    ...Object.fromEntries(directories.map((one) => [`path\n${one}`, inodeOf("directory", 0o755)])),
    [`path\n${path}`]: text === undefined ? absent : inodeOf("file"),
    [`content\n${path}`]: text === undefined ? { kind: "none" } : contentOf(Buffer.from(text)),
    [`digest\nsha256 ${path}`]: text === undefined ? null : createHash("sha256").update(text).digest("hex"),
    "user\n": null,
    "group\n": null,
    ...more,
  };
}

/** Every question answered: those that the case names, accounts and contexts as "none". */
const complete = (answers: Record<string, unknown>): Record<string, unknown> =>
  new Proxy(answers, {
    has: () => true,
    get: (target, key) => (typeof key === "string" && key in target ? target[key] : null),
    getOwnPropertyDescriptor: (target, key) => ({ configurable: true, enumerable: true, value: target[key as string] ?? null }),
  });

describe("apt_repository", () => {
  const repo = "deb [arch=amd64] https://user:pw@repo.example.org/debian/ stable main contrib";
  const own = "/etc/apt/sources.list.d/repo_example_org_debian.list";
  it.each([
    ["a new file", [], [`${own}: text`]],
    [
      "what stands in another file, with other blanks",
      [list("/etc/apt/sources.list", "deb  [ arch=amd64 ]   https://user:pw@repo.example.org/debian/ stable main contrib # x\n")],
      [],
    ],
    ["what is commented out", [list("/etc/apt/sources.list", `#${repo}\n`)], [`${own}: text`]],
    ["another suite", [list(own, "deb https://repo.example.org/debian/ old main\n")], [`${own}: text`]],
  ])("present: %s", async (_name, lists, differences) => {
    const result = await planned(aptRepository, { repo }, { lists });
    expect(result.differences).toEqual(differences);
    expect(result.left).toBeUndefined();
  });

  it("absent: out of every file; a file that is empty then goes", async () => {
    const lists = [
      list("/etc/apt/sources.list", `# main\n${repo}\n`),
      list(own, `${repo}\n`),
      list("/etc/apt/sources.list.d/o.list", "deb http://o s c\n"),
    ];
    const result = await planned(aptRepository, { repo, state: "absent" }, { lists });
    expect(result.differences).toEqual(["/etc/apt/sources.list: text", `${own}: text`]);
    expect(result.change?.data.map(({ path, text }) => [path, text])).toEqual([
      ["/etc/apt/sources.list", "# main\n"],
      [own, undefined],
    ]);
    expect(result.left).toBeUndefined();
  });

  it("mode alone, without fetching anything", async () => {
    const result = await planned(aptRepository, { repo, mode: "0600" }, { lists: [list(own, `${repo}\n`)] });
    expect(result.differences).toEqual(["mode: 0644 -> 0600"]);
    expect(result.script).not.toContain("apt-get");
    expect(result.left).toBeUndefined();
  });

  it.each([
    [
      { repo: "ppa:nginx/stable" },
      '"repo: ppa:nginx/stable": personal package archives of Launchpad are not resolved, since that would take the key that signs them from a third place over the network; use deb822_repository with "uris: https://ppa.launchpadcontent.net/nginx/stable/ubuntu", the release of Ubuntu as "suites", "components: main", and as "signed_by" the key itself (Launchpad shows its fingerprint under "Technical details about this PPA")',
    ],
    [
      { repo: "https://repo.example.org stable main" },
      '"repo: https://repo.example.org stable main" is no source of apt; it has the form "deb [options] URI suite component …"',
    ],
    [
      { repo: "deb repo.example.org stable main" },
      '"repo: deb repo.example.org stable main": "repo.example.org" is no URI; it begins with https:, http:, file: or the like',
    ],
    [
      { repo: "deb http://r.example.org stable" },
      '"repo: deb http://r.example.org stable" names no component; only a suite that ends in "/" goes without one',
    ],
    [
      { repo: "deb http://r.example.org ./ main" },
      '"repo: deb http://r.example.org ./ main": a suite that ends in "/" has no components',
    ],
    [
      { repo: "deb http://r.example.org s c", filename: "../x" },
      '"filename: ../x" is no name of a file in /etc/apt/sources.list.d',
    ],
    [{}, 'apt_repository needs the parameter "repo"'],
    [
      { repo: "deb http://r.example.org s c", mode: 644 },
      'apt_repository: "mode" is the decimal number 644 (octal 01204); write "0644"',
    ],
  ])("refuses %j", async (raw, message) => {
    const error = await planned(aptRepository, raw, { lists: [] }).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
});

describe("deb822_repository", () => {
  const path = "/etc/apt/sources.list.d/my-repo.sources";
  const task = { name: "My_Repo", uris: "https://r.example.org", suites: ["stable"], components: "main", signed_by: "/k.gpg" };
  const text =
    "Components: main\nX-Repolib-Name: My_Repo\nSigned-By: /k.gpg\nSuites: stable\nTypes: deb\nURIs: https://r.example.org\n";
  const answers = (content: string | undefined, ring: PathState = absent, key: PathState = inodeOf("file")) =>
    complete(fileAnswers(path, content, { "path\n/etc/apt/keyrings/my-repo.gpg": ring, "path\n/k.gpg": key }));

  it("writes the fields in Ansible's order", async () => {
    const result = await planned(deb822Repository, task, answers(undefined));
    expect(result.change?.differences).toContainEqual({ kind: "text", subject: path, before: "", after: text });
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["true and false", { enabled: false, trusted: true }, /^Enabled: no$[\s\S]*^Trusted: yes$/m],
    [
      "lists and numbers",
      { architectures: "amd64,arm64", date_max_future: 10 },
      /^Architectures: amd64 arm64$[\s\S]*^Date-Max-Future: 10$/m,
    ],
    [
      "an armoured key",
      { signed_by: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n" },
      /^Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \.\n abc=\n -----END PGP PUBLIC KEY BLOCK-----$/m,
    ],
  ])("%s", async (_name, more, expected) => {
    const { change, left } = await planned(deb822Repository, { ...task, ...more }, answers(undefined));
    const difference = change?.differences.find((one) => one.kind === "text");
    expect(difference?.kind === "text" && difference.after).toMatch(expected);
    expect(left).toBeUndefined();
  });

  it("fetches a key that is not there, before the source that names it, and only then", async () => {
    const raw = { ...task, signed_by: "https://r.example.org/k.asc" };
    const result = await planned(deb822Repository, raw, answers(undefined));
    expect(result.differences[0]).toBe("state: absent -> file");
    expect(result.script.indexOf("download-file https://r.example.org/k.asc")).toBeLessThan(
      result.script.indexOf(`k3_dest=${path}`),
    );
    expect(result.left).toBeUndefined();
    const again = await planned(deb822Repository, raw, answers(undefined, inodeOf("file")));
    expect(again.script).not.toContain("download-file");
  });

  it("looks at the keys of the key ring when it is told which they are", async () => {
    const print = "05BFCAE95FF8AA9E38DA90A901208010634E05D8";
    const other = "1".repeat(40);
    const raw = { ...task, signed_by: "http://r.example.org/k.asc", signed_by_fingerprint: print };
    const withRing = async (fingerprints: readonly string[] | null, more: object = {}) => {
      const given = { ...raw, ...more };
      const state = answers(
        text.replace("/k.gpg", "/etc/apt/keyrings/my-repo.gpg"),
        fingerprints === null ? absent : inodeOf("file"),
      );
      const names = Object.keys(deb822Repository.probe(await inputOf(deb822Repository, given, contextOf()), contextOf()));
      const ring = names.find((name) => name.startsWith("key file ")) ?? "";
      return planned(deb822Repository, given, complete({ ...state, [ring]: { fingerprints } }));
    };
    expect(await withRing([print])).toMatchObject({ differences: [] });
    const missing = await withRing(null);
    expect(missing).toMatchObject({ differences: ["state: absent -> file"], left: undefined });
    for (const found of [[other], [print, other]]) {
      const off = await withRing(found);
      expect(off).toMatchObject({ differences: [`key: ${found.join(" ")} -> ${print}`], left: undefined });
      expect(off.script).toContain(`but must have "${print}`);
    }
    await expect(withRing([other], { signed_by: "/k.gpg" })).rejects.toThrow(
      `the key has the fingerprint ${other}, but must have ${print}`,
    );
  });

  it("absent takes the key along", async () => {
    const result = await planned(deb822Repository, { name: "My_Repo", state: "absent" }, answers(text, inodeOf("file")));
    expect(result.differences).toEqual(["state: file -> absent", "state: file -> absent"]);
    expect(result.left).toBeUndefined();
  });

  it.each([
    [{ ...task, uris: undefined }, '"uris" is missing: it says where the repository is'],
    [{ ...task, suites: "" }, '"suites" is missing: it names the release, or a path that ends in "/"'],
    [{ ...task, components: [] }, '"components" is missing: only a suite that ends in "/" goes without it'],
    [{ ...task, suites: "./" }, 'a suite that ends in "/" ("./") has no "components"'],
    [{ ...task, name: "!!" }, '"name: !!" leaves no name for a file; use letters or digits'],
    [
      { ...task, signed_by: "key.gpg" },
      '"signed_by: key.gpg" is neither a URL (https:, http:, file:), nor an absolute path, nor an armoured key, nor a fingerprint of 40 digits',
    ],
    [
      { ...task, signed_by: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc" },
      '"signed_by": the key does not end with -----END PGP PUBLIC KEY BLOCK-----; was it cut off?',
    ],
    [
      { ...task, signed_by: "http://x/k" },
      '"signed_by: http://x/k": whoever is on the way to that server could give another key; use https:, or say in "signed_by_fingerprint" which key it is',
    ],
    [{ ...task, signed_by_fingerprint: "12" }, '"signed_by_fingerprint" must have 40 hexadecimal digits, but "12" has not'],
    [
      { ...task, signed_by: "1".repeat(40), signed_by_fingerprint: "1".repeat(40) },
      '"signed_by_fingerprint" goes with a "signed_by" that is a URL, an absolute path or an armoured key',
    ],
    [
      {
        ...task,
        signed_by: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabcd\n-----END PGP PUBLIC KEY BLOCK-----",
        signed_by_fingerprint: "1".repeat(40),
      },
      '"signed_by" is no public key of OpenPGP (version 4)',
    ],
    [{ ...task, types: "rpm" }, 'deb822_repository: "types.0" is "rpm", but must be one of deb, deb-src'],
    [{ ...task, date_max_future: "soon" }, 'deb822_repository: "date_max_future" is "soon", but must be a whole number'],
  ])("refuses %j", async (raw, message) => {
    const given = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined));
    const error = await planned(deb822Repository, given, answers(undefined)).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });

  it("misses a key ring", async () => {
    await expect(planned(deb822Repository, task, answers(undefined, absent, absent))).rejects.toMatchObject({
      resource: "path:/k.gpg",
      message: 'the key ring /k.gpg of "signed_by" does not exist',
    });
  });
});

describe("yum_repository", () => {
  const path = "/etc/yum.repos.d/demo.repo";
  const task = { name: "demo", description: "Demo", baseurl: ["http://a/", "http://b/"], gpgcheck: true, exclude: "x*,y" };
  const text = "[demo]\nbaseurl = http://a/\n\thttp://b/\nexclude = x* y\ngpgcheck = 1\nname = Demo\n";
  const answers = (content: string | undefined) => complete(fileAnswers(path, content));
  it.each([
    ["a new file", undefined, text],
    ["an option too many", "[demo]\nname=Demo\nbaseurl=http://a/\n  http://b/\nexclude=x* y\ngpgcheck=1\nenabled=0\n", text],
    [
      "beside others, whose comments stay",
      "# all\n[one]\n# why\nname=One\n\n[demo]\nname=Old\n",
      `# all\n\n[one]\n# why\nname=One\n\n${text}`,
    ],
  ])("%s", async (_name, before, after) => {
    const result = await planned(yumRepository, task, answers(before));
    expect(result.change?.differences).toContainEqual({ kind: "text", subject: path, before: before ?? "", after });
    expect(result.left).toBeUndefined();
  });

  it.each([
    [
      "the same in another hand",
      task,
      "[demo]\nname = Demo\nbaseurl : http://a/\n http://b/\n; comment\nexclude=x* y\ngpgcheck=1\n",
    ],
    ["what is not there", { name: "demo", state: "absent" }, undefined],
    ["a section that is not there", { name: "demo", state: "absent" }, "[one]\nname=One\n"],
  ])("converged: %s", async (_name, raw, before) => {
    const result = await planned(yumRepository, raw, answers(before));
    expect(result.differences.filter((one) => one.startsWith(path))).toEqual([]);
  });

  it("removes the section, and the file with its last one", async () => {
    const gone = { name: "demo", state: "absent" };
    const first = await planned(yumRepository, gone, answers(`[one]\nname=One\n\n${text}`));
    expect(first.change?.differences).toContainEqual({
      kind: "text",
      subject: path,
      before: `[one]\nname=One\n\n${text}`,
      after: "[one]\nname=One\n",
    });
    const last = await planned(yumRepository, gone, answers(text));
    expect(last.differences).toEqual(["state: file -> absent"]);
    expect(last.script).toContain(`rm -f -- ${path}`);
    expect(last.left).toBeUndefined();
  });

  it.each([
    [{ name: "demo", baseurl: "http://a/" }, 'yum_repository: with state: present it needs "description"'],
    [
      { name: "demo", description: "Demo" },
      'yum_repository: one of "baseurl", "metalink" and "mirrorlist" must say where demo is',
    ],
    [{ ...task, name: "a]b" }, '"name: a]b" is no id of a repository'],
    [{ ...task, file: "../x" }, '"file: ../x" must be a name without directories; the directory is "reposdir"'],
    [{ ...task, gpgcheck: "maybe" }, 'yum_repository: "gpgcheck" is "maybe", but must be a boolean (true or false)'],
    [{ ...task, http_caching: "some" }, 'yum_repository: "http_caching" is "some", but must be one of all, packages, none'],
  ])("refuses %j", async (raw, message) => {
    const error = await planned(yumRepository, raw, answers(undefined)).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
});

describe("zypper_repository", () => {
  const path = "/etc/zypp/repos.d/demo.repo";
  const task = { name: "demo", repo: "file:///srv/rpm" };
  const answers = (content: string | undefined, raw: PathState = absent) =>
    complete(fileAnswers(path, content, { "path\n/var/cache/zypp/raw/demo": raw }));
  it("writes what zypper would", async () => {
    const result = await planned(zypperRepository, { ...task, priority: 20, disable_gpg_check: true }, answers(undefined));
    const after = "[demo]\nenabled = 1\nautorefresh = 1\nbaseurl = file:/srv/rpm\npriority = 20\ngpgcheck = 0\n";
    expect(result.change?.differences).toContainEqual({ kind: "text", subject: path, before: "", after });
    expect(result.left).toBeUndefined();
  });
  it.each([
    ["autorefresh", { autorefresh: false }, "[demo]\nenabled = 1\nautorefresh = 0\nbaseurl = file:/srv/rpm\n"],
    ["refresh, its other name", { refresh: false }, "[demo]\nenabled = 1\nautorefresh = 0\nbaseurl = file:/srv/rpm\n"],
    [
      "a name for people",
      { description: "Demo" },
      "[demo]\nname = Demo\nenabled = 1\nautorefresh = 1\nbaseurl = file:/srv/rpm\n",
    ],
    ["disabled", { enabled: false }, "[demo]\nenabled = 0\nautorefresh = 1\nbaseurl = file:/srv/rpm\n"],
  ])("writes %s, and then finds nothing to do", async (_name, more, after) => {
    const result = await planned(zypperRepository, { ...task, ...more }, answers(undefined));
    expect(result.change?.differences).toContainEqual({ kind: "text", subject: path, before: "", after });
    expect(result.left).toBeUndefined();
    expect((await planned(zypperRepository, { ...task, ...more }, answers(after))).differences).toEqual([]);
  });
  it("is content with what zypper itself has written", async () => {
    const found = "[demo]\nname=demo\nenabled=1\nautorefresh=1\nbaseurl=file:/srv/rpm\ntype=rpm-md\nkeeppackages=0\n";
    expect((await planned(zypperRepository, task, answers(found))).differences).toEqual([]);
    expect((await planned(zypperRepository, { ...task, enabled: false }, answers(found))).differences).toContain(`${path}: text`);
  });
  it("fetches lists that never were", async () => {
    const found = "[demo]\nenabled=1\nautorefresh=1\nbaseurl=file:/srv/rpm\n";
    const result = await planned(zypperRepository, { ...task, auto_import_keys: true }, answers(found));
    expect(result.differences).toEqual(["lists: old -> fetched"]);
    expect(result.script).toContain("--gpg-auto-import-keys refresh --force demo");
    expect(result.left).toBeUndefined();
    expect(
      (await planned(zypperRepository, { ...task, runrefresh: true }, answers(found, inodeOf("directory")))).differences,
    ).toEqual([]);
  });
  it.each([
    [{ repo: "http://a" }, 'zypper_repository: "name" must be an alias without blanks and slashes, but is missing'],
    [{ ...task, name: "a b" }, 'zypper_repository: "name" must be an alias without blanks and slashes, but is "a b"'],
    [{ name: "demo" }, 'zypper_repository: "repo" must say where demo is'],
    [
      { ...task, repo: "http://a/b.repo" },
      '"repo: http://a/b.repo" is the address of a .repo file; put it into /etc/zypp/repos.d with get_url',
    ],
    [{ ...task, priority: 0 }, '"priority" is 0, but must be 1 to 200'],
    [{ ...task, repo: "a/b" }, '"repo: a/b" is no URI; it begins with https:, dir: or the like'],
  ])("refuses %j", async (raw, message) => {
    const error = await planned(zypperRepository, raw, answers(undefined)).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
});

describe("rpm_key", () => {
  const print = "05BFCAE95FF8AA9E38DA90A901208010634E05D8";
  const file = (fingerprint: string | null) => ({ fingerprints: fingerprint === null ? null : [fingerprint] });
  it.each([
    ["a file", { key: "/k" }, [], print, ["state: absent -> present"], "rpm --import /k"],
    [
      "a URL of a known fingerprint",
      { key: "https://x/k", fingerprint: print },
      [],
      null,
      ["state: absent -> present"],
      "download-file https://x/k",
    ],
    [
      "an id to remove",
      { key: "0x634e05d8", state: "absent" },
      ["634E05D8"],
      null,
      ["state: present -> absent"],
      "gpg-pubkey-634e05d8",
    ],
    [
      "a file to remove",
      { key: "/k", state: "absent" },
      ["634E05D8"],
      print,
      ["state: present -> absent"],
      "gpg-pubkey-634e05d8",
    ],
  ])("%s", async (_name, raw, installed, found, differences, part) => {
    const result = await planned(rpmKey, raw, { installed, file: file(found) });
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });
  it.each([
    ["a file", { key: "/k" }, ["634E05D8"], print],
    [
      "a URL of a known fingerprint",
      { key: "https://x/k", fingerprint: "05bf cae9 5ff8 aa9e 38da 90a9 0120 8010 634e 05d8" },
      ["634E05D8"],
      null,
    ],
    ["what is gone", { key: "634E05D8", state: "absent" }, [], null],
  ])("converged: %s", async (_name, raw, installed, found) => {
    expect((await planned(rpmKey, raw, { installed, file: file(found) })).differences).toEqual([]);
  });
  it("does not know what a URL holds", async () => {
    const { change } = await planned(rpmKey, { key: "https://x/k" }, { installed: ["634E05D8"], file: file(null) });
    expect(change).toMatchObject({ differences: [], maybe: "the key has to be fetched to see which it is" });
  });
  it.each([
    [{ key: "/k", fingerprint: "1".repeat(40) }, `the key has the fingerprint ${print}, but must have ${"1".repeat(40)}`],
    [{ key: "634E05D8" }, '"key: 634E05D8" is the id of a key; to add one, give its URL or the path of its file'],
    [{ key: "nonsense" }, '"key: nonsense" is neither a URL, nor an absolute path, nor the id of a key'],
    [{ key: "/k", fingerprint: "ABC" }, '"fingerprint" must have 40 hexadecimal digits, but "ABC" has not'],
    [
      { key: "http://x/k" },
      '"key: http://x/k": whoever is on the way to that server could give another key; use https:, or say in "fingerprint" which key it is',
    ],
    [{ key: "ftp://x/k" }, '"key: ftp://x/k": a key is fetched from https:, http: or file: only'],
    [
      { key: "https://x", validate_certs: false },
      '"validate_certs: false" is refused: a key from an unknown server is worth nothing',
    ],
    [{}, 'rpm_key needs the parameter "key"'],
  ])("refuses %j", async (raw, message) => {
    const error = await planned(rpmKey, raw, { installed: [], file: file(print) }).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
  it("needs no file for a key that is trusted already", async () => {
    const raw = { key: "/k", fingerprint: print };
    const trusted = await planned(rpmKey, raw, { installed: [print.slice(-8)], file: file(null) });
    expect(trusted.change).toBeUndefined();
    await expect(planned(rpmKey, raw, { installed: [], file: file(null) })).rejects.toMatchObject({
      resource: "path:/k",
    });
  });

  it("says that there is no file", async () => {
    await expect(planned(rpmKey, { key: "/k" }, { installed: [], file: file(null) })).rejects.toMatchObject({
      resource: "path:/k",
      message: "there is no file /k with a key",
    });
  });
});

describe("dpkg_selections", () => {
  it.each([
    ["install", "hold", ["selection: install -> hold"]],
    ["hold", "hold", []],
  ])("%s -> %s", async (selection, wanted, differences) => {
    const result = await planned(dpkgSelections, { name: "a", selection: wanted }, { selection });
    expect(result.differences).toEqual(differences);
    expect(result.left).toBeUndefined();
  });
  it.each([
    [
      { name: "a", selection: "keep" },
      'dpkg_selections: "selection" is "keep", but must be one of install, hold, deinstall, purge',
    ],
    [{ name: "a" }, 'dpkg_selections needs the parameter "selection"'],
    [{ selection: "hold" }, 'dpkg_selections needs the parameter "name"'],
    [{ name: "a=1", selection: "hold" }, '"name: a=1": that is no name of a Debian package'],
    [{ name: "a", selection: "hold", lock_timeout: "x" }, 'dpkg_selections: "lock_timeout" is "x", but must be a whole number'],
    [{ name: "a", selection: "hold" }, 'dpkg does not know the package "a"; install it first'],
  ])("refuses %j", async (raw, message) => {
    const error = await planned(dpkgSelections, raw, { selection: null }).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
});

describe("package_facts", () => {
  const output = (stdout: string, rc = 0) => ({ rc, stdout: Buffer.from(stdout), stderr: Buffer.from("") });
  const decode = async (raw: Readonly<Record<string, unknown>>, text: string, rc = 0): Promise<unknown> => {
    const input = await packageFacts.prepare?.(
      { manager: ["auto"], strategy: "first", ...raw } as never,
      undefined as never,
      contextOf(),
    );
    if (input === undefined) throw new Error("no input");
    const { collector } = packageFacts.probe(input, contextOf()).packages;
    return collector.decode(output(text, rc), [""], contextOf().traits)[0];
  };
  it("reads dpkg, and leaves out what is only configured", async () => {
    expect(
      await decode(
        {},
        "== apt\nbash\t5.2\tamd64\tshells\tii \nold\t1\tall\tmisc\trc \nlibc6\t2\tamd64\tlibs\tii \nlibc6\t2\ti386\tlibs\tii \n",
      ),
    ).toEqual({
      bash: [{ name: "bash", version: "5.2", arch: "amd64", category: "shells", origin: "", source: "apt" }],
      libc6: [
        { name: "libc6", version: "2", arch: "amd64", category: "libs", origin: "", source: "apt" },
        { name: "libc6", version: "2", arch: "i386", category: "libs", origin: "", source: "apt" },
      ],
    });
  });
  it("reads rpm and apk", async () => {
    expect(
      await decode(
        { manager: ["rpm", "apk"], strategy: "all" },
        "== rpm\nbash\t5.1.8\t9.el9\t(none)\tx86_64\nbind\t9\t1\t32\tx86_64\n== apk\nmusl\t1.2.5-r0\tx86_64\n",
      ),
    ).toEqual({
      bash: [{ name: "bash", version: "5.1.8", release: "9.el9", epoch: null, arch: "x86_64", source: "rpm" }],
      bind: [{ name: "bind", version: "9", release: "1", epoch: 32, arch: "x86_64", source: "rpm" }],
      musl: [{ name: "musl", version: "1.2.5", release: "r0", arch: "x86_64", source: "apk" }],
    });
  });
  it("does not take a failure for an empty host", async () => {
    expect(await decode({}, "== none\n")).toMatchObject({
      reason: "the host has none of dpkg-query, rpm, apk: its packages cannot be listed",
    });
    expect(await decode({}, "== apt\n", 2)).toMatchObject({ reason: "cannot list packages: " });
    await expect(decode({ manager: ["pacman"] }, "")).rejects.toThrow(
      '"manager: pacman" is not supported; apt, rpm and apk are, and what stands on rpm',
    );
  });

  it.each([
    [
      { manager: "pip" },
      'package_facts: "manager.0" is "pip", but must be one of auto, rpm, yum, dnf, dnf5, zypper, apt, apk, portage, pkg, pkg5, pacman, pkgng',
    ],
    [{ strategy: "last" }, 'package_facts: "strategy" is "last", but must be one of first, all'],
    [{ manager: ["apt", "portage"] }, '"manager: portage" is not supported; apt, rpm and apk are, and what stands on rpm'],
    [{ managers: "apt" }, 'package_facts has no parameter "managers"; did you mean "manager"?'],
    [
      { manager: { apt: true } },
      'package_facts: "manager.0" is {"apt":true}, but must be one of auto, rpm, yum, dnf, dnf5, zypper, apt, apk, portage, pkg, pkg5, pacman, pkgng',
    ],
  ])("refuses %j", async (raw, message) => {
    const error = await planned(packageFacts, raw, {}).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
});
