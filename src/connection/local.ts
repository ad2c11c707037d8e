import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { userInfo } from "node:os";
import type { Channel, ChannelEvents, OpenTransport } from "./channel.ts";
import { ConnectionError } from "./errors.ts";

/** Starts a command line as the leader of a session of its own. */
export type Spawn = (command: string) => ChildProcessWithoutNullStreams;

/** This machine as a transport: shells are child processes, each the leader of its own session. */
export function openLocal(label: string, start: Spawn = spawnShell): OpenTransport {
  return async () => {
    const children = new Set<LocalChannel>();
    let isAlive = true;
    return {
      loginUser: userInfo().username,
      get isAlive() {
        return isAlive;
      },
      async open(command) {
        const channel = await LocalChannel.start(label, () => start(command));
        children.add(channel);
        channel.whenEnded(() => children.delete(channel));
        return channel;
      },
      async close() {
        isAlive = false;
        for (const child of children) child.destroy();
      },
    };
  };
}

class LocalChannel implements Channel {
  readonly #child: ChildProcessWithoutNullStreams;
  #onEnded: () => void = () => {};

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    // Writing to a shell that has ended fails; its end is told by `close`.
    child.stdin.on("error", () => {});
  }

  static start(label: string, spawnChild: () => ChildProcessWithoutNullStreams): Promise<LocalChannel> {
    return new Promise((resolve, reject) => {
      const child = spawnChild();
      child.once("error", (cause) => {
        reject(new ConnectionError("shell-failed", `${label}: /bin/sh did not start: ${cause.message}`, { cause }));
      });
      child.once("spawn", () => resolve(new LocalChannel(child)));
    });
  }

  whenEnded(callback: () => void): void {
    this.#onEnded = callback;
  }

  listen(events: ChannelEvents): void {
    const child = this.#child;
    child.stdout.on("data", events.stdout);
    child.stderr.on("data", events.stderr);
    let ended = false;
    const end = (code: number | null, signal: string | null) => {
      if (ended) return;
      ended = true;
      this.#onEnded();
      events.end({ ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }), connectionLost: false });
    };
    child.on("close", end);
    // A process left in the background may hold the pipes open for ever; what the shell printed is read by then.
    child.on("exit", (code, signal) => setTimeout(() => end(code, signal), 200));
  }

  write(data: Buffer | string): Promise<void> {
    return new Promise((resolve) => this.#child.stdin.write(data, () => resolve()));
  }

  destroy(): void {
    const { stdin, stdout, stderr } = this.#child;
    stdin.destroy();
    stdout.destroy();
    stderr.destroy();
  }
}

function spawnShell(command: string): ChildProcessWithoutNullStreams {
  return spawn("/bin/sh", ["-c", command], { detached: true, stdio: ["pipe", "pipe", "pipe"] });
}
