import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Fields, textAt } from "../fields.ts";
import { flatten, type Kind, kindOf } from "../kinds.ts";
import type { Arguments } from "./arguments.ts";
import { type Client, KubectlError } from "./client.ts";

export type Named = {
  readonly kind: Kind;
  readonly name: string;
  readonly namespace: string;
  /** As messages call it: `node/a`, `helmchart.helm.cattle.io/b`. */
  readonly shown: string;
  readonly path: string;
  readonly object: Fields;
};

/** The objects of all `-f`, in order. */
export async function manifestsOf(args: Arguments, client: Client): Promise<readonly Named[]> {
  const kinds = await client.kinds();
  const found: Named[] = [];
  for (const file of args.all("filename").flatMap((one) => one.split(","))) {
    for (const path of pathsOf(file)) {
      for (const object of await objectsIn(path)) {
        const kind = kindOf(kinds, object);
        const name = textAt(object, "metadata", "name");
        if (kind === undefined)
          throw new KubectlError(
            `error: resource mapping not found for name: "${name}" namespace: "${textAt(object, "metadata", "namespace")}" from "${path === "-" ? "STDIN" : path}": no matches for kind "${textAt(object, "kind")}" in version "${textAt(object, "apiVersion")}"\nensure CRDs are installed first`,
          );
        const namespace = kind.isNamespaced ? textAt(object, "metadata", "namespace") || args.namespace : "";
        found.push({ kind, name, namespace, shown: shownName(kind, name), path: client.pathOf(kind, namespace, name), object });
      }
    }
  }
  if (found.length === 0) throw new KubectlError("error: no objects passed");
  return found;
}

export function shownName(kind: Kind, name: string): string {
  const group = kind.apiVersion.includes("/") ? `.${kind.apiVersion.split("/")[0]}` : "";
  return `${kind.kind.toLowerCase()}${group}/${name}`;
}

function pathsOf(file: string): readonly string[] {
  if (file === "-") return [file];
  try {
    if (!statSync(file).isDirectory()) return [file];
  } catch {
    throw new KubectlError(`error: the path "${file}" does not exist`);
  }
  const names = readdirSync(file).filter((one) => /\.(ya?ml|json)$/.test(one));
  return names.sort().map((one) => join(file, one));
}

async function objectsIn(path: string): Promise<readonly Fields[]> {
  const text = readFileSync(path === "-" ? 0 : path, "utf8");
  const { parseAllDocuments } = await import("yaml");
  const documents = parseAllDocuments(text).map((one): unknown => {
    const [error] = one.errors;
    if (error !== undefined)
      throw new KubectlError(
        `error: error parsing ${path === "-" ? "STDIN" : path}: error converting YAML to JSON: yaml: ${error.message.split("\n")[0]}`,
      );
    return one.toJS();
  });
  return flatten(documents);
}
