import { createServer as createTcpServer } from "node:net";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Loaded } from "./config.ts";
import { startContainerd } from "./containerd.ts";
import { fieldsAt, listAt, parseFields, textAt, textsAt } from "./fields.ts";
import { type Answer, call, keepAlive, wordsOf } from "./http-client.ts";
import type { Knobs } from "./knobs.ts";
import { parseLabels, parseTaints } from "./labels.ts";
import { Fatal, info, log, warning } from "./log.ts";
import { hasNetwork } from "./network.ts";
import { nodeAddresses, nodeName, nodePassword } from "./node-identity.ts";
import type { Registration } from "./nodes.ts";
import { Paths } from "./paths.ts";
import { caHash, parseToken } from "./token.ts";
import { isAtLeast, VERSION } from "./version.ts";

export type Start = {
  readonly loaded: Loaded;
  readonly paths: Paths;
  readonly knobs: Knobs;
  readonly server: string;
  readonly token: string;
  readonly isServer: boolean;
};

const RETRY_MS = 1_000;
const BEAT_MS = 800;

/** Joins its server, which may take for ever, and then keeps telling it that the node lives. `joined` is called once the node is there. */
export async function runAgent(start: Start, joined: () => void): Promise<void> {
  const { settings } = start.loaded;
  const labels = parseLabels(settings.list("node-label"));
  const taints = parseTaints(settings.list("node-taint"));
  if (
    start.knobs.cgroupVersion === 1 &&
    isAtLeast(VERSION, "v1.35.0+k3s1") &&
    !settings.list("kubelet-arg").includes("fail-cgroupv1=false")
  )
    throw new Fatal(
      "kubelet exited: kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is in maintenance mode",
    );
  const name = nodeName(settings);
  const addresses = nodeAddresses(settings);
  const ca = await trusted(start);
  const welcome = await admitted(start, ca, name, addresses);
  const files = textsAt(welcome, "files");
  for (const [file, text] of Object.entries(files))
    Paths.writeIfNew(start.paths.agent(file), text, file.endsWith(".key") ? 0o600 : 0o644);
  writeConfiguration(start.paths, files, start.server);
  startContainerd(settings, start.paths, start.knobs);
  // Whether another Kubernetes is here is seen by the kubelet's port.
  createTcpServer((socket) => socket.destroy())
    .on("error", (error) => warning(`kubelet: ${error.message}`))
    .listen(10_250);
  if (start.knobs.kubeletHangs) return new Promise(() => {});
  const backend = textAt(welcome, "config", "flannel-backend");
  const hasOne = (): boolean => !start.knobs.staysNotReady && hasNetwork(backend, start.paths);
  const registration: Registration = {
    name,
    hostname: hostname(),
    addresses,
    externalAddresses: settings.list("node-external-ip"),
    labels,
    taints,
    version: VERSION,
    runtime: settings.isOn("docker") ? "docker://28.5.1" : "containerd://2.1.5-k3s1",
    arch: process.arch === "x64" ? "amd64" : process.arch,
    nodeArgs: [settings.command, ...start.loaded.args.map(masked)],
    isServer: start.isServer,
    hasNetwork: hasOne(),
  };
  const credentials = { ca, certificate: files["client-kubelet.crt"] ?? "", key: files["client-kubelet.key"] ?? "" };
  const servers = new Servers(start, listAt(welcome, "servers").map(String));
  await servers.insist("node/register", { ...credentials, method: "POST", body: registration });
  info(`Running kubelet --node-ip=${addresses.join(",")} --hostname-override=${name}`);
  joined();
  for (;;) {
    await sleep(BEAT_MS);
    const answer = await servers.ask("node/beat", { ...credentials, method: "POST", body: { hasNetwork: hasOne() } });
    if (answer?.status === 200) servers.learn(listAt(parseFields(answer.body), "servers").map(String));
    if (answer?.status === 404)
      log("error", `Error updating node status, will retry: error getting node "${name}": nodes "${name}" not found`);
  }
}

/** `--token=…` is nobody's business. */
const masked = (arg: string): string => arg.replace(/^(--(?:agent-)?token=).*/, "$1********");

/** The cluster's authority, once a server answers. */
async function trusted({ server, token, isServer }: Start): Promise<string> {
  const parsed = parseToken(token, "node");
  for (;;) {
    try {
      const { status, body } = await call(`${server}/cacerts`, { timeoutMs: 5_000 });
      if (status !== 200) throw new Error(`${server}/cacerts: ${status}`);
      if (parsed.caHash === undefined || parsed.caHash === caHash(body)) return body;
      log("error", `token CA hash does not match the Cluster CA certificate hash: ${parsed.caHash} != ${caHash(body)}`);
    } catch (error) {
      if (!isServer)
        log(
          "error",
          `failed to validate connection to cluster at ${server}: failed to get CA certs: Get "${server}/cacerts": ${wordsOf(error)}`,
        );
    }
    await sleep(RETRY_MS);
  }
}

async function admitted(
  { server, token, isServer, paths, knobs }: Start,
  ca: string,
  name: string,
  addresses: readonly string[],
): Promise<unknown> {
  const { user, password } = parseToken(token, "node");
  const headers = { "k3s-node-name": name, "k3s-node-password": nodePassword() };
  const known = listAt(parseOr(Paths.readOr(paths.agent("etc", "k3s-agent-load-balancer.json"), "")), "ServerAddresses").map(
    String,
  );
  const urls = [server, ...known.map((one) => `https://${one}`).filter((one) => one !== server)];
  for (let attempt = 0; ; attempt++) {
    const url = urls[attempt % urls.length] ?? server;
    let reason: string;
    try {
      const answer = await call(`${url}/v1-k3s/node`, {
        ca,
        basic: { user, password },
        method: "POST",
        body: { addresses, issuedDaysAgo: knobs.issuedDaysAgo },
        headers,
        timeoutMs: 8_000,
      });
      if (answer.status === 200) return parseFields(answer.body);
      reason = answer.status === 401 ? `${url}/v1-k3s/config: 401 Unauthorized` : textAt(parseFields(answer.body), "message");
    } catch (error) {
      reason = wordsOf(error);
    }
    const prefix = "Waiting to retrieve agent configuration; server is not ready:";
    if (reason.startsWith("Node password rejected")) log("error", `${prefix} ${reason}`);
    else if (!isServer || attempt % 5 === 4) info(`${prefix} ${reason}`);
    await sleep(isServer ? 200 : RETRY_MS);
  }
}

function parseOr(text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    return {};
  }
}

/** The servers that an agent knows, the one that answers first. */
class Servers {
  readonly #start: Start;
  readonly #agent = keepAlive();
  #urls: readonly string[];

  constructor(start: Start, known: readonly string[]) {
    this.#start = start;
    this.#urls = [start.server];
    this.learn(known);
  }

  /** Kept for the next start, when the first server may be away. */
  learn(known: readonly string[]): void {
    const addresses = known.map((one) => one.replace(/^https:\/\//, ""));
    const text = JSON.stringify({ ServerURL: this.#start.server, ServerAddresses: addresses }, null, 2);
    Paths.writeIfNew(this.#start.paths.agent("etc", "k3s-agent-load-balancer.json"), text);
    // A server's own node asks its own server: it is the one that stops with it.
    if (!this.#start.isServer) this.#urls = [...this.#urls, ...known.filter((one) => !this.#urls.includes(one))];
  }

  async ask(path: string, options: Parameters<typeof call>[1]): Promise<Answer | undefined> {
    for (const url of this.#urls) {
      const answer = await call(`${url}/v1-k3s/${path}`, {
        ...options,
        timeoutMs: 2_000,
        agent: this.#agent,
      }).catch(() => undefined);
      if (answer !== undefined && answer.status < 500) {
        this.#urls = [url, ...this.#urls.filter((one) => one !== url)];
        return answer;
      }
    }
    return undefined;
  }

  async insist(path: string, options: Parameters<typeof call>[1]): Promise<void> {
    for (;;) {
      const answer = await this.ask(path, options);
      if (answer?.status === 200) return;
      warning(`Unable to register node with API server: ${answer === undefined ? "connection refused" : answer.body}`);
      await sleep(RETRY_MS);
    }
  }
}

function writeConfiguration(paths: Paths, files: Readonly<Record<string, string>>, server: string): void {
  const kubeconfig = (name: string): void => {
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "local", cluster: { server, "certificate-authority": paths.agent("server-ca.crt") } }],
      contexts: [{ name: "Default", context: { cluster: "local", namespace: "default", user: "user" } }],
      "current-context": "Default",
      users: [
        {
          name: "user",
          user: { "client-certificate": paths.agent(`client-${name}.crt`), "client-key": paths.agent(`client-${name}.key`) },
        },
      ],
    };
    if (fieldsAt({ files }, "files")[`client-${name}.crt`] === undefined) return;
    Paths.writeIfNew(
      paths.agent(name === "k3s-controller" ? "k3scontroller.kubeconfig" : `${name.replace("-", "")}.kubeconfig`),
      JSON.stringify(config),
    );
  };
  for (const name of ["kubelet", "kube-proxy", "k3s-controller"]) kubeconfig(name);
  Paths.writeIfNew(
    paths.agent("etc", "kubelet.conf.d", "00-k3s-defaults.conf"),
    "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nclusterDomain: cluster.local\n",
  );
}
