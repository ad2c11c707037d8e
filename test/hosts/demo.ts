// The hosts of `npm run demo`:
//
//   tsx test/hosts/demo.ts up FOLDER        starts three, writes FOLDER/inventory.yaml, leaves them running
//   tsx test/hosts/demo.ts down FOLDER      removes them
//   tsx test/hosts/demo.ts verify FOLDER    compares the reports check.json, apply.json and again.json in FOLDER

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { parseReport, type Report } from "./cli.ts";
import { removeHosts } from "./container.ts";
import { startHosts, type TestHost } from "./host.ts";
import { builtK3s } from "./k3s-release.ts";

const [action, given] = process.argv.slice(2);
if (given === undefined) throw new Error("which folder? tsx test/hosts/demo.ts up|down|verify FOLDER");
const folder = resolve(given);

// The kubelet of 1.35 and later does not start where the machine has the old control groups, and containers have those of the machine.
const VERSION = "v1.34.3+k3s3";

switch (action) {
  case "up": {
    await removeHosts("demo", "all");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const began = performance.now();
    const hosts = await startHosts(3, { prefix: "node", purpose: "demo", image: "demo", user: "deploy", folder });
    writeFileSync(join(folder, "inventory.yaml"), inventory(hosts));
    // Files as one carries them to where no host reaches the internet; K3s itself is the tests' stand-in.
    mkdirSync(join(folder, "k3s"));
    writeFileSync(join(folder, "k3s", process.arch === "arm64" ? "k3s-arm64" : "k3s"), builtK3s(VERSION));
    console.log(`started ${hosts.map((host) => host.name).join(", ")} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    break;
  }
  case "down": {
    const count = await removeHosts("demo", "all");
    rmSync(folder, { recursive: true, force: true });
    console.log(count === 0 ? "there were no demo hosts" : `removed ${count} demo hosts`);
    break;
  }
  case "verify":
    verify();
    break;
  default:
    throw new Error(`unknown action "${action}"; use up, down or verify`);
}

/** A server and two agents as one would write them down; only that the packages are the distribution's, and that Docker runs in containers. */
function inventory(hosts: readonly TestHost[]): string {
  const [server, ...agents] = hosts.map((host) => [host.name, { ...host.inventoryEntry(), k3s_node_ip: host.internalAddress }]);
  if (server === undefined) throw new Error("no host was started");
  const children = (...names: readonly string[]) => ({ children: Object.fromEntries(names.map((name) => [name, {}])) });
  const vars = {
    k3s_server_version: VERSION,
    k3s_server_airgap_dir: join(folder, "k3s"),
    k3s_server_datastore: "etcd",
    proxy_http: "http://proxy.example.com:3128",
    proxy_https: "http://proxy.example.com:3128",
    docker_runtime_source: "distribution",
    docker_runtime_daemon: {
      "storage-driver": "vfs",
      "log-opts": { "max-size": "10m" },
      // The hosts stand in Docker's usual network themselves.
      bip: "10.200.0.1/24",
      "default-address-pools": [{ base: "10.201.0.0/16", size: 24 }],
    },
    etcdctl_source: "distribution",
  };
  const groups = {
    server: { hosts: Object.fromEntries([server]) },
    agent: { hosts: Object.fromEntries(agents) },
    k3s_cluster: children("server", "agent"),
    docker_runtime: children("agent"),
    etcdctl: children("server"),
    ulogd2: children("k3s_cluster"),
  };
  return stringify({ all: { vars, children: groups } }, { lineWidth: 0 });
}

/** The promises of a run, as its reports tell them; ends with exit status 1 and the difference where one is broken. */
function verify(): void {
  const [check, applied, again] = (["check", "apply", "again"] as const).map((name) => report(join(folder, `${name}.json`)));
  const broken: string[] = [];
  if (JSON.stringify(check?.changes) !== JSON.stringify(applied?.changes)) {
    broken.push(`--check announced ${JSON.stringify(check?.changes)}, but apply changed ${JSON.stringify(applied?.changes)}`);
  }
  if (Object.values(applied?.changes ?? {}).flat().length === 0) broken.push("apply changed nothing on new hosts");
  if (Object.values(again?.changes ?? {}).flat().length > 0)
    broken.push(`the second apply changed ${JSON.stringify(again?.changes)}`);
  for (const line of broken) console.error(`demo: BROKEN PROMISE: ${line}`);
  process.exitCode = broken.length === 0 ? 0 : 1;
}

function report(file: string): Report {
  return parseReport(readFileSync(file, "utf8"), file);
}
