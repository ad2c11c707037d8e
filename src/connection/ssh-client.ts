import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { Deadline } from "./deadline.ts";
import { ConnectionError } from "./errors.ts";
import { HostKeyCheck } from "./host-key-check.ts";
import { type AuthAttempt, Authentication } from "./ssh-auth.ts";
import { keyOf, signWithoutAsking } from "./ssh-internals.ts";
import type { SshLibrary } from "./ssh-library.ts";
import type { SshTarget } from "./ssh-target.ts";

/** An authenticated SSH connection. */
export interface SshClient {
  readonly client: Client;
  readonly isAlive: boolean;
  end(): Promise<void>;
}

/** The cheapest first for node's own crypto: AES-GCM is hardware; ssh2's ChaCha20 is for servers that offer nothing else. */
const ciphers = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
  "chacha20-poly1305@openssh.com",
] as const;
const keyExchanges = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group-exchange-sha256",
  "diffie-hellman-group14-sha256",
  "diffie-hellman-group16-sha512",
] as const;
/** How long a goodbye may take. */
const endTimeoutMs = 1000;

/** Speaks SSH over `sock` until the user is let in. Throws ConnectionError. */
export async function connectClient(
  library: SshLibrary,
  target: SshTarget,
  sock: Duplex,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<SshClient> {
  const check = new HostKeyCheck({
    checking: target.checking,
    files: target.knownHostsFiles,
    ...target.knownAs,
    label: target.label,
    notice: target.notice,
  });
  const authentication = new Authentication(library, target, deadline.whileAsking);
  const attempts = authentication.attempts();
  const node = new library.NodeSSH();
  let failure: ConnectionError | undefined;
  let named: unknown;
  const connecting = node.connect({
    sock,
    host: target.host,
    username: target.user,
    // Ours covers the way through jump hosts too, and stands still for prompts.
    readyTimeout: 0,
    keepaliveInterval: target.keepAliveMs,
    keepaliveCountMax: target.keepAliveCount,
    algorithms: { kex: [...keyExchanges], cipher: [...ciphers], serverHostKey: check.serverHostKey, compress: ["none"] },
    hostVerifier: (key: Buffer, verify: (accepted: boolean) => void) => {
      void check.accepts(key).then(verify);
    },
    authHandler: (methods, _partial, next) => {
      // null before the first answer, though the types say otherwise.
      authentication.allowed = methods ?? undefined;
      nextAttempt(attempts).then(
        (attempt) => {
          if (attempt?.label === target.explicitKey && attempt !== undefined) named = keyOf(attempt.method);
          // `false` means that there is nothing left; the types only know methods.
          next(attempt === undefined ? (false as never) : attempt.method);
        },
        (error: unknown) => {
          failure =
            error instanceof ConnectionError
              ? error
              : new ConnectionError("authentication", `${target.label}: ${error}`, { cause: error });
          next(false as never);
        },
      );
    },
  });
  // We listen to the client itself: node-ssh takes an agent that cannot sign for the end of the attempt.
  connecting.catch(() => {});
  const client = node.connection;
  if (client === null) throw await connecting.then(() => new Error("node-ssh has no client"));
  signWithoutAsking(client, (key) => key !== undefined && key === named);
  let isAlive = false;
  const closed = new Promise<void>((resolve) => client.once("close", resolve));
  client.once("close", () => {
    isAlive = false;
  });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("ready", () => resolve());
      client.on("error", (error: Error & { level?: string }) => {
        isAlive = false;
        if (error.level !== "agent") reject(check.refusal ?? failure ?? handshakeError(target, error, authentication));
      });
      client.once("close", () => reject(check.refusal ?? failure ?? dropped(target)));
      deadline.expired.then(() => reject(timedOut(target)));
      signal.addEventListener("abort", () => reject(new ConnectionError("aborted", `${target.label}: interrupted`)), {
        once: true,
      });
    });
  } catch (error) {
    client.end();
    sock.destroy();
    throw error;
  }
  isAlive = true;
  return {
    client,
    get isAlive() {
      return isAlive;
    },
    async end() {
      isAlive = false;
      client.end();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, endTimeoutMs);
      });
      await Promise.race([closed, late]);
      clearTimeout(timer);
      sock.destroy();
    },
  };
}

async function nextAttempt(attempts: AsyncGenerator<AuthAttempt>): Promise<AuthAttempt | undefined> {
  const next = await attempts.next();
  return next.done === true ? undefined : next.value;
}

function handshakeError(target: SshTarget, error: Error & { level?: string }, authentication: Authentication): ConnectionError {
  const { label } = target;
  if (error.level === "client-authentication") return authentication.failure();
  if (/too many authentication failures/i.test(error.message)) {
    const failure = authentication.failure();
    return new ConnectionError("authentication", `${failure.message}; the host allows no further attempt`, {
      help: "name the right key (--private-key), or set IdentitiesOnly yes in ~/.ssh/config, so that the agent's other keys are not tried",
    });
  }
  if (/no matching|unsupported|handshake failed/i.test(error.message)) {
    return new ConnectionError("protocol", `${label}: no common SSH algorithm: ${error.message}`, {
      help: "the SSH server is too old or too restricted for this client; see its Ciphers, KexAlgorithms and HostKeyAlgorithms",
      cause: error,
    });
  }
  if (error.level === "client-socket" || /connection lost before handshake|ECONNRESET|socket/i.test(error.message))
    return dropped(target, error);
  if (/keepalive|timed out/i.test(error.message)) return timedOut(target);
  return new ConnectionError("protocol", `${label}: SSH failed: ${error.message}`, { cause: error });
}

function dropped(target: SshTarget, cause?: Error): ConnectionError {
  return new ConnectionError("lost", `${target.label}: the server hung up before it let us in`, {
    help: "sshd drops connections that come too many at once (MaxStartups), or from addresses it has banned",
    retryable: true,
    cause,
  });
}

export function timedOut(target: Pick<SshTarget, "label" | "connectTimeoutMs">): ConnectionError {
  return new ConnectionError("connect-timeout", `${target.label}: no connection within ${target.connectTimeoutMs / 1000} s`, {
    help: "check the address, port and firewalls, or give --timeout more seconds",
    retryable: true,
  });
}
