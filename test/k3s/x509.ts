import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { isIP } from "node:net";
import { bits, boolean, explicit, implicit, integer, objectId, octets, sequence, set, time, utf8 } from "./der.ts";

// Node reads certificates and does not issue them. What K3s issues is one small shape: ECDSA P-256, signed with SHA-256.

export type Subject = { readonly commonName: string; readonly organizations?: readonly string[] };

/** PEM texts; `certificate` may be a bundle whose first one is meant. */
export type Issuer = { readonly certificate: string; readonly key: string };

export type Usage = "client" | "server" | "both";

export type Request = {
  readonly subject: Subject;
  readonly publicKey: KeyObject;
  readonly from: Date;
  readonly days: number;
  /** Undefined for an authority. */
  readonly usage?: Usage;
  readonly names?: readonly string[];
};

const OIDS = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  ecdsaSha256: "1.2.840.10045.4.3.2",
  rsaSha256: "1.2.840.113549.1.1.11",
  keyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternatives: "2.5.29.17",
  constraints: "2.5.29.19",
  authorityIdentifier: "2.5.29.35",
  extendedUsage: "2.5.29.37",
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
};

const DAY_MS = 86_400_000;

/** A private key as PEM, "EC PRIVATE KEY" as K3s writes it. */
export const newKey = (): string =>
  String(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" }));

/** An authority that signs itself. */
export function selfSigned(commonName: string, key: string, from: Date, days: number): string {
  const request: Request = { subject: { commonName }, publicKey: createPublicKey(key), from, days };
  return signed(request, nameOf(request.subject), createPrivateKey(key), keyIdentifier(request.publicKey));
}

export function issue(issuer: Issuer, request: Request): string {
  const above = new X509Certificate(issuer.certificate);
  return signed(request, subjectBytes(above), createPrivateKey(issuer.key), keyIdentifier(above.publicKey));
}

function signed(request: Request, issuerName: Buffer, signer: KeyObject, issuerIdentifier: Buffer): string {
  const algorithm =
    signer.asymmetricKeyType === "rsa"
      ? sequence(objectId(OIDS.rsaSha256), Buffer.from([0x05, 0x00]))
      : sequence(objectId(OIDS.ecdsaSha256));
  const until = new Date(request.from.getTime() + request.days * DAY_MS);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(randomBytes(8)),
    algorithm,
    issuerName,
    sequence(time(request.from), time(until)),
    nameOf(request.subject),
    publicBytes(request.publicKey),
    explicit(3, sequence(...extensions(request, issuerIdentifier))),
  );
  const whole = sequence(body, algorithm, bits(sign("sha256", body, signer)));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extensions(request: Request, issuerIdentifier: Buffer): readonly Buffer[] {
  const extension = (oid: string, isCritical: boolean, value: Buffer): Buffer =>
    sequence(objectId(oid), ...(isCritical ? [boolean(true)] : []), octets(value));
  const isAuthority = request.usage === undefined;
  const names = request.names ?? [];
  const usages = request.usage === "both" ? ([OIDS.server, OIDS.client] as const) : [OIDS[request.usage ?? "client"]];
  return [
    // digitalSignature, keyEncipherment and, of authorities, keyCertSign.
    extension(OIDS.keyUsage, true, isAuthority ? bits(Buffer.from([0b10100100]), 2) : bits(Buffer.from([0b10100000]), 5)),
    ...(isAuthority
      ? [extension(OIDS.constraints, true, sequence(boolean(true)))]
      : [extension(OIDS.extendedUsage, false, sequence(...usages.map(objectId)))]),
    extension(OIDS.keyIdentifier, false, octets(keyIdentifier(request.publicKey))),
    extension(OIDS.authorityIdentifier, false, sequence(implicit(0, issuerIdentifier))),
    ...(names.length === 0 ? [] : [extension(OIDS.alternatives, false, sequence(...names.map(alternative)))]),
  ];
}

function alternative(name: string): Buffer {
  if (isIP(name) === 0) return implicit(2, Buffer.from(name));
  return implicit(7, isIP(name) === 4 ? Buffer.from(name.split(".").map(Number)) : ipv6Bytes(name));
}

function ipv6Bytes(address: string): Buffer {
  const [left = "", right] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const head = groups(left);
  const tail = groups(right ?? "");
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => "0");
  const all = right === undefined ? head : [...head, ...zeros, ...tail];
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

function nameOf({ commonName, organizations = [] }: Subject): Buffer {
  const part = (oid: string, text: string): Buffer => set(sequence(objectId(oid), utf8(text)));
  return sequence(...organizations.map((one) => part(OIDS.organization, one)), part(OIDS.commonName, commonName));
}

const publicBytes = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });

/** Of the key's bits alone, without their algorithm: so everybody works it out (RFC 5280, 4.2.1.2). */
function keyIdentifier(key: KeyObject): Buffer {
  const bytes = publicBytes(key);
  const algorithm = inside(bytes, inside(bytes, 0).start);
  // Its first byte says how many of its last bits do not count.
  const { start, end } = inside(bytes, algorithm.end);
  return createHash("sha1")
    .update(bytes.subarray(start + 1, end))
    .digest();
}

/** The name of an issuer must be, byte for byte, the subject of its certificate: that is cut out of it. */
function subjectBytes({ raw }: X509Certificate): Buffer {
  const body = inside(raw, inside(raw, 0).start);
  // Version, serial number, algorithm, issuer and validity come before it.
  let position = body.start;
  for (let skipped = 0; skipped < 5; skipped++) position = inside(raw, position).end;
  return Buffer.from(raw.subarray(position, inside(raw, position).end));
}

function inside(bytes: Buffer, position: number): { readonly start: number; readonly end: number } {
  const first = bytes[position + 1] ?? 0;
  if (first < 0x80) return { start: position + 2, end: position + 2 + first };
  const count = first & 0x7f;
  const start = position + 2 + count;
  return { start, end: start + bytes.readUIntBE(position + 2, count) };
}
