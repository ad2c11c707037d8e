import type { Json, JsonObject } from "../../contract.ts";

/** Header fields as results name them: lower case, underscores; several of one name are joined as HTTP joins them. */
export function headerFields(head: string): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const line of head.split("\n").slice(1)) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase().replaceAll("-", "_");
    const value = line.slice(colon + 1).trim();
    fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
  }
  return fields;
}

/** `cookies` and `cookies_string` of a result. */
export function cookieFields(head: string): JsonObject {
  const cookies: Record<string, string> = {};
  for (const line of head.split("\n")) {
    const match = /^set-cookie:\s*([^=;]+)=([^;]*)/i.exec(line);
    if (match?.[1] !== undefined) cookies[match[1].trim()] = (match[2] ?? "").trim();
  }
  const text = Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join("; ");
  return { cookies, cookies_string: text };
}

/** `json` of a result, when the server says that it is JSON and it is. */
export function jsonField(contentType: string | undefined, content: string): { readonly json?: Json } {
  if (!/\bjson\b/i.test(contentType ?? "")) return {};
  try {
    // What JSON.parse gives is JSON.
    return { json: JSON.parse(content) as Json };
  } catch {
    return {};
  }
}

/** A text in the charset that the server names; Latin-1 for those that are subsets of it or that Node does not know. */
export function decoded(content: Buffer, contentType: string | undefined): string {
  const charset = /charset="?([\w-]+)/i.exec(contentType ?? "")?.[1]?.toLowerCase() ?? "utf-8";
  try {
    return new TextDecoder(charset).decode(content);
  } catch {
    return content.toString("latin1");
  }
}
