import type { Become, Section, SectionResult } from "../connection/connection.ts";
import { type Collector, type HostTraits, type Prediction, type Question, Unknown } from "../modules/contract.ts";

/** A question, and the user it is asked as. */
export type Ask = { readonly question: Question<unknown>; readonly become: Become | undefined };

/** Two shells are the same when method, user and flags are. */
export function becomeKey(become: Become | undefined): string {
  return become === undefined ? "" : [become.method, become.user, ...(become.flags ?? [])].join(" ");
}

/**
 * What is known about a host: answers that were given since its last change, and, in check mode, the answers that changes
 * not made would have led to. A prediction holds whoever asks, and for the rest of the run.
 */
export class AnswerStore {
  readonly #fresh = new Map<string, { readonly answer: unknown; readonly collector: Collector<unknown> }>();
  readonly #predicted: Map<string, unknown>;

  constructor(predicted = new Map<string, unknown>()) {
    this.#predicted = predicted;
  }

  has(ask: Ask): boolean {
    return this.#predicted.has(questionKey(ask.question)) || this.#fresh.has(askKey(ask));
  }

  /** The answer; call it only after `has`. */
  get(ask: Ask): unknown {
    const key = questionKey(ask.question);
    return this.#predicted.has(key) ? this.#predicted.get(key) : this.#fresh.get(askKey(ask))?.answer;
  }

  store(ask: Ask, answer: unknown): void {
    this.#fresh.set(askKey(ask), { answer, collector: ask.question.collector });
  }

  predict(predictions: readonly Prediction[]): void {
    for (const { question, answer } of predictions) this.#predicted.set(questionKey(question), answer);
  }

  /** Something has changed on the host: nothing that was asked before can be relied on, but for what lies outside of it. */
  drop(): void {
    for (const [key, { collector }] of this.#fresh) if (collector.outside !== true) this.#fresh.delete(key);
  }

  /** The host's traits are others now: what was asked by a script that goes by them has to be asked again. */
  dropByTraits(): void {
    for (const [key, { collector }] of this.#fresh) if (collector.beforeTraits !== true) this.#fresh.delete(key);
  }

  /** Time has passed. */
  dropAll(): void {
    this.#fresh.clear();
  }

  forget(asks: readonly Ask[]): void {
    for (const ask of asks) this.#fresh.delete(askKey(ask));
  }
}

/** One script per collector, for questions of one user; `decode` files what came back. */
export function compileBatch(
  asks: readonly Ask[],
  traits: HostTraits,
): { readonly sections: readonly Section[]; readonly decode: (results: readonly SectionResult[], store: AnswerStore) => void } {
  const groups = new Map<string, { readonly collector: Collector<unknown>; readonly asks: Map<string, Ask> }>();
  for (const ask of asks) {
    const { collector, item } = ask.question;
    const group = groups.get(collector.name) ?? { collector, asks: new Map<string, Ask>() };
    group.asks.set(item, ask);
    groups.set(collector.name, group);
  }
  const batches = [...groups.values()].map(({ collector, asks: unique }) => ({
    collector,
    asks: [...unique.values()],
    items: [...unique.keys()],
  }));
  return {
    sections: batches.map(({ collector, items }) => ({ script: collector.script(items, traits) })),
    decode: (results, store) => {
      batches.forEach(({ collector, asks: asked, items }, index) => {
        const output = results[index];
        const answers = output === undefined ? [] : collector.decode(output, items, traits);
        asked.forEach((ask, at) => {
          store.store(ask, at in answers ? answers[at] : new Unknown(`the probe "${collector.name}" gave no answer`));
        });
      });
    },
  };
}

function questionKey(question: Question<unknown>): string {
  return `${question.collector.name}\n${question.item}`;
}

function askKey(ask: Ask): string {
  return `${becomeKey(ask.become)}\n${questionKey(ask.question)}`;
}
