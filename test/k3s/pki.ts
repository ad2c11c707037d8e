import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { Knobs } from "./knobs.ts";
import { info } from "./log.ts";
import { Paths } from "./paths.ts";
import { certificatesIn } from "./token.ts";
import { renewalDays, VERSION } from "./version.ts";
import { type Issuer, issue, newKey, type Subject, selfSigned, type Usage } from "./x509.ts";

/** Path below server/tls without its ending -> the prefix of its name. */
export const AUTHORITIES: Readonly<Record<string, string>> = {
  "server-ca": "k3s-server-ca",
  "client-ca": "k3s-client-ca",
  "request-header-ca": "k3s-request-header-ca",
  "etcd/peer-ca": "etcd-peer-ca",
  "etcd/server-ca": "etcd-server-ca",
};

/** Path below server/tls -> contents: what all servers of a cluster share, encrypted with the token. */
export type Bootstrap = Readonly<Record<string, string>>;

const DAY_MS = 86_400_000;
const LEAF_DAYS = 365;
const AUTHORITY_DAYS = 3650;

const issuedAt = (knobs: Knobs): Date => new Date(Date.now() - knobs.issuedDaysAgo * DAY_MS);

/** What was laid there by hand is taken, the rest is made. */
export function newBootstrap(paths: Paths, knobs: Knobs): Bootstrap {
  const files: Record<string, string> = {};
  const stamp = Math.floor(issuedAt(knobs).getTime() / 1000);
  for (const [name, prefix] of Object.entries(AUTHORITIES)) {
    const certificate = paths.tls(`${name}.crt`);
    if (existsSync(certificate)) {
      files[`${name}.crt`] = readFileSync(certificate, "utf8");
      files[`${name}.key`] = readFileSync(paths.tls(`${name}.key`), "utf8");
      continue;
    }
    const key = newKey();
    files[`${name}.key`] = key;
    files[`${name}.crt`] = selfSigned(`${prefix}@${stamp}`, key, issuedAt(knobs), AUTHORITY_DAYS);
  }
  files["service.key"] = Paths.readOr(paths.tls("service.key"), "") || newServiceKey();
  return files;
}

const newServiceKey = (): string =>
  String(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }));

export function writeBootstrap(paths: Paths, files: Bootstrap): void {
  for (const [name, text] of Object.entries(files))
    Paths.writeIfNew(paths.tls(name), text, name.endsWith(".key") ? 0o600 : 0o644);
  // For those that sign with an authority, and would take the first of several certificates for all there is.
  for (const name of ["client-ca", "server-ca"]) {
    const [own = ""] = certificatesIn(files[`${name}.crt`] ?? "");
    Paths.writeIfNew(paths.tls(`${name}.nochain.crt`), `${own}\n`, 0o644);
  }
}

export const issuerOf = (files: Bootstrap, name: string): Issuer => {
  const certificate = files[`${name}.crt`];
  const key = files[`${name}.key`];
  if (certificate === undefined || key === undefined) throw new Error(`the bootstrap data has no ${name}`);
  return { certificate, key };
};

type Leaf = { readonly authority: string; readonly subject: Subject; readonly usage: Usage; readonly names?: readonly string[] };

/** Path without its ending -> what stands there. */
export type Leaves = Readonly<Record<string, Leaf>>;

const MASTERS = ["system:masters"];

export function serverLeaves(paths: Paths, names: readonly string[], hasEtcd: boolean): Leaves {
  const client = (name: string, commonName: string, organizations: readonly string[] = []): Leaves => ({
    [paths.tls(name)]: { authority: "client-ca", subject: { commonName, organizations }, usage: "client" },
  });
  const etcd = (name: string, authority: string, commonName: string, usage: Usage): Leaves => ({
    [paths.tls("etcd", name)]: { authority, subject: { commonName }, usage, names },
  });
  return {
    ...client("client-admin", "system:admin", MASTERS),
    ...client("client-supervisor", "system:k3s-supervisor", MASTERS),
    ...client("client-controller", "system:kube-controller-manager"),
    ...client("client-scheduler", "system:kube-scheduler"),
    ...client("client-kube-apiserver", "system:apiserver", MASTERS),
    ...client("client-kube-proxy", "system:kube-proxy"),
    ...client("client-k3s-controller", "system:k3s-controller"),
    ...client("client-k3s-cloud-controller", "k3s-cloud-controller-manager"),
    [paths.tls("client-auth-proxy")]: {
      authority: "request-header-ca",
      subject: { commonName: "system:auth-proxy" },
      usage: "client",
    },
    [paths.tls("serving-kube-apiserver")]: {
      authority: "server-ca",
      subject: { commonName: "kube-apiserver" },
      usage: "server",
      names,
    },
    ...(hasEtcd
      ? {
          ...etcd("server-client", "etcd/server-ca", "etcd-server", "both"),
          ...etcd("client", "etcd/server-ca", "etcd-client", "client"),
          ...etcd("peer-server-client", "etcd/peer-ca", "etcd-peer", "both"),
        }
      : {}),
  };
}

/** Makes what is missing, and renews with its old key what is near its end or was signed by another authority. */
export function keepLeaves(leaves: Leaves, files: Bootstrap, knobs: Knobs): void {
  for (const [path, leaf] of Object.entries(leaves)) {
    const issuer = issuerOf(files, leaf.authority);
    const present = Paths.readOr(`${path}.crt`, "");
    if (present !== "" && existsSync(`${path}.key`) && isGood(present, issuer, leaf)) continue;
    if (!existsSync(`${path}.key`)) Paths.write(`${path}.key`, newKey(), 0o600);
    if (present !== "") info(`certificate ${leaf.subject.commonName} signed by ${leaf.authority} is renewed`);
    Paths.write(`${path}.crt`, leafText(leaf, issuer, readFileSync(`${path}.key`, "utf8"), issuedAt(knobs)), 0o644);
  }
}

/** The leaf with its issuer behind it, as K3s' files have it. */
export function leafText(leaf: Leaf, issuer: Issuer, key: string, from: Date): string {
  const publicKey = createPublicKey(key);
  const request = { subject: leaf.subject, publicKey, from, days: LEAF_DAYS, usage: leaf.usage };
  return `${issue(issuer, leaf.names === undefined ? request : { ...request, names: leaf.names })}${issuer.certificate}`;
}

function isGood(pem: string, issuer: Issuer, leaf: Leaf): boolean {
  const certificate = new X509Certificate(pem);
  const left = (new Date(certificate.validTo).getTime() - Date.now()) / DAY_MS;
  if (left < renewalDays(VERSION)) return false;
  if (!certificate.verify(new X509Certificate(issuer.certificate).publicKey)) return false;
  const known = certificate.subjectAltName ?? "";
  return (leaf.names ?? []).every((name) => known.split(", ").some((one) => one.replace(/^[^:]*:/, "") === canonical(name)));
}

/** As Node prints an address in the names of a certificate. */
function canonical(name: string): string {
  return name === "::1" ? "0:0:0:0:0:0:0:1" : name;
}

/** Certificates of one node, which its server issues to it. */
export function nodeLeaves(node: string, addresses: readonly string[]): Readonly<Record<string, Leaf>> {
  return {
    "client-kubelet": {
      authority: "client-ca",
      subject: { commonName: `system:node:${node}`, organizations: ["system:nodes"] },
      usage: "client",
    },
    "serving-kubelet": {
      authority: "server-ca",
      subject: { commonName: node },
      usage: "server",
      names: [node, "localhost", "127.0.0.1", ...addresses],
    },
    "client-kube-proxy": { authority: "client-ca", subject: { commonName: "system:kube-proxy" }, usage: "client" },
    "client-k3s-controller": { authority: "client-ca", subject: { commonName: "system:k3s-controller" }, usage: "client" },
  };
}
