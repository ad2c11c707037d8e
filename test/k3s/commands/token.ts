import { randomInt } from "node:crypto";
import { decoded } from "../credentials.ts";
import { isFields, listAt, textAt } from "../fields.ts";
import { accessOf, Client, KubectlError } from "../kubectl/client.ts";
import { durationMs } from "../kubectl/duration.ts";
import { aligned } from "../kubectl/print.ts";
import { Fatal } from "../log.ts";
import { Paths } from "../paths.ts";
import { BOOTSTRAP, caHash } from "../token.ts";
import { hasChange, VERSION } from "../version.ts";
import { asServer, serverOf } from "./certificate.ts";
import { type Flags, parseFlags } from "./flags.ts";

const FOLDER = "/api/v1/namespaces/kube-system/secrets";
const GROUP = "system:bootstrappers:k3s:default-node-token";

export async function token(argv: readonly string[]): Promise<number> {
  const [command = "", ...rest] = argv;
  const flags = parseFlags(rest, { d: "data-dir", t: "token", o: "output", s: "server" });
  try {
    switch (command) {
      case "generate":
        process.stdout.write(`${invented()}\n`);
        return 0;
      case "create":
        return await create(flags);
      case "list":
        return await list(flags);
      case "delete":
        return await remove(flags);
      case "rotate":
        return await rotate(flags);
      default:
        throw new Fatal(`No help topic for '${command}'`);
    }
  } catch (error) {
    throw error instanceof KubectlError ? new Fatal(`Error: ${error.message}`) : error;
  }
}

const letters = (count: number): string =>
  Array.from({ length: count }, () => "0123456789abcdefghijklmnopqrstuvwxyz"[randomInt(36)]).join("");

const invented = (): string => `${letters(6)}.${letters(16)}`;

const client = async (flags: Flags): Promise<Client> =>
  new Client(await accessOf(flags.text("kubeconfig") || undefined, undefined));

async function create(flags: Flags): Promise<number> {
  const given = flags.words[0] ?? invented();
  if (!BOOTSTRAP.test(given))
    throw new Fatal(`Error: the bootstrap token "${given}" was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"`);
  const [id = "", secret = ""] = given.split(".");
  const ttl = durationMs(flags.text("ttl") || "24h");
  const usages = flags.isGiven("usages") ? flags.list("usages") : ["signing", "authentication"];
  const groups = flags.isGiven("groups") ? flags.list("groups") : [GROUP];
  const stringData: Record<string, string> = {
    "token-id": id,
    "token-secret": secret,
    "auth-extra-groups": groups.join(","),
    ...Object.fromEntries(usages.map((one) => [`usage-bootstrap-${one}`, "true"])),
    ...(flags.text("description") === "" ? {} : { description: flags.text("description") }),
    ...(ttl === 0 ? {} : { expiration: new Date(Date.now() + ttl).toISOString().replace(/\.\d+Z$/, "Z") }),
  };
  const metadata = { name: `bootstrap-token-${id}`, namespace: "kube-system" };
  const body = { apiVersion: "v1", kind: "Secret", type: "bootstrap.kubernetes.io/token", metadata, stringData };
  const api = await client(flags);
  if ((await api.ask(`${FOLDER}/${metadata.name}`)) !== undefined)
    throw new Fatal(`Error: a token with id "${id}" already exists`);
  await api.insist(FOLDER, { method: "POST", body });
  const ca = Paths.readOr(new Paths(flags.text("data-dir")).tls("server-ca.crt"), "");
  process.stdout.write(`K10${caHash(ca)}::${given}\n`);
  return 0;
}

async function list(flags: Flags): Promise<number> {
  const found = listAt(await (await client(flags)).insist(FOLDER), "items")
    .filter(isFields)
    .filter((one) => one["type"] === "bootstrap.kubernetes.io/token");
  const tokens = found.map((secret) => {
    const usages = ["authentication", "signing"].filter((one) => decoded(secret, `usage-bootstrap-${one}`) === "true");
    const expires = decoded(secret, "expiration");
    const description = decoded(secret, "description");
    return {
      token: `${decoded(secret, "token-id")}.${decoded(secret, "token-secret")}`,
      ...(description === "" ? {} : { description }),
      ...(expires === "" ? {} : { expires }),
      usages,
      groups: decoded(secret, "auth-extra-groups").split(","),
    };
  });
  if (flags.text("output") === "json") {
    // What a token is made of is not part of its JSON: https://github.com/k3s-io/k3s/blob/main/pkg/kubeadm/types.go
    process.stdout.write(`${JSON.stringify(tokens.map((one) => ({ ...one, token: {} })))}\n`);
    return 0;
  }
  const rows = tokens.map((one) => {
    const left =
      one.expires === undefined ? "<forever>" : `${Math.floor((new Date(one.expires).getTime() - Date.now()) / 3_600_000)}h`;
    return [
      one.token.replace(/\..*/, ""),
      left,
      one.expires ?? "<never>",
      one.usages.join(","),
      one.description ?? "<none>",
      one.groups.join(","),
    ];
  });
  process.stdout.write(aligned([["TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS"], ...rows]));
  return 0;
}

async function remove(flags: Flags): Promise<number> {
  if (flags.words.length === 0) throw new Fatal("Error: missing argument; 'token delete' is missing token");
  const api = await client(flags);
  for (const word of flags.words) {
    const id = word.split(".")[0] ?? "";
    const gone = await api.ask(`${FOLDER}/bootstrap-token-${id}`, { method: "DELETE" });
    if (gone === undefined)
      throw new Fatal(`Error: failed to delete bootstrap token "${id}": secrets "bootstrap-token-${id}" not found`);
    process.stdout.write(`bootstrap token "${id}" deleted\n`);
  }
  return 0;
}

async function rotate(flags: Flags): Promise<number> {
  const next = flags.text("new-token") || letters(32);
  const refusing = ["v1.31.14+k3s1", "v1.32.10+k3s1", "v1.33.6+k3s1", "v1.34.2+k3s1"];
  if (BOOTSTRAP.test(next) && hasChange(VERSION, refusing))
    throw new Fatal("Error: new token must not be in bootstrap token format");
  process.stdout.write(
    "WARNING: Recommended to keep a record of the old token. If restoring from a snapshot, you must use the token associated with that snapshot.\n",
  );
  const own = { server: serverOf(flags), token: flags.text("token") || (process.env["K3S_TOKEN"] ?? "") };
  const { status, body } = await asServer(new Paths(flags.text("data-dir")), own, "/v1-k3s/token", { newToken: next });
  if (status === 401) throw new Fatal("Error: see server log for details: https://127.0.0.1:6443/v1-k3s/token: 401 Unauthorized");
  if (status !== 200) throw new Fatal(`Error: see server log for details: ${textAt(JSON.parse(body), "message")}`);
  if (!flags.isGiven("new-token")) process.stdout.write(`New token: ${next}\n`);
  process.stdout.write("Token rotated, restart k3s nodes with new token\n");
  return 0;
}
