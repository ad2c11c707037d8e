import { randomUUID } from "node:crypto";
import type { Cluster } from "./cluster.ts";
import { at, type Fields, fieldsAt, isFields, textAt, textsAt } from "./fields.ts";
import { definedKinds, folderOf, KINDS, type Kind, type Place, placeOf } from "./kinds.ts";
import { ApplyConflict, applied, mergePatched } from "./server-side-apply.ts";
import { Conflict } from "./state.ts";
import { VERSION } from "./version.ts";

export type Reply = { readonly status: number; readonly body: unknown };
export type Question = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
};

export function failure(code: number, reason: string, message: string): Reply {
  const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
  return { status: code, body };
}

/** The part of the Kubernetes API that the tests use: discovery, storage, patches and server-side apply. */
export class Api {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  kinds(): readonly Kind[] {
    return [...KINDS, ...definedKinds(this.#cluster.state.objects)];
  }

  get(key: string): Fields | undefined {
    return this.#cluster.state.objects[key];
  }

  list(folder: string): readonly Fields[] {
    return Object.entries(this.#cluster.state.objects).flatMap(([key, one]) => (key.startsWith(`${folder}/`) ? [one] : []));
  }

  /** Changes an object until nobody has come in between; `undefined` leaves it as it is. */
  async update(key: string, change: (present: Fields | undefined) => Fields | undefined): Promise<Fields | undefined> {
    for (let attempt = 1; ; attempt++) {
      const present = this.get(key);
      const next = change(present);
      if (next === undefined || (present !== undefined && isSame(next, present))) return present;
      const object = completed(next, present, placeOf(this.kinds(), key));
      try {
        await this.#cluster.propose({ kind: "put", key, object, after: textAt(present, "metadata", "resourceVersion") });
        return this.get(key) ?? object;
      } catch (error) {
        if (!(error instanceof Conflict) || attempt === 10) throw error;
      }
    }
  }

  async remove(key: string): Promise<void> {
    await this.#cluster.propose({ kind: "delete", key });
  }

  async answer(question: Question): Promise<Reply> {
    const { method, path, query } = question;
    const found = discovery(path, this.kinds());
    if (found !== undefined) return { status: 200, body: found };
    const place = placeOf(this.kinds(), path);
    if (place === undefined) return failure(404, "NotFound", "the server could not find the requested resource");
    if (method === "GET") return this.#read(place, path, query);
    const given: unknown = question.body === "" ? {} : JSON.parse(question.body);
    const { kind, namespace, name } = place;
    const key = `${folderOf(kind, namespace)}/${name}`;
    if (method === "DELETE") return this.#delete(place, key);
    if (!isFields(given)) return failure(400, "BadRequest", "the body is no object");
    if (method === "POST" && place.sub === "eviction") return this.#blockedBy(place, key) ?? this.#delete(place, key);
    if (method === "POST") return this.#create(place, given);
    if (method === "PUT") return this.#replace(place, key, given);
    if (method === "PATCH") return this.#patch(place, key, given, question);
    return failure(405, "MethodNotAllowed", `${method} is not supported`);
  }

  #read({ kind, namespace, name }: Place, path: string, query: URLSearchParams): Reply {
    if (name !== "") {
      const found = this.get(`${folderOf(kind, namespace)}/${name}`);
      return found === undefined ? notFound(kind, name) : { status: 200, body: found };
    }
    const everywhere = kind.isNamespaced && namespace === "";
    const base = kind.apiVersion.includes("/") ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
    const items = Object.entries(this.#cluster.state.objects)
      .filter(([key]) => {
        if (!everywhere) return key.startsWith(`${path}/`) && !key.slice(path.length + 1).includes("/");
        return key.startsWith(`${base}/namespaces/`) && key.split("/").at(-2) === kind.plural;
      })
      .map(([, one]) => one)
      .filter((one) => isSelected(one, query.get("labelSelector") ?? "") && hasFields(one, query.get("fieldSelector") ?? ""))
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    const metadata = { resourceVersion: String(this.#cluster.state.revision) };
    return { status: 200, body: { kind: `${kind.kind}List`, apiVersion: kind.apiVersion, metadata, items } };
  }

  async #create({ kind, namespace }: Place, given: Fields): Promise<Reply> {
    const name = nameOf(given) || `${textAt(given, "metadata", "generateName")}${randomUUID().slice(0, 5)}`;
    const missing = this.#missingNamespace(kind, namespace);
    if (missing !== undefined) return missing;
    const key = `${folderOf(kind, namespace)}/${name}`;
    if (this.get(key) !== undefined) return failure(409, "AlreadyExists", `${kind.plural} "${name}" already exists`);
    const made = await this.update(key, () => ({ ...given, metadata: { ...fieldsAt(given, "metadata"), name } }));
    return { status: 201, body: made };
  }

  #missingNamespace(kind: Kind, namespace: string): Reply | undefined {
    if (!kind.isNamespaced || this.get(`/api/v1/namespaces/${namespace}`) !== undefined) return undefined;
    return failure(404, "NotFound", `namespaces "${namespace}" not found`);
  }

  async #replace({ kind, name }: Place, key: string, given: Fields): Promise<Reply> {
    if (this.get(key) === undefined) return notFound(kind, name);
    const expected = textAt(given, "metadata", "resourceVersion");
    let isOutdated = false;
    const made = await this.update(key, (present) => {
      isOutdated = expected !== "" && expected !== textAt(present, "metadata", "resourceVersion");
      return isOutdated ? undefined : given;
    });
    return isOutdated ? modified(kind, name) : { status: 200, body: made };
  }

  async #patch({ kind, namespace, name }: Place, key: string, given: Fields, question: Question): Promise<Reply> {
    const isApply = question.contentType.includes("apply-patch");
    if (!isApply && this.get(key) === undefined) return notFound(kind, name);
    const missing = this.#missingNamespace(kind, namespace);
    if (missing !== undefined) return missing;
    const expected = textAt(given, "metadata", "resourceVersion");
    const before = this.get(key);
    if (expected !== "" && expected !== textAt(before, "metadata", "resourceVersion")) return modified(kind, name);
    const manager = question.query.get("fieldManager") ?? "kubectl";
    try {
      const made = await this.update(key, (present) => {
        if (isApply) return applied(present ?? {}, given, manager, question.query.get("force") === "true");
        const next = mergePatched(present, given);
        return isFields(next) ? next : undefined;
      });
      return { status: before === undefined ? 201 : 200, body: made };
    } catch (error) {
      if (error instanceof ApplyConflict) return failure(409, "Conflict", error.message);
      throw error;
    }
  }

  /** A budget that the eviction of a pod would break. */
  #blockedBy({ namespace }: Place, key: string): Reply | undefined {
    const labels = textsAt(this.get(key), "metadata", "labels");
    const matches = (budget: Fields, of: Readonly<Record<string, string>>): boolean =>
      Object.entries(textsAt(budget, "spec", "selector", "matchLabels")).every(([name, value]) => of[name] === value);
    const isBroken = this.list(`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`).some((budget) => {
      if (!matches(budget, labels)) return false;
      if (textAt(budget, "spec", "maxUnavailable") === "0") return true;
      const pods = this.list(`/api/v1/namespaces/${namespace}/pods`);
      const healthy = pods.filter(
        (pod) => matches(budget, textsAt(pod, "metadata", "labels")) && textAt(pod, "status", "phase") === "Running",
      );
      return Number(textAt(budget, "spec", "minAvailable") || 0) >= healthy.length;
    });
    const message = "Cannot evict pod as it would violate the pod's disruption budget.";
    return isBroken ? failure(429, "TooManyRequests", message) : undefined;
  }

  async #delete({ kind, name }: Place, key: string): Promise<Reply> {
    const present = this.get(key);
    if (present === undefined) return notFound(kind, name);
    await this.remove(key);
    if (kind.kind === "Node") await this.#forget(name);
    return { status: 200, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" } };
  }

  /** With a node go its password and, of a server, its vote. */
  async #forget(node: string): Promise<void> {
    const secret = `/api/v1/namespaces/kube-system/secrets/${node}.node-password.k3s`;
    if (this.get(secret) !== undefined) await this.remove(secret);
    for (const member of this.#cluster.state.members.filter((one) => one.node === node))
      await this.#cluster.propose({ kind: "remove", id: member.id });
  }
}

const nameOf = (object: unknown): string => textAt(object, "metadata", "name");

const notFound = (kind: Kind, name: string): Reply => {
  const group = kind.apiVersion.includes("/") ? `.${kind.apiVersion.split("/")[0]}` : "";
  return failure(404, "NotFound", `${kind.plural}${group} "${name}" not found`);
};

const modified = (kind: Kind, name: string): Reply =>
  failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${kind.plural} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
  );

/** With what the API adds by itself. */
function completed(object: Fields, present: Fields | undefined, place: Place | undefined): Fields {
  const stringData = textsAt(object, "stringData");
  const { stringData: _plain, ...rest } = object;
  const data = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString("base64")] as const);
  const isSecret = place?.kind.kind === "Secret";
  return {
    apiVersion: place?.kind.apiVersion,
    kind: place?.kind.kind,
    ...(isSecret ? { type: "Opaque", ...rest, data: { ...textsAt(object, "data"), ...Object.fromEntries(data) } } : object),
    metadata: {
      ...fieldsAt(object, "metadata"),
      ...(place?.name === undefined ? {} : { name: place.name }),
      ...(place === undefined || place.namespace === "" ? {} : { namespace: place.namespace }),
      uid: textAt(present, "metadata", "uid") || randomUUID(),
      creationTimestamp: textAt(present, "metadata", "creationTimestamp") || new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    },
  };
}

function isSame(a: Fields, b: Fields): boolean {
  const bare = (one: Fields): unknown => {
    const { resourceVersion: _version, uid: _uid, creationTimestamp: _time, ...metadata } = fieldsAt(one, "metadata");
    const managed = metadata["managedFields"];
    const managedFields = Array.isArray(managed) ? managed.map((entry) => ({ ...fieldsAt({ entry }, "entry"), time: "" })) : [];
    return sorted({ ...one, metadata: { ...metadata, managedFields } });
  };
  return JSON.stringify(bare(a)) === JSON.stringify(bare(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, one]) => [name, sorted(one)]));
}

/** `a=b,c!=d,e,!f` */
export function isSelected(object: unknown, selector: string): boolean {
  const labels = textsAt(object, "metadata", "labels");
  return selector
    .split(",")
    .filter((one) => one !== "")
    .every((one) => {
      const [, key = "", operator, value] = /^([^=!]+)(==|!=|=)(.*)$/.exec(one) ?? [];
      if (operator === "!=") return labels[key] !== value;
      if (operator !== undefined) return labels[key] === value;
      return one.startsWith("!") ? !(one.slice(1) in labels) : one in labels;
    });
}

function hasFields(object: unknown, selector: string): boolean {
  return selector
    .split(",")
    .filter((one) => one !== "")
    .every((one) => {
      const [path = "", value = ""] = one.split(/==?/);
      const found = at(object, ...path.split("."));
      return String(found ?? "") === value;
    });
}

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];

function discovery(path: string, kinds: readonly Kind[]): unknown {
  if (path === "/version") {
    const [, major, minor] = /^v(\d+)\.(\d+)/.exec(VERSION) ?? [];
    return { major, minor, gitVersion: VERSION, platform: "linux/amd64" };
  }
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") {
    const versions = [...new Set(kinds.map((one) => one.apiVersion))].filter((one) => one.includes("/"));
    const groups = versions.map((groupVersion) => {
      const [name = "", version = ""] = groupVersion.split("/");
      return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
    });
    return { kind: "APIGroupList", apiVersion: "v1", groups };
  }
  const found = kinds.filter(
    (one) => path === (one.apiVersion.includes("/") ? `/apis/${one.apiVersion}` : `/api/${one.apiVersion}`),
  );
  if (found.length === 0) return undefined;
  const resources = found.map((one) => ({
    name: one.plural,
    singularName: one.kind.toLowerCase(),
    namespaced: one.isNamespaced,
    kind: one.kind,
    shortNames: one.shortNames,
    verbs: VERBS,
  }));
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: found[0]?.apiVersion, resources };
}
