import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "./connection.ts";
import { Deadline } from "./deadline.ts";
import { ConnectionError, type ConnectionErrorCode } from "./errors.ts";
import { connectClient, type SshClient, timedOut } from "./ssh-client.ts";
import type { SshLibrary } from "./ssh-library.ts";
import { openProxyCommand, openSocket } from "./ssh-socket.ts";
import { resolveJump, type SshTarget } from "./ssh-target.ts";

/** A way to an SSH server, and what to do when it is no longer needed. */
export type Way = { readonly sock: Duplex; release(): Promise<void> };

type SharedHop = { readonly opening: Promise<{ client: SshClient; way: Way }>; users: number };

/** Connections to jump hosts, for all hosts behind them; closed with the last of these. */
const hops = new Map<string, SharedHop>();

/** Opens the way to `target`: direct, through a command, or through jump hosts. Throws ConnectionError. */
export async function openWay(
  library: Promise<SshLibrary>,
  target: SshTarget,
  options: ConnectionOptions,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<Way> {
  if (target.jumps.length > 0) return throughHop(library, target.jumps, target, options, deadline, signal);
  const sock =
    target.proxyCommand === undefined
      ? await openSocket(target, deadline, signal)
      : openProxyCommand(target, target.proxyCommand);
  return { sock, release: async () => {} };
}

async function throughHop(
  library: Promise<SshLibrary>,
  chain: readonly string[],
  target: SshTarget,
  options: ConnectionOptions,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<Way> {
  const name = chain.join(",");
  const id = JSON.stringify([
    name,
    options.sshConfigFile,
    options.privateKeyFile,
    options.hostKeyChecking,
    options.knownHostsFiles,
  ]);
  const hop = await acquire(library, id, chain, options, target.label);
  try {
    const { client } = await inTime(hop.opening, target, deadline, signal);
    const sock = await inTime(forward(client, target, name), target, deadline, signal);
    return { sock, release: () => releaseHop(id, hop) };
  } catch (error) {
    await releaseHop(id, hop);
    throw error;
  }
}

/** The hop's connection as it is, or a new one where there is none or it was lost. */
async function acquire(
  library: Promise<SshLibrary>,
  id: string,
  chain: readonly string[],
  options: ConnectionOptions,
  forWhom: string,
) {
  const known = hops.get(id);
  if (known !== undefined) {
    known.users += 1;
    const alive = await known.opening.then(({ client }) => client.isAlive).catch(() => false);
    if (alive) return known;
    known.users -= 1;
    if (hops.get(id) === known) hops.delete(id);
    return acquire(library, id, chain, options, forWhom);
  }
  const made: SharedHop = { opening: openHop(library, chain, options, forWhom), users: 1 };
  hops.set(id, made);
  made.opening.catch(() => {
    if (hops.get(id) === made) hops.delete(id);
  });
  return made;
}

async function openHop(library: Promise<SshLibrary>, chain: readonly string[], options: ConnectionOptions, forWhom: string) {
  const [last = ""] = chain.slice(-1);
  const hop = resolveJump(last, options);
  const before = chain.slice(0, -1);
  // A hop serves many hosts: none of them may cancel it, so only its own time limit ends it.
  const deadline = new Deadline(hop.connectTimeoutMs);
  const { signal } = new AbortController();
  try {
    const way = await openWay(library, { ...hop, jumps: before }, options, deadline, signal);
    try {
      return { client: await connectClient(await library, hop, way.sock, deadline, signal), way };
    } catch (error) {
      await way.release();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof ConnectionError) || error.code === "jump-host") throw error;
    throw new ConnectionError("jump-host", `${forWhom}: by way of jump host ${error.message}`, {
      retryable: error.retryable,
      cause: error,
      ...(error.help === undefined ? {} : { help: error.help }),
    });
  } finally {
    deadline.stop();
  }
}

async function releaseHop(id: string, hop: SharedHop): Promise<void> {
  hop.users -= 1;
  if (hop.users > 0) return;
  if (hops.get(id) === hop) hops.delete(id);
  const opened = await hop.opening.catch(() => undefined);
  await opened?.client.end();
  await opened?.way.release();
}

function forward({ client }: SshClient, target: SshTarget, hop: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut("127.0.0.1", 0, target.host, target.port, (error, channel) => {
      if (error === undefined) return resolve(channel);
      const reason = error.message.replace("(SSH) Channel open failure: ", "");
      const { code, help } = forwardCause(reason, "reason" in error ? error.reason : undefined);
      reject(
        new ConnectionError(
          code,
          `${target.label}: jump host ${hop} does not reach ${target.host} port ${target.port}: ${reason}`,
          {
            retryable: code !== "jump-host",
            cause: error,
            help,
          },
        ),
      );
    });
  });
}

/** RFC 4254, section 5.1: the server does not want to, rather than not being able to. */
const administrativelyProhibited = 1;

function forwardCause(reason: string, number: unknown): { readonly code: ConnectionErrorCode; readonly help: string } {
  if (number === administrativelyProhibited || /prohibited|not allowed|denied/i.test(reason)) {
    return { code: "jump-host", help: "the jump host's sshd forbids forwarding: see AllowTcpForwarding and PermitOpen" };
  }
  if (/refused/i.test(reason)) return { code: "refused", help: "is sshd running there, and on this port (ansible_port)?" };
  if (/not known|resolve|no address/i.test(reason)) {
    return { code: "name-not-found", help: "the name is looked up on the jump host: use one that is known there" };
  }
  return { code: "unreachable", help: "is the host up, and does the jump host have a route to it?" };
}

/** Somebody else's work, waited for no longer than this host's own limit. */
async function inTime<T>(work: Promise<T>, target: SshTarget, deadline: Deadline, signal: AbortSignal): Promise<T> {
  const late = deadline.expired.then(() => {
    throw timedOut(target);
  });
  const interrupted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new ConnectionError("aborted", `${target.label}: interrupted`)), {
      once: true,
    });
  });
  return Promise.race([work, late, interrupted]);
}
