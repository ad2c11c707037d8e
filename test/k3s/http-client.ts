import { Agent, request } from "node:https";
import { shownChain } from "./token.ts";

export type Credentials = {
  /** PEM of the authorities; undefined: whoever answers is believed. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly basic?: { readonly user: string; readonly password: string };
};

export type Answer = { readonly status: number; readonly body: string };

export type Call = Credentials & {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly agent?: Agent;
};

/** Rejects where nobody answers; whatever is answered is an answer. */
export function call(url: string, options: Call = {}): Promise<Answer> {
  const { method = "GET", body, basic, timeoutMs = 10_000 } = options;
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        timeout: timeoutMs,
        headers: {
          ...(text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
          ...(basic === undefined ? {} : { authorization: authorization(basic) }),
          ...options.headers,
        },
        ...(options.agent === undefined ? {} : { agent: options.agent }),
        ...tlsOf(options),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`net/http: request canceled (Client.Timeout exceeded): ${url}`)));
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

export const keepAlive = (): Agent => new Agent({ keepAlive: true, maxSockets: 4 });

const authorization = ({ user, password }: { readonly user: string; readonly password: string }): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

function tlsOf({ ca, certificate, key }: Credentials) {
  return {
    ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
    ...(certificate === undefined ? {} : { cert: shownChain(certificate) }),
    ...(key === undefined ? {} : { key }),
  };
}

/** What Go says for the same misfortune. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : "";
  const [, address = ""] = /(?:connect \w+|getaddrinfo \w+) (\S+)/.exec(error.message) ?? [];
  if (code === "ECONNREFUSED") return `dial tcp ${address}: connect: connection refused`;
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return `dial tcp ${address}: connect: no route to host`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${address}: no such host`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `tls: failed to verify certificate: x509: certificate is not valid for this host: ${error.message}`;
  if (/^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(String(code)))
    return `tls: failed to verify certificate: x509: ${error.message}`;
  return error.message;
}
