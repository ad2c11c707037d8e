import { createHash, randomUUID } from "node:crypto";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { rememberedForRun } from "../../../run-memory.ts";
import { ModuleFailure } from "../../contract.ts";
import { httpError } from "./fields.ts";
import { proxyFor, proxySettings } from "./proxy.ts";
import { type Header, type HttpRequest, withoutPassword } from "./request.ts";
import { throughProxy } from "./tunnel.ts";

/** A file that the control node has downloaded. */
export type Downloaded = {
  readonly file: string;
  readonly size: number;
  /** SHA-256. */
  readonly digest: string;
  readonly status: number;
  /** Where it came from in the end. */
  readonly url: string;
  /** Header fields that ask whether there is another version by now; undefined when the server does not say which one this is. */
  readonly unlessSame: readonly Header[] | undefined;
};

const RETRIES = 3;
const under = new Map<string, Promise<Downloaded>>();
const done = rememberedForRun(() => new Map<string, Downloaded>());
const folder = rememberedForRun((): { path?: string } => ({}));

/**
 * Downloads with the control node's own means, for hosts that have none: once in a run, however many hosts ask for the same (each of
 * them asks the server whether it still is). Through the task's proxies, else through those of the control node's environment. As on hosts, no redirect leads from https to http, and what is meant for one server is not sent to another one.
 */
export function downloadHere(request: HttpRequest, maxSize?: number, decompress = false): Promise<Downloaded> {
  if (request.caPath !== undefined || request.clientCert !== undefined) {
    throw new ModuleFailure(
      "the host has neither curl nor GNU wget, and what ca_path and client_cert name are files of the host; install curl there",
      { url: withoutPassword(request.url) },
    );
  }
  const key = JSON.stringify([request, maxSize, decompress]);
  const before = under.get(key);
  if (before !== undefined) return before;
  const downloading = download({ request, maxSize, decompress, last: done().get(key) })
    .then((downloaded) => {
      done().set(key, downloaded);
      return downloaded;
    })
    .finally(() => under.delete(key));
  under.set(key, downloading);
  return downloading;
}

type Wanted = {
  readonly request: HttpRequest;
  readonly maxSize: number | undefined;
  readonly decompress: boolean;
  readonly last: Downloaded | undefined;
};

async function download(wanted: Wanted): Promise<Downloaded> {
  const { request } = wanted;
  const file = join(folderOfRun(), randomUUID());
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await attemptOnce(wanted, file);
    } catch (error) {
      await rm(file, { force: true });
      if (error instanceof ModuleFailure) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (!(error instanceof WorthRetrying) || attempt >= RETRIES) {
        throw new ModuleFailure(`the control node could not download ${withoutPassword(request.url)}: ${reason}`, {
          url: withoutPassword(request.url),
        });
      }
      await sleep((attempt + 1) * 1000);
    }
  }
}

class WorthRetrying extends Error {}

async function attemptOnce(wanted: Wanted, file: string): Promise<Downloaded> {
  const { request } = wanted;
  let url = new URL(request.url);
  const home = url.origin;
  for (let hops = 0; ; hops += 1) {
    const answer = await ask(url, request, url.origin === home, wanted.last?.unlessSame ?? []);
    const status = answer.statusCode ?? 0;
    const { location } = answer.headers;
    if ([301, 302, 303, 307, 308].includes(status) && location !== undefined) {
      answer.resume();
      if (hops >= 10) throw new Error(`more than 10 redirects, the last one to ${location}`);
      url = redirected(url, location);
      continue;
    }
    if (status === 304 && wanted.last !== undefined) {
      answer.resume();
      return wanted.last;
    }
    if (status === 429 || (status >= 502 && status <= 504)) {
      answer.resume();
      throw new WorthRetrying(httpError(status));
    }
    if (status !== 200) {
      answer.resume();
      throw new ModuleFailure(`Request failed: ${httpError(status)}: ${withoutPassword(request.url)}`, {
        url: withoutPassword(request.url),
        status_code: status,
        response: httpError(status),
      });
    }
    return { ...(await store(answer, file, wanted)), file, status, url: url.href, unlessSame: validators(answer) };
  }
}

function validators({ headers: { etag, "last-modified": date } }: IncomingMessage): Header[] | undefined {
  if (etag !== undefined) return [["If-None-Match", etag]];
  return date === undefined ? undefined : [["If-Modified-Since", date]];
}

function redirected(from: URL, location: string): URL {
  const to = new URL(location, from);
  if (to.protocol !== "http:" && to.protocol !== "https:")
    throw new Error(`refused to follow a redirect to ${to.href}, which is neither http nor https`);
  if (from.protocol === "https:" && to.protocol === "http:")
    throw new Error(`refused to follow a redirect from https down to http: ${to.href}`);
  return to;
}

async function ask(url: URL, request: HttpRequest, isOwn: boolean, more: readonly Header[]): Promise<IncomingMessage> {
  const { credentials } = request;
  const headers = [...request.headers, ...(isOwn ? request.ownHeaders : []), ...more];
  const options: RequestOptions & { readonly rejectUnauthorized: boolean } = {
    headers: { "user-agent": request.agent, accept: "*/*", ...Object.fromEntries(headers) },
    timeout: request.timeout * 1000,
    rejectUnauthorized: request.validates,
    ...(isOwn && credentials !== undefined ? { auth: `${credentials.user}:${credentials.password}` } : {}),
  };
  const proxy = request.usesProxy ? proxyFor(url, { ...proxySettings(process.env), ...request.proxies }) : undefined;
  try {
    const through = proxy === undefined ? {} : await throughProxy(proxy, url, options, request.timeout * 1000);
    return await answerOf(url, { ...options, ...through }, request.timeout);
  } catch (error) {
    if (proxy === undefined || !(error instanceof Error)) throw error;
    error.message = `${error.message} (through the proxy ${withoutPassword(proxy.href.replace(/\/$/, ""))})`;
    throw error;
  }
}

function answerOf(url: URL, options: RequestOptions, timeoutS: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asking = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options, resolve);
    asking.on("timeout", () => asking.destroy(new WorthRetrying(`no answer for ${timeoutS} s`)));
    asking.on("error", (error) => {
      const broken = "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
      reject(broken ? new WorthRetrying(error.message) : error);
    });
    asking.end();
  });
}

async function store(answer: IncomingMessage, file: string, { request, maxSize, decompress }: Wanted) {
  const hash = createHash("sha256");
  let size = 0;
  const measured = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (maxSize !== undefined && size > maxSize) {
        const message = `what ${withoutPassword(request.url)} sends is larger than max_size (${maxSize} bytes)`;
        throw new ModuleFailure(message, { url: withoutPassword(request.url) });
      }
      hash.update(chunk);
      yield chunk;
    }
  };
  try {
    const output = createWriteStream(file, { mode: 0o600 });
    const isPacked = decompress && /^(x-)?gzip$/i.test(answer.headers["content-encoding"] ?? "");
    await (isPacked ? pipeline(answer, createGunzip(), measured, output) : pipeline(answer, measured, output));
  } catch (error) {
    if (error instanceof ModuleFailure || !(error instanceof Error)) throw error;
    // A full disk is no reason to try again; an answer that breaks off is.
    throw "syscall" in error && error.syscall === "write" ? error : new WorthRetrying(error.message);
  }
  return { size, digest: hash.digest("hex") };
}

function folderOfRun(): string {
  const { path } = folder();
  if (path !== undefined) return path;
  const made = mkdtempSync(join(tmpdir(), "k3sprov-downloads-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  folder().path = made;
  return made;
}
