import type { Become, Connection, Section, SectionResult } from "../connection/connection.ts";
import { ConnectionError } from "../connection/errors.ts";
import type { HostTraits, Output } from "../modules/contract.ts";
import {
  decodeAccounts,
  decodeTraits,
  type Identity,
  isSameHost,
  traitsScript,
  unknownTraits,
} from "../modules/support/traits.ts";
import { AnswerStore, type Ask, becomeKey, compileBatch } from "./answers.ts";
import { Foresight } from "./foresight.ts";

/** How long probes and tasks may take, in milliseconds. */
export type Limits = { readonly probeMs: number; readonly taskMs: number };

export type Work = {
  readonly section: Section;
  readonly become: Become | undefined;
  readonly timeoutMs: number;
  /** It may bring or take a command or an account: the traits are asked again along with it. */
  readonly altersTraits: boolean;
};

const REPEATS_AFTER_LOSS = 3;

/** One host of a run: its connection, what is known about it, and what check mode pretends to have done. */
export class HostSession {
  readonly connection: Connection;
  readonly answers: AnswerStore;
  /** What tasks before would have done, in check mode. */
  readonly foresight: Foresight;
  readonly #limits: Limits;
  /** The run is to end. */
  readonly signal: AbortSignal;
  /** As the user sees them that they were asked as. */
  #traits: HostTraits | undefined;
  /** Who the users are that tasks run as, by the key of their become. */
  readonly #identities = new Map<string, Identity & { readonly user: string }>();
  #accounts: ReadonlyMap<string, Identity> = new Map();
  #opening: Promise<HostTraits> | undefined;
  /** Moves when a piece of work starts and when it ends: an answer that was asked for in another epoch may be stale. */
  #epoch = 0;

  constructor(connection: Connection, limits: Limits, signal: AbortSignal, foresight = new Foresight()) {
    this.connection = connection;
    this.foresight = foresight;
    this.answers = new AnswerStore(foresight.predictions);
    this.#limits = limits;
    this.signal = signal;
  }

  /** The host is the machine that we run on. */
  get isControlNode(): boolean {
    return this.connection.target === "local";
  }

  /** Connects and learns the traits; `asks` that do not depend on them travel along. */
  async open(become: Become | undefined, asks: readonly Ask[] = []): Promise<HostTraits> {
    if (this.#traits !== undefined) return this.#traits;
    this.#opening ??= this.#open(become, asks).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(become: Become | undefined, asks: readonly Ask[], signal = this.signal): Promise<HostTraits> {
    const early = asks.filter(
      (ask) => ask.question.collector.beforeTraits === true && becomeKey(ask.become) === becomeKey(become),
    );
    const batch = compileBatch(early, unknownTraits);
    const results = await this.#run(become, [{ script: traitsScript }, ...batch.sections], this.#limits.probeMs, signal);
    const first = results[0];
    if (first === undefined || first.rc !== 0) {
      throw new ConnectionError("shell-failed", `${this.connection.target}: the host cannot run a simple POSIX sh script`, {
        help: first?.stderr.toString("utf8").trim() ?? "",
      });
    }
    const traits = this.#learn(first, become);
    batch.decode(results.slice(1), this.answers);
    return traits;
  }

  #learn(output: Output, become: Become | undefined): HostTraits {
    const traits = decodeTraits(output);
    const accounts = decodeAccounts(output);
    for (const [key, { user }] of this.#identities) {
      const [before, now] = [this.#accounts.get(user), accounts.get(user)];
      if (before?.userId !== now?.userId || before?.home !== now?.home) this.#identities.delete(key);
    }
    const key = becomeKey(become);
    if (this.#traits === undefined) this.#identities.set(key, { ...traits, user: this.connection.shell(become).user });
    this.#traits = traits;
    this.#accounts = accounts;
    return traits;
  }

  #learnAgain(output: Output, become: Become | undefined, before: HostTraits): void {
    if (output.rc !== 0) this.#forget();
    else if (!isSameHost(this.#learn(output, become), before)) this.answers.dropByTraits();
  }

  /** The traits as this user has them, if that can be told without asking: `~` is his home. */
  traitsAs(become: Become | undefined): HostTraits | undefined {
    if (this.#traits === undefined) return undefined;
    const identity = this.#identities.get(becomeKey(become)) ?? this.#accounts.get(this.connection.shell(become).user);
    return identity === undefined ? undefined : { ...this.#traits, userId: identity.userId, home: identity.home };
  }

  /** The same, asking the host where it must; that costs a round trip for a user that the host's own files do not name. */
  async identify(become: Become | undefined): Promise<HostTraits> {
    await this.open(become);
    const known = this.traitsAs(become);
    if (known !== undefined) return known;
    const [output] = await this.#run(become, [{ script: traitsScript }], this.#limits.probeMs);
    const traits = output === undefined ? unknownTraits : decodeTraits(output);
    this.#identities.set(becomeKey(become), { ...traits, user: this.connection.shell(become).user });
    return traits;
  }

  /** Hangs up, and forgets what was known about the host. */
  async disconnect(): Promise<void> {
    this.#forget();
    await this.connection.disconnect();
  }

  /** Connects anew within the time, and learns the traits again. Throws ConnectionError. */
  async reconnect(become: Become | undefined, timeoutMs: number): Promise<void> {
    await this.disconnect();
    const limit = AbortSignal.timeout(timeoutMs);
    const late = (): ConnectionError =>
      new ConnectionError("connect-timeout", `${this.connection.target}: no connection within ${timeoutMs / 1000} s`, {
        retryable: true,
      });
    try {
      await this.#open(become, [], AbortSignal.any([this.signal, limit]));
    } catch (error) {
      throw limit.aborted && !this.signal.aborted ? late() : error;
    }
  }

  #forget(): void {
    this.#epoch += 1;
    this.answers.dropAll();
    this.#traits = undefined;
    this.#identities.clear();
    this.#opening = undefined;
  }

  /** Asks what is not known yet: one round trip for each user that is asked, at the same time. */
  async ask(asks: readonly Ask[]): Promise<void> {
    const missing = asks.filter((ask) => !this.answers.has(ask));
    const traits = await this.open(missing[0]?.become);
    const users = groupByUser(missing);
    await Promise.all(
      [...users.values()].map(async (group) => {
        const batch = compileBatch(group, traits);
        const epoch = this.#epoch;
        const results = await this.#run(group[0]?.become, batch.sections, this.#limits.probeMs);
        if (epoch === this.#epoch) batch.decode(results, this.answers);
        else await this.ask(group);
      }),
    );
  }

  /**
   * Does something that may change the host, and in the same round trip asks again. Throws ConnectionError with code "lost" when
   * the connection went while it was under way; the answers are dropped in every case. When the traits are others afterwards, answers to
   * scripts that go by them are dropped too.
   */
  async act(work: Work, asks: readonly Ask[]): Promise<Output> {
    const traits = await this.open(work.become);
    const user = becomeKey(work.become);
    const batch = compileBatch(
      asks.filter((ask) => becomeKey(ask.become) === user),
      traits,
    );
    this.#epoch += 1;
    this.answers.drop();
    const epoch = this.#epoch;
    try {
      const again = work.altersTraits ? [{ script: traitsScript }] : [];
      const [output, ...rest] = await this.connection
        .shell(work.become)
        .run([work.section, ...again, ...batch.sections], { timeoutMs: work.timeoutMs });
      if (output === undefined) throw new Error("a shell answered with fewer results than it had sections");
      if (epoch === this.#epoch) batch.decode(rest.slice(again.length), this.answers);
      const [said] = rest;
      if (work.altersTraits && said !== undefined) this.#learnAgain(said, work.become, traits);
      return output;
    } finally {
      this.#epoch += 1;
    }
  }

  /** Runs a script that only reads, again if the connection was lost. What is known about the host stays. */
  async read(become: Become | undefined, section: Section): Promise<Output> {
    const [output] = await this.#run(become, [section], this.#limits.probeMs);
    if (output === undefined) throw new Error("a shell answered with fewer results than it had sections");
    return output;
  }

  async #run(
    become: Become | undefined,
    sections: readonly Section[],
    timeoutMs: number,
    signal = this.signal,
  ): Promise<readonly SectionResult[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.connection.shell(become).run(sections, { timeoutMs, signal });
      } catch (error) {
        // Probes only read, so they can be asked again over a new connection.
        if (!(error instanceof ConnectionError) || error.code !== "lost" || attempt > REPEATS_AFTER_LOSS) throw error;
      }
    }
  }
}

function groupByUser(asks: readonly Ask[]): Map<string, Ask[]> {
  const groups = new Map<string, Ask[]>();
  for (const ask of asks) {
    const key = becomeKey(ask.become);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [ask]);
    else group.push(ask);
  }
  return groups;
}
