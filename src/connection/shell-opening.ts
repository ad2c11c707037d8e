import { type Entrance, entrance, entranceError, promptError } from "./become.ts";
import type { Channel } from "./channel.ts";
import type { Become, LockOptions } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { type Counters, freshNonce, ShellProcess } from "./shell-process.ts";

/** What a shell needs from the connection that it belongs to. */
export interface ShellHost {
  /** For messages: the inventory name, and the address where that differs. */
  readonly label: string;
  readonly counters: Counters;
  readonly connectTimeoutMs: number;
  readonly runId: string;
  /** The run is to end: nothing new begins. Aborted with `closed` too. */
  readonly interrupted: AbortSignal;
  /** The connection is no longer wanted: what runs is ended. */
  readonly closed: AbortSignal;
  /** Connects if need be. */
  open(
    command: (loginUser: string) => string,
    signal: AbortSignal,
  ): Promise<{ readonly channel: Channel; readonly loginUser: string }>;
  /** The lock that a shell which opens now has to take. */
  lockToTake(): LockOptions | undefined;
  lockTaken(process: ShellProcess, byRoot: boolean): void;
  notice(message: string): void;
}

/** Starts the shell's process and talks to sudo or su until it may be written to. */
export async function openShell(host: ShellHost, become: Become | undefined, signal: AbortSignal) {
  const nonce = freshNonce();
  let opened: Entrance = { command: "" };
  const { channel, loginUser } = await host.open((user) => {
    opened = entrance(become, user, nonce);
    return opened.command;
  }, signal);
  const process = new ShellProcess(channel, host.counters);
  const used = become?.user === loginUser ? undefined : become;
  const { conversation } = opened;
  if (conversation !== undefined && used !== undefined) {
    try {
      await converse(host, process, used, conversation, signal);
    } catch (error) {
      process.destroy();
      throw error;
    }
  }
  return { process, opened: used };
}

async function converse(
  host: ShellHost,
  process: ShellProcess,
  become: Become,
  { greeting, prompt, password }: NonNullable<Entrance["conversation"]>,
  signal: AbortSignal,
): Promise<void> {
  const { stray } = process;
  const greeted = () => stray.stdout.includes(greeting);
  let answered = false;
  for (;;) {
    const prompted = () => prompt.test(stray.stderr) || prompt.test(stray.stdout);
    const waited = await process.waitFor(() => greeted() || prompted(), { timeoutMs: host.connectTimeoutMs, signal });
    if (waited !== "met") throw notOpened(host, process, become, waited, `${stray.stdout}\n${stray.stderr}`);
    if (greeted()) {
      stray.stderr = "";
      return;
    }
    if (answered || password === undefined) throw promptError(host.label, become, answered);
    answered = true;
    stray.stderr = "";
    stray.stdout = "";
    host.counters.roundTrips += 1;
    await process.write(`${password}\n`);
  }
}

/** Waits for the shell's greeting and, where one is to be taken, the lock. */
export async function greet(
  host: ShellHost,
  process: ShellProcess,
  exchange: Exchange,
  lock: LockOptions | undefined,
  signal: AbortSignal,
  become: Become | undefined,
): Promise<void> {
  const waited = await process.waitFor(() => exchange.hello !== undefined, { timeoutMs: host.connectTimeoutMs, signal });
  if (waited !== "met") throw notOpened(host, process, become, waited, exchange.lastWords);
  process.pid = exchange.hello?.pid;
  if (lock === undefined) return;
  const limit = { timeoutMs: lock.waitMs + host.connectTimeoutMs, signal };
  let outcome = await process.waitFor(() => exchange.lock !== undefined || exchange.waitingFor !== undefined, limit);
  if (outcome === "met" && exchange.lock === undefined) {
    host.notice(`${host.label}: waiting for the lock, which is held by ${exchange.waitingFor || "another run"}`);
    outcome = await process.waitFor(() => exchange.lock !== undefined, limit);
  }
  const answer = exchange.lock;
  if (answer?.kind === "held") return host.lockTaken(process, answer.byRoot);
  if (answer?.kind === "impossible") {
    return host.notice(`${host.label}: no lock against a second run at the same time: ${answer.reason}`);
  }
  if (answer?.kind === "busy") {
    throw new ConnectionError(
      "locked",
      `${host.label}: another run is at work there: ${answer.owner || "its owner is unknown"}`,
      {
        retryable: true,
        help: "wait for it to end, or give --lock-timeout to wait here",
      },
    );
  }
  throw notOpened(host, process, become, outcome, exchange.lastWords);
}

function notOpened(
  host: ShellHost,
  process: ShellProcess,
  become: Become | undefined,
  waited: string,
  said: string,
): ConnectionError {
  if (waited === "aborted") return new ConnectionError("aborted", `${host.label}: interrupted`);
  if (process.end?.connectionLost === true) {
    return new ConnectionError("lost", `${host.label}: the connection was lost while a shell was opening`, { retryable: true });
  }
  if (process.end !== undefined) return entranceError(host.label, become, process.end, said);
  const error = entranceError(host.label, become, {}, said);
  if (error.code !== "shell-failed") return error;
  const what =
    become === undefined ? "the shell did not answer" : `${become.method} neither asked for a password nor started a shell`;
  return new ConnectionError("shell-failed", `${host.label}: ${what} within ${host.connectTimeoutMs / 1000} s`, {
    help: "see whether the login shell's start-up files wait for something: ssh to the host and run: exec /bin/sh",
  });
}
