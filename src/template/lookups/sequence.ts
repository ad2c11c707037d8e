import type { Value } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { percentFormat } from "../percent-format.ts";
import type { LookupCall } from "./lookup.ts";
import { integerOption, splitTerm, textOption, textTerms } from "./options.ts";

export const sequenceOptions = ["start", "end", "count", "stride", "format"];
const shortcut = /^(?:(\d+|0x[\da-f]+)-)?(\d+|0x[\da-f]+)(?:\/(\d+|0x[\da-f]+))?(?::(.+))?$/i;
const limit = 1_000_000;

/** Numbers as text: `start=1 end=9 stride=2 format=web%02d`, `count=4`, or short: `1-9/2:web%02d`. */
export function sequence(call: LookupCall): readonly Value[] {
  const terms = call.terms.length === 0 ? [""] : textTerms(call);
  return terms.flatMap((term) => {
    const short = shortcut.exec(term.trim());
    if (short !== null) {
      const [, start = "1", end = "0", stride = "1", format = "%d"] = short;
      return numbers(Number(start), Number(end), Number(stride), format);
    }
    const { key, options } = splitTerm(term, sequenceOptions);
    if (key !== "") return badValue(`the lookup "sequence" cannot read "${term}"`, "write start=1 end=9 stride=2 format=web%02d");
    return long({ ...call, options: new Map([...call.options, ...options]) });
  });
}

function long(call: LookupCall): readonly Value[] {
  const start = integerOption(call, "start") ?? 1;
  const count = integerOption(call, "count");
  const end = integerOption(call, "end");
  if ((count === undefined) === (end === undefined)) return badValue('the lookup "sequence" needs either "count" or "end"');
  const last = end ?? start + ((count ?? 0) - 1) * (integerOption(call, "stride") ?? 1);
  const stride = integerOption(call, "stride") ?? 1;
  if (count === 0) return [];
  return numbers(start, last, stride, textOption(call, "format", "%d"));
}

function numbers(start: number, end: number, stride: number, format: string): readonly Value[] {
  if (stride === 0) return [];
  if (stride > 0 && end < start) return badValue("to count backwards make stride negative");
  if (stride < 0 && end > start) return badValue("to count forward don't make stride negative");
  if ((end - start) / stride > limit) return badValue(`a sequence has at most ${limit} members`);
  const result: Value[] = [];
  for (let value = start; stride > 0 ? value <= end : value >= end; value += stride) result.push(percentFormat(format, value));
  return result;
}
