import { readFileSync, statSync } from "node:fs";
import type { Position } from "../diagnostic.ts";
import { registerSource } from "../excerpt.ts";
import { toBoolean } from "../modules/parameters.ts";
import { checkSyntax } from "../template/template.ts";
import { positionAt } from "../vars/provenance.ts";
import type { ValueMap } from "../vars/value.ts";
import type { Call } from "./check-arguments.ts";
import { keep, type Loading, problem, shownPath } from "./loading.ts";
import { findIn, searchPath } from "./search-path.ts";

type Source = { readonly name: string; readonly kind: "files" | "templates" | "vars"; readonly position: Position | undefined };

/** Checks that a file of the control node that a task names is there, and that a template can be parsed. */
export function checkFiles(loading: Loading, call: Call): void {
  const source = sourceOf(call);
  if (source === undefined || source.name.startsWith("~")) return;
  const folders = searchPath(call.scope, loading.folder, source.kind);
  const path = findIn(folders, source.name);
  if (path === undefined) {
    problem(loading, {
      code: "missing-file",
      message: `there is no file "${source.name}" for ${call.module.name} on the control node`,
      position: source.position,
      help: `looked in ${folders.map(shownPath).join(", ")}`,
    });
    return;
  }
  if (source.kind === "templates" && hasUsualDelimiters(call.args)) checkTemplateFile(loading, path);
}

function sourceOf({ module, args }: Call): Source | undefined {
  const at = (key: string): string | undefined => {
    const value = args.get(key);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const source = (key: string, kind: Source["kind"]): Source | undefined => {
    const name = at(key);
    return name === undefined ? undefined : { name, kind, position: positionAt(args, [key]) };
  };
  const isRemote = args.has("remote_src") && toBoolean(args.get("remote_src")) !== false;
  switch (module.name) {
    case "copy":
      return isRemote || args.has("content") ? undefined : source("src", "files");
    case "unarchive":
      return isRemote || at("src")?.includes("://") === true ? undefined : source("src", "files");
    case "template":
      return source("src", "templates");
    case "assemble":
      return args.has("remote_src") && toBoolean(args.get("remote_src")) === false ? source("src", "files") : undefined;
    case "k8s":
      return isRemote ? undefined : (source("src", "files") ?? source("template", "templates"));
    case "include_vars":
      return source("file", "vars") ?? source("dir", "vars");
    case "script": {
      const [first] = (at("cmd") ?? "").split(/\s+/);
      return first === undefined || first === "" || /["'\\]/.test(first)
        ? undefined
        : { name: first, kind: "files", position: positionAt(args, ["cmd"]) };
    }
    default:
      return undefined;
  }
}

function hasUsualDelimiters(args: ValueMap): boolean {
  return ![...args.keys()].some((key) => /^(variable|block|comment)_(start|end)_string$/.test(String(key)));
}

function checkTemplateFile(loading: Loading, path: string): void {
  const bytes = readTemplate(path);
  if (bytes === undefined) return;
  const text = bytes.toString("utf8");
  // A first line "#jinja2:" changes the delimiters, and an encrypted file is read when it is needed.
  if (text.startsWith("#jinja2:") || text.startsWith("$ANSIBLE_VAULT;")) return;
  const file = shownPath(path);
  registerSource(file, text);
  const position = { file, line: 1, column: 1 };
  keep(loading, position, checkSyntax(text, position, "template"));
}

function readTemplate(path: string): Buffer | undefined {
  return statSync(path).isFile() ? readFileSync(path) : undefined;
}
