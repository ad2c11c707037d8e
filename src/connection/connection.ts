import type { Sh } from "../sh.ts";

/**
 * Bytes that travel with a script. `payload NAME` writes them to its standard output; `payload_into NAME FILE` makes them the content of a
 * file that the script has made, in the cheapest way that there is.
 */
export type Payload = { readonly content: Uint8Array } | FilePayload;

/** A file of the control node. A large one is never held whole: it arrives on the host before the script runs. */
export type FilePayload = {
  readonly file: string;
  readonly size: number;
  /** SHA-256, lower case hex: what arrives is compared with it. */
  readonly digest: string;
  /** An absolute directory of the host, or one yet to be made: a large file is put together on the disk that this is on. */
  readonly near: string;
};

/** One script and what it needs. Each runs in a subshell of its own, with no input, LC_ALL=C and umask 022. */
export type Section = {
  readonly script: Sh;
  /** Names match /^[a-z][a-z0-9_]*$/. */
  readonly payloads?: Readonly<Record<string, Payload>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Paths under names that nobody can know, removed when the script has ended, also when it had to be killed. */
  readonly temporary?: readonly string[];
};

export type SectionResult = {
  readonly rc: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
};

export type RunOptions = {
  readonly signal?: AbortSignal;
  /** Limit for the whole call; a section still running then is killed with everything it started. */
  readonly timeoutMs?: number;
};

/** A long-lived shell of one user on one host. Calls are queued: one at a time, in order. */
export interface Shell {
  readonly user: string;
  /**
   * Runs sections one after the other in ONE round trip; a section that fails does not stop the next.
   * Throws ConnectionError; with code "lost", `completed` holds the results that had arrived by then.
   */
  run(sections: readonly Section[], options?: RunOptions): Promise<readonly SectionResult[]>;
}

export type Become = {
  readonly method: "sudo" | "su" | "doas";
  readonly user: string;
  readonly password?: string;
  /** Extra arguments of the method, as `ansible_become_flags`. */
  readonly flags?: readonly string[];
  readonly executable?: string;
};

export type ConnectionStatistics = {
  readonly roundTrips: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly connects: number;
};

/** One host, as long as the run lasts. Opens itself at the first call and again after a loss. */
export interface Connection {
  /** What the user would type: `ssh user@host -p 2222`, `local`. */
  readonly target: string;
  readonly statistics: ConnectionStatistics;
  /** The shell for `become` (the login user's without it); opened by its first `run`, in the same round trip. */
  shell(become?: Become): Shell;
  /** Hangs up, as on purpose: the next `run` connects anew, in one attempt, and takes the lock again. */
  disconnect(): Promise<void>;
  close(): Promise<void>;
}

export type LockOptions = {
  /** How long to wait for another run that holds the lock. */
  readonly waitMs: number;
  /** Who we are, for the message the other one gets: `alice@laptop, k3sprov apply site.yaml`. */
  readonly owner: string;
};

export type ConnectionOptions = {
  readonly kind: "ssh" | "local";
  /** Inventory name, for messages. */
  readonly name: string;
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly privateKeyFile?: string;
  readonly privateKeyPassphrase?: string;
  /** `ProxyJump` syntax: `[user@]host[:port][,…]`; beats ~/.ssh/config. */
  readonly proxyJump?: string;
  readonly hostKeyChecking: "strict" | "accept-new" | "off";
  /** Nobody has asked for `hostKeyChecking`: StrictHostKeyChecking of ~/.ssh/config beats it then. */
  readonly hostKeyCheckingIsDefault?: boolean;
  readonly knownHostsFiles?: readonly string[];
  /** `none` reads no file at all. */
  readonly sshConfigFile?: string;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs?: number;
  /** Reconnects after a loss, with back-off. */
  readonly reconnects?: number;
  /** Absent in check mode. Taken when the first shell opens, held until the connection closes or dies. */
  readonly lock?: LockOptions;
  /** Interrupts connecting, waiting for the lock, and calls that wait their turn; a script under way ends by `RunOptions.signal`. */
  readonly signal?: AbortSignal;
  /** Asked when an encrypted key has no passphrase yet; absent when nobody can be asked. */
  readonly prompt?: (question: string) => Promise<string | undefined>;
  /** Told about a key that `accept-new` has added, a lost connection and the like. */
  readonly notice?: (message: string) => void;
};

export type Connector = (options: ConnectionOptions) => Connection;
