import { describe, expect, it } from "vitest";
import { ModuleFailure } from "../../contract.ts";
import { checksumIn, wantedChecksum } from "./checksum.ts";

const a = "a".repeat(64);
const b = "b".repeat(64);

describe("wantedChecksum", () => {
  it.each([
    [`sha256:${a}`, { kind: "value", algorithm: "sha256", digest: a }],
    [` SHA256 : ${a.toUpperCase()} `.trim(), { kind: "value", algorithm: "sha256", digest: a }],
    [`md5:${"0".repeat(32)}`, { kind: "value", algorithm: "md5", digest: "0".repeat(32) }],
    ["sha512:https://x/sums", { kind: "url", algorithm: "sha512", url: "https://x/sums" }],
  ])("reads %s", (text, wanted) => {
    expect(wantedChecksum(text)).toEqual(wanted);
  });

  it.each([
    [
      a,
      `the checksum "${a}" must be an algorithm (md5, sha1, sha224, sha256, sha384, sha512), a colon, and the digest or the URL of a file that holds it`,
    ],
    [
      "crc:12",
      'the checksum "crc:12" must be an algorithm (md5, sha1, sha224, sha256, sha384, sha512), a colon, and the digest or the URL of a file that holds it',
    ],
    ["sha256:abc", 'the checksum "sha256:abc" is no sha256 digest, which has 64 hexadecimal digits'],
    [`sha256:${"x".repeat(64)}`, `the checksum "sha256:${"x".repeat(64)}" is no sha256 digest, which has 64 hexadecimal digits`],
  ])("refuses %s", (text, message) => {
    expect(() => wantedChecksum(text)).toThrow(new ModuleFailure(message));
  });
});

describe("checksumIn", () => {
  it.each([
    ["sha256sum", `${b}  other\n${a}  k3s\n`],
    ["sha256sum -b", `${b} *other\n${a} *k3s\n`],
    ["a leading ./", `${a}  ./k3s\n`],
    ["a path before the name", `${b}  dist/k3s-arm64\n${a}  dist/artifacts/k3s\n`],
    ["BSD", `SHA256 (other) = ${b}\nSHA256 (k3s) = ${a}\n`],
    ["a digest alone", `${a}\n`],
    ["Windows' line ends and capitals", `${b}  other\r\n${a.toUpperCase()}  k3s\r\n`],
    ["comments", `# sums\n\n${a}  k3s`],
    ["the same digest twice", `${a}  k3s\n${a}  ./k3s\n`],
  ])("reads a file of %s", (_, text) => {
    expect(checksumIn(text, "k3s", "sha256", "URL")).toBe(a);
  });

  it.each([
    ["none", `${b}  other\n`, 'URL holds no sha256 digest of "k3s"'],
    ["another algorithm's", `${"c".repeat(40)}  k3s\n`, 'URL holds no sha256 digest of "k3s"'],
    ["a web page", "<html><body>not found</body></html>", 'URL holds no sha256 digest of "k3s"'],
    ["two", `${a}  k3s\n${b}  k3s\n`, 'URL holds 2 different sha256 digests of "k3s"'],
  ])("says that it found %s", (_, text, message) => {
    expect(() => checksumIn(text, "k3s", "sha256", "URL")).toThrow(new ModuleFailure(message));
  });
});
