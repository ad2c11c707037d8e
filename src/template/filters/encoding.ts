import { createHash } from "node:crypto";
import { quote } from "../../sh.ts";
import { isList, type Value } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

/** Filters that encode text: base64, URLs, shell words. */
export const encodingFilters: FilterTable = {
  b64encode: {
    parameters: ["encoding?"],
    run: (input, call) => Buffer.from(toText(input), encodingOf(call.text("encoding", "utf-8"))).toString("base64"),
  },
  b64decode: {
    parameters: ["encoding?"],
    run: (input, call) => {
      const text = toText(input).replace(/\s/g, "");
      if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return badValue("b64decode: the input is not base64");
      return Buffer.from(text, "base64").toString(encodingOf(call.text("encoding", "utf-8")));
    },
  },
  urlencode: {
    parameters: [],
    run: (input) => {
      if (input instanceof Map)
        return [...input].map(([key, value]) => `${quoteUrl(toText(key), "")}=${quoteUrl(toText(value), "")}`).join("&");
      if (isList(input)) return input.map((pair) => pairText(pair)).join("&");
      return quoteUrl(toText(input), "/");
    },
  },
  urldecode: {
    parameters: [],
    run: (input) =>
      decodeURIComponent(
        toText(input)
          .replaceAll("+", " ")
          .replace(/%(?![\da-fA-F]{2})/g, "%25"),
      ),
  },
  urlsplit: {
    parameters: ["query?"],
    run: (input, call) => {
      const parts = splitUrl(toText(input));
      const wanted = call.text("query", "");
      if (wanted === "") return parts;
      return (
        parts.get(wanted) ??
        (parts.has(wanted) ? null : badValue(`urlsplit: there is no part "${wanted}"; there are ${[...parts.keys()].join(", ")}`))
      );
    },
  },
  quote: { parameters: [], run: (input) => (input === null ? "''" : toText(input) === "" ? "''" : quote(toText(input))) },
  to_uuid: {
    parameters: ["namespace?"],
    run: (input, call) => uuid5(call.text("namespace", "361E6D51-FAEC-444A-9079-341386DA8E2E"), toText(input)),
  },
};

function encodingOf(name: string): BufferEncoding {
  const plain = name.toLowerCase().replaceAll("_", "-");
  if (plain === "utf-8" || plain === "utf8") return "utf8";
  if (plain === "ascii" || plain === "us-ascii" || plain === "latin-1" || plain === "latin1" || plain === "iso-8859-1")
    return "latin1";
  if (plain === "utf-16-le" || plain === "utf-16le") return "utf16le";
  return badValue(`unknown encoding "${name}"`);
}

function quoteUrl(text: string, safe: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%2F/g, safe === "/" ? "/" : "%2F")
    .replace(/%20/g, safe === "/" ? "%20" : "+");
}

function pairText(pair: Value): string {
  if (!isList(pair) || pair.length !== 2) return badValue("urlencode needs a string, a dict or pairs");
  return pair.map((one) => quoteUrl(toText(one), "")).join("=");
}

function splitUrl(url: string): ReadonlyMap<string, Value> {
  const [, scheme = "", netloc = "", path = "", query = "", fragment = ""] =
    /^(?:([a-zA-Z][\w+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#([\s\S]*))?$/.exec(url) ?? [];
  const [, user, host = ""] = /^(?:(.*)@)?([\s\S]*)$/.exec(netloc) ?? [];
  const [, name = "", port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host) ?? [];
  const [username, ...password] = user?.split(":") ?? [];
  return new Map<string, Value>([
    ["fragment", fragment],
    ["hostname", name === "" ? null : name.replace(/^\[|\]$/g, "").toLowerCase()],
    ["netloc", netloc],
    ["password", password.length === 0 ? null : password.join(":")],
    ["path", path],
    ["port", port === undefined ? null : Number(port)],
    ["query", query],
    ["scheme", scheme.toLowerCase()],
    ["username", username ?? null],
  ]);
}

/** RFC 4122, version 5. */
function uuid5(namespace: string, name: string): string {
  const hex = namespace.replaceAll("-", "");
  if (!/^[\da-fA-F]{32}$/.test(hex)) return badValue(`to_uuid: "${namespace}" is not a UUID`);
  const bytes = createHash("sha1").update(Buffer.from(hex, "hex")).update(name, "utf8").digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
