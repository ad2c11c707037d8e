import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";

/** What a command took. CPU is user and system time of everything that it started. */
export type Measured = {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Sum of the proportional set sizes of all processes, at its highest. */
  readonly peakMb: number;
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
};

let counter = 0;

/** Where processor time is accounted for: the one tree of cgroup v2, or the controller of v1. */
const isUnified = existsSync("/sys/fs/cgroup/cgroup.controllers");
export const groupRoot = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpuacct";

/** Runs a command in a control group of its own, so that processes it leaves behind (ssh masters) are counted as well. Needs root. */
export async function measure(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Measured> {
  counter += 1;
  const group = `${groupRoot}/k3sprov-bench-${process.pid}-${counter}`;
  mkdirSync(group);
  // An interrupted benchmark leaves nothing running.
  const interrupted = (): void => killAll(group);
  process.once("exit", interrupted);
  const started = performance.now();
  const child = spawn("sh", ["-c", `echo $$ >${group}/cgroup.procs && exec "$@"`, "sh", ...command], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  let peakKb = 0;
  const timer = setInterval(() => {
    peakKb = Math.max(peakKb, residentKb(group));
  }, 200);
  const rc = await new Promise<number>((resolve) => child.on("exit", (code) => resolve(code ?? 1)));
  const wallMs = performance.now() - started;
  // What is left in the pipes; a process that stays behind may hold them open.
  await Promise.race([new Promise((resolve) => child.on("close", resolve)), new Promise((resolve) => setTimeout(resolve, 500))]);
  clearInterval(timer);
  const cpuMs = cpuOf(group);
  await endAll(group);
  process.off("exit", interrupted);
  return { wallMs, cpuMs, peakMb: peakKb / 1024, rc, stdout, stderr };
}

/** CPU time that a control group has used, in milliseconds. */
export function cpuOf(group: string): number {
  if (!isUnified) return Number(readFileSync(`${group}/cpuacct.usage`, "utf8")) / 1e6;
  const usage = /usage_usec (\d+)/.exec(readFileSync(`${group}/cpu.stat`, "utf8"))?.[1] ?? "0";
  return Number(usage) / 1000;
}

function residentKb(group: string): number {
  return processesOf(group).reduce((sum, pid) => sum + proportionalSize(pid), 0);
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
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (processesOf(group).length === 0) {
      rmdirSync(group);
      return;
    }
    killAll(group);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function killAll(group: string): void {
  for (const pid of processesOf(group)) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended since the list was read.
    }
  }
}

function processesOf(group: string): readonly string[] {
  return readFileSync(`${group}/cgroup.procs`, "utf8")
    .split("\n")
    .filter((pid) => pid !== "");
}
