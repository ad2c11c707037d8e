import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { at, type Fields, fieldsAt, isFields, listAt, parseFields, textAt, textsAt } from "./fields.ts";
import { Paths } from "./paths.ts";
import type { Bootstrap } from "./pki.ts";

export type Member = {
  readonly id: string;
  /** `NODE-8 hex digits`, as K3s calls its members. */
  readonly name: string;
  readonly node: string;
  /** `https://ADDRESS:PORT` of its supervisor. */
  readonly url: string;
  readonly isLearner: boolean;
};

/** All that servers share. */
export type State = {
  readonly revision: number;
  readonly clusterId: string;
  readonly members: readonly Member[];
  /** The bootstrap data, encrypted with the server's token. */
  readonly sealed: string;
  /** Path in the API -> object. */
  readonly objects: Readonly<Record<string, Fields>>;
};

export type Change =
  /** `after`: the resource version that it replaces, "" where nothing must be there, undefined where that does not matter. */
  | { readonly kind: "put"; readonly key: string; readonly object: Fields; readonly after?: string }
  | { readonly kind: "delete"; readonly key: string }
  | { readonly kind: "member"; readonly member: Member }
  | { readonly kind: "remove"; readonly id: string }
  | { readonly kind: "seal"; readonly sealed: string };

export class Conflict extends Error {}

/** The state after a change. Throws Conflict where the object is another one by now. */
export function changed(state: State, change: Change): State {
  const revision = state.revision + 1;
  switch (change.kind) {
    case "put": {
      const { key, object, after } = change;
      const present = textAt(state.objects[key], "metadata", "resourceVersion");
      if (after !== undefined && after !== present) throw new Conflict(`the object at ${key} has been modified`);
      const stored = { ...object, metadata: { ...fieldsAt(object, "metadata"), resourceVersion: String(revision) } };
      return { ...state, revision, objects: { ...state.objects, [key]: stored } };
    }
    case "delete": {
      const { [change.key]: _gone, ...objects } = state.objects;
      return { ...state, revision, objects };
    }
    case "member": {
      const others = state.members.filter(({ id }) => id !== change.member.id);
      // etcd knows one at a time.
      if (change.member.isLearner && others.some((one) => one.isLearner))
        throw new Conflict("etcdserver: too many learner members in cluster");
      const index = state.members.findIndex(({ id }) => id === change.member.id);
      // In its place: the order decides who leads.
      const members = index < 0 ? [...others, change.member] : state.members.with(index, change.member);
      return { ...state, revision, members };
    }
    case "remove":
      return { ...state, revision, members: state.members.filter(({ id }) => id !== change.id) };
    case "seal":
      return { ...state, revision, sealed: change.sealed };
  }
}

export function newState(sealed: string): State {
  return { revision: 1, clusterId: randomBytes(8).toString("hex"), members: [], sealed, objects: {} };
}

export function readState(file: string): State | undefined {
  return existsSync(file) ? parseState(readFileSync(file, "utf8")) : undefined;
}

export function writeState(file: string, state: State): void {
  Paths.write(file, JSON.stringify(state));
}

export function parseState(text: string): State {
  const read = parseFields(text);
  const objects = Object.entries(fieldsAt(read, "objects")).flatMap(([key, one]) => (isFields(one) ? [[key, one] as const] : []));
  return {
    revision: Number(textAt(read, "revision")),
    clusterId: textAt(read, "clusterId"),
    members: listAt(read, "members").map(parseMember),
    sealed: textAt(read, "sealed"),
    objects: Object.fromEntries(objects),
  };
}

export function parseMember(value: unknown): Member {
  return {
    id: textAt(value, "id"),
    name: textAt(value, "name"),
    node: textAt(value, "node"),
    url: textAt(value, "url"),
    isLearner: at(value, "isLearner") === true,
  };
}

export function parseChange(value: unknown): Change {
  const kind = textAt(value, "kind");
  const key = textAt(value, "key");
  if (kind === "put") {
    const after = at(value, "after");
    const change = { kind, key, object: fieldsAt(value, "object") } as const;
    return typeof after === "string" ? { ...change, after } : change;
  }
  if (kind === "delete") return { kind, key };
  if (kind === "member") return { kind, member: parseMember(at(value, "member")) };
  if (kind === "remove") return { kind, id: textAt(value, "id") };
  if (kind === "seal") return { kind, sealed: textAt(value, "sealed") };
  throw new Error(`no change is called "${kind}"`);
}

// Few rounds: a test does not guess passwords, and starts K3s often.
const ROUNDS = 4096;

/** PBKDF2 with HMAC-SHA1 and AES-256-GCM, as K3s encrypts its bootstrap key. */
export function seal(files: Bootstrap, token: string): string {
  const salt = randomBytes(8);
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", pbkdf2Sync(token, salt, ROUNDS, 32, "sha1"), nonce);
  const content = Buffer.concat([cipher.update(JSON.stringify(files), "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `${salt.toString("hex")}:${Buffer.concat([nonce, content]).toString("base64")}`;
}

/** Undefined where it was encrypted with another token. */
export function unseal(sealed: string, token: string): Bootstrap | undefined {
  const [salt = "", data = ""] = sealed.split(":");
  const bytes = Buffer.from(data, "base64");
  const cipher = createDecipheriv(
    "aes-256-gcm",
    pbkdf2Sync(token, Buffer.from(salt, "hex"), ROUNDS, 32, "sha1"),
    bytes.subarray(0, 12),
  );
  cipher.setAuthTag(bytes.subarray(-16));
  let text: string;
  try {
    text = Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
  return textsAt(parseFields(text));
}
