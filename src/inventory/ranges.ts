const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const RANGE = /^(.*?)\[([^[\]:]*):([^[\]:]+)(?::([0-9]+))?\](.*)$/;
/** Nobody means to write more hosts than this in one line. */
const MOST_HOSTS = 100_000;

/** A host of an inventory line: names after its ranges were written out, and the port behind the colon. */
export type HostAddress = { readonly names: readonly string[]; readonly port: number | undefined };

/** Why a host pattern of an inventory cannot be read; the message is a sentence for the user. */
export class RangeProblem extends Error {}

/** Reads `web[01:10:2].example.org:2222`, `db[a:f]`, `[2001:db8::1]:22`, `2001:db8::1`. Throws RangeProblem. */
export function readHostAddress(text: string): HostAddress {
  if (text === "") throw new RangeProblem("a host name is empty");
  const bracketed = /^\[([0-9a-fA-F:.%]*:[0-9a-fA-F:.%]*:[0-9a-fA-F:.%]*)\](?::([0-9]+))?$/.exec(text);
  if (bracketed?.[1] !== undefined) return { names: [bracketed[1]], port: port(bracketed[2]) };
  const withPort = /^((?:[^:[\]]|\[[^\]]*\])+):([0-9]+)$/.exec(text);
  if (withPort?.[1] !== undefined) return { names: expandRanges(withPort[1]), port: port(withPort[2]) };
  return { names: expandRanges(text), port: undefined };
}

/** Writes out the ranges of a host name: `[01:10:2]` by number, `[a:f]` by letter, several of them in order. Throws RangeProblem. */
export function expandRanges(text: string): readonly string[] {
  const match = RANGE.exec(text);
  if (match === null) {
    if (/[[\]]/.test(text))
      throw new RangeProblem(`"${text}" has a bracket that begins no range; a range is [first:last] or [first:last:step]`);
    return [text];
  }
  const [, head = "", first = "", last = "", step = "1", tail = ""] = match;
  const tails = expandRanges(tail);
  const steps = span(first, last, Number(step), text);
  if (steps.length * tails.length > MOST_HOSTS) throw new RangeProblem(`"${text}" stands for more than ${MOST_HOSTS} hosts`);
  return steps.flatMap((one) => tails.map((rest) => `${head}${one}${rest}`));
}

function span(first: string, last: string, step: number, text: string): readonly string[] {
  if (step === 0) throw new RangeProblem(`the range in "${text}" has step 0`);
  if (/^[0-9]*$/.test(first) && /^[0-9]+$/.test(last)) return numbers(first === "" ? "0" : first, last, step, text);
  const from = first.length === 1 ? LETTERS.indexOf(first) : -1;
  const to = last.length === 1 ? LETTERS.indexOf(last) : -1;
  if (from < 0 || to < 0) throw new RangeProblem(`the range in "${text}" needs two numbers or two letters`);
  if (to < from) throw new RangeProblem(`the range in "${text}" ends before it begins`);
  return [...LETTERS.slice(from, to + 1)].filter((_, index) => index % step === 0);
}

// A leading zero fixes the width: [08:10] is 08, 09, 10.
function numbers(first: string, last: string, step: number, text: string): readonly string[] {
  const isPadded = first.length > 1 && first.startsWith("0");
  if (isPadded && first.length !== last.length) {
    throw new RangeProblem(`the range in "${text}" begins with a zero, so both of its ends must be equally long`);
  }
  const [from, to] = [Number(first), Number(last)];
  if (to < from) throw new RangeProblem(`the range in "${text}" ends before it begins`);
  if ((to - from) / step > MOST_HOSTS) throw new RangeProblem(`"${text}" stands for more than ${MOST_HOSTS} hosts`);
  const width = isPadded ? first.length : 0;
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) =>
    String(from + index * step).padStart(width, "0"),
  );
}

function port(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (number < 1 || number > 65_535) throw new RangeProblem(`${text} is no port (1 to 65535)`);
  return number;
}
