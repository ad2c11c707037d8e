import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GenericContainer, type StartedTestContainer, Wait } from "testcontainers";
import { hostImage, ownedByRun } from "./container.ts";
import { attachHost, type TestHost } from "./host.ts";
import { runInside } from "./inside.ts";
import { runFolder, testKey } from "./run.ts";
import { snapshots } from "./snapshot.ts";

/**
 * A virtual machine: a host with a kernel of its own, for what a container cannot show (SELinux, kernel modules and settings, reboots).
 * It is Debian with SELinux on and permissive, emulated where there is no KVM: it boots in half a minute to a minute, and everything takes
 * some ten times as long as in a container.
 */
export type TestMachine = Pick<TestHost, "name" | "exec" | "read" | "as" | "inventoryEntry" | "snapshot" | "stop"> & {
  /** As `apply` and `converges` take it. Freezing it, or cutting its power, freezes or ends the whole machine. */
  readonly host: TestHost;
  /** What it wrote to its console, the last lines. */
  console(): Promise<string>;
};

/** Why there can be no virtual machine here; undefined: there can. */
export function machineProblem(): string | undefined {
  return process.arch === "x64" ? undefined : `the image of the virtual machine is made for x86-64, and this is ${process.arch}`;
}

const KEY = "/etc/ssh/test-id";
const BOOT_MS = 300_000;

class Machine extends GenericContainer {
  constructor(image: string) {
    super(image);
    ownedByRun(this, "test");
    // testcontainers has no call for devices.
    if (existsSync("/dev/kvm")) {
      const device = { PathOnHost: "/dev/kvm", PathInContainer: "/dev/kvm", CgroupPermissions: "rwm" };
      Object.assign(this.hostConfig, { Devices: [device] });
    }
    this.withEnvironment({ TEST_KEY: Buffer.from(testKey().publicKey.trim()).toString("base64") })
      .withCopyContentToContainer([{ content: readFileSync(testKey().privateKeyFile, "utf8"), target: KEY, mode: 0o600 }])
      .withExposedPorts(22)
      .withWaitStrategy(Wait.forLogMessage(/emulated|accelerated/))
      .withStartupTimeout(60_000);
  }
}

/** Boots one, and waits until it can be logged in to. */
export async function startMachine(name = "vm"): Promise<TestMachine> {
  const container = await new Machine(hostImage("vm")).start();
  try {
    return await bootedMachine(name, container);
  } catch (error) {
    await container.stop();
    throw error;
  }
}

async function bootedMachine(name: string, container: StartedTestContainer): Promise<TestMachine> {
  const id = container.getId();
  const key = await runInside(id, ["cat", "/vm/host_key.pub"]);
  const port = container.getMappedPort(22);
  const knownHostsFile = join(runFolder(), `${id.slice(0, 12)}.known_hosts`);
  // testcontainers says "localhost", which may lead to ::1, where the engine does not listen.
  const address = container.getHost() === "localhost" ? "127.0.0.1" : container.getHost();
  writeFileSync(knownHostsFile, `[${address}]:${port} ${key.stdout.trim()}\n`);
  const handle = {
    name,
    containerId: id,
    address,
    port,
    internalAddress: container.getIpAddress("bridge"),
    user: "root" as const,
    privateKeyFile: testKey().privateKeyFile,
    knownHostsFile,
    published: {},
  };
  const host = throughSsh(attachHost(handle));
  const machine: TestMachine = {
    ...host,
    host,
    async console() {
      return (await runInside(id, ["tail", "-n", "40", "/run/serial.log"])).stdout;
    },
  };
  const deadline = Date.now() + BOOT_MS;
  for (;;) {
    const answer = await host.exec("true");
    if (answer.rc === 0) return machine;
    if (Date.now() > deadline) {
      throw new Error(
        `the virtual machine does not answer after ${BOOT_MS / 1000} s: ${answer.stderr}\n${await machine.console()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

// A kept connection saves each command a login; it is started apart, so that it does not hold the command's output open.
const ENTER = `host=$1; shift
set -- -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes -o ConnectTimeout=20 \\
  -o ServerAliveInterval=5 -o ControlPath=/run/ssh-%r -i ${KEY} "$host" "$@"
ssh -O check -o ControlPath=/run/ssh-%r "$host" >/dev/null 2>&1 || ssh -M -N -f "$@" </dev/null >/dev/null 2>&1
exec ssh "$@"`;

/** Commands reach the machine through the container's own OpenSSH, from inside: what a test sees does not pass through what it tests. */
function throughSsh(host: TestHost): TestHost {
  const exec: TestHost["exec"] = (command, user = "root") => {
    const words = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
    const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    return runInside(host.containerId, ["/bin/sh", "-c", ENTER, "enter", `${user}@127.0.0.1`, line]);
  };
  return {
    ...host,
    exec,
    async read(command) {
      const result = await exec(command);
      if (result.rc !== 0) throw new Error(`${host.name}: ${String(command)}: exit status ${result.rc}: ${result.stderr}`);
      return result.stdout.replace(/\n$/, "");
    },
    snapshot: snapshots(exec),
    as: (user) => throughSsh(host.as(user)),
  };
}
