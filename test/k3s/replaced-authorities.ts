import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { messageOf } from "./log.ts";
import { AUTHORITIES, type Bootstrap } from "./pki.ts";
import { certificatesIn, isRoot, issued } from "./token.ts";

/** Path below server/tls -> what K3s calls it in its messages. */
const FIELDS: Readonly<Record<string, string>> = {
  "server-ca": "ServerCA",
  "client-ca": "ClientCA",
  "request-header-ca": "RequestHeaderCA",
  "etcd/peer-ca": "ETCDPeerCA",
  "etcd/server-ca": "ETCDServerCA",
};

/** What `rotate-ca` may replace; of what is not given the present one stays. */
export const REPLACEABLE: readonly string[] = [
  ...Object.keys(AUTHORITIES).flatMap((name) => [`${name}.crt`, `${name}.key`]),
  "service.key",
];

/** What K3s has against new authorities in the place of those it runs with; empty where it takes them. */
export function problemsOf(present: Bootstrap, next: Bootstrap): readonly string[] {
  const attempt = (field: string, work: () => void): readonly string[] => {
    try {
      work();
      return [];
    } catch (error) {
      return [`${field}: ${messageOf(error)}`];
    }
  };
  const authorities = Object.entries(FIELDS).flatMap(([name, field]) => {
    const certificate = next[`${name}.crt`] ?? "";
    const key = next[`${name}.key`] ?? "";
    return [
      ...(certificate === "" ? [] : attempt(field, () => checkChain(present[`${name}.crt`] ?? "", certificate))),
      ...(certificate === "" && key === ""
        ? []
        : attempt(`${field}Key`, () =>
            checkPair(certificate || (present[`${name}.crt`] ?? ""), key || (present[`${name}.key`] ?? "")),
          )),
    ];
  });
  const service = next["service.key"] ?? "";
  if (service === "") return authorities;
  return [...authorities, ...attempt("ServiceKey", () => checkServiceKey(present["service.key"] ?? "", service))];
}

/** The new authority must lead to a root of the old bundle, be it over one that an old root has cross-signed. */
function checkChain(present: string, next: string): void {
  const old = parsed(present);
  const [own, ...rest] = parsed(next);
  if (own === undefined) throw new Error("data does not contain any valid RSA or ECDSA certificates");
  if (rest.length === 0)
    throw new Error("new CA bundle contains only a single certificate but should include root or intermediate CA certificates");
  const roots = old.filter(isRoot);
  const between = [...old.filter((one) => !isRoot(one)), ...rest];
  const prefix = "new CA cert cannot be verified using old CA chain: x509:";
  if (hasEnded(own))
    throw new Error(`${prefix} certificate has expired or is not yet valid: current time is after ${own.validTo}`);
  if (!leadsTo(own, roots, between, [])) throw new Error(`${prefix} certificate signed by unknown authority`);
}

function leadsTo(
  one: X509Certificate,
  roots: readonly X509Certificate[],
  between: readonly X509Certificate[],
  seen: readonly string[],
): boolean {
  const usable = (above: X509Certificate): boolean => above.ca && !hasEnded(above) && issued(above, one);
  if (roots.some((root) => root.fingerprint256 === one.fingerprint256 || usable(root))) return true;
  return between
    .filter((above) => usable(above) && !seen.includes(above.fingerprint256))
    .some((above) => leadsTo(above, roots, between, [...seen, one.fingerprint256]));
}

/** The file may have the keys of those above behind its own. */
function checkPair(certificate: string, key: string): void {
  const [own] = parsed(certificate);
  const prefix = "new CA cert and key cannot be loaded as X590KeyPair: tls:";
  if (own === undefined) throw new Error(`${prefix} failed to find any PEM data in certificate input`);
  if (privateKeys(key).length === 0) throw new Error(`${prefix} failed to find any PEM data in key input`);
  if (!own.checkPrivateKey(createPrivateKey(key))) throw new Error(`${prefix} private key does not match public key`);
}

/** What was signed with the old one must be understood further on. */
function checkServiceKey(present: string, next: string): void {
  const ofKey = (pem: string): string => String(createPublicKey(pem).export({ type: "spki", format: "pem" }));
  const [old = ""] = privateKeys(present).map(ofKey);
  if (!privateKeys(next).map(ofKey).includes(old))
    throw new Error("old ServiceAccount signing key not in new ServiceAccount key list");
}

const hasEnded = ({ validTo }: X509Certificate): boolean => new Date(validTo).getTime() < Date.now();

const parsed = (pem: string): readonly X509Certificate[] => certificatesIn(pem).map((one) => new X509Certificate(one));

const privateKeys = (pem: string): readonly string[] =>
  pem.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g) ?? [];
