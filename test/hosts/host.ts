import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type CommandResult, containerById, type ImageKind, type Purpose, removeContainer, startContainer } from "./container.ts";
import { runInside } from "./inside.ts";
import { runFolder, testKey } from "./run.ts";
import { type Snapshot, snapshots } from "./snapshot.ts";

export type { CommandResult } from "./container.ts";

/** root and deploy (sudo without a password) open with the test key; wheel-pw does too, and its sudo asks for `WHEEL_PASSWORD`. */
export type TestUser = "root" | "deploy" | "wheel-pw";

/** The password of wheel-pw, for SSH and for sudo. */
export const WHEEL_PASSWORD = "correct horse battery";

export type HostOptions = {
  /** Its name in the inventory and its hostname; "host1" and so on unless given. */
  readonly name?: string;
  readonly user?: TestUser;
  /** `bench` has Python for Ansible, `openrc` has OpenRC and busybox. */
  readonly image?: ImageKind;
  readonly purpose?: Purpose;
  /** Further ports to publish; `publishedPort` tells where. */
  readonly ports?: readonly number[];
  /** Where its known_hosts file goes; the folder of the run, which ends with it, unless given. */
  readonly folder?: string;
};

/** Ansible's connection variables of a host, which are k3sprov's too. */
export type InventoryHost = {
  readonly ansible_host: string;
  readonly ansible_port: number;
  readonly ansible_user: string;
  readonly ansible_ssh_private_key_file: string;
  readonly ansible_ssh_common_args: string;
};

/** What it takes to find a running host again from another process. */
export type HostHandle = {
  readonly name: string;
  readonly containerId: string;
  /** Where SSH answers, seen from the control node. */
  readonly address: string;
  readonly port: number;
  /** Where other hosts reach it, on its real ports. */
  readonly internalAddress: string;
  readonly user: TestUser;
  readonly privateKeyFile: string;
  /** Holds this host's key and no other. */
  readonly knownHostsFile: string;
  /** Further published ports: port of the host -> port of the control node. */
  readonly published: Readonly<Record<number, number>>;
};

export type TestHost = HostHandle & {
  /** Runs a command as root (or another user) without SSH. A string is a script for `sh -c`. */
  exec(command: string | readonly string[], user?: TestUser): Promise<CommandResult>;
  /** The standard output of a command that must succeed, without its last line feed. */
  read(command: string | readonly string[]): Promise<string>;
  /** The same host, entered as another user. */
  as(user: TestUser): TestHost;
  inventoryEntry(): InventoryHost;
  publishedPort(port: number): number;
  snapshot(): Promise<Snapshot>;
  /** Freezes every process of the host: connections stay open and nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Cuts the power. `start` boots it again from the same disk, with the same address. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Removes it. */
  stop(): Promise<void>;
};

let counter = 0;

/** Starts a host that nobody has used before: about a second. Whoever starts it stops it. */
export async function startHost(options: HostOptions = {}): Promise<TestHost> {
  counter += 1;
  const name = options.name ?? `host${counter}`;
  const container = await startContainer({
    hostname: name,
    image: options.image ?? "host",
    purpose: options.purpose ?? "test",
    ports: options.ports ?? [],
  });
  const id = container.getId();
  try {
    const port = container.getMappedPort(22);
    const address = await reachableAddress(container.getHost(), port);
    const [key] = await Promise.all([runInside(id, ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]), sshBanner(address, port)]);
    const knownHostsFile = join(options.folder ?? runFolder(), `${id.slice(0, 12)}.known_hosts`);
    writeFileSync(knownHostsFile, `[${address}]:${port} ${key.stdout.trim()}\n`);
    return attachHost({
      name,
      containerId: id,
      address,
      port,
      internalAddress: container.getIpAddress("bridge"),
      user: options.user ?? "root",
      privateKeyFile: testKey().privateKeyFile,
      knownHostsFile,
      published: Object.fromEntries((options.ports ?? []).map((one) => [one, container.getMappedPort(one)])),
    });
  } catch (error) {
    await removeContainer(id);
    throw error;
  }
}

/** Starts hosts at the same time; when one fails, the others go too. */
export async function startHosts(
  count: number,
  options: HostOptions & { readonly prefix?: string } = {},
): Promise<readonly TestHost[]> {
  const { prefix, ...rest } = options;
  const starts = Array.from({ length: count }, (_, index) =>
    startHost(prefix === undefined ? rest : { ...rest, name: `${prefix}${index + 1}` }),
  );
  const settled = await Promise.allSettled(starts);
  const started = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = settled.find((one) => one.status === "rejected");
  if (failed === undefined) return started;
  await Promise.all(started.map((one) => one.stop()));
  throw failed.reason;
}

/** A host that runs already. */
export function attachHost(handle: HostHandle): TestHost {
  const id = handle.containerId;
  const exec: TestHost["exec"] = (command, user = "root") =>
    runInside(id, typeof command === "string" ? ["/bin/sh", "-c", command] : command, user);
  return {
    ...handle,
    exec,
    async read(command) {
      const result = await exec(command);
      if (result.rc !== 0) throw new Error(`${handle.name}: ${String(command)}: exit status ${result.rc}: ${result.stderr}`);
      return result.stdout.replace(/\n$/, "");
    },
    as: (user) => attachHost({ ...handle, user }),
    inventoryEntry: () => ({
      ansible_host: handle.address,
      ansible_port: handle.port,
      ansible_user: handle.user,
      ansible_ssh_private_key_file: handle.privateKeyFile,
      ansible_ssh_common_args: `-o UserKnownHostsFile=${handle.knownHostsFile}`,
    }),
    publishedPort(port) {
      const found = handle.published[port];
      if (found === undefined) throw new Error(`${handle.name}: port ${port} is not published; name it in "ports" of startHost`);
      return found;
    },
    snapshot: snapshots(exec),
    pause: async () => void (await (await containerById(id)).pause()),
    resume: async () => void (await (await containerById(id)).unpause()),
    kill: async () => void (await (await containerById(id)).kill()),
    async start() {
      await (await containerById(id)).start();
      await sshBanner(handle.address, handle.port);
    },
    stop: () => removeContainer(id),
  };
}

/** The inventory of some hosts as YAML (which JSON is); `vars` go to all of them. */
export function inventoryText(hosts: readonly TestHost[], options: InventoryOptions = {}): string {
  const children = Object.entries(options.groups ?? {}).map(([group, members]) => [
    group,
    { hosts: Object.fromEntries(members.map((host) => [host.name, null])) },
  ]);
  return `${JSON.stringify(
    {
      all: {
        hosts: Object.fromEntries(hosts.map((host) => [host.name, { ...host.inventoryEntry(), ...options.hostVars?.(host) }])),
        vars: options.vars ?? {},
        children: Object.fromEntries(children),
      },
    },
    null,
    2,
  )}\n`;
}
export type InventoryOptions = {
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly hostVars?: (host: TestHost) => Readonly<Record<string, unknown>>;
  readonly groups?: Readonly<Record<string, readonly TestHost[]>>;
};

/**
 * The loopback address where the engine is on this machine, else what testcontainers found. It says "localhost", which may lead to
 * ::1 where the engine does not listen, or, on a machine that was itself made from a container image, the address of the bridge.
 */
function reachableAddress(found: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const answer = (address: string) => {
      socket.destroy();
      resolve(address);
    };
    socket.once("connect", () => answer("127.0.0.1")).once("error", () => answer(found === "localhost" ? "127.0.0.1" : found));
  });
}

/** Waits until sshd itself answers: the engine's port forwarder takes connections before there is anybody behind it. */
async function sshBanner(address: string, port: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const banner = await readBanner(address, port);
    if (banner.startsWith("SSH-2.0-")) return;
    if (Date.now() > deadline) throw new Error(`no SSH server answers at ${address}:${port} after 30 s (last seen: "${banner}")`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function readBanner(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ host: address, port, timeout: 2_000 });
    const done = () => {
      socket.destroy();
      resolve(text);
    };
    socket
      .on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
        done();
      })
      .on("error", done)
      .on("timeout", done)
      .on("close", done);
  });
}
