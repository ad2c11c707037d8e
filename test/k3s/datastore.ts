import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Backing } from "./cluster.ts";
import type { Settings } from "./config.ts";
import { External } from "./external.ts";
import { joinCluster } from "./join.ts";
import type { Knobs } from "./knobs.ts";
import { Fatal, info, log, messageOf } from "./log.ts";
import { Paths } from "./paths.ts";
import { type Bootstrap, newBootstrap } from "./pki.ts";
import { type Member, newState, readState, type State, seal, unseal, writeState } from "./state.ts";
import { caHash, parseToken, type Token } from "./token.ts";

/** `token-file`, which overrides `token`; "" where neither is given. https://github.com/k3s-io/k3s/blob/main/pkg/cli/server/server.go */
export function tokenSetting(settings: Settings, name: "token" | "agent-token"): string {
  const file = settings.text(`${name}-file`);
  if (file === "") return settings.text(name);
  if (!existsSync(file)) throw new Fatal(`open ${file}: no such file or directory`);
  return readFileSync(file, "utf8").trim();
}

export function parsedToken(text: string, user: string): Token {
  try {
    return parseToken(text, user);
  } catch (error) {
    throw new Fatal(
      `failed to normalize token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>: ${messageOf(error)}`,
    );
  }
}

/** What is configured, without its decoration. */
function configuredToken(settings: Settings): { readonly password: string; readonly hash: string | undefined } | undefined {
  const text = tokenSetting(settings, "token");
  if (text === "") return undefined;
  const parsed = parsedToken(text, "server");
  return { password: parsed.isBootstrap ? `${parsed.user}.${parsed.password}` : parsed.password, hash: parsed.caHash };
}

export type Store = {
  readonly backing: Backing;
  readonly state: State;
  readonly selfId: string | undefined;
  readonly bootstrap: Bootstrap;
  readonly token: string;
};

/** The datastore that is there; else a new one, or that of the cluster which is joined. */
export async function openStore(settings: Settings, paths: Paths, knobs: Knobs, node: string, url: string): Promise<Store> {
  const etcd = paths.server("db", "etcd", "member", "snap", "db");
  const sqlite = paths.server("db", "state.db");
  const tombstone = paths.server("db", "etcd", "tombstone");
  if (existsSync(tombstone)) {
    info("etcd: this member has been removed from its cluster; moving its data aside");
    renameSync(paths.server("db", "etcd"), paths.server("db", `etcd-old-${Math.floor(Date.now() / 1000)}`));
  }
  const given = configuredToken(settings);
  const kept = Paths.readOr(paths.server("token"), "").trim();
  const token = given?.password ?? (kept === "" ? undefined : parseToken(kept, "server").password);
  const open = (state: State): Bootstrap => {
    const bootstrap = token === undefined ? undefined : unseal(state.sealed, token);
    if (bootstrap === undefined)
      throw new Fatal("starting kubernetes: preparing server: bootstrap data already found and encrypted with different token");
    return bootstrap;
  };
  const self = (): Member => {
    const id = randomBytes(8).toString("hex");
    return { id, name, node, url, isLearner: false };
  };
  // Whatever the datastore is: the folder says nothing about it.
  const nameFile = paths.server("db", "etcd", "name");
  const name = Paths.readOr(nameFile, "") || `${node}-${randomBytes(4).toString("hex")}`;
  mkdirSync(paths.server("db", "etcd"), { recursive: true, mode: 0o700 });
  writeFileSync(nameFile, name, { mode: 0o600 });

  const present = readState(etcd);
  if (present !== undefined) {
    const member = present.members.find((one) => one.name === name);
    if (settings.isOn("cluster-reset")) return reset(present, settings.text("cluster-reset-restore-path"), etcd, name);
    return { backing: { file: etcd }, state: present, selfId: member?.id ?? "", bootstrap: open(present), token: token ?? "" };
  }
  const external = External.of(settings);
  if (external !== undefined) return shared(external, open, () => newBootstrap(paths, knobs), token);
  if (settings.text("server") !== "") {
    if (token === undefined) throw new Fatal("--token is required to join a cluster");
    const member = self();
    const hash = given?.hash;
    const { state, bootstrap } = await joinCluster(settings, { member, token, hash }).catch((error: unknown) => {
      // The next start may be that of a node with another name.
      if (messageOf(error).includes("duplicate node name")) rmSync(nameFile, { force: true });
      throw error;
    });
    initialize(paths);
    return { backing: { file: etcd }, state, selfId: member.id, bootstrap, token };
  }
  const old = readState(sqlite);
  const isEtcd = settings.isOn("cluster-init");
  if (old !== undefined && !isEtcd)
    return { backing: { file: sqlite }, state: old, selfId: undefined, bootstrap: open(old), token: token ?? "" };
  const password = token ?? randomBytes(16).toString("hex");
  const bootstrap = old === undefined ? newBootstrap(paths, knobs) : open(old);
  if (given?.hash !== undefined && given.hash !== caHash(bootstrap["server-ca.crt"] ?? ""))
    throw new Fatal(
      `token CA hash does not match the Cluster CA certificate hash: ${given.hash} != ${caHash(bootstrap["server-ca.crt"] ?? "")}`,
    );
  const state = old ?? newState(seal(bootstrap, password));
  if (!isEtcd) return { backing: { file: sqlite }, state, selfId: undefined, bootstrap, token: password };
  const member = self();
  initialize(paths);
  rmSync(sqlite, { force: true });
  return { backing: { file: etcd }, state: { ...state, members: [member] }, selfId: member.id, bootstrap, token: password };
}

/** What etcd has once it has started as a member of its own or of another cluster: what K3s goes by. */
function initialize(paths: Paths): void {
  const folder = paths.server("db", "etcd", "member", "wal");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, `${"0".repeat(16)}-${"0".repeat(16)}.wal`), "", { mode: 0o600 });
}

/** What the datastore behind `--datastore-endpoint` has; the first server puts it there. */
async function shared(
  external: External,
  open: (state: State) => Bootstrap,
  found: () => Bootstrap,
  token: string | undefined,
): Promise<Store> {
  try {
    const present = await external.load();
    if (present === undefined) {
      const password = token ?? randomBytes(16).toString("hex");
      const bootstrap = found();
      const state = newState(seal(bootstrap, password));
      const revision = await external.save(state, "0");
      if (revision === undefined) throw new Error("another server founds the cluster");
      return { backing: { external, revision }, state, selfId: undefined, bootstrap, token: password };
    }
    const { state, revision } = present;
    return { backing: { external, revision }, state, selfId: undefined, bootstrap: open(state), token: token ?? "" };
  } catch (error) {
    throw error instanceof Fatal ? error : new Fatal(`starting kubernetes: preparing server: ${messageOf(error)}`);
  }
}

/** `--cluster-reset`: this member alone is left, with its own data or those of a snapshot; then the process ends. */
function reset(present: State, snapshot: string, file: string, name: string): never {
  const state = snapshot === "" ? present : readState(snapshot);
  if (state === undefined) throw new Fatal(`etcd: snapshot path does not exist: ${snapshot}`);
  const members = present.members.filter((one) => one.name === name).map((one) => ({ ...one, isLearner: false }));
  writeState(file, { ...state, members });
  info(
    "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes",
  );
  process.exit(0);
}

/** Nothing of what it knows counts any more: the next start joins again, or founds anew. */
export function leave(paths: Paths): void {
  Paths.write(paths.server("db", "etcd", "tombstone"), "");
  log("fatal", "etcd: the member has been permanently removed from the cluster");
  process.exit(1);
}
