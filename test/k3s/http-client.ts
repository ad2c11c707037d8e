import { Agent, request } from "node:https";

export type Credentials = {
  /** PEM of the authorities; undefined: whoever answers is believed. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly basic?: { readonly user: string; readonly password: string };
  /** Servers among themselves know each other by their authority, whatever their addresses are called. */
  readonly anyName?: boolean;
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

function tlsOf({ ca, certificate, key, anyName }: Credentials) {
  return {
    ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(anyName === true ? { checkServerIdentity: () => undefined } : {}),
  };
}
