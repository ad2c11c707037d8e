import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** Names the environment variable that tells vitest's workers where the warm programs are asked. */
const SOCKET_VARIABLE = "K3SPROV_TEST_CLI";

/** A process that has run this often, or has grown so large in bytes, makes room for a new one. */
const MOST_RUNS = 60;
const MOST_MEMORY = 500e6;

export type WarmRequest = {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
};

const answer = z.object({ rc: z.number(), stdout: z.string(), stderr: z.string(), rss: z.number().optional() });
export type WarmAnswer = Pick<z.infer<typeof answer>, "rc" | "stdout" | "stderr">;

type Worker = { readonly process: ChildProcess; runs: number };

/**
 * Serves runs of the program from processes that have run it before, whose code V8 has made fast: a small run costs a tenth. See cli-worker.mjs.
 * `main` is the built program's first file. Answers what ends it.
 */
export async function serveWarmCli(main: string): Promise<() => void> {
  const program = programBeside(main);
  const idle: Worker[] = [];
  const all = new Set<ChildProcess>();
  const start = (): Worker => {
    const child = fork(fileURLToPath(new URL("cli-worker.mjs", import.meta.url)), [program], {
      stdio: ["pipe", "ignore", "pipe", "ipc"],
      execArgv: [],
    });
    const worker = { process: child, runs: 0 };
    all.add(child);
    child.once("exit", () => {
      all.delete(child);
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
    });
    return worker;
  };

  const serve = async (client: Socket): Promise<void> => {
    const request = await whole(client);
    const worker = idle.pop() ?? start();
    // Whoever has asked no longer waits: the run took too long.
    const end = (): void => void worker.process.kill("SIGKILL");
    client.once("close", end);
    const result = await answerOf(worker, request);
    client.off("close", end);
    client.end(JSON.stringify(result));
    worker.runs++;
    if (worker.process.exitCode !== null || worker.process.signalCode !== null) return;
    if (worker.runs < MOST_RUNS && (result.rss ?? 0) < MOST_MEMORY) idle.push(worker);
    else worker.process.kill("SIGKILL");
  };

  const folder = mkdtempSync(join(tmpdir(), "k3sprov-cli-"));
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => client.destroy());
    serve(client).catch((error: unknown) => client.end(JSON.stringify({ rc: -1, stdout: "", stderr: String(error) })));
  });
  const path = join(folder, "socket");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  process.env[SOCKET_VARIABLE] = path;
  return () => {
    delete process.env[SOCKET_VARIABLE];
    server.close();
    for (const child of all) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Whether runs can be had from warm processes here: not outside of the tests. */
export function hasWarmCli(): boolean {
  return process.env[SOCKET_VARIABLE] !== undefined;
}

/** Runs the program in a warm process; one that takes longer than `timeoutMs` is killed and answers -1. */
export async function runWarm(request: WarmRequest, timeoutMs: number): Promise<WarmAnswer> {
  const client = connect({ path: process.env[SOCKET_VARIABLE] ?? "", allowHalfOpen: true });
  const timer = setTimeout(() => client.destroy(new Error(`killed after ${timeoutMs} ms`)), timeoutMs);
  try {
    client.end(JSON.stringify(request));
    return answer.parse(JSON.parse(await whole(client)));
  } catch (error) {
    return { rc: -1, stdout: "", stderr: String(error) };
  } finally {
    clearTimeout(timer);
  }
}

function answerOf(worker: Worker, request: string): Promise<z.infer<typeof answer>> {
  const { process: child } = worker;
  return new Promise((resolve) => {
    let said = "";
    const listen = (chunk: Buffer): void => {
      said += chunk.toString("utf8");
    };
    child.stderr?.on("data", listen);
    const settle = (result: z.infer<typeof answer>): void => {
      child.stderr?.off("data", listen);
      child.off("message", onMessage).off("exit", onExit);
      resolve(result);
    };
    const onMessage = (message: unknown): void => settle(answer.parse(message));
    const onExit = (code: number | null): void => settle({ rc: code ?? -1, stdout: "", stderr: said });
    child.once("message", onMessage).once("exit", onExit);
    child.send(JSON.parse(request));
  });
}

/** What the other side says until it has said all; the socket stays open for an answer. */
function whole(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    socket.once("error", reject);
  });
}

/** The file that main.js loads: scripts/build.mjs names it by its content. */
function programBeside(main: string): string {
  const folder = dirname(main);
  const found = readdirSync(folder).filter((name) => name.startsWith("k3sprov-") && name.endsWith(".cjs"));
  const [name] = found;
  if (name === undefined || found.length > 1)
    throw new Error(`one k3sprov-*.cjs was expected in ${folder}, not ${found.join(", ")}`);
  return join(folder, name);
}
