import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { main } from "../../src/cli/main.ts";
import { fakeProcess } from "../cli/fake-process.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov-playbooks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const repository = join(import.meta.dirname, "..", "..");
const inventory = join(repository, "inventory.example.yaml");
const names = readdirSync(join(repository, "playbooks")).filter((name) => name.endsWith(".yaml"));
const roles = readdirSync(join(repository, "roles"));

/** Roles that others are made of. */
const SHARED = ["k3s-host", "k3s-install", "k3s-upgrade"];

/** What `proxy.yaml` cannot do without, and the example leaves to the reader. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  "proxy.yaml": ["-eproxy_http=http://proxy.example.com:3128"],
  "reset.yaml": ["-ereset=agent01.example.com,server3"],
  "rotate-ca.yaml": ["-ecertificates_rotate_ca=2026-11-26"],
};

async function lint(...argv: readonly string[]) {
  const at = fakeProcess(["lint", ...argv], { cwd: repository });
  const code = await main(at);
  return { code, said: at.told.out + at.told.error };
}

describe("the playbooks that come along", () => {
  it.each(names)("%s goes with the inventory that comes along", async (name) => {
    const { code, said } = await lint(join("playbooks", name), "-i", inventory, ...(MORE[name] ?? []));
    expect(said).toContain("no errors");
    expect(code).toBe(0);
  });

  it("are one for each role, and site.yaml has them all", () => {
    const site = readFileSync(join(repository, "playbooks", "site.yaml"), "utf8");
    for (const role of roles.filter((name) => !SHARED.includes(name))) {
      expect(names).toContain(`${role}.yaml`);
      expect(site).toContain(`- role: ${role}\n`);
    }
  });
});

/** The clusters that stand in the example as comments: what is said of each -> its inventory. */
function otherClusters(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const text = readFileSync(inventory, "utf8");
  for (const [, title = "", block = ""] of text.matchAll(/^# (.+)\n(?:# .*\n)*((?:#all:\n)(?:# {2}.*\n)+)/gm))
    found.set(title.split(/[.:(,]/)[0]?.trim() ?? "", block.replaceAll(/^#/gm, ""));
  return found;
}

describe("the other clusters of the inventory that comes along", () => {
  // Where the example has a directory that nobody but its reader has.
  const write = (text: string): string => {
    const path = join(folder, "other.yaml");
    writeFileSync(path, text.replace("/srv/k3s/v1.36.3", folder));
    return path;
  };

  it.each([
    "A single node",
    "Servers that run the control plane and nothing else; what is deployed runs on the agents",
    "No host has a way out",
    "Behind a proxy",
    "Two servers with an external datastore",
  ])("%s: goes with site.yaml", async (title) => {
    const text = otherClusters().get(title);
    if (text === undefined) throw new Error(`the example has only ${[...otherClusters().keys()].join("; ")}`);
    const { code, said } = await lint("playbooks/site.yaml", "-i", write(text));
    expect(said).toContain("no errors");
    expect(code).toBe(0);
  });

  it("are no more than these, and each is checked by its roles", async () => {
    expect(otherClusters().size).toBe(5);
    const broken = [
      ["A single node", "v1.36.3+k3s1", "1.36.3", 'k3s_server_version is "1.36.3"'],
      ["Behind a proxy", "3128", "0", "proxy_http"],
      ["No host has a way out", "k3s_server_airgap_dir: /srv", "k3s_server_airgap_dir: /nowhere", "has no such directory"],
      ["Two servers with an external datastore", "k3s_server_token", "some_token", "set k3s_server_token"],
      [
        "Servers that run the control plane and nothing else; what is deployed runs on the agents",
        "        agent1: { ansible_host: 192.0.2.21 }\n        agent2: { ansible_host: 192.0.2.22 }\n",
        "        {}\n",
        "no server has an agent",
      ],
    ] as const;
    for (const [title, from, to, message] of broken) {
      const text = otherClusters().get(title) ?? "";
      expect(text).toContain(from);
      const { code, said } = await lint("playbooks/site.yaml", "-i", write(text.replace(from, to)));
      expect(said).toContain(message);
      expect(code).toBe(3);
    }
  });
});

describe("the manifests to try roles with", () => {
  it.each([
    [
      "nvidia",
      "sample-pod.yaml",
      { apiVersion: "v1", kind: "Pod", spec: { runtimeClassName: "nvidia", restartPolicy: "Never" } },
    ],
    [
      "nvidia",
      "runtime-class.yaml",
      { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name: "nvidia" }, handler: "nvidia" },
    ],
    [
      "stargz",
      "sample-pod.yaml",
      { apiVersion: "v1", kind: "Pod", spec: { containers: [{ image: expect.stringMatching(/-esgz$/) }] } },
    ],
  ])("%s: %s is what its README names", (role, file, expected) => {
    expect(parse(readFileSync(join(repository, "roles", role, "files", file), "utf8"))).toMatchObject(expected);
    expect(readFileSync(join(repository, "roles", role, "README.md"), "utf8")).toContain(`(files/${file})`);
  });
});

describe("lint with an inventory", () => {
  it("tells what roles refuse, and without one only what is wrong in itself", async () => {
    const { code, said } = await lint("playbooks/proxy.yaml", "-i", inventory);
    expect(said).toContain("error: proxy_http or proxy_https is needed; to remove the proxy say proxy_state: absent");
    expect(said).toContain("in hosts server1, server2, server3, agent01.example.com, agent02.example.com and 18 more");
    expect(code).toBe(3);
    expect((await lint("playbooks/proxy.yaml")).code).toBe(0);
  });

  // A host in two groups: what each role says of the other.
  it.each([
    [
      "docker_runtime",
      "stargz",
      {},
      "the roles docker-runtime and stargz exclude each other: the stargz snapshotter is part of K3s' containerd",
    ],
    ["docker_runtime", "stargz", {}, "the roles stargz and docker-runtime exclude each other"],
    ["docker_runtime", "nvidia", { nvidia_default_runtime: true }, "nvidia_default_runtime"],
    ["docker_runtime", "selinux", {}, "selinux"],
  ])("finds that %s and %s exclude each other", async (first, second, vars, message) => {
    const hosts = { hosts: { one: null } };
    const children = { server: hosts, k3s_cluster: { children: { server: {} } }, [first]: hosts, [second]: hosts };
    writeFileSync(join(folder, "inventory.yaml"), JSON.stringify({ all: { vars, children } }));
    const { code, said } = await lint("playbooks/site.yaml", "-i", join(folder, "inventory.yaml"));
    expect(said).toContain(message);
    expect(code).toBe(3);
    // One that is being taken away does not count.
    const leaving = { ...vars, [`${second}_state`]: "absent" };
    writeFileSync(join(folder, "inventory.yaml"), JSON.stringify({ all: { vars: leaving, children } }));
    expect((await lint("playbooks/site.yaml", "-i", join(folder, "inventory.yaml"))).said).not.toContain(message);
  });
});
