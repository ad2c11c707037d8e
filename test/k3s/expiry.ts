import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Api } from "./api.ts";
import type { Paths } from "./paths.ts";
import { renewalDays, VERSION } from "./version.ts";

/** A Warning at the Node for certificates that a restart would renew. */
export async function warnOfExpiry(api: Api, paths: Paths, node: string): Promise<void> {
  const files = readdirSync(paths.tls(), { recursive: true, encoding: "utf8" }).filter((one) =>
    /(?<!-ca|-ca\.nochain)\.crt$/.test(one),
  );
  const limit = Date.now() + renewalDays(VERSION) * 86_400_000;
  const near = files.filter(
    (one) => new Date(new X509Certificate(readFileSync(join(paths.tls(), one))).validTo).getTime() < limit,
  );
  const key = `/api/v1/namespaces/default/events/${node}.certificate-expiration`;
  if (near.length === 0) return;
  const message = `Node certificates require attention - restart k3s on this node to trigger automatic rotation: ${near.sort().join(", ")}: certificate will expire within ${renewalDays(VERSION)} days`;
  const involvedObject = { apiVersion: "v1", kind: "Node", name: node };
  const lastTimestamp = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  await api.update(key, () => ({
    type: "Warning",
    reason: "CertificateExpirationWarning",
    message,
    involvedObject,
    lastTimestamp,
    count: 1,
  }));
}
