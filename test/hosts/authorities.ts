import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AUTHORITIES } from "../k3s/pki.ts";
import { type Issuer, issue, newKey, selfSigned } from "../k3s/x509.ts";
import { runFolder } from "./run.ts";

/** A root that signs itself. */
export function newRoot(name: string, days = 3650): Issuer {
  const key = newKey();
  return { certificate: selfSigned(name, key, yesterday(), days), key };
}

/**
 * A directory with what a cluster's authorities are to be: five of them below a root, each with the root behind it, and the key for service
 * accounts. `days`: how long they hold from yesterday on.
 */
export function authoritiesBelow(root: Issuer, days = 3000): string {
  const folder = mkdtempSync(join(runFolder(), "authorities-"));
  mkdirSync(join(folder, "etcd"));
  for (const [name, prefix] of Object.entries(AUTHORITIES)) {
    const key = newKey();
    const own = issue(root, { subject: { commonName: prefix }, publicKey: createPublicKey(key), from: yesterday(), days });
    writeFileSync(join(folder, `${name}.crt`), `${own}${root.certificate}`);
    writeFileSync(join(folder, `${name}.key`), key);
  }
  const service = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  writeFileSync(join(folder, "service.key"), service.export({ type: "pkcs1", format: "pem" }));
  return folder;
}

const yesterday = (): Date => new Date(Date.now() - 86_400_000);
