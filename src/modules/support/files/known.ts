import { ModuleFailure, type Prediction, type Question, type Questions } from "../../contract.ts";
import { type GroupAccount, groupQuestion, type UserAccount, userQuestion } from "../accounts/accounts-collector.ts";
import { type Accounts, accountQuestions, type Labels, type WantedAttributes } from "./attributes.ts";
import { type Content, contentQuestion } from "./content-collector.ts";
import { type DigestName, digestQuestion, UNREADABLE } from "./digest-collector.ts";
import { flagQuestion } from "./file-flags.ts";
import { type PathState, pathQuestion } from "./path-collector.ts";
import { contextCollector } from "./selinux-context.ts";

const keyOf = (question: Question<unknown>): string => `${question.collector.name}\n${question.item}`;

/** Questions whose number depends on the parameters, such as one for each file of a directory. Read the answers with `Known`. */
export function questionSet(list: readonly Question<unknown>[]): Questions {
  return Object.fromEntries(list.map((question) => [keyOf(question), question]));
}

/** The answers to a `questionSet`, found again by what was asked. Asking for one that was not asked is a bug, and throws. */
export class Known {
  readonly #state: Readonly<Record<string, unknown>>;
  constructor(state: Readonly<Record<string, unknown>>) {
    this.#state = state;
  }
  path(path: string): PathState {
    return this.of(pathQuestion(path));
  }
  digest(path: string, name: DigestName = "sha256"): string | null {
    const digest = this.of(digestQuestion(path, name));
    if (digest === UNREADABLE) throw new ModuleFailure(`cannot read ${path}: permission denied`);
    return digest;
  }
  content(path: string): Content {
    return this.of(contentQuestion(path));
  }
  user(name: string): UserAccount | null {
    return this.of(userQuestion(name));
  }
  group(name: string): GroupAccount | null {
    return this.of(groupQuestion(name));
  }
  accounts(wanted: WantedAttributes): Accounts {
    const { owner, group } = accountQuestions(wanted);
    return { owner: this.of(owner), group: this.of(group) };
  }
  /** SELinux context; "" when it was not asked for. */
  context(path: string): string {
    const question = { collector: contextCollector, item: path };
    return this.has(question) ? this.of(question) : "";
  }
  /** What of its labels was asked for. Of what a link leads to, the context is not. */
  labels(path: string): Labels {
    const flags = flagQuestion(path);
    const there = this.path(path);
    return {
      context: there.kind === "link" ? "" : this.context(path),
      flags: this.has(flags) ? this.of(flags) : undefined,
    };
  }
  has(question: Question<unknown>): boolean {
    return Object.hasOwn(this.#state, keyOf(question));
  }
  of<Answer>(question: Question<Answer>): Answer {
    const key = keyOf(question);
    if (!this.has(question)) throw new Error(`bug: ${key.replace("\n", " of ")} was not asked`);
    // The key names the collector, and each collector has one type of answer.
    return this.#state[key] as Answer;
  }
  /** The same with predicted answers in front. */
  with(predictions: readonly Prediction[]): Known {
    return new Known({
      ...this.#state,
      ...Object.fromEntries(predictions.map(({ question, answer }) => [keyOf(question), answer])),
    });
  }
}
