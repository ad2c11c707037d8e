import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { credentials, k3sYaml, refusal } from "../../test/kubeconfig/sample.ts";
import { merged, othersIn } from "./merge.ts";
import { type Access, readAccess } from "./read.ts";
import { rewritten } from "./rewrite.ts";

const access = (name: string, server = "https://k3s:6443"): Access => rewritten(readAccess(k3sYaml(), "it"), { server, name });
const keep = { into: "~/.kube/config", force: false, setContext: false };

const existing = `# My clusters.
apiVersion: v1
kind: Config
current-context: work   # the usual one
clusters:
  # At the office.
  - name: work
    cluster: {server: "https://work:6443", insecure-skip-tls-verify: true}

  - name: default
    cluster:
      server: https://other
users:
  - name: work
    user:
      exec: {apiVersion: client.authentication.k8s.io/v1, command: login, args: ["--on", 'yes', 012]}
contexts:
  - {name: work, context: {cluster: work, user: work, namespace: default}}
`;

const added = (name: string) => ({
  cluster: `  - cluster:
      certificate-authority-data: ${credentials.authority}
      server: https://k3s:6443
    name: ${name}
`,
  user: `  - name: ${name}
    user:
      client-certificate-data: ${credentials.certificate}
      client-key-data: ${credentials.key}
`,
  context: `  - context:
      cluster: ${name}
      user: ${name}
    name: ${name}
`,
});

describe("merging", () => {
  it("adds beside what is there, and changes no line of that", () => {
    const result = merged(existing, access("prod"), keep);
    const { cluster, user, context } = added("prod");
    expect(result.text).toBe(
      existing
        .replace("   # the usual one", " # the usual one")
        .replace("users:\n", `${cluster}users:\n`)
        .replace("contexts:\n", `${user}contexts:\n`) + context,
    );
    expect(result).toMatchObject({ added: ['cluster "prod"', 'user "prod"', 'context "prod"'], replaced: [] });
  });

  it("leaves the file as it is when everything is there already", () => {
    const once = merged(existing, access("prod"), keep).text;
    expect(merged(once, access("prod"), keep)).toEqual({ text: once, added: [], replaced: [] });
  });

  it.each([
    "",
    "\n",
    "apiVersion: v1\nkind: Config\nclusters: null\ncontexts: []\nusers:\n",
    'kind: Config\ncurrent-context: ""\n',
  ])("makes an empty file (%j) one with this context", (empty) => {
    const { text } = merged(empty, access("prod"), keep);
    expect(readAccess(text, "it")).toEqual(access("prod"));
    expect(parse(text)).toMatchObject({ "current-context": "prod", kind: "Config" });
  });

  it("sets the current context only when asked to", () => {
    expect(merged(existing, access("prod"), keep).text).toContain("current-context: work # the usual one\n");
    expect(merged(existing, access("prod"), { ...keep, setContext: true }).text).toContain(
      "current-context: prod # the usual one\n",
    );
    const there = merged(existing, access("prod"), keep).text;
    expect(merged(there, access("prod"), { ...keep, setContext: true })).toEqual({
      text: there.replace("current-context: work", "current-context: prod"),
      added: [],
      replaced: [],
    });
  });

  it("refuses what has the same name and says something else, and shows no secret of it", () => {
    const before = merged(existing, access("prod"), keep).text;
    expect(refusal(() => merged(before, access("prod", "https://elsewhere:6443"), keep))).toBe(
      '~/.kube/config has something else under the same name: cluster "prod" (server https://k3s:6443, not https://elsewhere:6443)',
    );
    const other = before.replace(credentials.key, "c2VjcmV0");
    expect(refusal(() => merged(other, access("prod"), keep))).toBe(
      '~/.kube/config has something else under the same name: user "prod" (client-key-data)',
    );
    expect(refusal(() => merged(existing, access("default"), keep))).toBe(
      '~/.kube/config has something else under the same name: cluster "default" (server https://other, not https://k3s:6443, certificate-authority-data)',
    );
  });

  it("replaces it in its place when told to", () => {
    const before = merged(existing, access("prod"), keep).text.replace(credentials.key, "c2VjcmV0");
    const result = merged(before, access("prod", "https://elsewhere:6443"), { ...keep, force: true });
    expect(result).toEqual({
      text: before.replace("https://k3s:6443", "https://elsewhere:6443").replace("c2VjcmV0", credentials.key),
      added: [],
      replaced: ['cluster "prod"', 'user "prod"'],
    });
    const work = merged(existing, access("work"), { ...keep, force: true }).text;
    expect(work).toContain("clusters:\n  # At the office.\n  - cluster:\n      certificate-authority-data: ");
  });

  it("keeps the way in which kubectl writes lists", () => {
    const kubectl = k3sYaml();
    const { text } = merged(kubectl, access("prod"), keep);
    const { cluster, user, context } = added("prod");
    const flush = (entry: string): string => entry.replaceAll(/^ {2}/gm, "");
    expect(text).toBe(
      kubectl
        .replace("contexts:\n", `${flush(cluster)}contexts:\n`)
        .replace("current-context:", `${flush(context)}current-context:`) + flush(user),
    );
  });

  it.each([
    ["a list", "- a\n", "~/.kube/config is not a kubeconfig: it is no mapping"],
    ["a text", "password\n", "~/.kube/config is not a kubeconfig: it is no mapping"],
    ["broken", "clusters:\n- a: [\n", "~/.kube/config is not YAML: line 3: bad indent"],
    ["two documents", "kind: Config\n---\nkind: Config\n", "~/.kube/config is not YAML: line 2: multiple docs"],
    ["clusters that are no list", "clusters: {}\n", "~/.kube/config is not a kubeconfig: clusters is no list"],
    ["a user that is no mapping", "users: [me]\n", "~/.kube/config is not a kubeconfig: an entry of users is no mapping"],
    [
      "two clusters of one name",
      "clusters: [{name: prod}, {name: prod}]\n",
      '~/.kube/config has 2 entries named "prod" in clusters',
    ],
  ])("refuses a file that is %s", (_, text, message) => {
    expect(refusal(() => merged(text, access("prod"), keep))).toBe(message);
  });

  it("tells what a file holds besides", () => {
    expect(othersIn(existing, access("work"))).toEqual(['cluster "default"']);
    expect(othersIn(k3sYaml(), access("default"))).toEqual([]);
    expect(othersIn("", access("prod"))).toEqual([]);
    expect(othersIn("some notes\n", access("prod"))).toBeUndefined();
  });
});

describe("whatever is in the file", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "default",
      "prod",
      "on",
      "0755",
      "null",
      "~",
      "",
      " x ",
      "a: b",
      "#",
      "1_000",
      "12:30",
      "'",
      '"',
      "\\",
      "é€😀",
      "-",
      "? x",
      "!!str a",
      "&a",
    ),
    fc.string({ maxLength: 12 }),
    fc.base64String({ minLength: 80, maxLength: 200 }),
  );
  const name = word.filter((text) => text !== "" && text !== "prod");
  const value = fc.oneof(
    word,
    fc.boolean(),
    fc.integer(),
    fc.constant(null),
    fc.array(word, { maxLength: 3 }),
    fc.dictionary(word, word, { maxKeys: 2 }),
  );
  const entries = (kind: string) =>
    fc.uniqueArray(fc.record({ name, [kind]: fc.dictionary(name, value, { maxKeys: 4 }) }), {
      selector: (one) => one.name,
      maxLength: 4,
    });
  const file = fc.record({
    clusters: entries("cluster"),
    contexts: entries("context"),
    users: entries("user"),
    "current-context": name,
    extensions: fc.array(value, { maxLength: 2 }),
  });

  it("every other entry is read as before, in either version of YAML, and in the same order", async () => {
    const { stringify } = await import("yaml");
    fc.assert(
      fc.property(file, fc.constantFrom("1.1" as const, "1.2" as const), fc.boolean(), (data, version, setContext) => {
        const before = stringify(data, { version });
        const { text } = merged(before, access("prod"), { ...keep, setContext });
        const was = parse(before, { version });
        const isEmpty = [data.clusters, data.contexts, data.users].every((list) => list.length === 0);
        const { cluster, user, context } = access("prod");
        expect(parse(text, { version })).toEqual({
          ...was,
          clusters: [...was.clusters, cluster],
          contexts: [...was.contexts, context],
          users: [...was.users, user],
          "current-context": setContext || isEmpty ? "prod" : was["current-context"],
        });
        expect(merged(text, access("prod"), keep).text).toBe(text);
      }),
      { numRuns: 150 },
    );
  });
});
