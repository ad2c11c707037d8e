import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Channel, OpenTransport, Transport } from "./channel.ts";
import type { Become, Connection, ConnectionOptions, ConnectionStatistics, LockOptions, Shell } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import { RemoteShell } from "./remote-shell.ts";
import type { ShellHost } from "./shell-opening.ts";
import type { Counters, ShellProcess } from "./shell-process.ts";

/** One for this process: connections of one run do not lock each other out. */
const runId = randomUUID();
/** A server that is asked by many at once drops some before it says a word (sshd's MaxStartups): try these again. */
const busyRetries = 3;
const longestBackOffMs = 15_000;

/** One host: its transport, opened when needed and again after a loss, and the shells on it. */
export class HostConnection implements Connection, ShellHost {
  readonly target: string;
  readonly label: string;
  readonly runId = runId;
  readonly interrupted: AbortSignal;
  readonly counters: Counters = { roundTrips: 0, bytesSent: 0, bytesReceived: 0, connects: 0 };
  readonly #options: ConnectionOptions;
  readonly #openTransport: OpenTransport;
  readonly #shells = new Map<string, RemoteShell>();
  readonly #closing = new AbortController();
  #transport: Transport | undefined;
  #connecting: Promise<Transport> | undefined;
  #rootLock: ShellProcess | undefined;
  #isExpected = false;

  constructor(options: ConnectionOptions, target: string, label: string, openTransport: OpenTransport) {
    this.#options = options;
    this.target = target;
    this.label = label;
    this.#openTransport = openTransport;
    const { signal } = options;
    this.interrupted = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
  }

  get statistics(): ConnectionStatistics {
    return { ...this.counters };
  }

  get connectTimeoutMs(): number {
    return this.#options.connectTimeoutMs;
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  shell(become?: Become): Shell {
    const key = JSON.stringify(become ?? null);
    const known = this.#shells.get(key);
    if (known !== undefined) return known;
    const made = new RemoteShell(this, become, become?.user ?? this.#options.user ?? "");
    this.#shells.set(key, made);
    return made;
  }

  async disconnect(): Promise<void> {
    const transport = this.#transport ?? (await this.#connecting?.catch(() => undefined));
    this.#transport = undefined;
    this.#isExpected = true;
    for (const shell of this.#shells.values()) shell.destroy();
    await transport?.close();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    // What runs is being killed now, for which the connection is needed.
    await Promise.all([...this.#shells.values()].map((shell) => shell.idle()));
    const transport = this.#transport ?? (await this.#connecting?.catch(() => undefined));
    await transport?.close();
    for (const shell of this.#shells.values()) shell.destroy();
  }

  notice(message: string): void {
    this.#options.notice?.(message);
  }

  /** Root's lock covers everybody; before it is held, each user's shell takes its own. */
  lockToTake(): LockOptions | undefined {
    return this.#rootLock?.isAlive === true ? undefined : this.#options.lock;
  }

  lockTaken(process: ShellProcess, byRoot: boolean): void {
    if (byRoot) this.#rootLock = process;
  }

  async open(
    command: (loginUser: string) => string,
    signal: AbortSignal,
  ): Promise<{ readonly channel: Channel; readonly loginUser: string }> {
    const transport = await this.#connected(signal);
    const { loginUser } = transport;
    return { channel: await this.#openChannel(transport, command(loginUser), signal), loginUser };
  }

  /** A host that has gone silent neither opens a channel nor refuses it: its connection is given up then. */
  async #openChannel(transport: Transport, command: string, signal: AbortSignal): Promise<Channel> {
    const opening = transport.open(command);
    const limit = new AbortController();
    const late = sleep(this.connectTimeoutMs, "late" as const, { signal: AbortSignal.any([limit.signal, signal]) }).catch(
      () => "interrupted" as const,
    );
    try {
      const channel = await Promise.race([opening, late]);
      if (typeof channel === "object") return channel;
      opening.then((unwanted) => unwanted.destroy()).catch(() => {});
      if (channel === "interrupted") throw new ConnectionError("aborted", `${this.label}: interrupted`);
      void transport.close();
      const message = `${this.label}: the host has not answered for ${this.connectTimeoutMs / 1000} s; the connection is given up`;
      throw new ConnectionError("lost", message, { retryable: true });
    } finally {
      limit.abort();
    }
  }

  /** Shells of one host that open at the same time share one attempt. */
  async #connected(signal: AbortSignal): Promise<Transport> {
    if (this.#transport?.isAlive === true) return this.#transport;
    if (this.#closing.signal.aborted) throw new ConnectionError("aborted", `${this.label}: the connection is closed`);
    this.#connecting ??= this.#connect(signal).finally(() => {
      this.#connecting = undefined;
    });
    this.#transport = await this.#connecting;
    return this.#transport;
  }

  async #connect(signal: AbortSignal): Promise<Transport> {
    const again = this.counters.connects > 0;
    const lost = again && !this.#isExpected;
    if (lost) this.notice(`${this.label}: the connection was lost; connecting again`);
    const reconnects = lost ? (this.#options.reconnects ?? 0) : 0;
    for (let attempt = 0; ; attempt += 1) {
      if (signal.aborted) throw new ConnectionError("aborted", `${this.label}: interrupted`);
      try {
        const transport = await this.#openTransport(signal);
        this.counters.connects += 1;
        this.#isExpected = false;
        return transport;
      } catch (error) {
        if (!(error instanceof ConnectionError) || !error.retryable) throw error;
        const retries = Math.max(reconnects, error.code === "lost" ? busyRetries : 0);
        if (attempt >= retries) throw error;
        const backOffMs = Math.min(longestBackOffMs, (error.code === "lost" ? 250 : 1000) * 2 ** attempt);
        // Spread, so that many hosts behind one gateway do not knock together again.
        await sleep(backOffMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {});
      }
    }
  }
}
