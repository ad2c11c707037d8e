import { createHash, X509Certificate } from "node:crypto";

export type Token = {
  /** Of the secure form only. */
  readonly caHash: string | undefined;
  readonly user: string;
  readonly password: string;
  /** `id.secret` */
  readonly isBootstrap: boolean;
};

export const BOOTSTRAP = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

/** Throws with K3s' own words. */
export function parseToken(text: string, user: string): Token {
  if (text === "") throw new Error("token must not be empty");
  if (!text.startsWith("K10")) return credentials(undefined, text, user);
  const cut = text.indexOf("::");
  const hash = cut < 0 ? text.slice(3) : text.slice(3, cut);
  if (hash.length !== 64) throw new Error("invalid token CA hash length");
  if (cut < 0) throw new Error("invalid token format");
  return credentials(hash, text.slice(cut + 2), user);
}

function credentials(caHash: string | undefined, rest: string, user: string): Token {
  if (rest === "") throw new Error("invalid token format");
  if (BOOTSTRAP.test(rest)) return { caHash, user: rest.slice(0, 6), password: rest.slice(7), isBootstrap: true };
  if (caHash === undefined) return { caHash, user, password: rest, isBootstrap: false };
  const colon = rest.indexOf(":");
  if (colon < 0) throw new Error("invalid token format");
  return { caHash, user: rest.slice(0, colon) || user, password: rest.slice(colon + 1), isBootstrap: false };
}

export const certificatesIn = (pem: string): readonly string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];

/**
 * What is shown of a file to the other side: the leaf and what leads from it to other authorities. Of a root that signed itself OpenSSL would
 * make use before it sees the same root cross-signed by an authority that the other side trusts; Go tries both.
 */
export const shownChain = (pem: string): string =>
  certificatesIn(pem)
    .filter((one, index) => {
      const { issuer, subject } = new X509Certificate(one);
      return index === 0 || issuer !== subject;
    })
    .map((one) => `${one}\n`)
    .join("");

/** One certificate: of the file's bytes; several: the fingerprint of the root, which is the one that signed itself. */
export function caHash(pem: string): string {
  const all = certificatesIn(pem);
  if (all.length <= 1) return createHash("sha256").update(pem).digest("hex");
  const parsed = all.map((one) => new X509Certificate(one));
  const root = parsed.find((one) => one.checkIssued(one)) ?? parsed.at(-1);
  if (root === undefined) throw new Error("no certificate in the CA bundle");
  return createHash("sha256").update(root.raw).digest("hex");
}

export const secureToken = (caPem: string, user: string, password: string): string => `K10${caHash(caPem)}::${user}:${password}`;
