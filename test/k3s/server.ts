import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { runAgent } from "./agent.ts";
import { Api } from "./api.ts";
import { Cluster } from "./cluster.ts";
import type { Loaded, Settings } from "./config.ts";
import { controlApi, type Deployer, newDeployer } from "./controllers.ts";
import type { Passwords } from "./credentials.ts";
import { CRITICAL } from "./flags.ts";
import { joinCluster } from "./join.ts";
import type { Knobs } from "./knobs.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { Fatal, info, log, messageOf } from "./log.ts";
import { nodeAddresses, nodeName } from "./node-identity.ts";
import { notifyReady } from "./notify.ts";
import { Paths } from "./paths.ts";
import { type Bootstrap, issuerOf, keepLeaves, leafText, newBootstrap, serverLeaves, writeBootstrap } from "./pki.ts";
import { type Member, newState, readState, type State, seal, unseal, writeState } from "./state.ts";
import { type Context, startSupervisor } from "./supervisor.ts";
import { caHash, parseToken, secureToken } from "./token.ts";
import { newKey } from "./x509.ts";

export async function runServer(loaded: Loaded, knobs: Knobs): Promise<void> {
  const { settings } = loaded;
  const paths = new Paths(settings.text("data-dir"));
  checkFlags(settings);
  mkdirSync(paths.server("manifests"), { recursive: true, mode: 0o700 });
  mkdirSync(paths.tls("etcd"), { recursive: true, mode: 0o700 });
  const name = nodeName(settings);
  const addresses = nodeAddresses(settings);
  const port = Number(settings.text("https-listen-port"));
  const url = `https://${settings.text("advertise-address") || addresses[0]}:${port}`;
  const store = await openStore(settings, paths, knobs, name, url);
  const { token, bootstrap } = store;
  writeBootstrap(paths, bootstrap);
  const names = [
    name,
    hostname(),
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "localhost",
    "127.0.0.1",
    "::1",
    "10.43.0.1",
  ];
  const all = [...new Set([...names, ...addresses, ...settings.list("node-external-ip"), ...settings.list("tls-san")])];
  const hasEtcd = store.selfId !== undefined;
  keepLeaves(serverLeaves(paths, all, hasEtcd), bootstrap, knobs);
  const cluster = new Cluster(store.file, store.state, store.selfId, knobs);
  const api = new Api(cluster);
  const passwords: Passwords = { server: token, node: agentToken(settings) || token };
  const writeTokens = (): void => writeTokenFiles(paths, bootstrap, passwords);
  writeTokens();
  // What this server runs with stays until it is started again; what the datastore has may be newer.
  const stored = (): Bootstrap => unseal(cluster.state.sealed, passwords.server) ?? bootstrap;
  let serves = false;
  const context: Context = {
    api,
    cluster,
    passwords,
    bootstrap: () => bootstrap,
    shared: Object.fromEntries(CRITICAL.map((one) => [one, criticalValue(settings, one)])),
    hasEtcd,
    issuedDaysAgo: knobs.issuedDaysAgo,
    serves: () => serves,
    rotateToken: async (password) => {
      await cluster.propose({ kind: "seal", sealed: seal(stored(), password) });
      if (passwords.node === passwords.server) passwords.node = password;
      passwords.server = password;
      writeTokens();
    },
    rotateAuthorities: async (files) => {
      await cluster.propose({ kind: "seal", sealed: seal({ ...stored(), ...files }, passwords.server) });
    },
  };
  const serving = servingCertificate(paths, bootstrap, knobs, all);
  await startSupervisor(
    context,
    { ...serving, ca: bootstrap["client-ca.crt"] ?? "" },
    settings.text("bind-address") || "0.0.0.0",
    port,
  );
  cluster.start(() => leave(paths));
  while (!cluster.isReady()) {
    info("Waiting for etcd server to become available");
    await sleep(200);
  }
  await sleep(knobs.apiDelayMs);
  serves = true;
  writeKubeconfig(settings, paths, bootstrap);
  const deployer = newDeployer(settings, paths);
  await control(api, cluster, deployer);
  setInterval(() => void control(api, cluster, deployer), 500);
  info("Kube API server is now running");
  info("k3s is up and running");
  notifyReady();
  if (settings.isOn("disable-agent")) return;
  await runAgent(
    { loaded, paths, knobs, server: `https://127.0.0.1:${port}`, token: passwords.node, isServer: true },
    () => undefined,
  );
}

let isControlling = false;

async function control(api: Api, cluster: Cluster, deployer: Deployer): Promise<void> {
  if (isControlling || !cluster.isReady()) return;
  isControlling = true;
  try {
    await controlApi(api, cluster, deployer);
  } catch (error) {
    log("error", messageOf(error));
  } finally {
    isControlling = false;
  }
}

function checkFlags(settings: Settings): void {
  const mode = settings.text("egress-selector-mode");
  if (!["agent", "cluster", "pod", "disabled"].includes(mode)) throw new Fatal(`invalid egress-selector-mode ${mode}`);
  const backend = settings.text("flannel-backend");
  if (!["vxlan", "host-gw", "wireguard-native", "none"].includes(backend))
    throw new Fatal(`flannel-backend ${backend} is not supported`);
  if (settings.isOn("cluster-reset") && settings.text("server") !== "")
    throw new Fatal("invalid flag use; --server is not supported with --cluster-reset");
  if (settings.text("datastore-endpoint") !== "")
    throw new Fatal(
      `building kine: the stand-in has no datastore behind ${settings.text("datastore-endpoint").replace(/\/\/[^@]*@/, "//")}`,
    );
}

export function criticalValue(settings: Settings, name: string): string {
  return settings.text(name) || "";
}

/** What is configured, without its decoration. */
function configuredToken(settings: Settings): { readonly password: string; readonly hash: string | undefined } | undefined {
  const file = settings.text("token-file");
  const text = settings.text("token") || (file === "" ? "" : readFileSync(file, "utf8").trim());
  if (text === "") return undefined;
  const parsed = parseToken(text, "server");
  return { password: parsed.isBootstrap ? `${parsed.user}.${parsed.password}` : parsed.password, hash: parsed.caHash };
}

function agentToken(settings: Settings): string {
  const file = settings.text("agent-token-file");
  return settings.text("agent-token") || (file === "" ? "" : readFileSync(file, "utf8").trim());
}

type Store = {
  readonly file: string;
  readonly state: State;
  readonly selfId: string | undefined;
  readonly bootstrap: Bootstrap;
  readonly token: string;
};

/** The datastore that is there; else a new one, or that of the cluster which is joined. */
async function openStore(settings: Settings, paths: Paths, knobs: Knobs, node: string, url: string): Promise<Store> {
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
    return { id, name: `${node}-${id.slice(0, 8)}`, node, url, isLearner: false };
  };
  const idFile = paths.server("db", "etcd", "name");
  const keep = (member: Member): void => {
    mkdirSync(paths.server("db", "etcd"), { recursive: true, mode: 0o700 });
    writeFileSync(idFile, member.name);
  };

  const present = readState(etcd);
  if (present !== undefined) {
    const name = Paths.readOr(idFile, "");
    const member = present.members.find((one) => one.name === name);
    if (settings.isOn("cluster-reset")) return reset(present, etcd, name);
    return { file: etcd, state: present, selfId: member?.id ?? "", bootstrap: open(present), token: token ?? "" };
  }
  if (settings.text("server") !== "") {
    if (token === undefined) throw new Fatal("--token is required to join a cluster");
    const member = self();
    const hash = given?.hash;
    const { state, bootstrap } = await joinCluster(settings, { member, token, hash });
    keep(member);
    return { file: etcd, state, selfId: member.id, bootstrap, token };
  }
  const old = readState(sqlite);
  const isEtcd = settings.isOn("cluster-init");
  if (old !== undefined && !isEtcd)
    return { file: sqlite, state: old, selfId: undefined, bootstrap: open(old), token: token ?? "" };
  const password = token ?? randomBytes(16).toString("hex");
  const bootstrap = old === undefined ? newBootstrap(paths, knobs) : open(old);
  if (given?.hash !== undefined && given.hash !== caHash(bootstrap["server-ca.crt"] ?? ""))
    throw new Fatal(
      `token CA hash does not match the Cluster CA certificate hash: ${given.hash} != ${caHash(bootstrap["server-ca.crt"] ?? "")}`,
    );
  const state = old ?? newState(seal(bootstrap, password));
  if (!isEtcd) return { file: sqlite, state, selfId: undefined, bootstrap, token: password };
  const member = self();
  keep(member);
  rmSync(sqlite, { force: true });
  return { file: etcd, state: { ...state, members: [member] }, selfId: member.id, bootstrap, token: password };
}

/** `--cluster-reset`: this member alone is left; then the process ends. */
function reset(state: State, file: string, name: string): never {
  const members = state.members.filter((one) => one.name === name).map((one) => ({ ...one, isLearner: false }));
  writeState(file, { ...state, members });
  info(
    "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes",
  );
  process.exit(0);
}

/** Nothing of what it knows counts any more: the next start joins again, or founds anew. */
function leave(paths: Paths): void {
  Paths.write(paths.server("db", "etcd", "tombstone"), "");
  log("fatal", "etcd: the member has been permanently removed from the cluster");
  process.exit(1);
}

function writeTokenFiles(paths: Paths, bootstrap: Bootstrap, passwords: Passwords): void {
  const ca = bootstrap["server-ca.crt"] ?? "";
  Paths.writeIfNew(paths.server("token"), `${secureToken(ca, "server", passwords.server)}\n`);
  const link = (name: string): void => {
    const path = paths.server(name);
    rmSync(path, { force: true });
    symlinkSync("token", path);
  };
  link("node-token");
  if (passwords.node === passwords.server) link("agent-token");
  else {
    rmSync(paths.server("agent-token"), { force: true });
    Paths.write(paths.server("agent-token"), `${secureToken(ca, "node", passwords.node)}\n`);
  }
  Paths.writeIfNew(
    paths.server("cred", "passwd"),
    `${passwords.node},node,node,k3s:agent\n${passwords.server},server,server,k3s:server\n`,
  );
}

/** The supervisor's own certificate. It is kept with its names, of which it never loses one. */
function servingCertificate(
  paths: Paths,
  bootstrap: Bootstrap,
  knobs: Knobs,
  names: readonly string[],
): { readonly cert: string; readonly key: string } {
  const key = newKey();
  const leaf = {
    authority: "server-ca",
    subject: { commonName: "k3s", organizations: ["k3s"] },
    usage: "server",
    names,
  } as const;
  const cert = leafText(leaf, issuerOf(bootstrap, "server-ca"), key, new Date(Date.now() - knobs.issuedDaysAgo * 86_400_000));
  const encoded = (text: string): string => Buffer.from(text).toString("base64");
  Paths.write(
    paths.tls("dynamic-cert.json"),
    JSON.stringify({ kind: "Secret", type: "kubernetes.io/tls", data: { "tls.crt": encoded(cert), "tls.key": encoded(key) } }),
  );
  return { cert, key };
}
