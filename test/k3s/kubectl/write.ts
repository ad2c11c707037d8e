import { type Fields, fieldsAt, isFields, parseFields, textAt } from "../fields.ts";
import { folderOf } from "../kinds.ts";
import type { Arguments } from "./arguments.ts";
import { type Client, KubectlError } from "./client.ts";
import { all, targetsOf } from "./main.ts";
import { manifestsOf, type Named, shownName } from "./manifests.ts";

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** apply, create, replace, delete, patch. */
export async function write(command: string, args: Arguments, client: Client): Promise<number> {
  if (command === "delete") return remove(args, client);
  if (command === "patch") return patch(args, client);
  if (command === "create" && args.all("filename").length === 0) return createNamed(args, client);
  for (const one of await manifestsOf(args, client)) {
    const object = {
      ...one.object,
      metadata: { ...fieldsAt(one.object, "metadata"), ...(one.namespace === "" ? {} : { namespace: one.namespace }) },
    };
    const result = await writeOne(command, { ...one, object }, args, client);
    if (args.flag("output") === "json") say(JSON.stringify(result.object, null, 4));
    else say(`${one.shown} ${result.word}`);
  }
  return 0;
}

type Written = { readonly word: string; readonly object: Fields };

async function writeOne(command: string, one: Named, args: Arguments, client: Client): Promise<Written> {
  if (command === "create")
    return {
      word: "created",
      object: await client.insist(folderOf(one.kind, one.namespace), { method: "POST", body: one.object }),
    };
  if (command === "replace")
    return { word: "replaced", object: await client.insist(one.path, { method: "PUT", body: one.object }) };
  if (!args.isOn("server-side")) return applyHere(one, client);
  const query = {
    fieldManager: args.flag("field-manager") ?? "kubectl",
    ...(args.isOn("force-conflicts") ? { force: "true" } : {}),
  };
  const object = await client.insist(one.path, {
    method: "PATCH",
    body: one.object,
    type: "application/apply-patch+yaml",
    query,
  });
  return { word: "serverside-applied", object };
}

const LAST = "kubectl.kubernetes.io/last-applied-configuration";

/** Client-side apply: the difference to what was applied last is what goes. */
async function applyHere(one: Named, client: Client): Promise<Written> {
  const annotated = (object: Fields): Fields => {
    const metadata = fieldsAt(object, "metadata");
    const annotations = { ...fieldsAt(metadata, "annotations"), [LAST]: `${JSON.stringify(object)}\n` };
    return { ...object, metadata: { ...metadata, annotations } };
  };
  const present = await client.ask(one.path);
  if (present === undefined)
    return {
      word: "created",
      object: await client.insist(folderOf(one.kind, one.namespace), { method: "POST", body: annotated(one.object) }),
    };
  const last = textAt(present, "metadata", "annotations", LAST);
  const before = last === "" ? {} : parseFields(last);
  const body = withNulls(before, annotated(one.object));
  const object = await client.insist(one.path, { method: "PATCH", body, type: "application/merge-patch+json" });
  const isSame = textAt(object, "metadata", "resourceVersion") === textAt(present, "metadata", "resourceVersion");
  return { word: isSame ? "unchanged" : "configured", object };
}

function withNulls(before: Fields, after: Fields): Fields {
  const result: Fields = { ...after };
  for (const [name, value] of Object.entries(before)) {
    const next = after[name];
    if (next === undefined) result[name] = null;
    else if (isFields(value) && isFields(next)) result[name] = withNulls(value, next);
  }
  return result;
}

async function createNamed(args: Arguments, client: Client): Promise<number> {
  const [what = "", ...rest] = args.words;
  const name = rest.at(-1) ?? "";
  if (["namespace", "ns"].includes(what)) {
    await client.insist("/api/v1/namespaces", {
      method: "POST",
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
    });
    say(`namespace/${name} created`);
    return 0;
  }
  if (what !== "secret" && what !== "configmap") throw new KubectlError(`error: unknown command "create ${what}"`);
  const literals = args
    .all("from-literal")
    .map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)] as const);
  const kind = what === "secret" ? "Secret" : "ConfigMap";
  const data = { [what === "secret" ? "stringData" : "data"]: Object.fromEntries(literals) };
  const folder = `/api/v1/namespaces/${args.namespace}/${what}s`;
  await client.insist(folder, {
    method: "POST",
    body: { apiVersion: "v1", kind, metadata: { name, namespace: args.namespace }, ...data },
  });
  say(`${what}/${name} created`);
  return 0;
}

async function remove(args: Arguments, client: Client): Promise<number> {
  const wanted =
    args.all("filename").length > 0
      ? (await manifestsOf(args, client)).map(({ kind, name, path }) => ({ kind, name, path }))
      : (
          await Promise.all(
            (
              await targetsOf(args, client)
            ).map(async ({ kind, names }) => {
              const every = args.isOn("all") || args.flag("selector") !== undefined;
              const found = every
                ? (await all(kind, args, client)).map(({ object }) => textAt(object, "metadata", "name"))
                : names;
              return found.map((name) => ({ kind, name, path: client.pathOf(kind, args.namespace, name) }));
            }),
          )
        ).flat();
  if (wanted.length === 0 && args.flag("selector") === undefined && !args.isOn("all"))
    throw new KubectlError("error: resource(s) were provided, but no name was specified");
  for (const { kind, name, path } of wanted) {
    const gone = await client.ask(path, { method: "DELETE" });
    if (gone !== undefined) say(`${shownName(kind, "").replace(/\/$/, "")} "${name}" deleted`);
    else if (!args.isOn("ignore-not-found"))
      throw new KubectlError(`Error from server (NotFound): ${kind.plural} "${name}" not found`);
  }
  return 0;
}

async function patch(args: Arguments, client: Client): Promise<number> {
  const text = args.flag("patch") ?? "";
  const { parse } = await import("yaml");
  const body: unknown = parse(text);
  const type = args.flag("type") ?? "strategic";
  if (type === "json") throw new KubectlError("error: the stand-in knows no JSON patches");
  for (const { kind, names } of await targetsOf(args, client)) {
    for (const name of names) {
      const path = client.pathOf(kind, args.namespace, name);
      const before = await client.insist(path);
      const after = await client.insist(path, {
        method: "PATCH",
        body,
        type: `application/${type === "merge" ? "merge" : "strategic-merge"}-patch+json`,
      });
      const isSame = textAt(before, "metadata", "resourceVersion") === textAt(after, "metadata", "resourceVersion");
      say(`${shownName(kind, name)} patched${isSame ? " (no change)" : ""}`);
    }
  }
  return 0;
}
