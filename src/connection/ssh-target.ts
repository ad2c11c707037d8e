import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import { expandHome, readSshConfig, type SshSettings } from "./ssh-config.ts";

/** Everything that is needed to enter one SSH server: options first, then ssh_config, then OpenSSH's defaults. */
export type SshTarget = {
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  /** A key file that was asked for; tried first, and alone if it works. */
  readonly explicitKey: string | undefined;
  readonly passphrase: string | undefined;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** The agent's socket. */
  readonly agent: string | undefined;
  /** `ProxyJump` specifications, the nearest first. */
  readonly jumps: readonly string[];
  readonly proxyCommand: string | undefined;
  readonly checking: "strict" | "accept-new" | "off";
  readonly knownHostsFiles: readonly string[];
  /** What to look for in known_hosts. */
  readonly knownAs: { readonly host: string; readonly port: number };
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly keepAliveCount: number;
  readonly prompt: ((question: string) => Promise<string | undefined>) | undefined;
  readonly notice: (message: string) => void;
};

const defaultKeepAliveMs = 15_000;

/** Throws ConnectionError when the configuration cannot be read. */
export function resolveTarget(options: ConnectionOptions): SshTarget {
  const settings = settingsFor(options);
  const host = settings.hostName ?? options.host;
  const port = options.port ?? settings.port ?? 22;
  const alias = settings.hostKeyAlias;
  const configured = [...settings.identityFiles];
  return {
    label: hostLabel(options.name, options.host, port),
    host,
    port,
    user: options.user ?? settings.user ?? userInfo().username,
    password: options.password,
    explicitKey: options.privateKeyFile === undefined ? undefined : expandHome(options.privateKeyFile),
    passphrase: options.privateKeyPassphrase,
    identityFiles:
      configured.length > 0 ? configured : ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name)),
    identitiesOnly: settings.identitiesOnly,
    agent: agentSocket(settings.identityAgent),
    jumps: jumps(options.proxyJump ?? (settings.proxyCommand === undefined ? settings.proxyJump : undefined)),
    proxyCommand:
      options.proxyJump !== undefined || settings.proxyCommand?.toLowerCase() === "none" ? undefined : settings.proxyCommand,
    checking: checking(options, settings),
    knownHostsFiles: [
      ...(options.knownHostsFiles?.map(expandHome) ??
        settings.userKnownHostsFiles ??
        ["known_hosts", "known_hosts2"].map((name) => join(homedir(), ".ssh", name))),
      ...(settings.globalKnownHostsFiles ?? ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"]),
    ],
    // An alias stands in known_hosts without a port.
    knownAs: alias === undefined ? { host, port } : { host: alias, port: 22 },
    connectTimeoutMs: options.connectTimeoutMs,
    keepAliveMs: options.keepAliveMs ?? settings.serverAliveMs ?? defaultKeepAliveMs,
    keepAliveCount: settings.serverAliveCountMax ?? 3,
    prompt: options.prompt,
    notice: options.notice ?? (() => {}),
  };
}

/** `[user@]host[:port]` or `ssh://…`, with the rest from ssh_config; never with the password of the host behind it. */
export function resolveJump(specification: string, options: ConnectionOptions): SshTarget {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?\/?$/.exec(specification);
  if (match === null) {
    throw new ConnectionError("jump-host", `${options.name}: "${specification}" is not a jump host`, {
      help: "write [user@]host[:port]",
    });
  }
  const [, user, bracketed, plain, port] = match;
  const target = resolveTarget({
    kind: "ssh",
    name: specification,
    host: bracketed ?? plain ?? "",
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(options.sshConfigFile === undefined ? {} : { sshConfigFile: options.sshConfigFile }),
    ...(options.knownHostsFiles === undefined ? {} : { knownHostsFiles: options.knownHostsFiles }),
    ...(options.prompt === undefined ? {} : { prompt: options.prompt }),
    ...(options.notice === undefined ? {} : { notice: options.notice }),
    ...(options.privateKeyPassphrase === undefined ? {} : { privateKeyPassphrase: options.privateKeyPassphrase }),
    ...(options.keepAliveMs === undefined ? {} : { keepAliveMs: options.keepAliveMs }),
    hostKeyChecking: options.hostKeyChecking,
    ...(options.hostKeyCheckingIsDefault === undefined ? {} : { hostKeyCheckingIsDefault: options.hostKeyCheckingIsDefault }),
    connectTimeoutMs: options.connectTimeoutMs,
  });
  // The key that was named for the host behind often opens the way to it as well.
  const extra = options.privateKeyFile === undefined ? [] : [expandHome(options.privateKeyFile)];
  return { ...target, label: specification, jumps: [], identityFiles: [...extra, ...target.identityFiles] };
}

function settingsFor(options: ConnectionOptions): SshSettings {
  if (options.sshConfigFile === "none") return { identityFiles: [], identitiesOnly: false };
  try {
    return readSshConfig(options.host, {
      ...(options.sshConfigFile === undefined ? {} : { file: options.sshConfigFile }),
      ...(options.user === undefined ? {} : { user: options.user }),
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.notice === undefined ? {} : { warn: options.notice }),
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectionError("key-unreadable", `${options.name}: the ssh configuration cannot be read: ${reason}`, { cause });
  }
}

/** The configuration may ask for more; for less only where nobody has said what he wants. */
function checking(options: ConnectionOptions, settings: SshSettings): SshTarget["checking"] {
  const configured = settings.strictHostKeyChecking;
  return options.hostKeyCheckingIsDefault === true && configured !== undefined ? configured : options.hostKeyChecking;
}

function agentSocket(configured: string | undefined): string | undefined {
  if (configured === "none") return undefined;
  const socket = configured === undefined || configured === "SSH_AUTH_SOCK" ? process.env["SSH_AUTH_SOCK"] : configured;
  return socket === "" ? undefined : socket;
}

function jumps(specification: string | undefined): string[] {
  if (specification === undefined || specification.toLowerCase() === "none") return [];
  return specification
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** The inventory's name, and the address where it says more. */
export function hostLabel(name: string, host: string, port: number | undefined): string {
  const shown = port === undefined || port === 22 ? host : `${host} port ${port}`;
  return name === shown ? name : `${name} (${shown})`;
}
