import { appendFile, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { ConnectionError } from "./errors.ts";
import { fingerprint, judgeKey, type KnownHost, keyType, knownHostsName, knownTypes, readKnownHosts } from "./known-hosts.ts";

export type HostKeyPolicy = {
  readonly checking: "strict" | "accept-new" | "off";
  /** Files of the user, then of the system. The first is the one that `accept-new` adds to. */
  readonly files: readonly string[];
  /** The name to look for: HostKeyAlias or the host name. */
  readonly host: string;
  readonly port: number;
  /** For messages. */
  readonly label: string;
  readonly notice: (message: string) => void;
};

/** Signature algorithms by key type, the strongest first. */
const algorithms: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

/** Compares the keys of one host with known_hosts. Throws ConnectionError when a file cannot be read. */
export class HostKeyCheck {
  readonly #policy: HostKeyPolicy;
  readonly #entries: readonly KnownHost[];
  /** Why the key was refused. */
  refusal: ConnectionError | undefined;

  constructor(policy: HostKeyPolicy) {
    this.#policy = policy;
    try {
      this.#entries = policy.checking === "off" ? [] : readKnownHosts(policy.files);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ConnectionError("host-key-unknown", `${policy.label}: known_hosts cannot be read: ${reason}`, { cause });
    }
  }

  /** All algorithms, those whose keys can be compared first. */
  get serverHostKey(): ServerHostKeyAlgorithm[] {
    const known = knownTypes(this.#entries, this.#policy.host, this.#policy.port);
    const types = Object.keys(algorithms);
    return [...types.filter((type) => known.includes(type)), ...types.filter((type) => !known.includes(type))].flatMap(
      (type) => algorithms[type] ?? [],
    );
  }

  /** May the connection go on with a server that presents `key` (SSH wire format)? */
  async accepts(key: Buffer): Promise<boolean> {
    const { checking, host, port, label, files, notice } = this.#policy;
    if (checking === "off") return true;
    let verdict = judgeKey(this.#entries, host, port, key);
    if (verdict.kind === "unknown" && checking === "accept-new") {
      const [file] = files;
      if (file === undefined) return true;
      const name = knownHostsName(host, port);
      try {
        // Another host of this run, or another program, may have added the name since we read the file.
        verdict = await addOnce(file, name, host, port, key);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        this.refusal = new ConnectionError("host-key-unknown", `${label}: its host key cannot be added to ${file}: ${reason}`, {
          cause,
        });
        return false;
      }
      if (verdict.kind === "unknown") {
        notice(`${label}: added its ${keyType(key)} host key ${fingerprint(key)} to ${file}`);
        return true;
      }
    }
    if (verdict.kind === "known") return true;
    this.refusal = refusal(this.#policy, verdict, key);
    return false;
  }
}

function refusal(
  policy: HostKeyPolicy,
  verdict: Exclude<ReturnType<typeof judgeKey>, { kind: "known" }>,
  key: Buffer,
): ConnectionError {
  const { label, host, port, files } = policy;
  const shown = `${keyType(key)} ${fingerprint(key)}`;
  const name = knownHostsName(host, port);
  if (verdict.kind === "revoked") {
    const { file, line } = verdict.by;
    return new ConnectionError("host-key-revoked", `${label}: its host key is revoked: ${shown} (${file}:${line})`, {
      help: "do not connect; the owner of the host has to install a new key",
    });
  }
  if (verdict.kind === "changed") {
    const known = verdict.known
      .map((entry) => `${entry.type} ${fingerprint(entry.key)} (${entry.file}:${entry.line})`)
      .join(", ");
    return new ConnectionError("host-key-changed", `${label}: its host key has changed: it is ${shown}; known is ${known}`, {
      help: `somebody may be listening in between. If the host was installed anew, compare the fingerprint on its console, then: ssh-keygen -R ${shellWord(name)} -f ${shellWord(verdict.known[0]?.file ?? "")}`,
    });
  }
  const authority = verdict.authorities[0];
  if (authority !== undefined) {
    return new ConnectionError(
      "host-key-unknown",
      `${label}: its host key is not known: ${shown}; ${authority.file}:${authority.line} trusts a certificate authority, but host certificates are not supported`,
      { help: `add the plain key, once you have compared the fingerprint: ${scanCommand(host, port, files[0])}` },
    );
  }
  return new ConnectionError("host-key-unknown", `${label}: its host key is not known: ${shown}`, {
    help: `compare the fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: ${scanCommand(host, port, files[0])}; or run with --host-key-checking accept-new`,
  });
}

function scanCommand(host: string, port: number, file: string | undefined): string {
  return `ssh-keyscan${port === 22 ? "" : ` -p ${port}`} ${shellWord(host)} >> ${shellWord(file ?? "~/.ssh/known_hosts")}`;
}

function shellWord(text: string): string {
  return /[[\]*?\s]/.test(text) ? `'${text}'` : text;
}

/** Additions of this process, one after the other: many hosts may be new at once. */
let adding: Promise<unknown> = Promise.resolve();

function addOnce(file: string, name: string, host: string, port: number, key: Buffer): Promise<ReturnType<typeof judgeKey>> {
  const added = adding.then(async () => {
    const verdict = judgeKey(readKnownHosts([file]), host, port, key);
    if (verdict.kind !== "unknown") return verdict;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const line = `${name} ${keyType(key)} ${key.toString("base64")}\n`;
    // One write in append mode, so that lines of several processes do not mix.
    await appendFile(file, (await endsOpen(file)) ? `\n${line}` : line, { mode: 0o600 });
    return verdict;
  });
  adding = added.catch(() => {});
  return added;
}

/** Does the file lack a line feed at its end? */
async function endsOpen(file: string): Promise<boolean> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, "r");
  } catch {
    return false;
  }
  try {
    const { size } = await handle.stat();
    if (size === 0) return false;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] !== 0x0a;
  } finally {
    await handle.close();
  }
}
