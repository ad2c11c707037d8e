import { existsSync, readFileSync } from "node:fs";
import { at, type Fields, isFields, listAt, parseFields, textAt } from "../fields.ts";
import { type Answer, type Credentials, call } from "../http-client.ts";
import { definedKinds, folderOf, KINDS, type Kind } from "../kinds.ts";

/** Ends kubectl with these words and status 1. */
export class KubectlError extends Error {}

const DEFAULT_CONFIG = "/etc/rancher/k3s/k3s.yaml";

export type Access = Credentials & { readonly server: string };

export type Request = {
  readonly method?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly query?: Readonly<Record<string, string>>;
};

export class Client {
  readonly #access: Access;
  #kinds: readonly Kind[] | undefined;

  constructor(access: Access) {
    this.#access = access;
  }

  /** The answer whatever it is; throws where nobody answers. */
  async raw(path: string, request: Request = {}): Promise<Answer> {
    const query = new URLSearchParams(request.query).toString();
    const { server } = this.#access;
    try {
      return await call(`${server}${path}${query === "" ? "" : `?${query}`}`, {
        ...this.#access,
        method: request.method ?? "GET",
        body: request.body,
        headers: request.type === undefined ? {} : { "content-type": request.type },
        timeoutMs: 30_000,
      });
    } catch (error) {
      throw new KubectlError(unreachable(error, server));
    }
  }

  /** An object, or undefined where there is none; throws with the server's words for anything else. */
  async ask(path: string, request: Request = {}): Promise<Fields | undefined> {
    const answer = await this.raw(path, request);
    if (answer.status === 404 && /\\?"? not found/.test(answer.body)) return undefined;
    return this.checked(answer);
  }

  async insist(path: string, request: Request = {}): Promise<Fields> {
    return this.checked(await this.raw(path, request));
  }

  checked({ status, body }: Answer): Fields {
    if (status === 401) throw new KubectlError("error: You must be logged in to the server (Unauthorized)");
    const isJson = body.startsWith("{");
    if (status >= 400)
      throw new KubectlError(
        `Error from server (${isJson ? textAt(parseFields(body), "reason") : status}): ${isJson ? textAt(parseFields(body), "message") : body}`,
      );
    return isJson ? parseFields(body) : {};
  }

  async kinds(): Promise<readonly Kind[]> {
    if (this.#kinds === undefined) {
      const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      const found = listAt(await this.insist(path), "items").filter(isFields);
      const objects = Object.fromEntries(found.map((one) => [`${path}/${textAt(one, "metadata", "name")}`, one]));
      this.#kinds = [...KINDS, ...definedKinds(objects)];
    }
    return this.#kinds;
  }

  pathOf(kind: Kind, namespace: string, name: string): string {
    return `${folderOf(kind, kind.isNamespaced ? namespace : "")}/${encodeURIComponent(name)}`;
  }
}

function unreachable(error: unknown, server: string): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  const { host } = new URL(server);
  if (code === "ECONNREFUSED")
    return `The connection to the server ${host} was refused - did you specify the right host or port?`;
  if (/CERT|ALTNAME|SIGNATURE|SELF_SIGNED|ISSUER/.test(code))
    return `Unable to connect to the server: tls: failed to verify certificate: x509: ${message}`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `Unable to connect to the server: dial tcp: lookup ${host}: no such host`;
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH")
    return `Unable to connect to the server: dial tcp ${host}: connect: no route to host`;
  if (/Timeout/.test(message)) return `Unable to connect to the server: dial tcp ${host}: i/o timeout`;
  return `Unable to connect to the server: ${message === "socket hang up" ? "EOF" : message}`;
}

/** Where and as whom: `--kubeconfig`, KUBECONFIG, or what K3s has written. */
export async function accessOf(kubeconfig: string | undefined, context: string | undefined): Promise<Access> {
  const path = (kubeconfig ?? process.env["KUBECONFIG"]) || DEFAULT_CONFIG;
  if (!existsSync(path)) {
    if (kubeconfig !== undefined) throw new KubectlError(`error: stat ${path}: no such file or directory`);
    throw new KubectlError("The connection to the server localhost:8080 was refused - did you specify the right host or port?");
  }
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new KubectlError(`error: error loading config file "${path}": open ${path}: permission denied`);
  }
  const simple = context === undefined ? accessIn(text) : undefined;
  if (simple !== undefined) return simple;
  const { parse } = await import("yaml");
  const config: unknown = parse(text);
  const named = (list: string, name: string): unknown => listAt(config, list).find((one) => textAt(one, "name") === name);
  const wanted = context ?? textAt(config, "current-context");
  const found = named("contexts", wanted);
  if (found === undefined) throw new KubectlError(`error: context "${wanted}" does not exist`);
  const cluster = named("clusters", textAt(found, "context", "cluster"));
  const user = named("users", textAt(found, "context", "user"));
  const pem = (from: unknown, part: string, name: string): string | undefined => {
    const data = textAt(from, part, `${name}-data`);
    if (data !== "") return Buffer.from(data, "base64").toString("utf8");
    const file = textAt(from, part, name);
    return file === "" ? undefined : readFileSync(file, "utf8");
  };
  const ca =
    at(cluster, "cluster", "insecure-skip-tls-verify") === true ? undefined : pem(cluster, "cluster", "certificate-authority");
  const certificate = pem(user, "user", "client-certificate");
  const key = pem(user, "user", "client-key");
  return {
    server: textAt(cluster, "cluster", "server").replace(/\/$/, ""),
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}

/** K3s' own file has one of each and lies there as it was written: reading it so saves most of the time that a kubectl takes. */
function accessIn(text: string): Access | undefined {
  const one = (name: string): string | undefined => {
    const found = [...text.matchAll(new RegExp(`^ {4}${name}: ([^\\s"']+)$`, "gm"))];
    return found.length === 1 ? found[0]?.[1] : undefined;
  };
  const [server, ca, certificate, key] = [
    one("server"),
    one("certificate-authority-data"),
    one("client-certificate-data"),
    one("client-key-data"),
  ];
  if (server === undefined || ca === undefined || certificate === undefined || key === undefined) return undefined;
  if (!/^users:\n- name: (\S+)\n {2}user:$/m.test(text) || (text.match(/^- /gm) ?? []).length !== 3) return undefined;
  const decoded = (data: string): string => Buffer.from(data, "base64").toString("utf8");
  return { server, ca: decoded(ca), certificate: decoded(certificate), key: decoded(key) };
}
