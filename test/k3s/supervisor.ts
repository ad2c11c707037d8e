import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { type Api, failure, type Reply } from "./api.ts";
import { type Cluster, NoQuorum } from "./cluster.ts";
import { type Caller, callerOf, joinsAsAgent, joinsAsServer, type Passwords } from "./credentials.ts";
import { at, fieldsAt, parseFields, textAt, textsAt } from "./fields.ts";
import { Fatal, log, messageOf } from "./log.ts";
import { admits, nodeKey, parseRegistration, post, register } from "./nodes.ts";
import { type Bootstrap, issuerOf, leafText, nodeLeaves } from "./pki.ts";
import { answerSnapshot, type Snapshots } from "./snapshots.ts";
import { Conflict, parseChange, parseMember } from "./state.ts";
import { newKey } from "./x509.ts";

/** What the supervisor of one server knows. */
export type Context = {
  readonly api: Api;
  readonly cluster: Cluster;
  readonly passwords: Passwords;
  readonly bootstrap: () => Bootstrap;
  /** What servers must agree on, and what agents are told. */
  readonly shared: Readonly<Record<string, string>>;
  readonly hasEtcd: boolean;
  readonly snapshots: Snapshots;
  /** Whether there is to be an API server at all. */
  readonly hasApi: boolean;
  readonly issuedDaysAgo: number;
  /** Whether the API server itself runs. */
  readonly serves: () => boolean;
  readonly rotateToken: (password: string) => Promise<void>;
  /** Throws with what stands against them, unless that does not matter. */
  readonly rotateAuthorities: (files: Bootstrap, isForced: boolean) => Promise<void>;
};

type Tls = { readonly cert: string; readonly key: string; readonly ca: string };

export function startSupervisor(context: Context, tls: Tls, address: string, port: number): Promise<Server> {
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    answer(context, request).then(
      (reply) => send(response, reply),
      (error: unknown) => send(response, replyTo(error)),
    );
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        "code" in error && error.code === "EADDRINUSE" ? new Fatal(`listen tcp :${port}: bind: address already in use`) : error,
      );
    });
    server.listen(port, address, () => resolve(server));
  });
}

const text = (status: number, body: string): Reply => ({ status, body });
const UNAUTHORIZED = failure(401, "Unauthorized", "Unauthorized");

function replyTo(error: unknown): Reply {
  if (error instanceof NoQuorum) return failure(500, "InternalError", error.message);
  if (error instanceof Conflict) return failure(409, "Conflict", error.message);
  log("error", messageOf(error));
  return failure(500, "InternalError", messageOf(error));
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const isText = typeof body === "string";
  response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json" });
  response.end(isText ? body : JSON.stringify(body));
}

async function answer(context: Context, request: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks).toString("utf8");
  const url = new URL(request.url ?? "/", "https://here");
  const path = url.pathname;
  const method = request.method ?? "GET";
  const caller = callerOf(request);
  if (path === "/ping") return text(200, "pong");
  if (path === "/cacerts") return text(200, context.bootstrap()["server-ca.crt"] ?? "");
  if (path.startsWith("/v1-k3s/peer/")) return peer(context, path.slice("/v1-k3s/peer/".length), request, body);
  const isForced = url.searchParams.get("force") === "true";
  if (path.startsWith("/v1-k3s/"))
    return supervisor(context, method, path.slice("/v1-k3s/".length), caller, request, body, isForced);
  if (path === "/db/snapshot") return snapshot(context, caller, body);
  if (!context.hasApi) return failure(503, "ServiceUnavailable", "apiserver disabled");
  // It is the API server that knows whom it may answer.
  if (!context.serves()) return failure(503, "ServiceUnavailable", "apiserver not ready");
  if (caller.user === undefined) return UNAUTHORIZED;
  if (!context.cluster.isReady()) throw new NoQuorum();
  if (["/readyz", "/livez", "/healthz"].includes(path)) return text(200, url.searchParams.has("verbose") ? verbose(path) : "ok");
  if (!mayAsk(caller, method)) return failure(403, "Forbidden", `User "${caller.user}" cannot ${method.toLowerCase()} ${path}`);
  const kubelet = /^\/api\/v1\/nodes\/([^/]+)\/proxy\/healthz$/.exec(path)?.[1];
  if (kubelet !== undefined) {
    if (context.cluster.hears(kubelet)) return text(200, "ok");
    return failure(503, "ServiceUnavailable", "error trying to reach service: dial tcp: connect: connection refused");
  }
  const contentType = String(request.headers["content-type"] ?? "");
  return context.api.answer({ method, path, query: url.searchParams, contentType, body });
}

const verbose = (path: string): string =>
  `[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]informer-sync ok\n[+]poststarthook/start-apiextensions-controllers ok\n${path.slice(1)} check passed\n`;

/** Nodes read; who belongs to system:masters does everything. */
const mayAsk = ({ groups }: Caller, method: string): boolean => groups.includes("system:masters") || method === "GET";

async function supervisor(
  context: Context,
  method: string,
  path: string,
  caller: Caller,
  request: IncomingMessage,
  body: string,
  isForced: boolean,
): Promise<Reply> {
  const { api, cluster, passwords } = context;
  const isAgent = caller.groups.includes("system:nodes") || joinsAsAgent(caller, passwords, api);
  const isMaster = caller.groups.includes("system:masters") || joinsAsServer(caller, passwords);
  switch (path) {
    case "readyz":
      if (!isAgent && !isMaster) return UNAUTHORIZED;
      return context.serves() && cluster.isReady() ? text(200, "ok") : failure(500, "InternalError", "apiserver not ready");
    case "config":
      return isAgent || isMaster ? { status: 200, body: context.shared } : UNAUTHORIZED;
    case "server-bootstrap":
      return joinsAsServer(caller, passwords) ? { status: 200, body: context.bootstrap() } : UNAUTHORIZED;
    case "join":
      return joinsAsServer(caller, passwords) ? join(context, body) : UNAUTHORIZED;
    case "node":
      return isAgent ? admit(context, request, body) : UNAUTHORIZED;
    case "node/register":
      if (!caller.groups.includes("system:nodes")) return UNAUTHORIZED;
      await register(
        api,
        cluster,
        parseRegistration(parseFields(body)),
        context.hasEtcd,
        context.shared["egress-selector-mode"] ?? "",
      );
      return text(200, "ok");
    case "node/beat":
      return caller.groups.includes("system:nodes") ? beat(context, caller, body) : UNAUTHORIZED;
    case "token":
      if (!isMaster || method !== "PUT") return UNAUTHORIZED;
      await context.rotateToken(textAt(parseFields(body), "newToken"));
      return text(200, "");
    case "cert/cacerts":
      if (!isMaster || method !== "PUT") return UNAUTHORIZED;
      await context.rotateAuthorities(textsAt({ files: parseFields(body) }, "files"), isForced);
      return text(204, "");
    default:
      return failure(404, "NotFound", "the server could not find the requested resource");
  }
}

function snapshot({ hasEtcd, passwords, snapshots }: Context, caller: Caller, body: string): Reply {
  if (!joinsAsServer(caller, passwords)) return UNAUTHORIZED;
  if (!hasEtcd) return failure(400, "BadRequest", "etcd datastore disabled");
  return answerSnapshot(snapshots, parseFields(body));
}

async function join({ cluster, hasEtcd }: Context, body: string): Promise<Reply> {
  if (!hasEtcd) return failure(400, "BadRequest", "etcd is disabled");
  const member = parseMember(parseFields(body));
  const twin = cluster.state.members.find((one) => one.node === member.node);
  // Whoever died as a learner may try again; a voter has to be removed first.
  if (twin?.isLearner === true) await cluster.propose({ kind: "remove", id: twin.id });
  else if (twin !== undefined)
    return failure(409, "Conflict", "duplicate node name found, please use a unique name for this node");
  await cluster.propose({ kind: "member", member: { ...member, isLearner: true } });
  return { status: 200, body: cluster.state };
}

async function admit(context: Context, request: IncomingMessage, body: string): Promise<Reply> {
  const { api, cluster } = context;
  if (!context.serves() || !cluster.isReady()) return failure(503, "ServiceUnavailable", "apiserver not ready");
  const node = String(request.headers["k3s-node-name"] ?? "");
  const password = String(request.headers["k3s-node-password"] ?? "");
  if (!(await admits(api, node, password)))
    return failure(
      403,
      "Forbidden",
      "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag",
    );
  const given = parseFields(body);
  const addresses = at(given, "addresses");
  const files = context.bootstrap();
  // Whichever of the two a test has told, since nobody knows which server an agent comes to.
  const days = Math.max(context.issuedDaysAgo, Number(at(given, "issuedDaysAgo") ?? 0));
  const from = new Date(Date.now() - days * 86_400_000);
  const leaves = nodeLeaves(node, Array.isArray(addresses) ? addresses.map(String) : []);
  const issued = Object.entries(leaves).flatMap(([name, leaf]) => {
    const key = newKey();
    return [
      [`${name}.key`, key],
      [`${name}.crt`, leafText(leaf, issuerOf(files, leaf.authority), key, from)],
    ];
  });
  const servers = cluster.state.members.filter((one) => !one.isLearner).map((one) => one.url);
  const authorities = { "client-ca.crt": files["client-ca.crt"], "server-ca.crt": files["server-ca.crt"] };
  return { status: 200, body: { files: { ...Object.fromEntries(issued), ...authorities }, servers, config: context.shared } };
}

async function beat({ api, cluster }: Context, { user = "" }: Caller, body: string): Promise<Reply> {
  const node = user.replace(/^system:node:/, "");
  if (!cluster.isReady()) throw new NoQuorum();
  if (api.get(nodeKey(node)) === undefined) return failure(404, "NotFound", `nodes "${node}" not found`);
  cluster.beat(node);
  await post(api, node, at(parseFields(body), "hasNetwork") === true);
  const servers = cluster.state.members.filter((one) => !one.isLearner).map((one) => one.url);
  return { status: 200, body: { servers } };
}

async function peer({ cluster }: Context, path: string, request: IncomingMessage, body: string): Promise<Reply> {
  if (request.headers["x-cluster"] !== cluster.state.clusterId) return UNAUTHORIZED;
  const from = String(request.headers["x-member"] ?? "");
  // Whoever missed his own removal is told; only a server that is itself in touch with the majority knows.
  if (!cluster.isMember(from))
    return cluster.isReady()
      ? failure(410, "Gone", "the member has been permanently removed from the cluster")
      : failure(503, "ServiceUnavailable", "");
  if (path === "status") return { status: 200, body: cluster.status() };
  if (path === "state") return { status: 200, body: cluster.state };
  const given = parseFields(body);
  if (path === "append") await cluster.append(Number(given["revision"]), parseChange(fieldsAt(given, "change")), from);
  if (path === "propose") await cluster.propose(parseChange(given));
  return { status: 200, body: { revision: cluster.state.revision } };
}
