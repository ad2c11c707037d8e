import type { Become, Connection, ConnectionStatistics, RunOptions, Section, SectionResult, Shell } from "./connection.ts";

/** What a scripted host answers to one section. */
export type FakeAnswer = { readonly rc?: number; readonly stdout?: string | Buffer; readonly stderr?: string | Buffer };

export type FakeRule = {
  /** Text that the section's script contains, or a pattern that it matches. The first rule that fits answers. */
  readonly when: string | RegExp;
  /** An answer, an error to throw, or a function that makes one from the section. */
  readonly answer: FakeAnswer | Error | ((section: Section, become: Become | undefined) => FakeAnswer | Error);
};

/** One call of `run`, as the test can look at it afterwards. */
export type FakeCall = {
  readonly become: Become | undefined;
  readonly sections: readonly Section[];
  readonly options: RunOptions;
};

/** A host for tests: canned answers by text of the script. A script that nobody declared throws and fails the test. */
export class FakeConnection implements Connection {
  readonly target: string;
  readonly calls: FakeCall[] = [];
  isClosed = false;
  disconnects = 0;
  readonly #rules: readonly FakeRule[];

  constructor(rules: readonly FakeRule[], target = "fake") {
    this.#rules = rules;
    this.target = target;
  }

  get statistics(): ConnectionStatistics {
    return { roundTrips: this.calls.length, bytesSent: 0, bytesReceived: 0, connects: this.calls.length === 0 ? 0 : 1 };
  }

  shell(become?: Become): Shell {
    return {
      user: become?.user ?? "login",
      run: async (sections, options = {}) => {
        this.calls.push({ become, sections, options });
        return sections.map((section) => this.#answer(section, become));
      },
    };
  }

  async disconnect(): Promise<void> {
    this.disconnects += 1;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  #answer(section: Section, become: Become | undefined): SectionResult {
    const { text } = section.script;
    const rule = this.#rules.find(({ when }) => (typeof when === "string" ? text.includes(when) : when.test(text)));
    if (rule === undefined) throw new Error(`nobody declared an answer to this script:\n${text}`);
    const answer = typeof rule.answer === "function" ? rule.answer(section, become) : rule.answer;
    if (answer instanceof Error) throw answer;
    return { rc: answer.rc ?? 0, stdout: Buffer.from(answer.stdout ?? ""), stderr: Buffer.from(answer.stderr ?? "") };
  }
}
