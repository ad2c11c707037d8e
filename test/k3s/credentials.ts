import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Api } from "./api.ts";
import { textAt } from "./fields.ts";

/** Who asks. */
export type Caller = {
  /** Of a client certificate that the cluster's authority has signed. */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  readonly basic: { readonly user: string; readonly password: string } | undefined;
};

export function callerOf(request: IncomingMessage): Caller {
  const basic = basicOf(request.headers.authorization ?? "");
  const socket = request.socket;
  if (!isSecure(socket) || !socket.authorized) return { user: undefined, groups: [], basic };
  const { subject } = socket.getPeerCertificate();
  const groups: unknown = subject?.O;
  return {
    user: String(subject?.CN ?? "") || undefined,
    groups: Array.isArray(groups) ? groups.map(String) : groups === undefined ? [] : [String(groups)],
    basic,
  };
}

const isSecure = (socket: object): socket is TLSSocket => "getPeerCertificate" in socket;

function basicOf(header: string): Caller["basic"] {
  if (!header.startsWith("Basic ")) return undefined;
  const text = Buffer.from(header.slice(6), "base64").toString("utf8");
  const cut = text.indexOf(":");
  return cut < 0 ? undefined : { user: text.slice(0, cut), password: text.slice(cut + 1) };
}

/** What a server takes from those who join. */
export type Passwords = { server: string; node: string };

export const joinsAsServer = ({ basic }: Caller, passwords: Passwords): boolean =>
  basic?.user === "server" && basic.password === passwords.server;

/** The server's token joins agents, too; so do bootstrap tokens until they expire. */
export function joinsAsAgent(caller: Caller, passwords: Passwords, api: Api): boolean {
  const { basic } = caller;
  if (basic === undefined) return false;
  if (basic.user === "node" && [passwords.node, passwords.server].includes(basic.password)) return true;
  if (joinsAsServer(caller, passwords)) return true;
  const secret = api.get(`/api/v1/namespaces/kube-system/secrets/bootstrap-token-${basic.user}`);
  if (secret === undefined || decoded(secret, "token-secret") !== basic.password) return false;
  const expiration = decoded(secret, "expiration");
  return expiration === "" || new Date(expiration).getTime() > Date.now();
}

export const decoded = (secret: unknown, key: string): string =>
  Buffer.from(textAt(secret, "data", key), "base64").toString("utf8");
