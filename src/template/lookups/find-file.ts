import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { Secret, type Value, VaultText } from "../../vars/value.ts";
import type { LookupEnvironment } from "../context.ts";
import { fault } from "../errors.ts";
import type { Runtime } from "../runtime.ts";

/** The first of the search path's folders that has the file; undefined when none has. */
export function findFile(
  name: string,
  environment: LookupEnvironment,
  kind: "files" | "templates" | "vars" = "files",
): string | undefined {
  const path = name.startsWith("~/") ? join(process.env["HOME"] ?? "/", name.slice(2)) : name;
  const candidates = isAbsolute(path) ? [path] : environment.searchPath(kind).map((folder) => join(folder, path));
  return candidates.find((one) => statSync(one, { throwIfNoEntry: false })?.isFile() ?? false);
}

export function needFile(name: string, environment: LookupEnvironment, kind: "files" | "templates" | "vars" = "files"): string {
  const found = findFile(name, environment, kind);
  if (found !== undefined) return found;
  return fault(
    "file-not-found",
    `there is no file "${name}" on the control node`,
    `looked in ${environment.searchPath(kind).join(", ")}`,
  );
}

/** Text of a file; a secret when it is encrypted with Ansible Vault. */
export function readSearched(path: string, runtime: Runtime): Value {
  const text = readFileSync(path, "utf8");
  if (!text.startsWith("$ANSIBLE_VAULT;")) return text;
  return runtime.context.decrypt(new VaultText(text, { file: path, line: 1, column: 1 }));
}

/** Changes a text inside of its box. */
export function mapText(value: Value, change: (text: string) => Value, runtime: Runtime): Value {
  if (value instanceof Secret) return runtime.conceal(mapText(value.value, change, runtime));
  return typeof value === "string" ? change(value) : value;
}
