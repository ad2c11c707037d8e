import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";

/** What a command took. CPU is user and system time of everything that it started. */
export type Measured = {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Sum of the proportional set sizes of all processes, at its highest. */
  readonly peakMb: number;
  readonly rc: number;
  readonly output: string;
};

let counter = 0;

/**
 * Runs a command in a control group of its own, so that processes it leaves behind (ssh masters) are counted as well. Needs
 * root and cgroup v2.
 */
export async function measure(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Measured> {
  counter += 1;
  const group = `/sys/fs/cgroup/k3sprov-bench-${process.pid}-${counter}`;
  mkdirSync(group);
  const started = performance.now();
  const child = spawn("sh", ["-c", `echo $$ >${group}/cgroup.procs && exec "$@"`, "sh", ...command], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  let peakKb = 0;
  const timer = setInterval(() => {
    peakKb = Math.max(peakKb, residentKb(group));
  }, 200);
  const rc = await new Promise<number>((resolve) => child.on("exit", (code) => resolve(code ?? 1)));
  const wallMs = performance.now() - started;
  clearInterval(timer);
  const cpuMs = cpuOf(group);
  await endAll(group);
  return { wallMs, cpuMs, peakMb: peakKb / 1024, rc, output };
}

/** CPU time that a control group has used, in milliseconds. */
export function cpuOf(group: string): number {
  const usage = /usage_usec (\d+)/.exec(readFileSync(`${group}/cpu.stat`, "utf8"))?.[1] ?? "0";
  return Number(usage) / 1000;
}

function residentKb(group: string): number {
  const pids = readFileSync(`${group}/cgroup.procs`, "utf8").trim().split("\n");
  return pids.reduce((sum, pid) => sum + proportionalSize(pid), 0);
}

function proportionalSize(pid: string): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? "0");
  } catch {
    // It has ended since the list was read.
    return 0;
  }
}

async function endAll(group: string): Promise<void> {
  for (let attempt = 0; attempt < 50 && existsSync(group); attempt += 1) {
    const pids = readFileSync(`${group}/cgroup.procs`, "utf8").trim();
    if (pids === "") {
      for (const below of readdirSync(group, { withFileTypes: true }))
        if (below.isDirectory()) rmdirSync(`${group}/${below.name}`);
      rmdirSync(group);
      return;
    }
    writeFileSync(`${group}/cgroup.kill`, "1");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
