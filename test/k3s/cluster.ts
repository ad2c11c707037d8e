import type { External } from "./external.ts";
import { at, fieldsAt, parseFields, textAt } from "./fields.ts";
import { call, keepAlive } from "./http-client.ts";
import type { Knobs } from "./knobs.ts";
import { info, messageOf, warning } from "./log.ts";
import { type Change, Conflict, changed, type Member, parseState, type State, writeState } from "./state.ts";

/** What the API answers while there is no majority. */
export class NoQuorum extends Error {
  constructor() {
    super("etcdserver: request timed out");
  }
}

type Seen = { readonly at: number; readonly revision: number; readonly beats: Readonly<Record<string, number>> };

/** Where the state is kept: a file of this server, or a datastore that it shares with others. */
export type Backing =
  | { readonly file: string }
  | { readonly external: External /** Of the state that the server begins with. */; readonly revision: string };

const TICK_MS = 500;
/** Whoever has not answered for so long is away. Long enough for a busy machine; whose port is closed is away at once. */
const AWAY_MS = 4_000;

/**
 * The datastore of one server. The first voter that can be reached leads: it numbers the changes and passes them on, and a change counts once
 * a majority has it. Servers know each other by the secret name of their cluster, so that they get along while their authorities are replaced.
 * Whoever has missed some fetches the whole state. Of a server with SQLite it is all there is. With an external datastore each server writes
 * there by itself, and follows what others have written.
 */
export class Cluster {
  readonly #file: string | undefined;
  readonly #external: External | undefined;
  readonly #knobs: Knobs;
  readonly #agent = keepAlive();
  readonly #seen = new Map<string, Seen>();
  readonly #learning = new Map<string, number>();
  /** Node -> when it was last heard of here. */
  readonly #beats = new Map<string, number>();
  #state: State;
  /** Of the external datastore. */
  #revision = "0";
  #isReached = true;
  #seenBeats: ReadonlyMap<string, string> = new Map();
  #selfId: string | undefined;
  #removed: (() => void) | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isTicking = false;
  readonly #startedAt = Date.now();

  /** `selfId` is undefined without etcd of its own. */
  constructor(backing: Backing, state: State, selfId: string | undefined, knobs: Knobs) {
    this.#file = "file" in backing ? backing.file : undefined;
    this.#external = "file" in backing ? undefined : backing.external;
    if (!("file" in backing)) this.#revision = backing.revision;
    this.#state = state;
    this.#selfId = selfId;
    this.#knobs = knobs;
    this.#keep(state);
  }

  get state(): State {
    return this.#state;
  }

  get self(): Member | undefined {
    return this.#state.members.find(({ id }) => id === this.#selfId);
  }

  /** `removed` is called when this server turns out to be a member no more. */
  start(removed: () => void): void {
    this.#removed = removed;
    if (this.#selfId !== undefined || this.#external !== undefined) this.#timer = setInterval(() => void this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#agent.destroy();
  }

  isAlive(id: string): boolean {
    return id === this.#selfId || Date.now() - (this.#seen.get(id)?.at ?? 0) < AWAY_MS;
  }

  hasQuorum(): boolean {
    if (this.#selfId === undefined) return this.#isReached;
    const voters = this.#state.members.filter((one) => !one.isLearner);
    return voters.filter(({ id }) => this.isAlive(id)).length * 2 > voters.length;
  }

  leader(): Member | undefined {
    return this.hasQuorum() ? this.#state.members.find((one) => !one.isLearner && this.isAlive(one.id)) : undefined;
  }

  get leads(): boolean {
    return this.#selfId === undefined || this.leader()?.id === this.#selfId;
  }

  /** Whether reads here answer what the majority has. */
  isReady(): boolean {
    const self = this.self;
    if (this.#selfId === undefined) return this.#isReached;
    if (self === undefined || self.isLearner || !this.hasQuorum()) return false;
    return [...this.#seen].every(([id, { revision }]) => !this.isAlive(id) || revision <= this.#state.revision + 1);
  }

  beat(node: string): void {
    this.#beats.set(node, Date.now());
    this.#external?.beat(node).catch((error: unknown) => warning(messageOf(error)));
  }

  /** Milliseconds since any server has heard of the node. */
  silenceOf(node: string): number {
    // Who has just been started has not heard of anybody, which says nothing about them.
    const own = Date.now() - (this.#beats.get(node) ?? this.#startedAt);
    const others = [...this.#seen.values()].map((seen) => Date.now() - seen.at + (seen.beats[node] ?? Number.POSITIVE_INFINITY));
    return Math.min(own, ...others);
  }

  /** Whether the node's kubelet has been heard of since this server was started, and lately. */
  hears(node: string): boolean {
    const ages = [...this.#seen.values()].map((seen) => Date.now() - seen.at + (seen.beats[node] ?? Number.POSITIVE_INFINITY));
    const age = Math.min(Date.now() - (this.#beats.get(node) ?? 0), ...ages);
    return age < Math.min(5_000, Date.now() - this.#startedAt);
  }

  /** What a peer asks for all the time. */
  status(): { readonly id: string; readonly revision: number; readonly beats: Readonly<Record<string, number>> } {
    const beats = [...this.#beats].map(([node, time]) => [node, Date.now() - time] as const);
    return { id: this.#selfId ?? "", revision: this.#state.revision, beats: Object.fromEntries(beats) };
  }

  isMember(id: string): boolean {
    return this.#state.members.some((one) => one.id === id);
  }

  /** Resolves once a majority has it. Rejects with Conflict or NoQuorum. */
  async propose(change: Change): Promise<void> {
    const leader = this.leader();
    if (this.leads) return this.#inTurn(() => this.#commit(change));
    if (leader === undefined) throw new NoQuorum();
    const answer = await this.#ask(leader, "propose", change, 5_000).catch(() => undefined);
    if (answer?.status === 409) throw new Conflict(textAt(parseFields(answer.body), "message"));
    if (answer?.status !== 200) throw new NoQuorum();
    // What was written here must be read here, too.
    const { revision } = parseFields(answer.body);
    if (Number(revision) > this.#state.revision) await this.#fetchFrom(leader);
  }

  /** A change that the leader passes on. */
  async append(revision: number, change: Change, from: string): Promise<void> {
    if (revision <= this.#state.revision) return;
    if (revision === this.#state.revision + 1) return this.#keep(changed(this.#state, change));
    const leader = this.#state.members.find(({ id }) => id === from);
    if (leader !== undefined) await this.#fetchFrom(leader);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #commit(change: Change): Promise<void> {
    if (this.#external !== undefined) return this.#share(change, this.#external);
    if (!this.hasQuorum()) throw new NoQuorum();
    const next = changed(this.#state, change);
    const body = { revision: next.revision, change, from: this.#selfId ?? "" };
    const others = this.#state.members.filter(({ id }) => id !== this.#selfId && this.isAlive(id));
    const answers = await Promise.all(
      others.map(async (member) => {
        const answer = await this.#ask(member, "append", body, 1_500).catch(() => undefined);
        return answer?.status === 200 && !member.isLearner;
      }),
    );
    const voters = this.#state.members.filter((one) => !one.isLearner).length;
    if (this.#selfId !== undefined && (answers.filter(Boolean).length + 1) * 2 <= voters) throw new NoQuorum();
    if (this.#state.revision < next.revision) this.#keep(next);
  }

  /** As often as another server was faster. */
  async #share(change: Change, external: External): Promise<void> {
    for (;;) {
      const next = changed(this.#state, change);
      const revision = await external.save(next, this.#revision).catch(() => {
        this.#isReached = false;
        throw new NoQuorum();
      });
      if (revision === undefined) await this.#reload(external);
      else {
        this.#revision = revision;
        return this.#keep(next);
      }
    }
  }

  async #reload(external: External): Promise<void> {
    const stored = await external.load();
    if (stored === undefined) throw new Error("the datastore has been emptied");
    this.#revision = stored.revision;
    this.#keep(stored.state);
  }

  /** What other servers have written, and whom they have heard of. */
  async #follow(external: External): Promise<void> {
    try {
      if ((await external.revision()) !== this.#revision) await this.#inTurn(() => this.#reload(external));
      const beats = await external.beats();
      for (const [node, beat] of beats) if (this.#seenBeats.get(node) !== beat) this.#beats.set(node, Date.now());
      this.#seenBeats = beats;
      this.#isReached = true;
    } catch (error) {
      this.#isReached = false;
      throw error;
    }
  }

  #keep(state: State): void {
    this.#state = state;
    if (this.#file !== undefined) writeState(this.#file, state);
  }

  #ask(member: Member, path: string, body: unknown, timeoutMs: number) {
    const headers = { "x-member": this.#selfId ?? "", "x-cluster": this.#state.clusterId };
    const method = body === undefined ? "GET" : "POST";
    return call(`${member.url}/v1-k3s/peer/${path}`, {
      method,
      body,
      headers,
      timeoutMs,
      agent: this.#agent,
    });
  }

  async #fetchFrom(member: Member): Promise<void> {
    const answer = await this.#ask(member, "state", undefined, 3_000).catch(() => undefined);
    if (answer?.status !== 200) return;
    const state = parseState(answer.body);
    if (state.revision > this.#state.revision) this.#keep(state);
  }

  async #tick(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    try {
      if (this.#external !== undefined) return await this.#follow(this.#external);
      const others = this.#state.members.filter(({ id }) => id !== this.#selfId);
      await Promise.all(others.map((member) => this.#look(member)));
      if (this.leads && this.hasQuorum()) await this.#promote();
    } catch (error) {
      warning(`etcd: ${messageOf(error)}`);
    } finally {
      this.#isTicking = false;
    }
  }

  async #look(member: Member): Promise<void> {
    const answer = await this.#ask(member, "status", undefined, 2_000).catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") this.#seen.delete(member.id);
      return undefined;
    });
    if (answer?.status === 410) return this.#removed?.();
    if (answer?.status !== 200) return;
    const status = parseFields(answer.body);
    const revision = Number(at(status, "revision"));
    const beats = Object.entries(fieldsAt(status, "beats")).map(([node, ms]) => [node, Number(ms)] as const);
    this.#seen.set(member.id, { at: Date.now(), revision, beats: Object.fromEntries(beats) });
    if (revision > this.#state.revision) await this.#inTurn(() => this.#fetchFrom(member));
  }

  /** A learner votes once it has everything. */
  async #promote(): Promise<void> {
    const learner = this.#state.members.find((one) => one.isLearner);
    if (learner === undefined || !this.isAlive(learner.id)) return;
    const since = this.#learning.get(learner.id) ?? Date.now();
    this.#learning.set(learner.id, since);
    const seen = this.#seen.get(learner.id);
    if (Date.now() - since < this.#knobs.learnerMs || (seen?.revision ?? 0) < this.#state.revision - 2) return;
    info(`Promoting learner ${learner.name}`);
    await this.propose({ kind: "member", member: { ...learner, isLearner: false } });
  }
}
