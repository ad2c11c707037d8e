import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Diagnostics, Position } from "../diagnostic.ts";
import { setSourceMap, sourceMapOf } from "../vars/provenance.ts";
import { Float, type Key, looksLikeTemplate, TemplateString, type Value, VaultText } from "../vars/value.ts";
import { positionOf, quoteHelp, type YamlText } from "./yaml-problems.ts";
import { readFloat, readInteger, readPlainScalar } from "./yaml-scalars.ts";

type Pairs = Map<Key, { readonly value: Value; readonly key: Position; readonly member: Position }>;

const STANDARD = "tag:yaml.org,2002:";

/** Turns the nodes of one document into values, with the position of everything. Problems are collected. */
export class Composer {
  readonly #text: YamlText;
  readonly #templates: boolean;
  readonly #problems: Diagnostics;
  readonly #anchors = new Map<string, Value | "open">();
  /** Above zero inside of `!unsafe`. */
  #unsafe = 0;

  constructor(text: YamlText, templates: boolean, problems: Diagnostics) {
    this.#text = text;
    this.#templates = templates;
    this.#problems = problems;
  }

  compose(document: Document): Value {
    this.#anchors.clear();
    return document.contents === null ? null : this.#node(document.contents);
  }

  #node(node: Node): Value {
    if (isAlias(node)) return this.#alias(node);
    const anchor = "anchor" in node && typeof node.anchor === "string" ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, "open");
    const value = this.#tagged(node);
    if (anchor !== undefined) this.#anchors.set(anchor, value);
    return value;
  }

  #tagged(node: Node): Value {
    const tag = node.tag ?? "";
    if (tag === "!unsafe") {
      this.#unsafe += 1;
      const value = isScalar(node) ? String(node.value) : this.#collection(node);
      this.#unsafe -= 1;
      return value;
    }
    if (isScalar(node)) return this.#scalar(node, tag);
    if (tag !== "" && tag !== `${STANDARD}map` && tag !== `${STANDARD}seq`) this.#unknownTag(node, tag);
    return this.#collection(node);
  }

  #collection(node: Node): Value {
    if (isMap(node)) return this.#map(node);
    if (isSeq(node)) return this.#list(node);
    throw new TypeError(`a YAML node of kind ${node.constructor.name} cannot stand here`);
  }

  #scalar(node: Scalar, tag: string): Value {
    const text = String(node.value);
    switch (tag) {
      case "":
        return node.type === "PLAIN" ? this.#string(node, readPlainScalar(text)) : this.#string(node, text);
      case "!":
      case `${STANDARD}str`:
        return this.#string(node, text);
      case "!vault":
      case "!vault-encrypted":
        return new VaultText(text, this.#at(node));
      case `${STANDARD}int`:
        return this.#typed(node, "an integer", readInteger(text));
      case `${STANDARD}float`: {
        const read = readFloat(text) ?? readInteger(text);
        return this.#typed(node, "a float", typeof read === "number" && Number.isInteger(read) ? new Float(read) : read);
      }
      case `${STANDARD}bool`: {
        const read = readPlainScalar(text);
        return this.#typed(node, "a boolean", typeof read === "boolean" ? read : undefined);
      }
      case `${STANDARD}null`:
        return null;
      default:
        this.#unknownTag(node, tag);
        return text;
    }
  }

  #typed(node: Scalar, what: string, value: Value | undefined): Value {
    if (value !== undefined) return value;
    this.#error(`"${String(node.value)}" is not ${what}`, this.#at(node));
    return null;
  }

  #string(node: Scalar, value: Value): Value {
    if (typeof value !== "string" || !this.#templates || this.#unsafe > 0 || !looksLikeTemplate(value)) return value;
    return new TemplateString(value, this.#firstCharacter(node));
  }

  #list(node: YAMLSeq): Value {
    const members = new Map<Key, Position>();
    const list = node.items.map((item, index): Value => {
      if (isPair(item)) return this.#pairInList(item);
      if (!isNode(item)) return null;
      members.set(index, this.#at(item));
      return this.#node(item);
    });
    setSourceMap(list, { position: this.#at(node), keys: new Map(), members });
    return list;
  }

  // `[a: b]` is a list that holds the mapping {a: b}.
  #pairInList(pair: { readonly key: unknown; readonly value: unknown }): Value {
    const pairs: Pairs = new Map();
    this.#pair(pair, pairs, []);
    const first = [...pairs.values()][0];
    return this.#finish(pairs, first?.key ?? { file: this.#text.file, line: 1, column: 1 });
  }

  #map(node: YAMLMap): Value {
    const pairs: Pairs = new Map();
    const merged: Node[] = [];
    for (const pair of node.items) this.#pair(pair, pairs, merged);
    if (merged.length === 0) return this.#finish(pairs, this.#at(node));
    // Merged keys come first and give way to those that are written out; of several `<<`, the later wins.
    const all: Pairs = new Map();
    for (const source of merged) this.#merge(source, all);
    for (const [key, entry] of pairs) all.set(key, entry);
    return this.#finish(all, this.#at(node));
  }

  #pair(pair: { readonly key: unknown; readonly value: unknown }, pairs: Pairs, merged: Node[]): void {
    if (!isNode(pair.key)) return;
    const keyPosition = this.#at(pair.key);
    if (isScalar(pair.key) && pair.key.type === "PLAIN" && pair.key.value === "<<" && isNode(pair.value)) {
      merged.push(pair.value);
      return;
    }
    const key = this.#key(pair.key);
    const value = isNode(pair.value) ? this.#node(pair.value) : null;
    if (key === undefined) return;
    const before = pairs.get(key);
    if (before !== undefined) {
      this.#problems.error("yaml-syntax", `the key "${String(key)}" stands twice in one mapping`, {
        position: keyPosition,
        help: `the other one is at line ${before.key.line}, column ${before.key.column}`,
      });
      return;
    }
    const member = isNode(pair.value) ? this.#at(pair.value) : keyPosition;
    pairs.set(key, { value, key: keyPosition, member });
  }

  #key(node: Node): Key | undefined {
    if (!isScalar(node) && !isAlias(node)) {
      this.#collectionAsKey(node);
      return undefined;
    }
    this.#unsafe += 1;
    const key = this.#node(node);
    this.#unsafe -= 1;
    if (key === null || typeof key === "string" || typeof key === "number" || typeof key === "boolean") return key;
    if (key instanceof Float) return key.value;
    if (typeof key === "bigint") return String(key);
    this.#error("a key must be a string, a number, a boolean or null", this.#at(node));
    return undefined;
  }

  #collectionAsKey(node: Node): void {
    const start = this.#at(node);
    const line = this.#text.lines[start.line - 1] ?? "";
    // `{{ x }}` without quotes is a mapping whose key is the mapping {x: null}.
    if (isMap(node) && line.slice(start.column - 2, start.column) === "{{") {
      const at = { file: start.file, line: start.line, column: start.column - 1, endColumn: start.column + 1 };
      this.#error("a value that begins with {{ must be quoted", at, quoteHelp(line, at.column));
      return;
    }
    this.#error("a mapping or a list cannot be a key", start);
  }

  #merge(source: Node, into: Pairs): void {
    const value = this.#node(source);
    const position = this.#at(source);
    const sources = Array.isArray(value) ? value.toReversed() : [value];
    for (const one of sources) {
      if (!(one instanceof Map)) {
        this.#error("what << merges must be a mapping, or a list of mappings", position);
        return;
      }
      const map = sourceMapOf(one);
      for (const [key, member] of one) {
        const entry = { value: member, key: map?.keys.get(key) ?? position, member: map?.members.get(key) ?? position };
        into.set(key, entry);
      }
    }
  }

  #finish(pairs: Pairs, position: Position): Value {
    const map = new Map<Key, Value>();
    const keys = new Map<Key, Position>();
    const members = new Map<Key, Position>();
    for (const [key, entry] of pairs) {
      map.set(key, entry.value);
      keys.set(key, entry.key);
      members.set(key, entry.member);
    }
    setSourceMap(map, { position, keys, members });
    return map;
  }

  #alias(node: Alias): Value {
    const value = this.#anchors.get(node.source);
    if (value === undefined) {
      this.#error(`there is no anchor &${node.source} before this alias`, this.#at(node));
      return null;
    }
    if (value === "open") {
      this.#error(`the alias *${node.source} stands inside of what it names`, this.#at(node));
      return null;
    }
    return value;
  }

  #unknownTag(node: Node, tag: string): void {
    const shown = tag.startsWith(STANDARD) ? `!!${tag.slice(STANDARD.length)}` : tag;
    this.#error(
      `the tag ${shown} is not known`,
      this.#at(node),
      "known tags: !vault, !unsafe, !!str, !!int, !!float, !!bool, !!null",
    );
  }

  #error(message: string, position: Position, help?: string): void {
    this.#problems.error("yaml-syntax", message, { position, ...(help === undefined ? {} : { help }) });
  }

  #at(node: Node): Position {
    const [start, end] = node.range ?? [0, 0];
    return positionOf(this.#text, start, isScalar(node) || isAlias(node) ? end : start);
  }

  /** Where the text itself begins: behind the quote, or on the line below a block scalar's `|`. */
  #firstCharacter(node: Scalar): Position {
    const [start, end] = node.range ?? [0, 0];
    if (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE") return positionOf(this.#text, start + 1, end - 1);
    if (node.type !== "BLOCK_LITERAL" && node.type !== "BLOCK_FOLDED") return positionOf(this.#text, start, end);
    const header = this.#text.counter.linePos(start).line;
    const valueLine =
      String(node.value)
        .split("\n")
        .find((line) => line.trim() !== "") ?? "";
    const sourceLine = this.#text.lines.slice(header).find((line) => line.trim() !== "") ?? "";
    const indent = leadingSpaces(sourceLine) - leadingSpaces(valueLine);
    return { file: this.#text.file, line: header + 1, column: Math.max(0, indent) + 1 };
  }
}

function leadingSpaces(line: string): number {
  return /^ */.exec(line)?.[0].length ?? 0;
}
