import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { type Certificate, certificateAuthority } from "./certificates.ts";

/** How a path answers. Everything has its ETag, Last-Modified and ranges unless told otherwise. */
export type Artifact = {
  readonly body?: string | Uint8Array;
  /** 200 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Where to, instead of a body: an absolute URL, or a path of the same server. */
  readonly redirect?: string;
  /** Basic authentication that is asked for. */
  readonly auth?: { readonly user: string; readonly password: string };
  /** The first so many requests are answered with 503. */
  readonly failures?: number;
  /** The first so many answers break off in the middle, after this many bytes of what they were to send. */
  readonly truncations?: { readonly count: number; readonly after: number };
  readonly ranges?: boolean;
  readonly lastModified?: Date;
  /** Before the first byte. */
  readonly delayMs?: number;
  /** Sent a tenth of a second's share at a time. */
  readonly bytesPerSecond?: number;
  /** False: no Content-Length, as of what is made on the way. */
  readonly sized?: boolean;
};

export type LoggedRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly secure: boolean;
  /** Common name of the client's certificate, if it has shown one that the authority signed. */
  readonly client: string | undefined;
  readonly status: number;
};

export type ArtifactServer = {
  /** `http://ADDRESS:PORT`, as hosts and the control node reach it. */
  readonly http: string;
  readonly https: string;
  /** Certificate of the authority behind `https`, PEM. */
  readonly authority: string;
  /** What a client shows where one is asked for; `https` takes it, and does not insist. */
  readonly client: Certificate;
  /** Answers at a path from now on ("/dir/file"); a text or bytes alone are the body. */
  serve(path: string, artifact: Artifact | string | Uint8Array): void;
  /** What has been asked, in order. `/echo` and what is below it answers each request with itself as JSON. */
  readonly requests: readonly LoggedRequest[];
  /** Forgets artifacts and requests. */
  reset(): void;
  close(): Promise<void>;
};

type Listening = { readonly server: ReturnType<typeof createHttpServer>; readonly port: number };

/** `address`: where to listen; "127.0.0.1" for tests without hosts. Without one, where containers reach this machine. */
export async function startArtifactServer(address?: string): Promise<ArtifactServer> {
  const { listen, name } = address === undefined ? await reachableFromHosts() : { listen: address, name: address };
  const authority = certificateAuthority();
  const own = authority.issue("artifacts", [name, "localhost", "127.0.0.1"]);
  const state = new ServedState();
  const answer: RequestListener = (request, response) => void state.answer(request, response);
  const plain = await started(createHttpServer(answer), listen);
  const tls = { cert: own.certificate, key: own.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false };
  const secure = await started(createHttpsServer(tls, answer), listen);
  return {
    http: `http://${name}:${plain.port}`,
    https: `https://${name}:${secure.port}`,
    authority: authority.certificate,
    client: authority.issue("client"),
    serve: (path, artifact) => state.serve(path, artifact),
    requests: state.requests,
    reset: () => state.reset(),
    close: () => Promise.all([plain, secure].map(closed)).then(() => undefined),
  };
}

/** A server for the calling file, emptied before each test. */
export function withArtifactServer(address?: string): () => ArtifactServer {
  let server: ArtifactServer | undefined;
  beforeAll(async () => {
    server = await startArtifactServer(address);
  });
  beforeEach(() => server?.reset());
  afterAll(() => server?.close());
  return () => {
    if (server === undefined) throw new Error("the artifact server is there in tests and hooks, not while tests are collected");
    return server;
  };
}

/** The gateway of Docker's bridge, where the engine runs on this machine; the name that Docker Desktop gives it elsewhere. */
export async function reachableFromHosts(): Promise<{ readonly listen: string; readonly name: string }> {
  // Only here, so that unit tests can use the server without an engine.
  const { runtime } = await import("./container.ts");
  const bridge = await (await runtime()).container.dockerode.getNetwork("bridge").inspect();
  const device: unknown = bridge?.Options?.["com.docker.network.bridge.name"];
  // The bridge itself says it while a container is up, the engine in most of its releases; a device of that name means that the engine runs here.
  const isHere = typeof device === "string" && existsSync(`/sys/class/net/${device}`);
  const own = isHere ? networkInterfaces()[device]?.find((one) => one.family === "IPv4")?.address : undefined;
  const said: unknown = isHere ? bridge?.IPAM?.Config?.[0]?.["Gateway"] : undefined;
  const address = own ?? (typeof said === "string" ? said : undefined);
  if (address !== undefined) return { listen: address, name: address };
  return { listen: "0.0.0.0", name: "host.docker.internal" };
}

function started(server: Listening["server"], address: string): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // A port 0 is one of the system's choice; once it listens, a TCP server's address is an object.
    server.listen(0, address, () => resolve({ server, port: (server.address() as AddressInfo).port }));
  });
}

function closed({ server }: Listening): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

class ServedState {
  readonly requests: LoggedRequest[] = [];
  readonly #artifacts = new Map<string, Artifact>();
  readonly #asked = new Map<string, number>();
  readonly #broken = new Map<string, number>();

  serve(path: string, artifact: Artifact | string | Uint8Array): void {
    this.#artifacts.set(path, typeof artifact === "string" || artifact instanceof Uint8Array ? { body: artifact } : artifact);
    this.#asked.delete(path);
    this.#broken.delete(path);
  }

  reset(): void {
    this.#artifacts.clear();
    this.#asked.clear();
    this.#broken.clear();
    this.requests.length = 0;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    // A client that hangs up in the middle is what some tests are about.
    request.on("error", () => {});
    response.on("error", () => {});
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const url = new URL(request.url ?? "/", "http://here");
    const path = decodeURIComponent(url.pathname);
    const logged = {
      method: request.method ?? "GET",
      path,
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(chunks),
      ...clientOf(request),
    };
    response.on("close", () => this.requests.push({ ...logged, status: response.statusCode }));
    if (path === "/echo" || path.startsWith("/echo/")) {
      return send(response, {
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...logged, body: logged.body.toString("utf8") }),
      });
    }
    const artifact = this.#artifacts.get(path);
    if (artifact === undefined) return send(response, { status: 404, body: "there is nothing here\n" });
    await this.#answerWith(path, artifact, request, response);
  }

  async #answerWith(path: string, artifact: Artifact, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = (this.#asked.get(path) ?? 0) + 1;
    this.#asked.set(path, asked);
    if (artifact.delayMs !== undefined) await sleep(artifact.delayMs);
    if (asked <= (artifact.failures ?? 0)) return send(response, { status: 503, body: "not now\n" });
    const { auth } = artifact;
    if (auth !== undefined && request.headers.authorization !== basic(auth.user, auth.password)) {
      return send(response, { status: 401, headers: { "www-authenticate": 'Basic realm="test"' }, body: "who are you?\n" });
    }
    if (artifact.redirect !== undefined) {
      return send(response, { status: artifact.status ?? 302, headers: { ...artifact.headers, location: artifact.redirect } });
    }
    const broken = this.#broken.get(path) ?? 0;
    const { truncations } = artifact;
    if (truncations === undefined || broken >= truncations.count) return sendFile(request, response, artifact);
    this.#broken.set(path, broken + 1);
    await sendFile(request, response, artifact, truncations.after);
  }
}

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

function clientOf(request: IncomingMessage): Pick<LoggedRequest, "secure" | "client"> {
  const { socket } = request;
  if (!("getPeerCertificate" in socket) || typeof socket.getPeerCertificate !== "function")
    return { secure: false, client: undefined };
  const trusted = "authorized" in socket && socket.authorized === true;
  const shown: unknown = socket.getPeerCertificate()?.subject?.CN;
  return { secure: true, client: trusted && typeof shown === "string" ? shown : undefined };
}

function send(response: ServerResponse, artifact: Artifact): void {
  response.writeHead(artifact.status ?? 200, { "content-type": "text/plain", ...mutable(artifact.headers) });
  response.end(artifact.body);
}

const mutable = (headers: Artifact["headers"] = {}): Record<string, string | string[]> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]));

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  artifact: Artifact,
  stopAfter?: number,
): Promise<void> {
  const body = Buffer.from(artifact.body ?? "");
  const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`;
  const modified = (artifact.lastModified ?? new Date(Date.UTC(2026, 0, 2, 3, 4, 5))).toUTCString();
  const common = { "content-type": "application/octet-stream", etag, "last-modified": modified, ...mutable(artifact.headers) };
  const since = request.headers["if-modified-since"];
  const isSame = request.headers["if-none-match"] === etag || (since !== undefined && new Date(since) >= new Date(modified));
  if (isSame) {
    response.writeHead(304, common).end();
    return;
  }
  const range = artifact.ranges === false ? undefined : rangeOf(request, body.length, etag);
  if (range === "beyond") {
    response.writeHead(416, { ...common, "content-range": `bytes */${body.length}` }).end();
    return;
  }
  const part = range === undefined ? body : body.subarray(range.first, range.last + 1);
  const headers = {
    ...common,
    ...(artifact.ranges === false ? {} : { "accept-ranges": "bytes" }),
    ...(artifact.sized === false ? {} : { "content-length": String(part.length) }),
    ...(range === undefined ? {} : { "content-range": `bytes ${range.first}-${range.last}/${body.length}` }),
  };
  response.writeHead(range === undefined ? (artifact.status ?? 200) : 206, headers);
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  await sendSlowly(response, stopAfter === undefined ? part : part.subarray(0, stopAfter), artifact.bytesPerSecond);
  if (stopAfter === undefined) response.end();
  // The client is to see what was sent before the connection goes.
  else setTimeout(() => response.destroy(), 50);
}

async function sendSlowly(response: ServerResponse, body: Buffer, bytesPerSecond = Number.POSITIVE_INFINITY): Promise<void> {
  const share = Math.max(1, Math.floor(Math.min(bytesPerSecond / 10, 1 << 20)));
  const gone = new Promise((resolve) => response.once("close", resolve));
  for (let start = 0; start < body.length && !response.destroyed; start += share) {
    const isFree = response.write(body.subarray(start, start + share));
    if (Number.isFinite(bytesPerSecond)) await sleep(100);
    else if (!isFree) await Promise.race([new Promise((resolve) => response.once("drain", resolve)), gone]);
  }
}

/** One range, as curl and wget ask for the rest of a file; `If-Range` of another version asks for all. */
function rangeOf(
  request: IncomingMessage,
  size: number,
  etag: string,
): { readonly first: number; readonly last: number } | "beyond" | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const condition = request.headers["if-range"];
  if (match === null || (condition !== undefined && condition !== etag)) return undefined;
  const first = Number(match[1]);
  if (first >= size) return "beyond";
  return { first, last: match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1) };
}
