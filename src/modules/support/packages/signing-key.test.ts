import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sh } from "../../../sh.ts";
import { type LocalHost, localHost, SHELLS } from "../run-local.test-support.ts";
import { fetchKey, keyUrl } from "./fetch-key.ts";
import { armouredKey, binaryKey, fingerprintsOf, keyFunctions } from "./signing-key.ts";

type Head = (length: number) => readonly number[];
const old: Head = (length) => (length < 256 ? [0x98, length] : [0x99, length >> 8, length & 255]);
const oldLong: Head = (length) => [0x9a, 0, 0, length >> 8, length & 255];
const recent: Head = (length) => (length < 192 ? [0xc6, length] : [0xc6, 192 + ((length - 192) >> 8), (length - 192) & 255]);
const recentLong: Head = (length) => [0xc6, 255, 0, 0, length >> 8, length & 255];

/** A packet with a key of that many bytes. */
const key = (head: Head, size: number, version = 4): Buffer => {
  const body = Buffer.alloc(size, size % 251);
  body[0] = version;
  return Buffer.concat([Buffer.from(head(size)), body]);
};
/** A user's name, tag 13. */
const user = Buffer.from([0xb4, 3, 65, 66, 67]);
const printOf = (size: number): string => {
  const body = key(old, size).subarray(size < 256 ? 2 : 3);
  return createHash("sha1")
    .update(Buffer.from([0x99, size >> 8, size & 255]))
    .update(body)
    .digest("hex")
    .toUpperCase();
};

const rings: readonly (readonly [name: string, ring: Buffer, prints: readonly string[] | undefined])[] = [
  ["one key", Buffer.concat([key(old, 51), user]), [printOf(51)]],
  ["lengths of two bytes", key(old, 300), [printOf(300)]],
  ["lengths of four bytes", key(oldLong, 300), [printOf(300)]],
  ["the new format", Buffer.concat([key(recent, 51), user, key(recent, 525)]), [printOf(51), printOf(525)]],
  ["the new format, long", key(recentLong, 51), [printOf(51)]],
  [
    "several keys",
    Buffer.concat([key(old, 51), user, key(old, 270), user, key(recent, 99)]),
    [printOf(51), printOf(270), printOf(99)],
  ],
  ["nothing", Buffer.alloc(0), undefined],
  ["a page", Buffer.from("<html>no key</html>"), undefined],
  ["no key in the beginning", Buffer.concat([user, key(old, 51)]), undefined],
  ["one that is cut off", key(old, 300).subarray(0, 200), undefined],
  ["one that is cut off in its head", Buffer.concat([key(old, 51), Buffer.from([0x99])]), undefined],
  ["something behind it", Buffer.concat([key(old, 51), Buffer.from("x")]), undefined],
  ["another version", key(old, 51, 3), undefined],
  ["another version behind it", Buffer.concat([key(old, 51), key(old, 60, 6)]), undefined],
  ["an unknown length", Buffer.from([0x9b, 4, 1]), undefined],
  ["a length in parts", Buffer.from([0xc6, 0xe1, 4, 1]), undefined],
];

const armour = (ring: Buffer): string =>
  `-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: x\n\n${ring.toString("base64").replace(/.{64}/g, "$&\n")}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----`;

it.each(rings)("fingerprints of %s", (_name, ring, prints) => {
  expect(fingerprintsOf(ring)).toEqual(prints);
  if (prints !== undefined) expect(binaryKey(armouredKey(armour(ring), "key"))).toEqual(ring);
});

describe.each(SHELLS)("with %s", (shell) => {
  let host: LocalHost;
  beforeAll(async () => {
    host = await localHost(shell);
  });
  afterAll(() => host.remove());
  const file = (content: string | Buffer): string => {
    writeFileSync(join(host.directory, "key"), content);
    return join(host.directory, "key");
  };

  it("finds the same fingerprints as the control node does", async () => {
    for (const [name, ring, prints] of rings) {
      const output = await host.run(sh`${keyFunctions}
k3_fingerprints ${file(ring)} || { echo none; exit 3; }`);
      const lines = output.stdout.toString().trim().split("\n");
      if (prints === undefined) expect([output.rc, lines.at(-1)], name).toEqual([3, "none"]);
      else expect([output.rc, lines], name).toEqual([0, prints]);
      expect(output.stderr.toString(), name).toBe("");
    }
  });

  it("takes the first armoured block and nothing around it", async () => {
    const [one, two] = [armour(key(old, 51)), armour(key(old, 60))];
    const path = file(`before\r\n${one.replaceAll("\n", "\r\n")}\r\n${two}\n`);
    const output = await host.run(sh`${keyFunctions}
k3_armour ${path}; k3_binary ${path} | base64`);
    expect(output.stdout.toString()).toBe(`${one}\n${key(old, 51).toString("base64").replace(/.{76}/g, "$&\n")}\n`);
  });

  it.each([
    ["the key that is meant", [printOf(51)], Buffer.concat([key(old, 51), user]), undefined],
    ["any key", [], key(old, 51), undefined],
    ["two that are meant", [printOf(60), printOf(51)], Buffer.concat([key(old, 51), key(old, 60)]), undefined],
    [
      "another key behind it",
      [printOf(51)],
      Buffer.concat([key(old, 51), key(old, 60)]),
      `the key has the fingerprint ${printOf(60)}, but must have ${printOf(51)}`,
    ],
    ["no key", [], Buffer.from("<html>"), "what file:///KEY answers is no public key of OpenPGP (version 4)"],
  ])("fetches %s", async (_name, prints, content, message) => {
    const url = `file://${file(content)}`;
    const { script, payloads } = fetchKey(url, prints);
    const output = await host.run(
      sh`${script}
base64 "$k3_key/binary"`,
      payloads,
    );
    if (message === undefined) expect(output.stdout.toString().replace(/\n/g, "")).toBe(content.toString("base64"));
    else expect([output.rc, output.stderr.toString()]).toEqual([1, `${message.replace("file:///KEY", url)}\n`]);
  });

  it("says that there is no file", async () => {
    const { script } = fetchKey("file:///nowhere.asc", []);
    const output = await host.run(script);
    expect(output.stderr.toString()).toContain("cannot fetch the key file:///nowhere.asc: cannot read /nowhere.asc\n");
  });
});

it.each([
  [
    "http://u:secret@h/k",
    [],
    '"key: http://u:********@h/k": whoever is on the way to that server could give another key; use https:, or say in "fingerprint" which key it is',
  ],
  ["ftp://h/k", ["A"], '"key: ftp://h/k": a key is fetched from https:, http: or file: only'],
  [
    "https://h/a b",
    [],
    '"key: https://h/a b": the URL holds a blank, a quotation mark, a backslash or a control character; write it as %XX',
  ],
])("refuses to fetch %s", (url, fingerprints, message) => {
  expect(() => keyUrl(url, "key", fingerprints, "fingerprint")).toThrow(message);
});
