import { existsSync } from "node:fs";
import type { AnyAuthMethod, BaseAgent, ParsedKey } from "ssh2";
import { ConnectionError } from "./errors.ts";
import { fingerprint } from "./known-hosts.ts";
import { loadKey, publicKeyOf } from "./ssh-keys.ts";
import type { SshLibrary } from "./ssh-library.ts";
import type { SshTarget } from "./ssh-target.ts";

export type AuthAttempt = { readonly label: string; readonly method: AnyAuthMethod };

/** Ways in, one at a time, and what became of them. */
export class Authentication {
  /** What was offered or could not be, in words, for the error. */
  readonly tried: string[] = [];
  /** Methods that the server takes; undefined until it has said so. */
  allowed: readonly string[] | undefined;
  readonly #library: SshLibrary;
  readonly #target: SshTarget;
  /** Wraps waits for a person, which must not count against the connect timeout. */
  readonly #whileAsking: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #offered = new Set<string>();
  #certificate: string | undefined;

  constructor(library: SshLibrary, target: SshTarget, whileAsking: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#library = library;
    this.#target = target;
    this.#whileAsking = whileAsking;
  }

  /** The order: what was named outright, the agent, the usual key files, the password. */
  async *attempts(): AsyncGenerator<AuthAttempt> {
    const { explicitKey, password, identityFiles, user } = this.#target;
    if (explicitKey !== undefined) yield* this.#keyFile(explicitKey, true);
    else if (password !== undefined) yield* this.#withPassword(password);
    if (this.#mayTry("publickey")) yield* this.#agentKeys(this.#target.identitiesOnly ? await this.#namedKeys() : undefined);
    for (const file of identityFiles) {
      if (this.#mayTry("publickey") && file !== explicitKey) yield* this.#keyFile(file, false);
    }
    if (explicitKey !== undefined && password !== undefined) yield* this.#withPassword(password);
    if (this.tried.length === 0) yield { label: "none", method: { type: "none", username: user } };
  }

  /** The error for a server that took none of it. */
  failure(): ConnectionError {
    const { label, user } = this.#target;
    const tried = this.tried.length === 0 ? "there was no key, agent or password to try" : `tried ${this.tried.join(", ")}`;
    const allowed = this.allowed === undefined ? "" : `; the host takes ${this.allowed.join(", ")}`;
    const certificate =
      this.#certificate === undefined ? "" : `; ${this.#certificate} is there, but user certificates are not supported`;
    return new ConnectionError("authentication", `${label}: user ${user} was not let in: ${tried}${allowed}${certificate}`, {
      help: "name a user and key that the host accepts (-u, --private-key), load the key into an agent, or give a password (-k)",
    });
  }

  #mayTry(method: string): boolean {
    return this.allowed === undefined || this.allowed.includes(method);
  }

  async *#keyFile(file: string, explicit: boolean): AsyncGenerator<AuthAttempt> {
    const { user, passphrase, prompt, label } = this.#target;
    const known = await publicKeyOf(this.#library, file);
    if (known !== undefined && this.#offered.has(known.toString("base64"))) return;
    if (existsSync(`${file}-cert.pub`)) this.#certificate = `${file}-cert.pub`;
    // A person is asked only if the agent cannot spare it.
    let found = await loadKey(this.#library, { file, passphrase, prompt: undefined });
    if (found.kind === "encrypted") {
      if (explicit && known !== undefined) yield* this.#agentKeys([known]);
      if (known !== undefined && this.#offered.has(known.toString("base64"))) return;
      if (prompt !== undefined) {
        found = await this.#whileAsking(() => loadKey(this.#library, { file, passphrase, prompt }));
      }
    }
    switch (found.kind) {
      case "key":
        this.tried.push(`key ${file}`);
        this.#offered.add(found.key.getPublicSSH().toString("base64"));
        yield { label: file, method: { type: "publickey", username: user, key: asKeyInput(found.key) } };
        return;
      case "encrypted":
        this.tried.push(`key ${file} (not offered: it is encrypted, and no passphrase was given)`);
        return;
      case "missing":
        if (!explicit) return;
        throw new ConnectionError("key-unreadable", `${label}: there is no key file ${file}`, {
          help: "check --private-key or ansible_ssh_private_key_file",
        });
      case "unusable":
        if (!explicit) {
          this.tried.push(`key ${file} (not offered: ${found.reason})`);
          return;
        }
        throw new ConnectionError("key-unreadable", `${label}: the key ${file} cannot be used: ${found.reason}`);
      default:
        found satisfies never;
    }
  }

  /** Public keys of the configured identity files, to which IdentitiesOnly limits the agent. */
  async #namedKeys(): Promise<Buffer[]> {
    const { explicitKey, identityFiles } = this.#target;
    const files = explicitKey === undefined ? identityFiles : [explicitKey, ...identityFiles];
    const keys = await Promise.all(files.map((file) => publicKeyOf(this.#library, file)));
    return keys.filter((key) => key !== undefined);
  }

  async *#agentKeys(only: readonly Buffer[] | undefined): AsyncGenerator<AuthAttempt> {
    const { agent: socket, user } = this.#target;
    if (socket === undefined || only?.length === 0) return;
    const { ssh2 } = this.#library;
    const agent = ssh2.createAgent(socket);
    let keys: ParsedKey[];
    try {
      keys = await identities(this.#library, agent);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.tried.some((one) => one.startsWith("the agent"))) this.tried.push(`the agent at ${socket} (${reason})`);
      return;
    }
    for (const key of keys) {
      const blob = key.getPublicSSH();
      const id = blob.toString("base64");
      if (this.#offered.has(id) || (only !== undefined && !only.some((one) => one.equals(blob)))) continue;
      if (!this.#mayTry("publickey")) return;
      this.#offered.add(id);
      this.tried.push(`agent key ${key.comment || fingerprint(blob)}`);
      yield { label: "agent", method: { type: "agent", username: user, agent: single(this.#library, socket, key) } };
    }
  }

  async *#withPassword(password: string): AsyncGenerator<AuthAttempt> {
    const { user: username } = this.#target;
    if (this.#mayTry("password")) {
      this.tried.push("password");
      yield { label: "password", method: { type: "password", username, password } };
    }
    if (this.#mayTry("keyboard-interactive")) {
      this.tried.push("password (keyboard-interactive)");
      yield {
        label: "keyboard-interactive",
        method: {
          type: "keyboard-interactive",
          username,
          // Only what is not echoed can be the password; a one-time code we do not have.
          prompt: (_name, _instructions, _language, prompts, finish) =>
            finish(prompts.map((one) => (one.echo === true ? "" : password))),
        },
      };
    }
  }
}

/** ssh2 takes parsed keys where its types say text: it would parse the text anew for each host. */
function asKeyInput(key: ParsedKey): Buffer {
  return key as unknown as Buffer;
}

function identities({ ssh2 }: SshLibrary, agent: BaseAgent): Promise<ParsedKey[]> {
  return new Promise((resolve, reject) => {
    agent.getIdentities((error, keys) => {
      if (error != null) return reject(error);
      const parsed = (keys ?? []).map((key) => {
        // Agents answer with parsed keys, though the types allow others.
        const one = ssh2.utils.parseKey(key as unknown as Buffer);
        return Array.isArray(one) ? one[0] : one;
      });
      resolve(parsed.filter((key): key is ParsedKey => key !== undefined && !(key instanceof Error)));
    });
  });
}

/** An agent that knows one key, so that each is an attempt of its own and can be named in the error. */
function single({ ssh2 }: SshLibrary, socket: string, key: ParsedKey): BaseAgent {
  const agent = ssh2.createAgent(socket);
  agent.getIdentities = (callback) => callback(undefined, [key]);
  return agent;
}
