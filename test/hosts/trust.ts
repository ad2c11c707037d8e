import { X509Certificate } from "node:crypto";
import { certificatesIn } from "../k3s/token.ts";
import type { TestHost } from "./host.ts";

const DATA = "/var/lib/rancher/k3s";

/** What signs what, below the data directory. */
const SIGNED: Readonly<Record<string, readonly string[]>> = {
  "server-ca": ["server/tls/serving-*.crt", "agent/serving-*.crt"],
  "client-ca": [
    "server/tls/client-admin.crt",
    "server/tls/client-[ck]*[^a].crt",
    "server/tls/client-s*.crt",
    "agent/client-*[^a].crt",
  ],
  "request-header-ca": ["server/tls/client-auth-proxy.crt"],
  "etcd/server-ca": ["server/tls/etcd/client.crt", "server/tls/etcd/server-client.crt"],
  "etcd/peer-ca": ["server/tls/etcd/peer-server-client.crt"],
};

/**
 * Places of a node that do not lead to the roots that a server has now: certificates, what is served, the kubeconfig, the hash in tokens. Empty
 * when all do. The second certificate of each of that server's bundles is taken for its root.
 */
export async function strayPlaces(node: TestHost, server: TestHost): Promise<readonly string[]> {
  const names = Object.keys(SIGNED);
  const bundles = (
    await server.read(`cd ${DATA}/server/tls; for name in ${names.join(" ")}; do cat $name.crt; echo; echo END; done`)
  ).split("\nEND");
  const roots = Object.fromEntries(names.map((name, index) => [name, `${certificatesIn(bundles[index] ?? "")[1] ?? ""}\n`]));
  const hash = new X509Certificate(roots["server-ca"] ?? "").fingerprint256.replaceAll(":", "").toLowerCase();
  const lines = Object.entries(SIGNED).flatMap(([name, patterns]) => [
    `printf '%s' '${roots[name]}' >/run/root.pem`,
    `for file in ${patterns.join(" ")}; do [ ! -e "$file" ] || openssl verify -CAfile /run/root.pem -untrusted "$file" "$file" >/dev/null 2>&1 || echo "$file"; done`,
  ]);
  return (
    await node.read(`cd ${DATA}
${lines.join("\n")}
printf '%s' '${roots["server-ca"]}' >/run/root.pem
if [ -e server/token ]; then
  openssl s_client -connect 127.0.0.1:6443 -CAfile /run/root.pem -verify_return_error </dev/null >/dev/null 2>&1 || echo served
  sed -n 's/.*certificate-authority-data: //p' /etc/rancher/k3s/k3s.yaml | base64 -d | cmp -s - server/tls/server-ca.crt || echo kubeconfig
fi
grep -rsoE 'K10[0-9a-f]{64}' /etc/rancher/k3s /etc/systemd/system server/token server/agent-token | grep -v 'K10${hash}$' || true`)
  )
    .split("\n")
    .filter((line) => line !== "");
}

/** Whether somebody who only knows this authority believes the server. */
export async function isBelievedBy(server: TestHost, authority: string): Promise<boolean> {
  const script = `printf '%s' '${authority}' >/run/known.pem
openssl s_client -connect 127.0.0.1:6443 -CAfile /run/known.pem -verify_return_error </dev/null >/dev/null 2>&1 && echo yes || true`;
  return (await server.read(script)) === "yes";
}
