import type { ClientChannel } from "ssh2";
import type { Channel, ChannelEnd, ChannelEvents, OpenTransport } from "./channel.ts";
import type { ConnectionOptions } from "./connection.ts";
import { Deadline } from "./deadline.ts";
import { ConnectionError } from "./errors.ts";
import { openWay } from "./jump.ts";
import { connectClient, type SshClient } from "./ssh-client.ts";
import { watchExec } from "./ssh-internals.ts";
import { loadSsh } from "./ssh-library.ts";
import type { SshTarget } from "./ssh-target.ts";

/** After a process has ended, what it left in the background may hold its output open for ever. */
const outputGraceMs = 200;

/** One SSH connection as a transport: shells are its channels. */
export function openSsh(target: SshTarget, options: ConnectionOptions): OpenTransport {
  return async (signal) => {
    // The sockets connect while the library is read, which takes as long as a round trip.
    const library = loadSsh();
    if (signal.aborted) throw new ConnectionError("aborted", `${target.label}: interrupted`);
    const deadline = new Deadline(target.connectTimeoutMs);
    try {
      const way = await openWay(library, target, options, deadline, signal);
      let client: SshClient;
      try {
        client = await connectClient(await library, target, way.sock, deadline, signal);
      } catch (error) {
        way.sock.destroy();
        await way.release();
        throw error;
      }
      // A way that a lost connection leaves behind is given back as well.
      client.client.once("close", () => void way.release());
      return transport(target, client);
    } finally {
      deadline.stop();
    }
  };
}

function transport(target: SshTarget, ssh: SshClient) {
  // Two requests with the same command are as good as each other: whichever channel comes first serves the first of them.
  const opening = new Map<string, ((channel: ClientChannel) => void)[]>();
  watchExec(ssh.client, (channel, command) => opening.get(command)?.shift()?.(channel));
  return {
    loginUser: target.user,
    get isAlive() {
      return ssh.isAlive;
    },
    open(command: string): Promise<Channel> {
      return new Promise((resolve, reject) => {
        let opened: SshChannel | undefined;
        const found = (channel: ClientChannel) => {
          opened ??= new SshChannel(channel, ssh);
          resolve(opened);
        };
        const waiting = opening.get(command) ?? [];
        opening.set(command, [...waiting, found]);
        const fail = (error: unknown) => {
          opening.set(command, opening.get(command)?.filter((one) => one !== found) ?? []);
          opened?.refused();
          reject(openError(target, ssh, error));
        };
        try {
          ssh.client.exec(command, (error, channel) => {
            if (error !== undefined) fail(error);
            else if (opened === undefined) found(channel);
          });
        } catch (error) {
          fail(error);
        }
      });
    },
    close: () => ssh.end(),
  };
}

function openError({ label }: SshTarget, ssh: SshClient, cause: unknown): ConnectionError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (!ssh.isAlive || /not connected|no response/i.test(reason)) {
    return new ConnectionError("lost", `${label}: the connection was lost while a shell was opening`, { retryable: true, cause });
  }
  return new ConnectionError("shell-failed", `${label}: the host opens no shell for us: ${reason.replace("(SSH) ", "")}`, {
    help: "see MaxSessions, ForceCommand and PermitTTY in the host's sshd_config, and restrictions in authorized_keys",
    cause,
  });
}

class SshChannel implements Channel {
  readonly #channel: ClientChannel;
  readonly #ssh: SshClient;
  #end: ChannelEnd | undefined;
  #events: ChannelEvents | undefined;
  #exit: { code?: number; signal?: string } = {};

  constructor(channel: ClientChannel, ssh: SshClient) {
    this.#channel = channel;
    this.#ssh = ssh;
    channel.on("exit", (code: number | null, signal?: string) => {
      this.#exit = { ...(code === null ? {} : { code }), ...(signal === undefined ? {} : { signal }) };
      setTimeout(() => this.#finish(), outputGraceMs);
    });
    channel.on("close", () => this.#finish());
    channel.on("error", () => this.#finish());
  }

  listen(events: ChannelEvents): void {
    this.#events = events;
    this.#channel.on("data", events.stdout);
    this.#channel.stderr.on("data", events.stderr);
    if (this.#end !== undefined) events.end(this.#end);
  }

  write(data: Buffer | string): Promise<void> {
    return new Promise((resolve) => {
      this.#channel.write(data, () => resolve());
    });
  }

  destroy(): void {
    this.#channel.destroy();
  }

  refused(): void {
    this.#finish();
  }

  #finish(): void {
    if (this.#end !== undefined) return;
    const ended = this.#exit.code !== undefined || this.#exit.signal !== undefined;
    this.#end = { ...this.#exit, connectionLost: !ended && !this.#ssh.isAlive };
    this.#events?.end(this.#end);
  }
}
