import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll } from "vitest";
import { z } from "zod";
import { reachableFromHosts } from "./artifact-server.ts";

/**
 * A stand-in for a Kubernetes API: enough of discovery, storage and server-side apply for the real kubectl to work with. It fills in a few
 * defaults and rewrites quantities, as the real one does, keeps managed fields, and counts its writes.
 */
export type KubeApi = {
  readonly url: string;
  /** A kubeconfig for it. */
  readonly config: string;
  readonly objects: Map<string, Fields>;
  /** "PATCH /api/v1/…" of everything that is no GET. */
  readonly writes: string[];
  /** Adds a kind, as a CustomResourceDefinition does. */
  define(groupVersion: string, resource: Resource): void;
};

type Fields = Record<string, unknown>;
type Resource = { readonly name: string; readonly kind: string; readonly namespaced: boolean };

const fields = z.record(z.string(), z.unknown());

const KINDS: Readonly<Record<string, readonly Resource[]>> = {
  v1: [
    { name: "namespaces", kind: "Namespace", namespaced: false },
    { name: "configmaps", kind: "ConfigMap", namespaced: true },
    { name: "secrets", kind: "Secret", namespaced: true },
  ],
  "apps/v1": [{ name: "deployments", kind: "Deployment", namespaced: true }],
  "apiextensions.k8s.io/v1": [{ name: "customresourcedefinitions", kind: "CustomResourceDefinition", namespaced: false }],
};

export function withKubeApi(): () => KubeApi {
  let running: { readonly api: KubeApi; readonly server: Server } | undefined;
  beforeAll(async () => {
    running = await startKubeApi();
  });
  afterAll(() => {
    running?.server.close();
    running?.server.closeAllConnections();
  });
  return () => {
    if (running === undefined) throw new Error("the API is there in tests and hooks, not while tests are being collected");
    return running.api;
  };
}

async function startKubeApi(): Promise<{ readonly api: KubeApi; readonly server: Server }> {
  const objects = new Map<string, Fields>();
  const kinds = new Map(Object.entries(KINDS).map(([version, resources]) => [version, [...resources]]));
  const writes: string[] = [];
  let version = 1;
  const stamp = (): string => String(++version);
  const define: KubeApi["define"] = (groupVersion, resource) => {
    kinds.set(groupVersion, [...(kinds.get(groupVersion) ?? []), resource]);
  };

  const handle = async (request: IncomingMessage): Promise<{ readonly status: number; readonly body: unknown }> => {
    const url = new URL(request.url ?? "/", "http://api");
    const path = url.pathname.replace(/\/$/, "");
    const method = request.method ?? "GET";
    if (method !== "GET") writes.push(`${method} ${path}`);
    const found = discovery(path, kinds);
    if (found !== undefined) return { status: 200, body: found };
    const place = placeOf(path, kinds);
    if (place === undefined) return failure(404, "NotFound", `there is no ${path}`);
    const text = await bodyOf(request);
    const body = text === "" ? {} : fields.parse(JSON.parse(text));
    const key = path;
    const present = objects.get(key);
    if (method === "GET" && place.name === "") {
      // How kubectl waits for the end of one object.
      const only = /^metadata\.name=(.+)$/.exec(url.searchParams.get("fieldSelector") ?? "")?.[1];
      const items = [...objects]
        .filter(([one]) => (only === undefined ? one.startsWith(`${path}/`) : one === `${path}/${only}`))
        .map(([, one]) => one);
      return { status: 200, body: { kind: `${place.resource.kind}List`, apiVersion: place.version, metadata: {}, items } };
    }
    if (method === "POST") {
      const name = String(metadataOf(body)["name"] ?? `${String(metadataOf(body)["generateName"])}${stamp()}`);
      const stored = store({ ...body, metadata: { ...metadataOf(body), name } }, place, stamp());
      objects.set(`${path}/${name}`, stored);
      return { status: 201, body: stored };
    }
    if (method === "PATCH") {
      if (!(request.headers["content-type"] ?? "").includes("apply-patch"))
        return failure(415, "UnsupportedMediaType", "only apply patches");
      const manager = url.searchParams.get("fieldManager") ?? "";
      const next = applied(present ?? {}, body, manager);
      const stored = store(next, place, stamp());
      if (present !== undefined && isSame(stored, present)) return { status: 200, body: present };
      objects.set(key, stored);
      if (place.resource.kind === "CustomResourceDefinition") defineFrom(stored, define);
      return { status: present === undefined ? 201 : 200, body: stored };
    }
    if (present === undefined) return failure(404, "NotFound", `${place.resource.name} "${place.name}" not found`);
    if (method === "GET") return { status: 200, body: present };
    if (method === "PUT") {
      const expected = metadataOf(body)["resourceVersion"];
      if (expected !== undefined && expected !== metadataOf(present)["resourceVersion"])
        return failure(409, "Conflict", "the object has been modified");
      objects.set(key, store(body, place, stamp()));
      return { status: 200, body: objects.get(key) };
    }
    objects.delete(key);
    return { status: 200, body: { kind: "Status", apiVersion: "v1", status: "Success" } };
  };

  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const { status, body } = await handle(request);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const { listen, name } = await reachableFromHosts();
  await new Promise<void>((resolve) => server.listen(0, listen, resolve));
  // Once it listens, a TCP server's address is an object.
  const url = `http://${name}:${(server.address() as AddressInfo).port}`;
  const config = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "stand-in",
    clusters: [{ name: "stand-in", cluster: { server: url } }],
    contexts: [{ name: "stand-in", context: { cluster: "stand-in", user: "nobody" } }],
    users: [{ name: "nobody", user: {} }],
  });
  return { server, api: { url, config, objects, writes, define } };
}

const metadataOf = (object: Fields): Fields => fields.catch({}).parse(object["metadata"]);

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function failure(code: number, reason: string, message: string): { readonly status: number; readonly body: unknown } {
  return { status: code, body: { kind: "Status", apiVersion: "v1", status: "Failure", reason, message, code } };
}

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];

function discovery(path: string, kinds: ReadonlyMap<string, readonly Resource[]>): unknown {
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/version") return { major: "1", minor: "20", gitVersion: "v1.20.0-stand-in" };
  if (path === "/apis") {
    const groups = [...kinds.keys()]
      .filter((one) => one.includes("/"))
      .map((groupVersion) => {
        const [name = "", version = ""] = groupVersion.split("/");
        return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
      });
    return { kind: "APIGroupList", apiVersion: "v1", groups };
  }
  const groupVersion = path.replace(/^\/apis?\//, "");
  const resources = kinds.get(groupVersion);
  if (resources === undefined) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: resources.map((one) => ({ ...one, singularName: "", verbs: VERBS })),
  };
}

type Place = { readonly resource: Resource; readonly version: string; readonly namespace: string; readonly name: string };

function placeOf(path: string, kinds: ReadonlyMap<string, readonly Resource[]>): Place | undefined {
  for (const [version, resources] of kinds) {
    const base = `/${version.includes("/") ? "apis" : "api"}/${version}/`;
    if (!path.startsWith(base)) continue;
    const parts = path.slice(base.length).split("/");
    for (const resource of resources) {
      if (parts[0] === resource.name) return { resource, version, namespace: "", name: parts[1] ?? "" };
      if (parts[0] === "namespaces" && parts[2] === resource.name)
        return { resource, version, namespace: parts[1] ?? "", name: parts[3] ?? "" };
    }
  }
  return undefined;
}

/** With what the API adds and rewrites by itself. */
function store(object: Fields, { resource, version, namespace }: Place, resourceVersion: string): Fields {
  const metadata = {
    uid: `uid-${resourceVersion}`,
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...metadataOf(object),
    resourceVersion,
  };
  const kept = {
    apiVersion: version,
    kind: resource.kind,
    ...object,
    metadata: namespace === "" ? metadata : { ...metadata, namespace },
  };
  return fields.parse(
    resource.kind === "Deployment"
      ? rewritten({ ...kept, spec: { replicas: 1, ...fields.catch({}).parse(object["spec"]) } })
      : kept,
  );
}

function rewritten(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => rewritten(one));
  if (name === "cpu" && (value === 0.5 || value === "0.5")) return "500m";
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, one]) => !(key === "hostNetwork" && one === false));
  const result = Object.fromEntries(entries.map(([key, one]) => [key, rewritten(one, key)]));
  return "image" in result ? { imagePullPolicy: "IfNotPresent", ...result } : result;
}

const KEYED: Readonly<Record<string, string>> = { containers: "name", env: "name" };

/** Server-side apply: what the manager had applied and no longer does goes, the rest is merged. */
function applied(present: Fields, declared: Fields, manager: string): Fields {
  const all = z.array(fields).catch([]).parse(metadataOf(present)["managedFields"]);
  const before = fields.catch({}).parse(all.find((one) => one["manager"] === manager)?.["fieldsV1"]);
  const { apiVersion: _version, kind: _kind, ...rest } = declared;
  const { name: _name, namespace: _namespace, ...metadata } = metadataOf(declared);
  const owned = ownedOf({ ...rest, metadata }, "");
  const left = fields.parse(without(present, before, owned));
  const next = fields.parse(merge(left, declared, ""));
  const entry = { manager, operation: "Apply", fieldsType: "FieldsV1", fieldsV1: owned };
  return {
    ...next,
    metadata: { ...metadataOf(next), managedFields: [...all.filter((one) => one["manager"] !== manager), entry] },
  };
}

function ownedOf(value: unknown, name: string): Fields {
  const key = KEYED[name];
  if (Array.isArray(value) && key !== undefined) {
    return Object.fromEntries(
      value.map((one) => [`k:${JSON.stringify({ [key]: fields.parse(one)[key] })}`, { ".": {}, ...ownedOf(one, "") }]),
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([field, one]) => [`f:${field}`, ownedOf(one, field)]));
}

function without(value: unknown, before: Fields, after: Fields): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((one: unknown) => {
      const mark = Object.keys(before).find(
        (key) =>
          key.startsWith("k:") &&
          Object.entries(fields.parse(JSON.parse(key.slice(2)))).every(([k, v]) => fields.parse(one)[k] === v),
      );
      if (mark === undefined) return [one];
      return mark in after ? [without(one, fields.catch({}).parse(before[mark]), fields.catch({}).parse(after[mark]))] : [];
    });
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, one]) => {
      const mark = `f:${field}`;
      if (!(mark in before)) return [[field, one]];
      return mark in after
        ? [[field, without(one, fields.catch({}).parse(before[mark]), fields.catch({}).parse(after[mark]))]]
        : [];
    }),
  );
}

function merge(live: unknown, declared: unknown, name: string): unknown {
  const key = KEYED[name];
  if (Array.isArray(declared) && Array.isArray(live) && key !== undefined) {
    const has = (list: readonly unknown[], one: unknown): unknown =>
      list.find((other) => fields.parse(other)[key] === fields.parse(one)[key]);
    return [
      ...live.map((one: unknown) => (has(declared, one) === undefined ? one : merge(one, has(declared, one), ""))),
      ...declared.filter((one) => has(live, one) === undefined),
    ];
  }
  if (typeof declared !== "object" || declared === null || Array.isArray(declared)) return declared;
  const base = fields.catch({}).parse(live);
  return {
    ...base,
    ...Object.fromEntries(Object.entries(declared).map(([field, one]) => [field, merge(base[field], one, field)])),
  };
}

function isSame(a: Fields, b: Fields): boolean {
  const plain = (one: Fields): string => {
    const { resourceVersion: _version, uid: _uid, ...metadata } = metadataOf(one);
    const sorted = (value: unknown): unknown =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([x], [y]) => (x < y ? -1 : 1))
              .map(([k, v]) => [k, sorted(v)]),
          )
        : Array.isArray(value)
          ? value.map(sorted)
          : value;
    return JSON.stringify(sorted({ ...one, metadata }));
  };
  return plain(a) === plain(b);
}

function defineFrom(definition: Fields, define: KubeApi["define"]): void {
  const spec = z
    .object({
      group: z.string(),
      scope: z.string(),
      names: z.object({ plural: z.string(), kind: z.string() }),
      versions: z.array(z.object({ name: z.string() })),
    })
    .parse(definition["spec"]);
  for (const { name } of spec.versions) {
    define(`${spec.group}/${name}`, { name: spec.names.plural, kind: spec.names.kind, namespaced: spec.scope === "Namespaced" });
  }
}
