import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startHosts } from "../hosts/host.ts";
import { type Contender, contenders, type Target } from "./contenders.ts";
import { cpuOf, groupRoot, type Measured, measure } from "./measure.ts";
import { startRelay } from "./relay.ts";
import { type Row, renderReport } from "./report.ts";

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "1,10" },
    rtt: { type: "string", default: "0,50" },
    rounds: { type: "string", default: "3" },
    tools: { type: "string", default: "k3sprov,ansible,mitogen,floor" },
    phases: { type: "string", default: "fresh,converged,check" },
    out: { type: "string", default: "docs/benchmarks" },
  },
});

const list = (text: string): string[] => text.split(",").filter((one) => one !== "");
const tools = contenders.filter((one) => list(values.tools).includes(one.name));
const rows: Row[] = [];

for (const count of list(values.hosts).map(Number)) {
  for (const rtt of list(values.rtt).map(Number)) {
    // Interleaved: each round has every tool, so that a machine that slows down slows them all.
    for (let round = 1; round <= Number(values.rounds); round += 1) {
      for (const tool of tools) await measureTool(tool, count, rtt, round);
    }
  }
}

writeFileSync(`${values.out}.json`, `${JSON.stringify({ machine: machine(), rows }, null, 1)}\n`);
const { markdown, svg } = renderReport(rows, machine());
writeFileSync(`${values.out}.md`, markdown);
writeFileSync(`${values.out}.svg`, svg);
console.log(markdown);

/** One tool on hosts of its own: fresh first, then converged, then a dry run. */
async function measureTool(tool: Contender, count: number, rtt: number, round: number): Promise<void> {
  const hosts = await startHosts(count, { image: "bench", prefix: "bench" });
  const relays = await Promise.all(hosts.map((host) => startRelay(host.address, host.port, rtt)));
  const targets: Target[] = hosts.map((host, index) => ({ host, port: relays[index]?.port ?? 0 }));
  const folder = mkdtempSync(join(tmpdir(), "k3sprov-bench-"));
  try {
    for (const phase of tool.name === "floor" ? ["converged"] : list(values.phases)) {
      const { command, environment } = tool.command(targets, folder, phase === "check");
      const before = targetCpu(targets);
      const measured = await measure(command, environment, process.cwd());
      if (measured.rc !== 0)
        throw new Error(
          `${tool.name}, ${phase}: exit status ${measured.rc}\n${(measured.stdout + measured.stderr).slice(-4000)}`,
        );
      const row = rowOf(tool.name, phase, count, rtt, round, measured, targetCpu(targets) - before);
      rows.push(row);
      const { wallMs, cpuMs, peakMb, roundTrips } = row;
      console.error(
        `${tool.name} ${phase}: ${count} hosts, ${rtt} ms: ${(wallMs / 1000).toFixed(2)} s, CPU ${(cpuMs / 1000).toFixed(2)} s, ${peakMb.toFixed(0)} MB${roundTrips === undefined ? "" : `, ${roundTrips} round trips`}`,
      );
    }
  } finally {
    await Promise.all([...relays.map((relay) => relay.close()), ...hosts.map((host) => host.stop())]);
  }
}

function rowOf(
  tool: string,
  phase: string,
  hosts: number,
  rtt: number,
  round: number,
  measured: Measured,
  targetCpuMs: number,
): Row {
  const { wallMs, cpuMs, peakMb } = measured;
  const row = { tool, phase, hosts, rtt, round, wallMs, cpuMs, peakMb, targetCpuMs };
  if (tool !== "k3sprov") return row;
  const report: { readonly costs: Readonly<Record<string, { readonly roundTrips: number }>> } = JSON.parse(measured.stdout);
  return { ...row, roundTrips: Math.max(...Object.values(report.costs).map((cost) => cost.roundTrips)) };
}

/** CPU time of the hosts' containers so far, in milliseconds. */
function targetCpu(targets: readonly Target[]): number {
  return targets.reduce((sum, { host }) => {
    const places = [`${groupRoot}/docker/${host.containerId}`, `${groupRoot}/system.slice/docker-${host.containerId}.scope`];
    const group = places.find((place) => existsSync(place));
    if (group === undefined) throw new Error(`no control group of ${host.name} in ${places.join(", ")}`);
    return sum + cpuOf(group);
  }, 0);
}

function machine(): Readonly<Record<string, string>> {
  const version = (command: string, ...args: readonly string[]): string => {
    try {
      return (
        execFileSync(command, args, {
          encoding: "utf8",
          env: { ...process.env, PATH: `/usr/bin:/bin:${process.env["PATH"]}` },
        }).split("\n")[0] ?? ""
      );
    } catch {
      return "not there";
    }
  };
  return {
    processor: `${cpus().length} × ${cpus()[0]?.model ?? "?"}, shared by the control node and all hosts`,
    kernel: version("uname", "-sr"),
    node: process.version,
    ansible: version("ansible-playbook", "--version"),
    mitogen: version("dpkg-query", "-W", "-f", "${Version}", "ansible-mitogen"),
    openssh: version("dpkg-query", "-W", "-f", "${Version}", "openssh-client"),
  };
}
