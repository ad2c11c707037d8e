import { type ChildProcess, execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type InventoryOptions, inventoryText, type TestHost } from "./host.ts";
import { repository, runFolder } from "./run.ts";
import { hasWarmCli, runWarm } from "./warm-cli.ts";

export type CliResult = { readonly rc: number; readonly stdout: string; readonly stderr: string; readonly elapsedMs: number };

export type CliOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Two minutes unless given; a run that takes longer is killed and answers -1. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Gets the process as soon as it runs: to interrupt it, to kill it, to watch what it says. */
  readonly started?: (process: ChildProcess) => void;
};

const TIMEOUT_MS = 120_000;

/**
 * Runs k3sprov as a user would, built from the sources as they are now. In a process that has run the program before where that makes no
 * difference, else in one of its own.
 */
export async function k3sprov(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const main = builtCli();
  const began = performance.now();
  const cwd = options.cwd ?? repository;
  const environment = { ...cleanEnvironment(), ...options.env };
  const result = needsOwnProcess(args, options)
    ? await runCold(main, args, cwd, environment, options)
    : await runWarm({ args, cwd, environment }, options.timeoutMs ?? TIMEOUT_MS);
  return { ...result, elapsedMs: performance.now() - began };
}

/** Signals, Node's own settings, and what main.js itself answers. */
function needsOwnProcess(args: readonly string[], { env = {}, signal, started }: CliOptions): boolean {
  if (!hasWarmCli() || signal !== undefined || started !== undefined) return true;
  return args[0] === "--version" || args[0] === "-V" || Object.keys(env).some((name) => name.startsWith("NODE_"));
}

function runCold(
  main: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  options: CliOptions,
): Promise<Omit<CliResult, "elapsedMs">> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, ...args],
      {
        cwd,
        env,
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
        timeout: options.timeoutMs ?? TIMEOUT_MS,
        killSignal: "SIGKILL",
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        const rc = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ rc, stdout, stderr });
      },
    );
    options.started?.(child);
  });
}

/** What the developer has set for himself must not reach the tests: variables of both tools, and what lies in his home. */
function cleanEnvironment(): Record<string, string> {
  const own = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(K3SPROV|ANSIBLE|VITEST|NODE_ENV|SSH_)/.test(entry[0]),
  );
  const home = join(runFolder(), "home");
  mkdirSync(home, { recursive: true });
  return { ...Object.fromEntries(own), HOME: home, NO_COLOR: "1" };
}

/** The command-line program, bundled once per test run, apart from dist/, which belongs to the developer. */
export function builtCli(): string {
  const folder = join(runFolder(), "dist");
  const main = join(folder, "cli", "main.js");
  if (existsSync(main)) return main;
  const draft = mkdtempSync(join(runFolder(), "build-"));
  execFileSync(process.execPath, [join(repository, "scripts", "build.mjs"), "--outdir", draft], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  renameSync(draft, folder);
  return main;
}

const counts = z.looseObject({
  ok: z.number(),
  changed: z.number(),
  unreachable: z.number(),
  failed: z.number(),
  skipped: z.number(),
  rescued: z.number(),
  ignored: z.number(),
});
const cost = z.looseObject({
  roundTrips: z.number(),
  bytesSent: z.number(),
  bytesReceived: z.number(),
  connects: z.number(),
  elapsedMs: z.number(),
});
const report = z.looseObject({
  hosts: z.record(z.string(), counts),
  /** Host -> titles of the tasks that changed it, or would. */
  changes: z.record(z.string(), z.array(z.string())),
  costs: z.record(z.string(), cost),
});

export type Report = z.infer<typeof report>;
export type RunReport = Report & {
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
};

export type ApplyOptions = CliOptions &
  InventoryOptions & {
    readonly check?: boolean;
    /** Further arguments of the command line. */
    readonly args?: readonly string[];
    /** Path relative to the playbook -> contents: templates, files, roles. */
    readonly files?: Readonly<Record<string, string>>;
    /** The exit status that is expected; 0 unless given. */
    readonly rc?: number;
  };

/** `k3sprov apply` of a playbook's text on these hosts. Throws with everything it printed when it ends otherwise than expected. */
export async function apply(
  target: TestHost | readonly TestHost[],
  playbook: string,
  options: ApplyOptions = {},
): Promise<RunReport> {
  const hosts = [target].flat();
  const { check = false, args = [], files = {}, rc = 0 } = options;
  const folder = mkdtempSync(join(runFolder(), "play-"));
  try {
    const inventory = inventoryText(hosts, options);
    for (const [name, contents] of Object.entries({ ...files, "inventory.yaml": inventory, "playbook.yaml": playbook })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), contents);
    }
    const flags = [...(check ? ["--check"] : []), "--format", "json", ...args];
    const result = await k3sprov(
      ["apply", "-i", join(folder, "inventory.yaml"), join(folder, "playbook.yaml"), ...flags],
      options,
    );
    if (result.rc !== rc) {
      throw new Error(
        `k3sprov apply${check ? " --check" : ""} ended with ${result.rc} instead of ${rc}\n${result.stderr}\n${result.stdout}`,
      );
    }
    return { ...parseReport(result.stdout, `standard output (standard error: ${result.stderr})`), ...result };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads what `--format json` printed, or `--report json=FILE` wrote; `source` is for the error. */
export function parseReport(text: string, source: string): Report {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Error(`${source}: this is not one JSON object: ${text.slice(0, 2_000)}`);
  }
  return report.parse(data);
}
