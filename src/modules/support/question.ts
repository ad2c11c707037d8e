import { createHash } from "node:crypto";
import { type Sh, sh } from "../../sh.ts";
import type { Collector, HostTraits, Json, Output, Question, Unknown } from "../contract.ts";

/**
 * A question that is one read-only script of its own: for what no collector gathers. `name` says in messages what is asked.
 * Equal (name, script) must mean equal `decode`, because answers are shared by them.
 */
export function ask<Answer>(
  name: string,
  script: Sh,
  decode: (output: Output, traits: HostTraits) => Answer | Unknown,
): Question<Answer> {
  // The engine joins questions by the collector's name and decodes them with the first one's `decode`, which may have closed
  // over parameters: so each script is a collector of its own.
  const digest = createHash("sha256").update(script.text).digest("hex").slice(0, 16);
  const collector: Collector<Answer> = {
    name: `${name} ${digest}`,
    beforeTraits: true,
    script: () => script,
    decode: (output, items, traits) => items.map(() => decode(output, traits)),
  };
  return { collector, item: "" };
}

/** Text of a stream without its last newline. */
export function text(bytes: Buffer): string {
  return bytes.toString("utf8").replace(/\n$/, "");
}

/** Lines of a stream; none for an empty one. */
export function lines(bytes: Buffer): string[] {
  const all = text(bytes);
  return all === "" ? [] : all.split("\n");
}

const answered: Collector<unknown> = {
  name: "nothing",
  beforeTraits: true,
  script: () => sh`:`,
  decode: (_output, items) => items.map((item) => JSON.parse(item)),
};

/** A question that needs no host: its answer is `answer`. For parameters that leave nothing to ask. */
export function nothing<Answer extends Json>(answer: Answer): Question<Answer> {
  // The one collector of all such questions cannot know its answers' types; the item is the answer, so this cast holds.
  return { collector: answered as Collector<Answer>, item: JSON.stringify(answer) };
}

/** False for what `nothing` makes: such an answer must not be predicted, since every such question shares it. */
export function isAsked(question: Question<unknown>): boolean {
  return question.collector !== answered;
}
