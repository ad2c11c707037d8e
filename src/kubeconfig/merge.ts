import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isScalar, isSeq, type ParsedNode, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { refuse } from "../diagnostic.ts";
import type { Access } from "./read.ts";
import { kubeconfigText } from "./rewrite.ts";

export type MergeOptions = {
  /** Names the existing file in messages. */
  readonly into: string;
  /** Replace entries of the same name that say something else. */
  readonly force: boolean;
  /** Make the merged context the current one. */
  readonly setContext: boolean;
};

export type Merged = { readonly text: string; readonly added: readonly string[]; readonly replaced: readonly string[] };

const kinds = [
  { list: "clusters", kind: "cluster" },
  { list: "users", kind: "user" },
  { list: "contexts", kind: "context" },
] as const;
type Kind = (typeof kinds)[number];

// Everything is text here: what is not ours goes out as it came in, whatever it would mean.
const reading = { schema: "failsafe", prettyErrors: false, logLevel: "error" } as const;

/** Puts an access into a kubeconfig that may hold others, which stay what they are, where they are, with their comments. */
export function merged(existing: string, access: Access, options: MergeOptions): Merged {
  const text = kubeconfigText(access);
  // kubectl takes an empty file for an empty configuration.
  if (existing.trim() === "") return { text, added: kinds.map(({ kind }) => named(kind, access[kind].name)), replaced: [] };
  const document = readExisting(existing, options.into);
  const incoming = parseDocument(text, reading);
  const changes = kinds.map((one) => ({ ...one, ...changeOf(one, document, incoming, access[one.kind].name, options.into) }));
  const conflicts = changes.filter((one) => one.differs !== undefined && !options.force);
  if (conflicts.length > 0) {
    const told = conflicts.map(({ kind, differs = [] }) => `${named(kind, access[kind].name)} (${differs.join(", ")})`);
    return refuse("kubeconfig-conflict", `${options.into} has something else under the same name: ${told.join("; ")}`, {
      help: "--force replaces it, --name NAME puts this cluster beside it",
    });
  }
  const wasEmpty = kinds.every(({ list }) => entriesOf(document, list, options.into).length === 0);
  for (const { list, node, at, same } of changes) {
    if (same) continue;
    const sequence = sequenceOf(document, list);
    const before = at === undefined ? undefined : sequence.items[at];
    if (at === undefined) sequence.add(node);
    else {
      if (before?.commentBefore != null) node.commentBefore = before.commentBefore;
      if (before?.spaceBefore === true) node.spaceBefore = true;
      sequence.items[at] = node;
    }
  }
  const context = setContext(document, incoming, options.setContext || wasEmpty);
  const isChanged = context || changes.some(({ same }) => !same);
  return {
    text: isChanged
      ? document.toString({ lineWidth: 0, flowCollectionPadding: /\{ /.test(existing), indentSeq: !/^- /m.test(existing) })
      : existing,
    added: changes.filter(({ same, at }) => !same && at === undefined).map(({ kind }) => named(kind, access[kind].name)),
    replaced: changes.filter(({ same, at }) => !same && at !== undefined).map(({ kind }) => named(kind, access[kind].name)),
  };
}

/** Names of what a kubeconfig holds besides this access; undefined when it cannot be read as one. */
export function othersIn(existing: string, access: Access): readonly string[] | undefined {
  const document = parseDocument(existing, reading);
  if (existing.trim() === "") return [];
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  return kinds.flatMap(({ list, kind }) => {
    const found = document.get(list);
    const names = isSeq(found) ? found.items.map((item) => (isMap(item) ? String(item.get("name")) : "?")) : [];
    return names.filter((name) => name !== access[kind].name).map((name) => named(kind, name));
  });
}

type Change = {
  readonly node: YAMLMap;
  /** Place of the entry with the same name. */
  readonly at: number | undefined;
  readonly same: boolean;
  /** What an entry of the same name says otherwise. */
  readonly differs: readonly string[] | undefined;
};

function changeOf({ list, kind }: Kind, document: Document, incoming: Document, name: string, into: string): Change {
  const [node] = entriesOf(incoming, list, "");
  if (node === undefined) throw new Error(`bug: a kubeconfig without ${list}`);
  const places = entriesOf(document, list, into).flatMap((entry, index) => (String(entry.get("name")) === name ? [index] : []));
  if (places.length > 1) refuse("kubeconfig", `${into} has ${places.length} entries named ${JSON.stringify(name)} in ${list}`);
  const [at] = places;
  if (at === undefined) return { node, at, same: false, differs: undefined };
  const before = plain(document, entriesOf(document, list, into)[at]);
  const after = plain(incoming, node);
  if (isDeepStrictEqual(before, after)) return { node, at, same: true, differs: undefined };
  return { node, at, same: false, differs: differences(before[kind], after[kind]) };
}

/** Names of what differs; an address is no secret and is shown. */
function differences(before: unknown, after: unknown): readonly string[] {
  const [old, fresh] = [record(before), record(after)];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(fresh)])].filter(
    (key) => !isDeepStrictEqual(old[key], fresh[key]),
  );
  if (keys.length === 0) return ["other fields"];
  return keys.map((key) => (key === "server" ? `server ${String(old[key])}, not ${String(fresh[key])}` : key));
}

function setContext(document: Document, incoming: Document, wanted: boolean): boolean {
  const key = "current-context";
  if (!wanted || document.get(key) === incoming.get(key)) return false;
  // With its quotes, where it needs some.
  const value = incoming.get(key, true);
  const before = document.get(key, true);
  if (isScalar(before) && isScalar(value)) Object.assign(value, { comment: before.comment ?? null });
  document.set(key, value);
  return true;
}

function readExisting(text: string, into: string): Document {
  const document = parseDocument(text, reading);
  const [error] = document.errors;
  if (error !== undefined) {
    const line = text.slice(0, error.pos[0]).split("\n").length;
    refuse("kubeconfig", `${into} is not YAML: line ${line}: ${error.code.toLowerCase().replaceAll("_", " ")}`);
  }
  if (!isMap(document.contents)) refuse("kubeconfig", `${into} is not a kubeconfig: it is no mapping`);
  return document;
}

/** The entries of a list; one that is not there, or null, has none. */
function entriesOf(document: Document, list: string, into: string): readonly YAMLMap[] {
  const found = document.get(list);
  if (found === undefined || isNothing(found)) return [];
  if (!isSeq(found)) return refuse("kubeconfig", `${into} is not a kubeconfig: ${list} is no list`);
  return found.items.map((item) =>
    isMap(item) ? item : refuse("kubeconfig", `${into} is not a kubeconfig: an entry of ${list} is no mapping`),
  );
}

function sequenceOf(document: Document, list: string): YAMLSeq<ParsedNode | YAMLMap> {
  const found = document.get(list);
  if (isSeq<ParsedNode | YAMLMap>(found) && found.items.length > 0) return found;
  // In the place of a null or of [], in block form, with the comment that it had.
  const made = document.createNode<(ParsedNode | YAMLMap)[]>([]);
  document.set(list, made);
  const set = document.get(list);
  if (!isSeq<ParsedNode | YAMLMap>(set)) throw new Error(`bug: ${list} was not set`);
  return set;
}

function isNothing(value: unknown): boolean {
  return value === null || value === "" || value === "null" || value === "~";
}

function plain(document: Document, node: YAMLMap | undefined): Readonly<Record<string, unknown>> {
  return record(node?.toJS(document));
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function named(kind: Kind["kind"], name: string): string {
  return `${kind} ${JSON.stringify(name)}`;
}
