import { existsSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { posix, resolve } from "node:path";
import { isList } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { globFiles } from "../glob.ts";
import { makeTuple } from "../objects.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

/** Filters on paths, by POSIX's rules and Python's: a trailing slash leaves an empty basename. */
export const pathFilters: FilterTable = {
  basename: { parameters: [], run: (input) => toText(input).slice(toText(input).lastIndexOf("/") + 1) },
  dirname: { parameters: [], run: (input) => dirname(toText(input)) },
  expanduser: { parameters: [], run: (input) => expandUser(toText(input)) },
  expandvars: { parameters: [], run: (input) => expandVariables(toText(input)) },
  realpath: { parameters: [], run: (input) => realPath(toText(input)) },
  normpath: { parameters: [], run: (input) => normalize(toText(input)) },
  relpath: {
    parameters: ["start?"],
    run: (input, call) => posix.relative(resolve(call.text("start", ".")), resolve(toText(input))) || ".",
  },
  splitext: {
    parameters: [],
    run: (input) => {
      const text = toText(input);
      const base = text.slice(text.lastIndexOf("/") + 1);
      const dot = base.replace(/^\.+/, (dots) => "x".repeat(dots.length)).lastIndexOf(".");
      return dot <= 0 ? makeTuple([text, ""]) : makeTuple([text.slice(0, text.length - base.length + dot), base.slice(dot)]);
    },
  },
  path_join: {
    parameters: [],
    run: (input) => {
      const parts = isList(input) ? input.map(toText) : [toText(input)];
      return parts.reduce(
        (path, part) => (part.startsWith("/") || path === "" ? part : path.endsWith("/") ? path + part : `${path}/${part}`),
        "",
      );
    },
  },
  commonpath: {
    parameters: [],
    run: (input) => {
      if (!isList(input) || input.length === 0) return badValue("commonpath needs a list of paths");
      const split = input.map((one) => normalize(toText(one)).split("/"));
      const [first = []] = split;
      let length = 0;
      while (length < first.length && split.every((one) => one[length] === first[length])) length += 1;
      return first.slice(0, length).join("/") || (toText(input[0] ?? "").startsWith("/") ? "/" : "");
    },
  },
  fileglob: { parameters: [], run: (input) => [...globFiles(toText(input))] },
};

export function dirname(path: string): string {
  const head = path.slice(0, path.lastIndexOf("/") + 1);
  return /^\/*$/.test(head) ? head : head.replace(/\/+$/, "");
}

function normalize(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 ? normal.replace(/\/$/, "") : normal;
}

function realPath(path: string): string {
  let existing = resolve(path);
  const missing: string[] = [];
  while (!existsSync(existing) && existing !== "/") {
    missing.unshift(posix.basename(existing));
    existing = posix.dirname(existing);
  }
  return posix.join(realpathSync(existing), ...missing);
}

function expandUser(path: string): string {
  const [, name, rest = ""] = /^~([^/]*)(.*)$/s.exec(path) ?? [];
  if (name === undefined) return path;
  if (name === "") return (process.env["HOME"] ?? homedir()) + rest;
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((one) => one.startsWith(`${name}:`));
  const home = line?.split(":")[5];
  return home === undefined ? path : home + rest;
}

function expandVariables(text: string): string {
  return text.replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (all: string, bare?: string, braced?: string) => process.env[bare ?? braced ?? ""] ?? all,
  );
}
