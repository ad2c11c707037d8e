import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import type { NodeSSH } from "node-ssh";
import type { AnyAuthMethod, Client, ClientChannel } from "ssh2";
import type { Channel, ChannelEvents, OpenTransport, Transport } from "./channel.ts";
import type { ConnectionOptions } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import { HostKeyCheck } from "./host-key-check.ts";
import { Authentication } from "./ssh-auth.ts";
import { expandTokens } from "./ssh-config.ts";
import { connectFailure } from "./ssh-failures.ts";
import { loadSsh } from "./ssh-library.ts";
import { resolveJump, resolveTarget, type SshTarget } from "./ssh-target.ts";

/** An SSH connection as a transport; its jump hosts are opened first and closed with it. */
export function openSsh(options: ConnectionOptions): OpenTransport {
  return async (signal) => {
    const target = resolveTarget(options);
    const jumps: Login[] = [];
    try {
      let socket = target.proxyCommand === undefined ? undefined : proxySocket(target);
      const route = [...target.jumps.map((one) => resolveJump(one, options)), target];
      let login: Login | undefined;
      for (const [index, hop] of route.entries()) {
        login = await enter(hop, socket, signal, index < route.length - 1);
        const next = route[index + 1];
        if (next === undefined) break;
        jumps.push(login);
        socket = await forward(login, next);
      }
      if (login === undefined) throw new Error("a route has at least one hop");
      return transportOf(login, target, jumps);
    } catch (error) {
      for (const jump of jumps) jump.ssh.dispose();
      throw error;
    }
  };
}

type Login = { readonly ssh: NodeSSH; readonly client: Client; readonly target: SshTarget };

async function enter(target: SshTarget, socket: Duplex | undefined, signal: AbortSignal, isJump: boolean): Promise<Login> {
  const library = await loadSsh();
  const ssh = new library.NodeSSH();
  const limit = new ConnectLimit(target.connectTimeoutMs, signal);
  const keys = new HostKeyCheck({
    checking: target.checking,
    files: target.knownHostsFiles,
    host: target.knownHostsName,
    port: target.port,
    label: target.label,
    notice: target.notice,
  });
  const authentication = new Authentication(library, target, (work) => limit.paused(work));
  const attempts = authentication.attempts();
  let failure: unknown;
  const next = async (allowed: readonly string[] | null, give: (method: AnyAuthMethod | false) => void): Promise<void> => {
    if (allowed !== null) authentication.allowed = allowed;
    try {
      const attempt = await attempts.next();
      give(attempt.done === true ? false : attempt.value.method);
    } catch (error) {
      failure = error;
      give(false);
    }
  };
  try {
    const connecting = ssh.connect({
      ...(socket === undefined ? { host: target.host, port: target.port } : { sock: socket }),
      username: target.user,
      // Ours covers waits for a person as well, and the jump hosts.
      readyTimeout: 0,
      keepaliveInterval: target.keepAliveMs,
      keepaliveCountMax: target.keepAliveCount,
      algorithms: {
        serverHostKey: serverHostKeys(keys),
        // The first that both know is taken; these two are the cheapest that node computes natively.
        cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-ctr"],
      },
      hostVerifier: (key: Buffer, verify: (ok: boolean) => void) =>
        void keys.accepts(key).then(verify, (error: unknown) => {
          failure = error;
          verify(false);
        }),
      // `false` ends the attempts; the types leave it out, the documentation has it.
      authHandler: (allowed, _partial, give) => void next(allowed, give as (method: AnyAuthMethod | false) => void),
    });
    await limit.race(connecting);
    const client = ssh.connection;
    if (client === null) throw new Error("node-ssh resolved without a connection");
    return { ssh, client, target };
  } catch (error) {
    ssh.dispose();
    socket?.destroy();
    throw connectFailure(error, {
      target,
      failure: failure ?? keys.refusal,
      authentication,
      timedOut: limit.expired,
      aborted: signal.aborted,
      isJump,
    });
  } finally {
    limit.end();
  }
}

type HostKeyAlgorithms = NonNullable<NonNullable<Parameters<Client["connect"]>[0]["algorithms"]>["serverHostKey"]>;

/** The names are ssh2's own; its types list them one by one. */
function serverHostKeys(keys: HostKeyCheck): HostKeyAlgorithms {
  return keys.serverHostKey as HostKeyAlgorithms;
}

/** Limits connect, handshake and login together, but not the time that a person takes to answer. */
class ConnectLimit {
  expired = false;
  readonly #signal: AbortSignal;
  readonly #reject: (error: Error) => void;
  readonly #ended: Promise<never>;
  readonly #onAbort: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leftMs: number;
  #startedAt = 0;

  constructor(ms: number, signal: AbortSignal) {
    this.#leftMs = ms;
    this.#signal = signal;
    const { promise, reject } = deferred();
    this.#ended = promise;
    this.#reject = reject;
    this.#onAbort = () => reject(new Error("aborted"));
    signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#start();
  }

  async race<T>(work: Promise<T>): Promise<T> {
    // A login that ends after the limit has nobody to hear of its failure.
    work.catch(() => {});
    return Promise.race([work, this.#ended]);
  }

  async paused<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.#timer);
    this.#leftMs -= performance.now() - this.#startedAt;
    try {
      return await work();
    } finally {
      this.#start();
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  #start(): void {
    this.#startedAt = performance.now();
    this.#timer = setTimeout(
      () => {
        this.expired = true;
        this.#reject(new Error("timed out"));
      },
      Math.max(1, this.#leftMs),
    );
  }
}

function deferred(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_, no) => {
    reject = no;
  });
  // Nobody may be waiting when it is rejected.
  promise.catch(() => {});
  return { promise, reject };
}

/** A stream through a jump host to the next one. */
function forward(login: Login, next: SshTarget): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    login.client.forwardOut("127.0.0.1", 0, next.host, next.port, (error, channel) => {
      if (error === undefined) return resolve(channel);
      const message = `${login.target.label}: the jump host cannot reach ${next.host} port ${next.port}: ${error.message}`;
      reject(new ConnectionError("jump-host", message, { cause: error, retryable: true }));
    });
  });
}

/** `ProxyCommand`: a program whose standard streams lead to the host. */
function proxySocket(target: SshTarget): Duplex {
  const command = expandTokens(target.proxyCommand ?? "", { h: target.host, p: String(target.port), r: target.user, "%": "%" });
  const child = spawn("/bin/sh", ["-c", `exec ${command}`], { stdio: ["pipe", "pipe", "inherit"] });
  const socket = Duplex.from({ readable: child.stdout, writable: child.stdin });
  child.on("error", (error) => socket.destroy(error));
  socket.on("close", () => child.kill());
  return socket;
}

function transportOf(login: Login, target: SshTarget, jumps: readonly Login[]): Transport {
  const { client, ssh } = login;
  let isAlive = true;
  const channels = new Set<SshChannel>();
  // Without a listener an error that comes later would end the process; the channels tell of it.
  client.on("error", () => {});
  client.on("close", () => {
    isAlive = false;
    for (const channel of channels) channel.lost();
    for (const jump of jumps) jump.ssh.dispose();
  });
  return {
    loginUser: target.user,
    get isAlive() {
      return isAlive;
    },
    open: (command) =>
      new Promise((resolve, reject) => {
        if (!isAlive) return reject(lost(target));
        const onClose = (): void => reject(lost(target));
        client.once("close", onClose);
        client.exec(command, (error, stream) => {
          client.removeListener("close", onClose);
          if (error !== undefined) {
            const help =
              "the server may allow no commands for this user (ForceCommand, internal-sftp), or no more sessions (MaxSessions)";
            return reject(
              new ConnectionError("shell-failed", `${target.label}: the host started no shell: ${error.message}`, {
                help,
                cause: error,
              }),
            );
          }
          const channel = new SshChannel(stream, () => channels.delete(channel));
          channels.add(channel);
          resolve(channel);
        });
      }),
    async close() {
      isAlive = false;
      ssh.dispose();
      for (const jump of jumps) jump.ssh.dispose();
    },
  };
}

function lost(target: SshTarget): ConnectionError {
  return new ConnectionError("lost", `${target.label}: the connection was lost`, { retryable: true });
}

class SshChannel implements Channel {
  readonly #stream: ClientChannel;
  readonly #onEnded: () => void;
  #events: ChannelEvents | undefined;
  #ended = false;
  #code: number | undefined;
  #signal: string | undefined;

  constructor(stream: ClientChannel, onEnded: () => void) {
    this.#stream = stream;
    this.#onEnded = onEnded;
    stream.on("error", () => {});
  }

  listen(events: ChannelEvents): void {
    this.#events = events;
    const stream = this.#stream;
    stream.on("data", events.stdout);
    stream.stderr.on("data", events.stderr);
    stream.on("exit", (code: number | null, signal?: string) => {
      this.#code = code ?? undefined;
      this.#signal = signal;
    });
    stream.on("close", () => this.#end(this.#code === undefined && this.#signal === undefined));
  }

  write(data: Buffer | string): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.removeListener("close", done);
        resolve();
      };
      this.#stream.once("close", done);
      this.#stream.write(data, done);
    });
  }

  destroy(): void {
    this.#stream.close();
    setImmediate(() => this.#end(true));
  }

  /** The connection underneath has gone. */
  lost(): void {
    this.#end(true);
  }

  #end(connectionLost: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnded();
    this.#events?.end({
      ...(this.#code === undefined ? {} : { code: this.#code }),
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
      connectionLost,
    });
  }
}
