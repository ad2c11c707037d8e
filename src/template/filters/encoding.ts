import { createHash, getHashes, randomUUID } from "node:crypto";
import { isMap } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

const digest = (algorithm: string) => ({
  parameters: [],
  run: (input: Parameters<typeof toText>[0]) => createHash(algorithm).update(toText(input)).digest("hex"),
});

/** RFC 4122 name-based (version 5) UUID; the default namespace is the one that Ansible uses. */
function uuid5(namespace: string, name: string): string {
  const bytes = createHash("sha1").update(Buffer.from(namespace.replaceAll("-", ""), "hex")).update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const ANSIBLE_NAMESPACE = "361E6D51-FAEC-444A-9079-341386DA8E2E";

export const encodingFilters: FilterTable = {
  b64encode: {
    parameters: ["encoding?"],
    run: (input) => Buffer.from(toText(input), "utf8").toString("base64"),
  },
  b64decode: {
    parameters: ["encoding?"],
    run: (input) => Buffer.from(toText(input), "base64").toString("utf8"),
  },
  md5: digest("md5"),
  sha1: digest("sha1"),
  checksum: digest("sha1"),
  hash: {
    parameters: ["hashtype?"],
    run: (input, call) => {
      const algorithm = call.text("hashtype", "sha1");
      if (!getHashes().includes(algorithm)) return badValue(`there is no hash "${algorithm}"`);
      return createHash(algorithm).update(toText(input)).digest("hex");
    },
  },
  to_uuid: {
    parameters: ["namespace?"],
    run: (input, call) => uuid5(call.text("namespace", ANSIBLE_NAMESPACE), toText(input)),
  },
  random_uuid: { parameters: [], run: () => randomUUID() },
  urldecode: { parameters: [], run: (input) => decodeURIComponent(toText(input).replaceAll("+", " ")) },
  urlsplit: {
    parameters: ["query?"],
    run: (input, call) => {
      const parts = splitUrl(toText(input));
      const wanted = call.given("query");
      if (wanted === undefined) return parts;
      const value = isMap(parts) ? parts.get(toText(wanted)) : undefined;
      return value === undefined ? badValue(`urlsplit knows no "${toText(wanted)}"`) : value;
    },
  },
};

function splitUrl(text: string): ReadonlyMap<string, string | number | null> {
  const found = /^(?:([a-zA-Z][\w+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text);
  const [, scheme = "", netloc = "", path = "", query = "", fragment = ""] = found ?? [];
  const at = netloc.lastIndexOf("@");
  const credentials = at < 0 ? undefined : netloc.slice(0, at);
  const address = netloc.slice(at + 1);
  const host = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(address);
  const [username, ...rest] = credentials?.split(":") ?? [];
  const hostname = (host?.[1] ?? address).replace(/^\[|\]$/g, "").toLowerCase();
  return new Map<string, string | number | null>([
    ["fragment", fragment],
    ["hostname", hostname === "" ? null : hostname],
    ["netloc", netloc],
    ["password", rest.length === 0 ? null : rest.join(":")],
    ["path", path],
    ["port", host?.[2] === undefined || host[2] === "" ? null : Number(host[2])],
    ["query", query],
    ["scheme", scheme.toLowerCase()],
    ["username", username ?? null],
  ]);
}
