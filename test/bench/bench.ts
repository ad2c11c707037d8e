import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startHosts } from "../hosts/host.ts";
import { type Contender, contenders, type Target } from "./contenders.ts";
import { machine } from "./machine.ts";
import { cpuOf, groupRoot, type Measured, measure } from "./measure.ts";
import { startRelay } from "./relay.ts";
import { Results } from "./results.ts";
import { PHASES, type Row } from "./rows.ts";

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "1,10" },
    rtt: { type: "string", default: "0,50" },
    rounds: { type: "string", default: "3" },
    tools: { type: "string", default: "k3sprov,ansible,mitogen,floor" },
    phases: { type: "string", default: PHASES.join(",") },
    out: { type: "string", default: "docs/benchmarks" },
    page: { type: "boolean", default: false },
  },
});

const list = (text: string): string[] => text.split(",").filter((one) => one !== "");
const tools = contenders.filter((one) => list(values.tools).includes(one.name));
const results = new Results(values.out, machine());

if (values.page) results.writePage();
else {
  for (const hosts of list(values.hosts).map(Number)) {
    for (const rtt of list(values.rtt).map(Number)) {
      // Interleaved: each round has every tool, so that a machine that slows down slows them all.
      for (let round = 1; round <= Number(values.rounds); round += 1) {
        for (const tool of tools) {
          const phases = phasesOf(tool);
          if (phases.every((phase) => results.has({ tool: tool.name, hosts, rtt, round, phase }))) continue;
          await measureTool(tool, hosts, rtt, round);
        }
      }
    }
  }
}

function phasesOf(tool: Contender): readonly string[] {
  return tool.name === "floor" ? ["converged"] : PHASES.filter((phase) => list(values.phases).includes(phase));
}

/** One tool on hosts of its own: fresh first, then converged, then a dry run. */
async function measureTool(tool: Contender, count: number, rtt: number, round: number): Promise<void> {
  const hosts = await startHosts(count, { image: "bench", prefix: "bench" });
  const relays = await Promise.all(hosts.map((host) => startRelay(host.address, host.port, rtt)));
  const targets: Target[] = hosts.map((host, index) => ({ host, port: relays[index]?.port ?? 0 }));
  const folder = mkdtempSync(join(tmpdir(), "k3sprov-bench-"));
  try {
    if (!phasesOf(tool).includes("fresh") && tool.name !== "floor") await converge(targets, folder);
    for (const phase of phasesOf(tool)) {
      const { command, environment } = tool.command(targets, folder, phase === "check");
      const before = targetCpu(targets);
      const measured = await measure(command, environment, process.cwd());
      if (measured.rc !== 0)
        throw new Error(
          `${tool.name}, ${phase}: exit status ${measured.rc}\n${(measured.stdout + measured.stderr).slice(-4000)}`,
        );
      const row = rowOf(tool.name, phase, count, rtt, round, measured, targetCpu(targets) - before);
      results.add(row);
      const { wallMs, cpuMs, peakMb, roundTrips } = row;
      console.error(
        `${tool.name} ${phase}: ${count} hosts, ${rtt} ms: ${(wallMs / 1000).toFixed(2)} s, CPU ${(cpuMs / 1000).toFixed(2)} s, ${peakMb.toFixed(0)} MB${roundTrips === undefined ? "" : `, ${roundTrips} round trips`}`,
      );
    }
  } finally {
    await Promise.all([...relays.map((relay) => relay.close()), ...hosts.map((host) => host.stop())]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where the fresh run is not asked for, k3sprov makes the state that the others start from: it is the same whoever makes it. */
async function converge(targets: readonly Target[], folder: string): Promise<void> {
  const [k3sprov] = contenders;
  if (k3sprov === undefined) throw new Error("there is no contender");
  const { command, environment } = k3sprov.command(targets, folder, false);
  const { rc, stderr } = await measure(command, environment, process.cwd());
  if (rc !== 0) throw new Error(`k3sprov could not prepare the hosts: exit status ${rc}\n${stderr.slice(-4000)}`);
}

function rowOf(
  tool: Row["tool"],
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
