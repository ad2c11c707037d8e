// npm run bench:site [-- --rounds 5 --rtt 0,50]: how long the whole site.yaml takes on three servers and two agents that have nothing left to change, beside
// the floor: one bare ssh with one command for each host, all at the same time. Writes its table into docs/benchmarks.md, and where that comes from.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ArtifactServer, startArtifactServer } from "../hosts/artifact-server.ts";
import { parseReport } from "../hosts/cli.ts";
import { inventoryText, startHosts, type TestHost } from "../hosts/host.ts";
import { publishK3s } from "../hosts/k3s-release.ts";
import { machine } from "./machine.ts";
import { type Measured, measure } from "./measure.ts";
import { type Relay, startRelay } from "./relay.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, rtt: { type: "string", default: "0,50" } } });
const rounds = Number(values.rounds);

// The kubelet of 1.35 and later does not start where the machine has the old control groups, and containers have those of the machine.
const VERSION = "v1.34.3+k3s3";
const root = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = ["test/bench/page.md", "docs/benchmarks.md"];
const [BEGIN, END] = ["<!-- npm run bench:site -->", "<!-- end -->"];

/** What of site.yaml the inventory asks for. */
type Kind = "plain" | "further roles";
type Line = {
  readonly kind: Kind;
  readonly rtt: number;
  readonly own: readonly Measured[];
  readonly floor: readonly Measured[];
  readonly trips: number;
};

const folder = mkdtempSync(join(tmpdir(), "k3sprov-bench-"));
const hosts = await startHosts(5, { image: "demo", prefix: "site" });
// After them: where hosts reach this machine may be seen only while one is up.
const artifacts = await startArtifactServer();
try {
  const lines: Line[] = [];
  for (const kind of ["plain", "further roles"] as const) {
    await apply(inventory(kind, hosts, artifacts, []));
    for (const rtt of values.rtt.split(",").map(Number)) lines.push(await measured(kind, rtt));
  }
  write(lines);
} finally {
  await Promise.all([artifacts.close(), ...hosts.map((host) => host.stop())]);
  rmSync(folder, { recursive: true, force: true });
}

async function measured(kind: Kind, rtt: number): Promise<Line> {
  const relays = await Promise.all(hosts.map((host) => startRelay(host.address, host.port, rtt)));
  try {
    const file = inventory(kind, hosts, artifacts, relays);
    const trips = (await apply(file)).trips;
    const own: Measured[] = [];
    const floor: Measured[] = [];
    // In turn, so that a machine that slows down slows both.
    for (let round = 0; round < rounds; round += 1) {
      floor.push(await checked(["sh", "-c", `${hosts.map((host, index) => ssh(host, relays[index])).join("\n")}\nwait`]));
      own.push((await apply(file)).measured);
    }
    return { kind, rtt, own, floor, trips };
  } finally {
    await Promise.all(relays.map((relay) => relay.close()));
  }
}

function ssh(host: TestHost, relay: Relay | undefined): string {
  return `ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i '${host.privateKeyFile}' -p ${relay?.port ?? 0} root@127.0.0.1 true &`;
}

async function checked(command: readonly string[]): Promise<Measured> {
  const result = await measure(command, {}, root);
  if (result.rc !== 0) throw new Error(`exit status ${result.rc}\n${(result.stdout + result.stderr).slice(-4000)}`);
  return result;
}

/** One run of site.yaml. Only the first one, which makes the cluster, may change something. */
async function apply(file: string): Promise<{ readonly measured: Measured; readonly trips: number }> {
  const site = join(root, "playbooks", "site.yaml");
  const result = await checked([process.execPath, join(root, "dist/cli/main.js"), "apply", site, "-i", file, "--format", "json"]);
  const { changes, costs } = parseReport(result.stdout, "the report");
  if (!file.endsWith("first.yaml") && Object.keys(changes).length > 0)
    throw new Error(`the hosts had not converged: ${JSON.stringify(changes)}`);
  return { measured: result, trips: Math.max(...Object.values(costs).map((cost) => cost.roundTrips)) };
}

function inventory(kind: Kind, all: readonly TestHost[], server: ArtifactServer, relays: readonly Relay[]): string {
  const [servers, agents] = [all.slice(0, 3), all.slice(3)];
  const text = inventoryText(all, {
    groups: { server: servers, agent: agents, k3s_cluster: all, ...(kind === "plain" ? {} : { etcdctl: servers, ulogd2: all }) },
    hostVars: (host) => {
      const relay = relays[all.indexOf(host)];
      const near = { ansible_host: "127.0.0.1", ansible_port: relay?.port };
      const trusting = { ansible_ssh_common_args: "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null" };
      return { k3s_node_ip: host.internalAddress, ...(relay === undefined ? {} : { ...near, ...trusting }) };
    },
    vars: {
      k3s_server_version: VERSION,
      // The user's own has the checksums of real releases.
      k3s_server_cache_dir: join(folder, "cache"),
      k3s_server_download_url: `${publishK3s(server, [VERSION]).base}/download`,
      k3s_server_config: { "write-kubeconfig-mode": "0640" },
      ...(kind === "plain" ? {} : further(all, server)),
    },
  });
  const file = join(folder, relays.length === 0 ? "first.yaml" : "inventory.yaml");
  writeFileSync(file, text);
  return file;
}

function further(all: readonly TestHost[], server: ArtifactServer) {
  return {
    proxy_http: "http://proxy.example.com:3128",
    proxy_https: "http://proxy.example.com:3128",
    proxy_cluster_hosts: [],
    proxy_add_inventory_hosts: false,
    proxy_no_proxy: ["localhost", "127.0.0.1", new URL(server.http).hostname, ...all.map((host) => host.internalAddress)],
    etcdctl_source: "distribution",
    node_labels_labels: { "example.com/rack": "r1" },
  };
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}

function write(lines: readonly Line[]): void {
  const wall = (runs: readonly Measured[]): number => median(runs.map((run) => run.wallMs)) / 1000;
  const cpu = (runs: readonly Measured[]): number => median(runs.map((run) => run.cpuMs)) / 1000;
  const rows = lines.map(({ kind, rtt, own, floor, trips }) => {
    const peak = Math.max(...own.map((run) => run.peakMb));
    const cells = [
      kind,
      `${rtt} ms`,
      `${wall(own).toFixed(2)} s`,
      `${wall(floor).toFixed(2)} s`,
      (wall(own) / wall(floor)).toFixed(2),
    ];
    return `| ${[...cells, trips, `${cpu(own).toFixed(2)} s`, `${peak.toFixed(0)} MB`, own.length].join(" | ")} |`;
  });
  const { processor, kernel, node, k3sprov } = machine();
  const text = [
    BEGIN,
    `Measured on ${processor}; ${kernel}, node ${node}, ${k3sprov}. Load of the machine at the end: ${loadavg()[0]?.toFixed(1)}.`,
    "",
    "| roles | round trip | site.yaml, wall | floor, wall | × floor | round trips per host, at most | control CPU | peak memory | runs |",
    "|---|---|---|---|---|---|---|---|---|",
    ...rows,
    END,
  ].join("\n");
  for (const page of PAGES) {
    const path = join(root, page);
    const before = readFileSync(path, "utf8");
    const [from, to] = [before.indexOf(BEGIN), before.indexOf(END)];
    if (from < 0 || to < from) throw new Error(`${page} has no place for the table, between ${BEGIN} and ${END}`);
    writeFileSync(path, before.slice(0, from) + text + before.slice(to + END.length));
  }
  console.log(text);
}
