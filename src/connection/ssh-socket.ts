import { spawn } from "node:child_process";
import { connect as tcpConnect } from "node:net";
import { Duplex } from "node:stream";
import type { Deadline } from "./deadline.ts";
import { ConnectionError } from "./errors.ts";
import { timedOut } from "./ssh-client.ts";
import type { SshTarget } from "./ssh-target.ts";

/** A TCP connection to the SSH server. Throws ConnectionError. */
export function openSocket(target: SshTarget, deadline: Deadline, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = tcpConnect({ host: target.host, port: target.port });
    // Scripts and answers are written whole; waiting for more would only add a round trip (Nagle).
    socket.setNoDelay(true);
    const fail = (error: ConnectionError) => {
      socket.destroy();
      reject(error);
    };
    const onError = (error: Error) => fail(socketError(target, error));
    socket.once("error", onError);
    const onAbort = () => fail(new ConnectionError("aborted", `${target.label}: interrupted`));
    socket.once("connect", () => {
      socket.off("error", onError);
      // From here on an interrupt is for those who use the connection: what runs over it is to be finished.
      signal.removeEventListener("abort", onAbort);
      resolve(socket);
    });
    deadline.expired.then(() => fail(timedOut(target)));
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** The standard input and output of a ProxyCommand. */
export function openProxyCommand(target: SshTarget, command: string): Duplex {
  const child = spawn("/bin/sh", ["-c", `exec ${command}`], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-1000);
  });
  const duplex = Duplex.from({ writable: child.stdin, readable: child.stdout });
  child.once("exit", (code) => {
    if (code !== 0 && !duplex.destroyed) {
      duplex.destroy(new Error(`ProxyCommand ended with exit status ${code}: ${said.trim().split("\n").at(-1) ?? ""}`));
    }
  });
  duplex.once("close", () => child.kill());
  target.notice(`${target.label}: connecting through: ${command}`);
  return duplex;
}

/** Says for each errno what a person would. */
export function socketError(target: SshTarget, error: Error): ConnectionError {
  // With several addresses each has its own error; the last is as good as any.
  const last: unknown = error instanceof AggregateError ? (error.errors.at(-1) ?? error) : error;
  const code = last instanceof Error && "code" in last ? last.code : undefined;
  const { label, host, port } = target;
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_NONAME":
      return new ConnectionError("name-not-found", `${label}: the name ${host} is not known`, {
        help: "check ansible_host, /etc/hosts and DNS",
        retryable: code === "EAI_AGAIN",
        cause: error,
      });
    case "ECONNREFUSED":
      return new ConnectionError("refused", `${label}: port ${port} refuses connections`, {
        help: "is sshd running there, and on this port (ansible_port)?",
        retryable: true,
        cause: error,
      });
    case "ETIMEDOUT":
      return timedOut(target);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
    case "EADDRNOTAVAIL":
    case "EACCES":
    case "EPERM":
      return new ConnectionError("unreachable", `${label}: there is no way to ${host} (${code})`, {
        help: "is the host up, and is there a route to it?",
        retryable: true,
        cause: error,
      });
    case "ECONNRESET":
    case "EPIPE":
      return new ConnectionError("lost", `${label}: the server hung up before it let us in`, { retryable: true, cause: error });
    default:
      return new ConnectionError("unreachable", `${label}: ${error.message}`, { retryable: true, cause: error });
  }
}
