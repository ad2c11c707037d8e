import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Frame, FrameParser } from "./frame-parser.ts";

const nonce = "0123456789abcdef0123456789abcdef";

function parse(chunks: readonly Buffer[]): { frames: Frame[]; parser: FrameParser } {
  const frames: Frame[] = [];
  const parser = new FrameParser(nonce, (frame) => frames.push(frame));
  for (const chunk of chunks) parser.push(chunk);
  return { frames, parser };
}

/** Cuts `data` at the given positions. */
function cut(data: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...new Set([...at.map((one) => one % (data.length + 1)), data.length])].sort((a, b) => a - b);
  return ends.map((end, index) => data.subarray(index === 0 ? 0 : ends[index - 1], end));
}

// Bodies that look like delimiters, or like the beginning of one.
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .constantFrom(nonce, nonce.slice(0, 20), `${nonce.slice(0, 31)}:`, ":0:0\n", `x${nonce.slice(1)}:0:0\n`)
    .map((text) => Buffer.from(text)),
);

describe("FrameParser", () => {
  it("finds every body, however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(body, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 40 }), (bodies, at) => {
        const stream = Buffer.concat(bodies.flatMap((one, index) => [one, Buffer.from(`${nonce}:${index}:${index * 7}\n`)]));
        // A body that ends with the nonce itself makes one with the delimiter after it: 128 random bits do not occur.
        fc.pre(bodies.every((one) => !Buffer.from(one).includes(nonce)));
        const { frames, parser } = parse(cut(stream, at));
        expect(frames.map((frame) => [frame.label, frame.value])).toEqual(
          bodies.map((_, index) => [String(index), String(index * 7)]),
        );
        expect(frames.map((frame) => frame.body.toString("hex"))).toEqual(bodies.map((one) => Buffer.from(one).toString("hex")));
        expect(parser.pendingLength).toBe(0);
      }),
    );
  });

  it("keeps what follows the last delimiter", () => {
    const { frames, parser } = parse([Buffer.from(`a${nonce}:0:0\nunfinished${nonce.slice(0, 5)}`)]);
    expect(frames).toHaveLength(1);
    expect(parser.pending.toString()).toBe(`unfinished${nonce.slice(0, 5)}`);
  });

  it("keeps colons and UTF-8 in a value", () => {
    expect(parse([Buffer.from(`${nonce}:wait:zoë@host: apply\n`)]).frames[0]).toMatchObject({
      label: "wait",
      value: "zoë@host: apply",
    });
  });

  it("refuses a delimiter that does not end", () => {
    expect(() => parse([Buffer.from(`${nonce}:0:${"x".repeat(9000)}`)])).toThrow("a delimiter without an end");
  });
});
