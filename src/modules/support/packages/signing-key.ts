import { createHash } from "node:crypto";
import { Sh } from "../../../sh.ts";
import { ModuleFailure } from "../../contract.ts";

const ARMOUR = /^-----BEGIN PGP PUBLIC KEY BLOCK-----/m;

/** Is that text an ASCII-armoured public key? */
export const isArmoured = (text: string): boolean => ARMOUR.test(text);

/** A text that shall be an ASCII-armoured public key, without white space around it. Throws what is wrong with it. */
export function armouredKey(text: string, parameter: string): string {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
  if (lines[0] !== "-----BEGIN PGP PUBLIC KEY BLOCK-----")
    throw new ModuleFailure(
      `"${parameter}": the key must begin with -----BEGIN PGP PUBLIC KEY BLOCK-----, but begins with "${lines[0]}"`,
    );
  if (lines.at(-1) !== "-----END PGP PUBLIC KEY BLOCK-----")
    throw new ModuleFailure(`"${parameter}": the key does not end with -----END PGP PUBLIC KEY BLOCK-----; was it cut off?`);
  if (!lines.includes("")) throw new ModuleFailure(`"${parameter}": the key lacks the empty line before its data`);
  return lines.join("\n");
}

/** The binary form of an armoured key, as `armouredKey` gives it. */
export function binaryKey(armour: string): Buffer {
  const lines = armour.split("\n").slice(armour.split("\n").indexOf("") + 1, -1);
  return Buffer.from(lines.filter((line) => !line.startsWith("=")).join(""), "base64");
}

/** Fingerprints of the primary keys in a binary key ring (version 4: SHA-1 over the key's packet, RFC 4880, 12.2); undefined: it is none. */
export function fingerprintsOf(ring: Buffer): string[] | undefined {
  const found: string[] = [];
  for (let at = 0; at < ring.length; ) {
    const packet = packetAt(ring, at);
    if (packet === undefined || (at === 0 && packet.tag !== PUBLIC_KEY)) return undefined;
    const { tag, body, end } = packet;
    at = end;
    if (tag !== PUBLIC_KEY) continue;
    const length = end - body;
    if (ring[body] !== 4 || length > 0xffff) return undefined;
    const head = Buffer.from([0x99, length >> 8, length & 0xff]);
    found.push(createHash("sha1").update(head).update(ring.subarray(body, end)).digest("hex").toUpperCase());
  }
  return found.length === 0 ? undefined : found;
}

const PUBLIC_KEY = 6;

/** A packet of OpenPGP (RFC 4880, 4.2); those of unknown length are in no key. */
function packetAt(ring: Buffer, at: number): { readonly tag: number; readonly body: number; readonly end: number } | undefined {
  const byte = (index: number): number => ring[at + index] ?? 0;
  const isNew = byte(0) >= 192;
  const [head, length] = isNew ? newLength(byte) : oldLength(byte);
  const body = at + head;
  if (byte(0) < 128 || head === 0 || body + length > ring.length) return undefined;
  return { tag: isNew ? byte(0) - 192 : (byte(0) >> 2) & 15, body, end: body + length };
}

type Byte = (index: number) => number;
const NONE = [0, 0] as const;

function newLength(byte: Byte): readonly [head: number, length: number] {
  if (byte(1) < 192) return [2, byte(1)];
  if (byte(1) < 224) return [3, (byte(1) - 192) * 256 + byte(2) + 192];
  return byte(1) === 255 ? [6, fourBytes(byte, 2)] : NONE;
}

function oldLength(byte: Byte): readonly [head: number, length: number] {
  const shapes = [[2, byte(1)] as const, [3, byte(1) * 256 + byte(2)] as const, [5, fourBytes(byte, 1)] as const];
  return shapes[byte(0) & 3] ?? NONE;
}

const fourBytes = (byte: Byte, from: number): number =>
  [0, 1, 2, 3].reduce((number, index) => number * 256 + byte(from + index), 0);

/**
 * Shell functions. `k3_binary FILE`: writes the key in FILE to standard output in binary form, armoured or not; `k3_armour FILE`: as it is,
 * without what stands around the first armoured block. `k3_fingerprints FILE`: prints the fingerprint of each primary key of a binary key ring, as
 * `fingerprintsOf` does. None needs gpg, which hosts of today seldom have.
 */
export const keyFunctions: Sh = new Sh(`k3_binary() {
if grep -q '^-----BEGIN PGP PUBLIC KEY BLOCK-----' "$1"; then
tr -d '\\r' < "$1" | awk '/^-----BEGIN PGP PUBLIC/ {b=1; next} /^-----END PGP/ {exit} b==2 && /^=/ {next} b==2 {print} b==1 && /^[ \\t]*$/ {b=2}' | base64 -d
else cat "$1"
fi
}
k3_armour() { tr -d '\\r' < "$1" | awk '/^-----BEGIN PGP PUBLIC KEY BLOCK-----/ {b=1} b {print} b && /^-----END PGP/ {exit}'; }
k3_bytes() { tail -c +$(($2 + 1)) "$1" | head -c "$3"; }
k3_fingerprints() {
k3_at=0 k3_size=$(($(wc -c < "$1")))
[ "$k3_size" -gt 0 ] && [ "$k3_size" -le 1048576 ] || return 1
while [ "$k3_at" -lt "$k3_size" ]; do
set -- "$1" $(k3_bytes "$1" "$k3_at" 6 | od -An -v -tu1) 0 0 0 0 0
[ "$2" -ge 128 ] || return 1
if [ "$2" -ge 192 ]; then
k3_tag=$(($2 - 192))
if [ "$3" -lt 192 ]; then k3_head=2 k3_len=$3
elif [ "$3" -lt 224 ]; then k3_head=3 k3_len=$((($3 - 192) * 256 + $4 + 192))
elif [ "$3" -eq 255 ]; then k3_head=6 k3_len=$(((($4 * 256 + $5) * 256 + $6) * 256 + $7))
else return 1; fi
else
k3_tag=$(($2 / 4 % 16))
case $(($2 % 4)) in
0) k3_head=2 k3_len=$3;;
1) k3_head=3 k3_len=$(($3 * 256 + $4));;
2) k3_head=5 k3_len=$(((($3 * 256 + $4) * 256 + $5) * 256 + $6));;
*) return 1;;
esac
fi
[ "$k3_tag" -eq ${PUBLIC_KEY} ] || [ "$k3_at" -gt 0 ] || return 1
k3_body=$((k3_at + k3_head)) k3_at=$((k3_at + k3_head + k3_len))
[ "$k3_at" -le "$k3_size" ] || return 1
[ "$k3_tag" -eq ${PUBLIC_KEY} ] || continue
[ "$k3_len" -le 65535 ] && [ "$(k3_bytes "$1" "$k3_body" 1 | od -An -tu1 | tr -d ' ')" = 4 ] || return 1
{ printf '\\231'; printf "\\\\$(printf '%03o' $((k3_len / 256)))\\\\$(printf '%03o' $((k3_len % 256)))"
k3_bytes "$1" "$k3_body" "$k3_len"; } | sha1sum | cut -c1-40 | tr 'a-f' 'A-F'
done
}`);
