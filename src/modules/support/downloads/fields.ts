import type { Output } from "../../contract.ts";

/** What scripts of this folder print: `NAME=VALUE` and a NUL each, as `printf 'k3:%s=%s\0' NAME VALUE`. */
export function printedFields(output: Output): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const part of output.stdout.toString("utf8").split("\0")) {
    const match = /k3:([a-z0-9_]+)=(.*)$/s.exec(part);
    if (match?.[1] !== undefined) fields.set(match[1], match[2] ?? "");
  }
  return fields;
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  407: "Proxy Authentication Required",
  408: "Request Timeout",
  410: "Gone",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** As Python says it. */
export function httpError(status: number): string {
  return `HTTP Error ${status}${REASONS[status] === undefined ? "" : `: ${REASONS[status]}`}`;
}
