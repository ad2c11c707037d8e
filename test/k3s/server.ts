import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { runAgent } from "./agent.ts";
import { Api } from "./api.ts";
import { Cluster } from "./cluster.ts";
import type { Loaded, Settings } from "./config.ts";
import { controlApi, type Deployer, newDeployer } from "./controllers.ts";
import type { Passwords } from "./credentials.ts";
import { leave, openStore, tokenSetting } from "./datastore.ts";
import { warnOfExpiry } from "./expiry.ts";
import { criticalValues } from "./join.ts";
import type { Knobs } from "./knobs.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { Fatal, info, log, messageOf, warning } from "./log.ts";
import { nodeAddresses, nodeName } from "./node-identity.ts";
import { notifyReady } from "./notify.ts";
import { Paths } from "./paths.ts";
import { type Bootstrap, issuerOf, keepLeaves, leafText, serverLeaves, writeBootstrap } from "./pki.ts";
import { problemsOf } from "./replaced-authorities.ts";
import { seal, unseal } from "./state.ts";
import { type Context, startSupervisor } from "./supervisor.ts";
import { secureToken, shownChain } from "./token.ts";
import { unpack } from "./userland.ts";
import { newKey } from "./x509.ts";

export async function runServer(loaded: Loaded, knobs: Knobs): Promise<void> {
  const { settings } = loaded;
  const paths = new Paths(settings.text("data-dir"));
  checkFlags(settings);
  unpack(paths);
  for (const folder of [paths.server("manifests"), paths.tls("etcd")]) mkdirSync(folder, { recursive: true, mode: 0o700 });
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
  const cluster = new Cluster(store.backing, store.state, store.selfId, knobs);
  const api = new Api(cluster);
  const passwords: Passwords = { server: token, node: tokenSetting(settings, "agent-token") || token };
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
    shared: criticalValues(settings),
    hasEtcd,
    snapshots: {
      node: name,
      folder: settings.text("etcd-snapshot-dir") || paths.server("db", "snapshots"),
      content: () => JSON.stringify(cluster.state),
    },
    hasApi: !settings.isOn("disable-apiserver"),
    issuedDaysAgo: knobs.issuedDaysAgo,
    serves: () => serves,
    rotateToken: async (password) => {
      await cluster.propose({ kind: "seal", sealed: seal(stored(), password) });
      if (passwords.node === passwords.server) passwords.node = password;
      passwords.server = password;
      writeTokens();
    },
    rotateAuthorities: async (files, isForced) => {
      const problems = problemsOf(bootstrap, files).join(", ");
      if (problems !== "" && !isForced) throw new Error(`failed to validate new CA certificates and keys: ${problems}`);
      if (problems !== "") warning(`Save of CA certificates and keys forced, ignoring validation errors: ${problems}`);
      await cluster.propose({ kind: "seal", sealed: seal({ ...stored(), ...files }, passwords.server) });
      info("certificate: Cluster Certificate Authority data has been updated, k3s must be restarted.");
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
  await warnOfExpiry(api, paths, name);
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
  return { cert: shownChain(cert), key };
}
