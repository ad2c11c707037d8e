import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Decoders, encodePayload, isPlainText, needsDecoders } from "./payload-encoding.ts";

const all: Decoders = { base64: true, openssl: true, gzip: true, bash: false };
describe("encodePayload", () => {
  it.each([
    { name: "short text travels as it is", content: Buffer.from("a=1\n"), decoders: undefined, filters: [] },
    { name: "nothing at all", content: Buffer.alloc(0), decoders: undefined, filters: [] },
    { name: "bytes as base64", content: Buffer.from([0, 1, 2, 255]), decoders: all, filters: ["base64 -d"] },
    { name: "long text packed", content: Buffer.from("line\n".repeat(2000)), decoders: all, filters: ["base64 -d", "gzip -dc"] },
    {
      name: "no gzip on the host",
      content: Buffer.from("line\n".repeat(2000)),
      decoders: { ...all, gzip: false },
      filters: ["base64 -d"],
    },
    {
      name: "no base64 on the host",
      content: Buffer.from([0]),
      decoders: { ...all, base64: false },
      filters: ["openssl base64 -d -A"],
    },
  ])("$name", async ({ content, decoders, filters }) => {
    expect((await encodePayload(content, decoders)).filters).toEqual(filters);
  });

  it("does not pack what does not get smaller", async () => {
    expect((await encodePayload(randomBytes(3000), all)).filters).toEqual(["base64 -d"]);
  });

  it("writes octal escapes where the host can decode nothing", async () => {
    const encoded = await encodePayload(Buffer.from([0, 39, 255]), { base64: false, openssl: false, gzip: false, bash: false });
    expect(encoded).toEqual({ format: "octal", words: ["\\000\\047\\377"], filters: [], length: 12 });
  });

  it("packs contents that go to several hosts once", async () => {
    const content = Buffer.from("x".repeat(5000));
    const [one, two] = await Promise.all([encodePayload(content, all), encodePayload(content, all)]);
    expect(one.words).toEqual(two.words);
  });

  it.each([
    ["text with a tab\tand lines\n", true],
    ["a\rb", false],
    ["zoë", false],
    ["\u0001", false],
  ])("isPlainText(%j) is %s", (text, plain) => {
    expect(isPlainText(Buffer.from(text))).toBe(plain);
    expect(needsDecoders(Buffer.from(text))).toBe(!plain);
  });
});
