import { readFileSync } from "node:fs";
import type { Settings } from "./config.ts";
import { at, type Fields, listAt, parseFields, textAt } from "./fields.ts";
import { type Credentials, call, keepAlive, wordsOf } from "./http-client.ts";
import { Fatal, messageOf } from "./log.ts";
import { parseState, type State } from "./state.ts";

const STATE = "/k3s-stand-in/state";
const BEATS = "/k3s-stand-in/beats/";

/** `user:password@` of an endpoint is nobody's business. */
const masked = (endpoint: string): string => endpoint.replaceAll(/\/\/[^@/]*@/g, "//");
const encoded = (text: string): string => Buffer.from(text).toString("base64");
const decoded = (text: string): string => Buffer.from(text, "base64").toString("utf8");

/** A datastore that several servers share: an etcd, asked through its JSON gateway. Of others K3s knows, and the stand-in does not. */
export class External {
  readonly #endpoints: readonly string[];
  readonly #credentials: Credentials;
  readonly #agent = keepAlive();

  private constructor(endpoints: readonly string[], credentials: Credentials) {
    this.#endpoints = endpoints;
    this.#credentials = credentials;
  }

  /** Undefined where none is configured. */
  static of(settings: Settings): External | undefined {
    const endpoint = settings.text("datastore-endpoint");
    if (endpoint === "") return undefined;
    const endpoints = endpoint.split(",");
    if (!endpoints.every((one) => /^https?:\/\//.test(one)))
      throw new Fatal(`building kine: the stand-in knows no datastore but etcd, and not ${masked(endpoint)}`);
    const file = (name: string): string | undefined => {
      const path = settings.text(`datastore-${name}`);
      try {
        return path === "" ? undefined : readFileSync(path, "utf8");
      } catch (error) {
        throw new Fatal(`starting kubernetes: preparing server: ${messageOf(error)}`);
      }
    };
    const [ca, certificate, key] = [file("cafile"), file("certfile"), file("keyfile")];
    return new External(endpoints, {
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { certificate }),
      ...(key === undefined ? {} : { key }),
    });
  }

  /** What is stored, and the revision that it has in etcd; undefined where nothing is. */
  async load(): Promise<{ readonly state: State; readonly revision: string } | undefined> {
    const [found] = listAt(await this.#ask("range", { key: encoded(STATE) }), "kvs");
    if (found === undefined) return undefined;
    return { state: parseState(decoded(textAt(found, "value"))), revision: textAt(found, "mod_revision") };
  }

  /** The revision of what is stored, without fetching it. */
  async revision(): Promise<string> {
    return textAt(listAt(await this.#ask("range", { key: encoded(STATE), keys_only: true }), "kvs")[0], "mod_revision");
  }

  /** Puts a state in the place of the one with that revision ("0": of none). Undefined: somebody else was faster. */
  async save(state: State, after: string): Promise<string | undefined> {
    const answer = await this.#ask("txn", {
      compare: [{ key: encoded(STATE), target: "MOD", result: "EQUAL", mod_revision: after }],
      success: [{ request_put: { key: encoded(STATE), value: encoded(JSON.stringify(state)) } }],
    });
    return at(answer, "succeeded") === true ? textAt(at(answer, "header"), "revision") : undefined;
  }

  async beat(node: string): Promise<void> {
    await this.#ask("put", { key: encoded(`${BEATS}${node}`), value: "" });
  }

  /** Node -> what changes each time that it is heard of. */
  async beats(): Promise<ReadonlyMap<string, string>> {
    const end = `${BEATS.slice(0, -1)}0`;
    const answer = await this.#ask("range", { key: encoded(BEATS), range_end: encoded(end), keys_only: true });
    const all = listAt(answer, "kvs");
    return new Map(all.map((one) => [decoded(textAt(one, "key")).slice(BEATS.length), textAt(one, "mod_revision")]));
  }

  async #ask(method: "range" | "txn" | "put", body: unknown): Promise<Fields> {
    let reason = "";
    for (const endpoint of this.#endpoints) {
      try {
        const options = { ...this.#credentials, method: "POST", body, agent: this.#agent, timeoutMs: 3_000 };
        const answer = await call(`${endpoint.replace(/\/$/, "")}/v3/kv/${method}`, options);
        if (answer.status === 200) return parseFields(answer.body);
        reason = `${answer.status} ${answer.body}`;
      } catch (error) {
        reason = wordsOf(error);
      }
    }
    throw new Error(`failed to reach datastore: ${reason}`);
  }
}
