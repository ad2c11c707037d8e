import { at, isFields, listAt, textAt } from "../fields.ts";
import { type Kind, kindNamed } from "../kinds.ts";
import { VERSION } from "../version.ts";
import { type Arguments, parseArguments } from "./arguments.ts";
import { accessOf, Client, KubectlError } from "./client.ts";
import { durationMs } from "./duration.ts";
import { manifestsOf, shownName } from "./manifests.ts";
import { type Found, printed } from "./print.ts";

/** Runs kubectl; answers its exit status. */
export async function kubectl(argv: readonly string[]): Promise<number> {
  try {
    const args = parseArguments(argv);
    const [command = "", ...words] = args.words;
    const rest: Arguments = { ...args, words };
    if (command === "version") {
      process.stdout.write(`Client Version: ${VERSION}\n`);
      if (args.isOn("client")) return 0;
    }
    const client = new Client(await accessOf(args.flag("kubeconfig"), args.flag("context")));
    return await run(command, rest, client);
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function run(command: string, args: Arguments, client: Client): Promise<number> {
  switch (command) {
    case "version":
      process.stdout.write(`Server Version: ${textAt(await client.insist("/version"), "gitVersion")}\n`);
      return 0;
    case "get":
      return get(args, client);
    case "wait":
      return waitFor(args, client);
    case "rollout":
      return rollout(args, client);
    case "api-resources":
      for (const one of await client.kinds())
        process.stdout.write(`${one.plural} ${one.shortNames.join(",")} ${one.apiVersion} ${one.isNamespaced} ${one.kind}\n`);
      return 0;
    case "cluster-info":
      await client.insist("/version");
      process.stdout.write("Kubernetes control plane is running\n");
      return 0;
    case "label":
    case "annotate":
    case "taint":
    case "cordon":
    case "uncordon":
    case "drain": {
      const { changeNodes } = await import("./nodes.ts");
      return changeNodes(command, args, client);
    }
    case "apply":
    case "create":
    case "replace":
    case "delete":
    case "patch": {
      const { write } = await import("./write.ts");
      return write(command, args, client);
    }
    default:
      throw new KubectlError(`error: unknown command "${command}" for "kubectl"`);
  }
}

/** `KIND[,KIND] [NAME…]`, `KIND/NAME…`. Kinds without names mean all of them. */
export async function targetsOf(
  args: Arguments,
  client: Client,
): Promise<readonly { readonly kind: Kind; readonly names: readonly string[] }[]> {
  const all = await client.kinds();
  const named = (word: string): Kind => {
    const kind = kindNamed(all, word);
    if (kind === undefined) throw new KubectlError(`error: the server doesn't have a resource type "${word}"`);
    return kind;
  };
  const [first = "", ...names] = args.words;
  if (first === "") throw new KubectlError("error: You must specify the type of resource to get.");
  if (!first.includes("/")) return first.split(",").map((word) => ({ kind: named(word), names }));
  return args.words.map((word) => {
    const [kind = "", name = ""] = word.split("/");
    return { kind: named(kind), names: [name] };
  });
}

async function get(args: Arguments, client: Client): Promise<number> {
  const raw = args.flag("raw");
  if (raw !== undefined) {
    const answer = await client.raw(raw);
    if (answer.status >= 400) client.checked(answer);
    process.stdout.write(answer.body);
    return 0;
  }
  const ignores = args.isOn("ignore-not-found");
  const found: Found[] = [];
  let isList = false;
  let rc = 0;
  const missing = (kind: Kind, name: string): void => {
    if (ignores) return;
    const group = kind.apiVersion.includes("/") ? `.${kind.apiVersion.split("/")[0]}` : "";
    process.stderr.write(`Error from server (NotFound): ${kind.plural}${group} "${name}" not found\n`);
    rc = 1;
  };
  if (args.all("filename").length > 0) {
    const wanted = await manifestsOf(args, client);
    isList = wanted.length > 1;
    for (const { kind, name, path } of wanted) {
      const object = await client.ask(path);
      if (object === undefined) missing(kind, name);
      else found.push({ kind, object });
    }
  } else {
    const targets = await targetsOf(args, client);
    isList = targets.length > 1 || targets.some(({ names }) => names.length !== 1);
    for (const { kind, names } of targets) {
      if (names.length === 0) found.push(...(await all(kind, args, client)));
      for (const name of names) {
        const object = await client.ask(client.pathOf(kind, args.namespace, name));
        if (object === undefined) missing(kind, name);
        else found.push({ kind, object });
      }
    }
  }
  const format = args.flag("output") ?? "";
  const isStructured = /^(json|yaml|jsonpath)/.test(format);
  if (found.length === 0 && !(isList && isStructured && rc === 0)) {
    if (isList && rc === 0 && !ignores && format !== "name") process.stderr.write("No resources found\n");
    return rc;
  }
  if (isStructured || new Set(found.map(({ kind }) => kind)).size <= 1) process.stdout.write(await printed(found, isList, args));
  else for (const one of found) process.stdout.write(`${shownName(one.kind, textAt(one.object, "metadata", "name"))}\n`);
  return rc;
}

export async function all(kind: Kind, args: Arguments, client: Client): Promise<readonly Found[]> {
  const namespace = args.isOn("all-namespaces") || !kind.isNamespaced ? "" : args.namespace;
  const path = client.pathOf(kind, namespace, "").replace(/\/$/, "");
  const query: Record<string, string> = {};
  const labels = args.flag("selector");
  const fields = args.flag("field-selector");
  if (labels !== undefined) query["labelSelector"] = labels;
  if (fields !== undefined) query["fieldSelector"] = fields;
  const list = await client.insist(path, { query });
  return listAt(list, "items")
    .filter(isFields)
    .map((object) => ({ kind, object }));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function waitFor(args: Arguments, client: Client): Promise<number> {
  const what = args.flag("for") ?? "";
  const wanted =
    args.all("filename").length > 0
      ? await manifestsOf(args, client)
      : await Promise.all(
          (await targetsOf(args, client)).map(async ({ kind, names }) => {
            const every = args.isOn("all") || args.flag("selector") !== undefined;
            const found = every ? (await all(kind, args, client)).map(({ object }) => textAt(object, "metadata", "name")) : names;
            return found.map((name) => ({ path: client.pathOf(kind, args.namespace, name), shown: shownName(kind, name) }));
          }),
        ).then((one) => one.flat());
  const end = Date.now() + durationMs(args.flag("timeout") ?? "30s");
  const [, type = "", status = "True"] = /^condition=([^=]+)(?:=(.*))?$/.exec(what) ?? [];
  for (const { path, shown } of wanted) {
    for (;;) {
      const object = await client.ask(path);
      const isMet =
        what === "delete"
          ? object === undefined
          : listAt(object, "status", "conditions").some(
              (one) =>
                textAt(one, "type").toLowerCase() === type.toLowerCase() &&
                textAt(one, "status").toLowerCase() === status.toLowerCase(),
            );
      if (isMet) break;
      if (object === undefined && what !== "delete") throw new KubectlError(`Error from server (NotFound): ${shown} not found`);
      if (Date.now() > end) throw new KubectlError(`error: timed out waiting for the condition on ${shown}`);
      await pause(200);
    }
    process.stdout.write(`${shown} ${what === "delete" ? "deleted" : "condition met"}\n`);
  }
  return 0;
}

async function rollout(args: Arguments, client: Client): Promise<number> {
  const [action = "", ...words] = args.words;
  if (action !== "status") throw new KubectlError(`error: unknown command "rollout ${action}"`);
  const wanted =
    args.all("filename").length > 0
      ? (await manifestsOf(args, client)).map(({ path, shown }) => ({ path, shown }))
      : (await targetsOf({ ...args, words }, client)).flatMap(({ kind, names }) =>
          names.map((name) => ({ path: client.pathOf(kind, args.namespace, name), shown: shownName(kind, name) })),
        );
  for (const { path, shown } of wanted) {
    const object = await client.insist(path);
    if (at(object, "status") === undefined && at(object, "spec") === undefined)
      throw new KubectlError(`error: ${shown} has no status`);
    process.stdout.write(`${shown} successfully rolled out\n`);
  }
  return 0;
}
