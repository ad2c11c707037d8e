import type { Become, ConnectionOptions, ConnectionStatistics, Connector } from "../connection/connection.ts";
import { ConnectionError } from "../connection/errors.ts";
import type { HostTraits } from "../modules/contract.ts";
import type { Scope } from "../playbook/model.ts";
import type { Ask } from "./answers.ts";
import { connectionOptions } from "./connection-options.ts";
import type { ConnectionDefaults } from "./context.ts";
import type { Emitter } from "./emitter.ts";
import type { Evaluator } from "./evaluator.ts";
import type { HostCost } from "./events.ts";
import type { Foresight } from "./foresight.ts";
import { HostSession, type Limits } from "./host-session.ts";

/** The connections of a run: one for each host, made when it is first needed. */
export class Sessions {
  readonly #connect: Connector;
  readonly #defaults: ConnectionDefaults;
  readonly #limits: Limits;
  readonly #emitter: Emitter;
  readonly #signal: AbortSignal;
  readonly #lock: boolean;
  readonly #sessions = new Map<string, HostSession>();
  /** The control node, when it only works for other hosts. */
  readonly #unlocked = new Set<string>();
  readonly #opened = new Map<string, Promise<HostTraits>>();
  /** By host, since a connection that is made anew must not forget what a dry run has foreseen. */
  readonly #foresights = new Map<string, Foresight>();
  /** What connections cost that are closed already. */
  readonly #past = new Map<string, ConnectionStatistics>();

  constructor(parts: {
    readonly connect: Connector;
    readonly defaults: ConnectionDefaults;
    readonly limits: Limits;
    readonly emitter: Emitter;
    readonly signal: AbortSignal;
    readonly lock: boolean;
  }) {
    this.#connect = parts.connect;
    this.#defaults = parts.defaults;
    this.#limits = parts.limits;
    this.#emitter = parts.emitter;
    this.#signal = parts.signal;
    this.#lock = parts.lock;
  }

  /**
   * The session of a host; `evaluator` sees that host's variables, `scope` is the task that needs it. Nothing is connected yet.
   *
   * A control node that tasks of other hosts are delegated to is not locked, or nobody could work on two clusters at a time from one machine. It is
   * when the play is about it (`isTarget`), like any other host.
   */
  async of(host: string, evaluator: Evaluator, scope: Scope, isTarget: () => boolean): Promise<HostSession> {
    if (this.#unlocked.has(host) && isTarget()) {
      this.#unlocked.delete(host);
      await this.reset(host);
    }
    const known = this.#sessions.get(host);
    if (known !== undefined) return known;
    const connection = connectionOptions(host, evaluator, this.#defaults, scope);
    const isLocked = this.#lock && (connection.kind !== "local" || isTarget());
    if (this.#lock && !isLocked) this.#unlocked.add(host);
    const options: ConnectionOptions = {
      ...connection,
      ...(isLocked ? { lock: { waitMs: this.#defaults.lockWaitMs, owner: this.#defaults.lockOwner } } : {}),
      signal: this.#signal,
      notice: (message) => this.#emitter.emit({ type: "host-notice", host, message }),
    };
    const session = new HostSession(this.#connect(options), this.#limits, this.#signal, this.#foresights.get(host));
    this.#sessions.set(host, session);
    this.#foresights.set(host, session.foresight);
    return session;
  }

  /** Connects, if that has not been done; `asks` travel along where they can. Throws ConnectionError. */
  async open(host: string, session: HostSession, become: Become | undefined, asks: readonly Ask[]): Promise<HostTraits> {
    const before = this.#opened.get(host);
    if (before !== undefined) {
      await before;
      // An action may have disconnected since.
      return session.open(become);
    }
    const started = performance.now();
    this.#emitter.emit({ type: "host-connecting", host, target: session.connection.target });
    const opening = session.open(become, asks).then((traits) => {
      this.#emitter.emit({ type: "host-connected", host, elapsedMs: Math.round(performance.now() - started) });
      return traits;
    });
    this.#opened.set(host, opening);
    try {
      return await opening;
    } catch (error) {
      if (error instanceof ConnectionError) this.#opened.delete(host);
      throw error;
    }
  }

  /** A dry run: would tasks that ran on this machine have made that path? After a command anything may be there. */
  foreseesHere(path: string): boolean {
    return [...this.#sessions.values()].some(
      ({ isControlNode, foresight: { paths, provided } }) => isControlNode && (provided.has("*") || paths.exists(path) === true),
    );
  }

  /** Time has passed: what was asked before may be different now. */
  forget(host: string): void {
    this.#sessions.get(host)?.answers.dropAll();
  }

  /** `meta: reset_connection`: the next task connects anew, as the host's variables say by then. */
  async reset(host: string): Promise<void> {
    const session = this.#sessions.get(host);
    if (session === undefined) return;
    this.#sessions.delete(host);
    this.#opened.delete(host);
    await session.connection.close();
    this.#past.set(host, sum(this.#past.get(host), session.connection.statistics));
  }

  costs(elapsedMs: (host: string) => number): Readonly<Record<string, HostCost>> {
    const hosts = new Set([...this.#past.keys(), ...this.#sessions.keys()]);
    return Object.fromEntries(
      [...hosts].map((host) => {
        const spent = sum(this.#past.get(host), this.#sessions.get(host)?.connection.statistics);
        return [host, { ...spent, elapsedMs: elapsedMs(host) }];
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#sessions.values()].map((session) => session.connection.close()));
  }
}

function sum(...parts: readonly (ConnectionStatistics | undefined)[]): ConnectionStatistics {
  const total = (key: keyof ConnectionStatistics): number => parts.reduce((all, one) => all + (one?.[key] ?? 0), 0);
  return {
    roundTrips: total("roundTrips"),
    bytesSent: total("bytesSent"),
    bytesReceived: total("bytesReceived"),
    connects: total("connects"),
  };
}
