import { execFileSync, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Container } from "dockerode";
import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
  type StartedTestContainer,
  Wait,
} from "testcontainers";
import { isRunAlive, repository, runName, testKey } from "./run.ts";

// testcontainers' reaper is one more image from a registry. Labels and `removeHosts` do its work without one, the same way everywhere.
process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";

const RUN_LABEL = "k3sprov.run";
const PURPOSE_LABEL = "k3sprov.purpose";

/** `test` hosts go when their run ends or has died; `demo` hosts stay until the user takes them down. */
export type Purpose = "test" | "demo";

/**
 * `bench` is the one with Python, for Ansible; `apt` and `rpm` hold repositories of packages, `rpm` also dnf and zypper; `openrc` is
 * Alpine-like; `etcd` has a real etcd and its archive; `proxy` is a forward proxy; `selinux` has a policy and the tools to change it, and
 * no kernel that enforces it; `cgroup2` has pure control groups v2 and users' own systemd; `vm` runs a virtual machine (vm.ts).
 */
export type ImageKind =
  | "host"
  | "bench"
  | "demo"
  | "apt"
  | "rpm"
  | "openrc"
  | "cluster"
  | "etcd"
  | "proxy"
  | "selinux"
  | "uutils"
  | "cgroup2"
  | "vm";

/** Where hosts have the control node's Node, for programs of the tests that run on hosts. */
export const NODE_ON_HOSTS = "/usr/local/lib/test-host/node";

/** Succeeds once a host's sshd has been started. */
const ready = (image: ImageKind): string =>
  image === "openrc" ? "rc-service ssh status" : "systemctl is-active --quiet ssh.service";

/** What a command in a host said. */
export type CommandResult = { readonly rc: number; readonly stdout: string; readonly stderr: string };

export type ContainerOptions = {
  readonly hostname: string;
  readonly image: ImageKind;
  readonly purpose: Purpose;
  /** Further ports of the host to publish on the control node, besides 22. */
  readonly ports: readonly number[];
};

/** A Debian host in a container, with systemd (or another init) as process 1. */
class HostContainer extends GenericContainer {
  constructor(image: string, port: number, options: ContainerOptions) {
    super(image);
    // A Docker on a machine with the old control groups shares the machine's by default, which systemd must not have.
    // testcontainers has no call for it, and its types have no such field.
    Object.assign(this.hostConfig, { CgroupnsMode: "private" });
    ownedByRun(this, options.purpose)
      .withHostname(options.hostname)
      // Not --privileged: it asks for capabilities that a machine may not have to give. These two are what systemd needs.
      .withAddedCapabilities("SYS_ADMIN", "NET_ADMIN")
      .withSecurityOpt("seccomp=unconfined", "apparmor=unconfined")
      .withBindMounts(nodeForHosts())
      .withTmpFs({ "/run": "rw,nosuid,nodev,mode=755", "/run/lock": "rw,nosuid,nodev,noexec,size=5m" })
      .withCopyContentToContainer([{ content: testKey().publicKey, target: "/etc/ssh/test-keys", mode: 0o644 }])
      // A fixed port stays when the host restarts; one of the engine's choice would change.
      .withExposedPorts({ container: 22, host: port }, ...options.ports)
      .withWaitStrategy(Wait.forSuccessfulCommand(ready(options.image)))
      .withStartupTimeout(60_000);
  }
}

/** Hosts run the same binary where they are Linux as the control node is; elsewhere it would be of no use to them. */
function nodeForHosts() {
  return process.platform === "linux" ? [{ source: process.execPath, target: NODE_ON_HOSTS, mode: "ro" as const }] : [];
}

export async function startContainer(options: ContainerOptions): Promise<StartedTestContainer> {
  const image = hostImage(options.image);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return await new HostContainer(image, port, options).start();
    } catch (error) {
      // Another process may have taken the port since it was seen free.
      if (attempt === 3 || !(error instanceof Error) || !/port is already allocated|address already in use/.test(error.message))
        throw error;
    }
  }
}

/** Marks a container as belonging to this run, with which it goes. */
export function ownedByRun<C extends GenericContainer>(container: C, purpose: Purpose): C {
  removeAtExit();
  container.withLabels({ [RUN_LABEL]: runName(), [PURPOSE_LABEL]: purpose });
  return container;
}

const images = new Map<ImageKind, string>();

/** Name of the image, built first if need be. Throws with the script's own words when there is no engine or no image. */
export function hostImage(kind: ImageKind): string {
  const known = images.get(kind);
  if (known !== undefined) return known;
  const image = script("base-image.sh", kind).trim();
  images.set(kind, image);
  return image;
}

/** Makes sure that an engine answers; see scripts/engine.sh. */
export function ensureEngine(): void {
  script("engine.sh");
}

function script(name: string, ...args: readonly string[]): string {
  return execFileSync("sh", [join(repository, "scripts", name), ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}

let connecting: Promise<ContainerRuntimeClient> | undefined;

export function runtime(): Promise<ContainerRuntimeClient> {
  connecting ??= getContainerRuntimeClient();
  return connecting;
}

export async function containerById(id: string): Promise<Container> {
  return (await runtime()).container.getById(id);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no free port")),
      );
    });
  });
}

/** Removes hosts of one purpose: those of this run, of runs whose process has died, or all. Answers how many there were. */
export async function removeHosts(purpose: Purpose, which: "this run" | "dead runs" | "all"): Promise<number> {
  const { dockerode } = (await runtime()).container;
  const found = await dockerode.listContainers({ all: true, filters: { label: [RUN_LABEL, `${PURPOSE_LABEL}=${purpose}`] } });
  const doomed = found.filter(({ Labels }) => {
    const run = Labels[RUN_LABEL] ?? "";
    return which === "all" || (which === "this run" ? run === runName() : isRunAlive(run) === false);
  });
  await Promise.all(doomed.map(({ Id }) => removeContainer(Id)));
  return doomed.length;
}

export async function removeContainer(id: string): Promise<void> {
  try {
    await (await containerById(id)).remove({ force: true, v: true });
  } catch (error) {
    const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
    // 404: gone already; 409: someone else is removing it.
    if (status !== 404 && status !== 409) throw error;
  }
}

let registered = false;

/** A run that is interrupted takes its test hosts along. Nothing asynchronous happens in an exit listener any more. */
function removeAtExit(): void {
  if (registered) return;
  registered = true;
  const remove = () => {
    const filters = ["--filter", `label=${RUN_LABEL}=${runName()}`, "--filter", `label=${PURPOSE_LABEL}=test`];
    const { stdout } = spawnSync("docker", ["ps", "-aq", ...filters], { encoding: "utf8" });
    const ids = (stdout ?? "").split("\n").filter((id) => id !== "");
    if (ids.length > 0) spawnSync("docker", ["rm", "-f", "-v", ...ids]);
  };
  // Only in the process that the run is named after: a worker that ends leaves the shared hosts to the others.
  if (runName().split("/")[1] !== String(process.pid)) return;
  process.once("exit", remove);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(signal === "SIGINT" ? 130 : 143));
}
