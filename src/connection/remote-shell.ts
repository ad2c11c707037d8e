import { sh } from "../sh.ts";
import type { Become, RunOptions, Section, SectionResult, Shell } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { checkSection, delimiter, discard, frameSection, type ReadySection, sectionNeedsDecoders } from "./framing.ts";
import { killTree } from "./kill-tree.ts";
import type { Decoders } from "./payload-encoding.ts";
import { lockScript, preamble } from "./preamble.ts";
import { greet, openShell, type ShellHost } from "./shell-opening.ts";
import { freshNonce, type Limit, type ShellProcess } from "./shell-process.ts";
import { isReady, StagingStopped, stage } from "./staging.ts";

/** Pieces are joined up to this length before they are written. */
const writeLength = 131_072;
/** How long the killing of a runaway may take before the connection is given up with it. */
const killTimeoutMs = 15_000;

export class RemoteShell implements Shell {
  readonly user: string;
  readonly #host: ShellHost;
  readonly #become: Become | undefined;
  #process: ShellProcess | undefined;
  #decoders: Decoders | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  /** Paths of the host that must not outlive the call under way: files that were brought over, what scripts make for themselves. */
  readonly #staged = new Set<string>();
  /** Those of earlier calls that failed; nobody knows whether they are still there. */
  readonly #stale = new Set<string>();

  constructor(host: ShellHost, become: Become | undefined, user: string) {
    this.#host = host;
    this.#become = become;
    this.user = user;
  }

  run(sections: readonly Section[], options: RunOptions = {}): Promise<readonly SectionResult[]> {
    const turn = this.#queue.then(() => this.#run(sections, options));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** Settles when no call is under way. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  destroy(): void {
    this.#process?.destroy();
  }

  async #run(sections: readonly Section[], options: RunOptions): Promise<readonly SectionResult[]> {
    for (const section of sections) checkSection(section);
    if (sections.length === 0) return [];
    const own = options.signal === undefined ? [] : [options.signal];
    const opening = AbortSignal.any([...own, this.#host.interrupted]);
    if (opening.aborted) throw this.#aborted([], false);
    const signal = AbortSignal.any([...own, this.#host.closed]);
    const began = performance.now();
    const whole = { timeoutMs: options.timeoutMs, signal };
    try {
      const ready = await this.#stage(sections, whole, opening);
      const spent = this.#staged.size === 0 ? 0 : performance.now() - began;
      const limit = options.timeoutMs === undefined ? whole : { timeoutMs: Math.max(1, options.timeoutMs - spent), signal };
      for (const path of sections.flatMap(({ temporary = [] }) => temporary)) this.#staged.add(path);
      const results = await this.#exchange(ready, limit, opening);
      this.#stale.clear();
      return results;
    } catch (error) {
      for (const directory of this.#staged) this.#stale.add(directory);
      throw error;
    } finally {
      this.#staged.clear();
    }
  }

  async #exchange(sections: readonly ReadySection[], limit: Limit, opening: AbortSignal): Promise<readonly SectionResult[]> {
    const nonce = freshNonce();
    let process = this.#process;
    let exchange: Exchange;
    if (process?.isAlive === true) {
      exchange = process.startExchange(nonce, sections.length);
      this.#host.counters.roundTrips += 1;
      void this.#send(process, await this.#text(sections, nonce));
    } else {
      ({ process, exchange } = await this.#start(sections, nonce, opening));
    }
    return this.#collect(process, exchange, limit);
  }

  /** Brings large files over, each before the section that needs it; what is left of earlier ones goes first. */
  async #stage(sections: readonly Section[], limit: Limit, opening: AbortSignal): Promise<readonly ReadySection[]> {
    if (sections.every(isReady)) return sections;
    const late = limit.timeoutMs === undefined ? [] : [AbortSignal.timeout(limit.timeoutMs)];
    const stop = AbortSignal.any([...late, ...(limit.signal === undefined ? [] : [limit.signal])]);
    try {
      return await stage(sections, {
        process: () => this.#opened(limit, opening),
        canUnpack: () => this.#decoders?.gzip === true,
        stop,
        staged: this.#staged,
      });
    } catch (error) {
      // Whatever it was, the caller's sections had not begun.
      if (error instanceof ConnectionError) throw withStarted(error, false);
      if (!(error instanceof StagingStopped)) throw error;
      const process = this.#process;
      this.#process = undefined;
      if (process?.isAlive !== true) throw this.#lost(process, undefined);
      await this.#endRunaway(process, undefined);
      throw limit.signal?.aborted === true ? this.#aborted([], false) : this.#late([], limit, false);
    }
  }

  async #opened(limit: Limit, opening: AbortSignal): Promise<ShellProcess> {
    if (this.#process?.isAlive !== true) await this.#exchange([{ script: sh`:` }], limit, opening);
    if (this.#process === undefined) throw new Error("a shell that has answered is open");
    return this.#process;
  }

  /** Opens a shell; its greeting, the lock and the sections are one round trip unless something has to be known first. */
  async #start(sections: readonly ReadySection[], nonce: string, signal: AbortSignal) {
    const eager = !sections.some(sectionNeedsDecoders);
    this.#decoders = undefined;
    const eagerText = eager ? await this.#text(sections, nonce) : [];
    const { process, opened } = await openShell(this.#host, this.#become, signal);
    const lock = this.#host.lockToTake();
    const opening = preamble(nonce) + (lock === undefined ? "" : lockScript(nonce, lock, this.#host.runId));
    const exchange = process.startExchange(nonce, sections.length);
    this.#host.counters.roundTrips += 1;
    void this.#send(process, [opening, ...eagerText]);
    try {
      await greet(this.#host, process, exchange, lock, signal, opened);
    } catch (error) {
      // The sections were sent along: unless the shell has refused to go on, they may run.
      const started = eager && (process.isAlive || process.end?.connectionLost === true);
      await this.#endRunaway(process, exchange.hello?.pid);
      throw started && error instanceof ConnectionError ? withStarted(error, true) : error;
    }
    this.#process = process;
    this.#decoders = exchange.hello?.decoders;
    if (!eager) {
      this.#host.counters.roundTrips += 1;
      void this.#send(process, await this.#text(sections, nonce));
    }
    return { process, exchange };
  }

  async #text(sections: readonly ReadySection[], nonce: string): Promise<string[]> {
    const pieces = [delimiter(nonce, "begin"), ...(this.#stale.size === 0 ? [] : [discard(this.#stale)])];
    for (const [index, section] of sections.entries()) {
      for await (const piece of frameSection(section, index, nonce, this.#decoders)) pieces.push(piece);
    }
    return pieces;
  }

  /** Never fails; see ShellProcess.write. */
  async #send(process: ShellProcess, pieces: readonly string[]): Promise<void> {
    let joined: string[] = [];
    let length = 0;
    for (const piece of pieces) {
      joined.push(piece);
      length += piece.length;
      if (length < writeLength) continue;
      await process.write(joined.join(""));
      joined = [];
      length = 0;
    }
    if (length > 0) await process.write(joined.join(""));
  }

  async #collect(process: ShellProcess, exchange: Exchange, limit: Limit): Promise<readonly SectionResult[]> {
    const waited = await process.waitFor(() => exchange.isDone || exchange.failure !== undefined, limit);
    const completed = exchange.completed;
    if (waited === "met" && exchange.failure === undefined) {
      process.exchange = undefined;
      return completed;
    }
    this.#process = undefined;
    if (waited === "ended") throw this.#lost(process, exchange);
    await this.#endRunaway(process, exchange.hello?.pid);
    if (waited === "aborted") throw this.#aborted(completed, true);
    if (waited === "timeout") throw this.#late(completed, limit, true);
    const message =
      exchange.failure === "output-limit"
        ? `${this.#host.label}: a script printed more than 256 MiB and has been killed`
        : `${this.#host.label}: the shell's answer could not be understood`;
    throw new ConnectionError(exchange.failure === "output-limit" ? "output-limit" : "shell-failed", message, {
      completed,
      started: true,
    });
  }

  /** Ends a shell and what it runs, and removes what was brought over for that. */
  async #endRunaway(process: ShellProcess, pid: number | undefined): Promise<void> {
    await endRunaway(this.#host, this.#become, process, pid ?? process.pid, [...this.#staged, ...this.#stale]);
  }

  #late(completed: readonly SectionResult[], limit: Limit, started: boolean): ConnectionError {
    const seconds = Math.round((limit.timeoutMs ?? 0) / 100) / 10;
    return new ConnectionError(
      "timeout",
      `${this.#host.label}: no end after ${seconds} s; what was running there has been killed`,
      {
        completed,
        started,
        help: "give the task more time, or find out what it waits for",
      },
    );
  }

  #lost(process: ShellProcess | undefined, exchange: Exchange | undefined): ConnectionError {
    const end = process?.end;
    const how = end?.signal === undefined ? `exit status ${end?.code ?? "unknown"}` : `signal ${end.signal}`;
    const what = end?.connectionLost === true ? "the connection was lost" : `the shell ended (${how})`;
    const during = exchange === undefined ? "a file was being copied" : "a script was running";
    return new ConnectionError("lost", `${this.#host.label}: ${what} while ${during}`, {
      completed: exchange?.completed ?? [],
      started: exchange !== undefined,
      retryable: true,
    });
  }

  #aborted(completed: readonly SectionResult[], started: boolean): ConnectionError {
    return new ConnectionError("aborted", `${this.#host.label}: interrupted`, { completed, started });
  }
}

/** Ends a shell and what it runs, through a second shell of the same user. Best effort: the caller has an error to throw. */
async function endRunaway(
  host: ShellHost,
  become: Become | undefined,
  process: ShellProcess,
  pid: number | undefined,
  left: readonly string[],
): Promise<void> {
  if (pid === undefined || !process.isAlive) return process.destroy();
  const nonce = freshNonce();
  const signal = AbortSignal.timeout(killTimeoutMs);
  try {
    const { process: killer } = await openShell(host, become, signal);
    const sections = [{ script: killTree(pid) }, ...(left.length === 0 ? [] : [{ script: sh`rm -rf ${left}` }])];
    const exchange = killer.startExchange(nonce, sections.length);
    let text = preamble(nonce) + delimiter(nonce, "begin");
    for (const [index, section] of sections.entries()) {
      for await (const piece of frameSection(section, index, nonce, undefined)) text += piece;
    }
    void killer.write(text);
    await killer.waitFor(() => exchange.isDone, { signal });
    killer.destroy();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    host.notice(`${host.label}: what was running could not be killed: ${reason}`);
  } finally {
    process.destroy();
  }
}

function withStarted(error: ConnectionError, started: boolean): ConnectionError {
  const { code, message, help, retryable, completed, cause } = error;
  return new ConnectionError(code, message, {
    ...(help === undefined ? {} : { help }),
    retryable,
    completed,
    started,
    cause,
  });
}
