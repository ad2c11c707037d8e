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

export const isRoot = (one: X509Certificate): boolean => issued(one, one);

export const issued = (above: X509Certificate, below: X509Certificate): boolean =>
  above.subject === below.issuer && below.verify(above.publicKey);

/** One certificate: of the file's bytes; several: the fingerprint of the root that the first one leads to. */
export function caHash(pem: string): string {
  const [first, ...rest] = certificatesIn(pem).map((one) => new X509Certificate(one));
  if (first === undefined || rest.length === 0) return createHash("sha256").update(pem).digest("hex");
  const root = rootOf(
    first,
    rest.filter(isRoot),
    rest.filter((one) => !isRoot(one)),
  );
  return createHash("sha256")
    .update(root?.raw ?? pem)
    .digest("hex");
}

/** As Go looks: whoever is a root comes first, then those between, each to its end. */
function rootOf(
  one: X509Certificate,
  roots: readonly X509Certificate[],
  between: readonly X509Certificate[],
): X509Certificate | undefined {
  const root = roots.find((above) => issued(above, one));
  if (root !== undefined) return root;
  for (const above of between.filter((other) => issued(other, one))) {
    const found = rootOf(
      above,
      roots,
      between.filter((other) => other !== above),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

export const secureToken = (caPem: string, user: string, password: string): string => `K10${caHash(caPem)}::${user}:${password}`;
