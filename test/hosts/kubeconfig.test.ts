import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAccess } from "../../src/kubeconfig/read.ts";
import { credentials, k3sYaml } from "../kubeconfig/sample.ts";
import { k3sprov } from "./cli.ts";
import { inventoryText, type TestHost } from "./host.ts";
import { withHosts } from "./pool.ts";
import { runFolder } from "./run.ts";

const USUAL = "/etc/rancher/k3s/k3s.yaml";
const hosts = withHosts(2);
const [one, two] = hosts.map((host) => host.as("deploy"));
if (one === undefined || two === undefined) throw new Error("two hosts are needed");
let folder = "";
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(runFolder(), "kubeconfig-"));
  inventory({ groups: { server: [one, two] } });
  // Nothing listens there.
  writeFileSync(at("gone.yaml"), JSON.stringify({ server: { hosts: { gone: { ansible_host: "127.0.0.1", ansible_port: 9 } } } }));
  await put(two, USUAL, k3sYaml());
});
afterAll(async () => {
  await Promise.all(hosts.map((host) => host.read("rm -rf /etc/rancher /srv/k3s.yaml")));
  rmSync(folder, { recursive: true });
});

function inventory(options: Parameters<typeof inventoryText>[1]): void {
  writeFileSync(
    at("inventory.yaml"),
    inventoryText(
      [one, two].filter((host) => host !== undefined),
      options,
    ),
  );
}

async function put(host: TestHost, path: string, text: string): Promise<void> {
  const encoded = Buffer.from(text).toString("base64");
  await host.read(`mkdir -p $(dirname ${path}) && echo ${encoded} | base64 -d >${path} && chmod 600 ${path}`);
}

function kubeconfig(...args: readonly string[]) {
  return k3sprov(["kubeconfig", "-i", at("inventory.yaml"), ...args], { cwd: folder, env: { HOME: folder, KUBECONFIG: "" } });
}

describe("k3sprov kubeconfig", () => {
  it("takes the first server that has one, as root, and prints it with an address and a name for here", {
    timeout: 60_000,
  }, async () => {
    const lock = await two.read("stat -c %Y /run/k3sprov.lock 2>/dev/null || echo none");
    const { rc, stdout, stderr } = await kubeconfig();
    expect(stderr).toBe(
      `warning: ${one.name}: there is no ${USUAL}: K3s is no server there, is not installed, or has never started\n`,
    );
    expect(rc).toBe(0);
    const access = readAccess(stdout, "it");
    expect([access.cluster.cluster.server, access.context.name, access.user.name]).toEqual([
      `https://${two.address}:6443`,
      one.name,
      one.name,
    ]);
    expect(stdout).toBe(
      k3sYaml({ server: `https://${two.address}:6443`, names: { cluster: one.name, user: one.name, context: one.name } }),
    );
    // Nothing is left on either side, and no other run was kept waiting.
    expect(await two.read("stat -c %Y /run/k3sprov.lock 2>/dev/null || echo none")).toBe(lock);
    expect(
      readdirSync(folder)
        .filter((name) => name !== ".cache")
        .sort(),
    ).toEqual(["gone.yaml", "inventory.yaml"]);
  });

  it("goes by the inventory, writes a file for its owner alone, and merges without touching what is there", {
    timeout: 60_000,
  }, async () => {
    inventory({
      groups: { control: [two] },
      vars: {
        k3s_host_server_group: "control",
        k3s_cluster_name: "production",
        k3s_server_registration_address: "2001:db8::{{ '1' }}",
        k3s_server_config: { "write-kubeconfig": "/srv/{{ ansible_facts.system | lower | replace('linux', 'k3s') }}.yaml" },
      },
    });
    await put(two, "/srv/k3s.yaml", k3sYaml({ server: "https://[::1]:7443" }));
    const written = await kubeconfig("-o", "out.yaml");
    expect([written.rc, written.stdout, written.stderr]).toEqual([
      0,
      "",
      `${at("out.yaml")}: context "production", https://[2001:db8::1]:7443\n`,
    ]);
    expect(statSync(at("out.yaml")).mode & 0o777).toBe(0o600);
    const names = { cluster: "production", user: "production", context: "production" };
    expect(readFileSync(at("out.yaml"), "utf8")).toBe(k3sYaml({ server: "https://[2001:db8::1]:7443", names }));

    const merge = await kubeconfig(two.name, "--merge", "--server", "k3s.example.com:443", "--name", "other", "-o", "out.yaml");
    expect([merge.rc, merge.stderr]).toEqual([
      0,
      `${at("out.yaml")}: context "other", https://k3s.example.com:443; added cluster "other", user "other", context "other"\n`,
    ]);
    const both = readFileSync(at("out.yaml"), "utf8");
    expect(readAccess(both, "it")).toEqual(readAccess(k3sYaml({ server: "https://[2001:db8::1]:7443", names }), "it"));

    const conflict = await kubeconfig("--merge", "--server", "elsewhere", "-o", "out.yaml");
    expect([conflict.rc, conflict.stderr]).toEqual([
      3,
      `error: ${at("out.yaml")} has something else under the same name: cluster "production" (server https://[2001:db8::1]:7443, not https://elsewhere:7443)\n` +
        "  help: --force replaces it, --name NAME puts this cluster beside it\n",
    ]);
    const clobber = await kubeconfig("-o", "out.yaml");
    expect([clobber.rc, clobber.stderr]).toEqual([
      3,
      `error: ${at("out.yaml")} holds cluster "other", user "other", context "other", which would be lost\n  help: --merge adds to it, --force replaces it\n`,
    ]);
    expect(readFileSync(at("out.yaml"), "utf8")).toBe(both);

    const usual = await kubeconfig("--merge", "--set-context", "-q");
    expect([usual.rc, usual.stdout + usual.stderr]).toEqual([0, ""]);
    expect(readAccess(readFileSync(at(".kube/config"), "utf8"), "it").context.name).toBe("production");
  });

  it("says why there is none, and shows nothing of a file that is broken", { timeout: 60_000 }, async () => {
    inventory({ groups: { server: [one, two] } });
    await put(two, USUAL, k3sYaml().replace("kind: Config", `${credentials.key} [`));
    const broken = await kubeconfig("-i", at("gone.yaml"), "-T", "2");
    expect(broken.rc).toBe(2);
    expect(broken.stdout).toBe("");
    expect(broken.stderr).not.toContain(credentials.key.slice(0, 20));
    expect(broken.stderr.split("\n")).toEqual([
      `error: ${one.name}: there is no ${USUAL}: K3s is no server there, is not installed, or has never started`,
      expect.stringMatching(new RegExp(`^error: ${USUAL} of ${two.name} is not YAML: line \\d+: `)),
      "error: gone (127.0.0.1 port 9): port 9 refuses connections",
      "error: none of 3 servers has given a kubeconfig",
      "",
    ]);
    const away = await kubeconfig("gone", "-i", at("gone.yaml"), "-T", "2");

    expect([away.rc, away.stderr]).toEqual([4, "error: gone (127.0.0.1 port 9): port 9 refuses connections\n"]);
    const nobody = await kubeconfig("--limit", "nobody*");
    expect([nobody.rc, nobody.stderr.split("\n")[0]]).toEqual([3, 'error: --limit "nobody*" matches no host']);
  });

  it("refuses wrong usage before it asks anybody", async () => {
    const usage = async (...args: readonly string[]) => {
      const { rc, stderr } = await kubeconfig(...args);
      return [rc, stderr];
    };
    expect(await usage("--server", "http://k3s")).toEqual([
      5,
      'error: --server is "http://k3s", but must be an https:// URL without a path, a name or an IP address\n',
    ]);
    expect(await usage("--set-context")).toEqual([5, "error: --set-context goes with --merge only\n"]);
    expect(await usage("--force")).toEqual([5, "error: --force goes with --merge or --output only\n"]);
  });
});
