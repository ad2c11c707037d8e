import { request as httpRequest, type RequestOptions } from "node:http";
import { isIP, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { httpError } from "./fields.ts";

/** Options of Node's that send a request through a proxy: to http the proxy is asked for the whole URL, to https through a tunnel. */
export async function throughProxy(proxy: URL, url: URL, options: RequestOptions, timeoutMs: number): Promise<RequestOptions> {
  if (proxy.protocol !== "http:")
    throw new Error("the control node uses proxies by http only; give its address as http://NAME:PORT");
  if (url.protocol === "https:") {
    const socket = await tunnel(proxy, url, timeoutMs);
    const host = bare(url.hostname);
    const name = isIP(host) === 0 ? { servername: host } : {};
    const { rejectUnauthorized } = { rejectUnauthorized: true, ...options };
    return { createConnection: () => tlsConnect({ socket, host, rejectUnauthorized, ...name }) };
  }
  return {
    ...serverOf(proxy),
    path: `${url.protocol}//${url.host}${url.pathname}${url.search}`,
    headers: { ...options.headers, host: url.host, ...credentialsFor(proxy) },
  };
}

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");
const serverOf = (proxy: URL) => ({ hostname: bare(proxy.hostname), port: proxy.port === "" ? 80 : Number(proxy.port) });

function credentialsFor({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

function tunnel(proxy: URL, url: URL, timeoutMs: number): Promise<Socket> {
  const authority = `${url.hostname}:${url.port === "" ? 443 : url.port}`;
  return new Promise((resolve, reject) => {
    const asking = httpRequest({
      ...serverOf(proxy),
      method: "CONNECT",
      path: authority,
      headers: { host: authority, ...credentialsFor(proxy) },
      timeout: timeoutMs,
      agent: false,
    });
    asking.once("connect", ({ statusCode = 0 }, socket) => {
      socket.setTimeout(0);
      if (statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy opens no tunnel to ${authority}: ${httpError(statusCode)}`));
    });
    asking.once("timeout", () => asking.destroy(new Error(`no answer for ${timeoutMs / 1000} s`)));
    asking.once("error", reject);
    asking.end();
  });
}
