import type { Become, RunOptions, Section, SectionResult, Shell } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { checkSection, delimiter, frameSection, sectionNeedsDecoders } from "./framing.ts";
import { killTree } from "./kill-tree.ts";
import type { Decoders } from "./payload-encoding.ts";
import { lockScript, preamble } from "./preamble.ts";
import { greet, openShell, type ShellHost } from "./shell-opening.ts";
import { freshNonce, type Limit, type ShellProcess } from "./shell-process.ts";

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
    return this.#collect(process, exchange, {
      timeoutMs: options.timeoutMs,
      signal: AbortSignal.any([...own, this.#host.closed]),
    });
  }

  /** Opens a shell; its greeting, the lock and the sections are one round trip unless something has to be known first. */
  async #start(sections: readonly Section[], nonce: string, signal: AbortSignal) {
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
      await endRunaway(this.#host, this.#become, process, exchange.hello?.pid);
      throw started && error instanceof ConnectionError ? withStarted(error) : error;
    }
    this.#process = process;
    this.#decoders = exchange.hello?.decoders;
    if (!eager) {
      this.#host.counters.roundTrips += 1;
      void this.#send(process, await this.#text(sections, nonce));
    }
    return { process, exchange };
  }

  async #text(sections: readonly Section[], nonce: string): Promise<string[]> {
    const pieces = [delimiter(nonce, "begin")];
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
    await endRunaway(this.#host, this.#become, process, exchange.hello?.pid ?? process.pid);
    if (waited === "aborted") throw this.#aborted(completed, true);
    if (waited === "timeout") {
      const message = `${this.#host.label}: no end after ${(limit.timeoutMs ?? 0) / 1000} s; what was running there has been killed`;
      throw new ConnectionError("timeout", message, {
        completed,
        started: true,
        help: "give the task more time, or find out what it waits for",
      });
    }
    const message =
      exchange.failure === "output-limit"
        ? `${this.#host.label}: a script printed more than 256 MiB and has been killed`
        : `${this.#host.label}: the shell's answer could not be understood`;
    throw new ConnectionError(exchange.failure === "output-limit" ? "output-limit" : "shell-failed", message, {
      completed,
      started: true,
    });
  }

  #lost(process: ShellProcess, exchange: Exchange): ConnectionError {
    const { end } = process;
    const how = end?.signal === undefined ? `exit status ${end?.code ?? "unknown"}` : `signal ${end.signal}`;
    const what = end?.connectionLost === true ? "the connection was lost" : `the shell ended (${how})`;
    return new ConnectionError("lost", `${this.#host.label}: ${what} while a script was running`, {
      completed: exchange.completed,
      started: true,
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
): Promise<void> {
  if (pid === undefined || !process.isAlive) return process.destroy();
  const nonce = freshNonce();
  const signal = AbortSignal.timeout(killTimeoutMs);
  try {
    const { process: killer } = await openShell(host, become, signal);
    const exchange = killer.startExchange(nonce, 1);
    let text = preamble(nonce) + delimiter(nonce, "begin");
    for await (const piece of frameSection({ script: killTree(pid) }, 0, nonce, undefined)) text += piece;
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

function withStarted(error: ConnectionError): ConnectionError {
  const { code, message, help, retryable, completed, cause } = error;
  return new ConnectionError(code, message, {
    ...(help === undefined ? {} : { help }),
    retryable,
    completed,
    started: true,
    cause,
  });
}
