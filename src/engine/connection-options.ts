import type { Become, ConnectionOptions } from "../connection/connection.ts";
import { DiagnosticError } from "../diagnostic.ts";
import type { Scope } from "../playbook/model.ts";
import { keywordOf } from "../playbook/scope.ts";
import { TemplateString } from "../vars/value.ts";
import type { ConnectionDefaults } from "./context.ts";
import type { Evaluator } from "./evaluator.ts";

const LOCAL_NAMES = new Set(["localhost", "127.0.0.1", "::1"]);

/** How to reach a host: its variables first (Ansible's names), then the play's keywords, then what flags and configuration say. */
export function connectionOptions(
  host: string,
  evaluator: Evaluator,
  defaults: ConnectionDefaults,
  scope: Scope,
): ConnectionOptions {
  const text = (...names: readonly string[]): string | undefined => variable(evaluator, names);
  const args = sshArguments(
    [text("ansible_ssh_common_args"), text("ansible_ssh_extra_args"), text("ansible_ssh_args")].join(" "),
  );
  const kind = text("ansible_connection") ?? evaluator.text(keywordOf(scope, "connection")) ?? defaults.kind ?? "ssh";
  const port = number(text("ansible_port", "ansible_ssh_port") ?? evaluator.text(keywordOf(scope, "port")), "ansible_port", host);
  const timeout = number(text("ansible_ssh_timeout", "ansible_timeout"), "ansible_timeout", host);
  const user = text("ansible_user", "ansible_ssh_user") ?? evaluator.text(keywordOf(scope, "remoteUser")) ?? defaults.user;
  const password = text("ansible_password", "ansible_ssh_pass", "ansible_ssh_password") ?? defaults.password;
  const privateKeyFile = text("ansible_private_key_file", "ansible_ssh_private_key_file") ?? defaults.privateKeyFile;
  const passphrase = text("ansible_ssh_private_key_passphrase");
  return {
    kind: connectionKind(kind, host),
    name: host,
    host: text("ansible_host", "ansible_ssh_host") ?? host,
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(privateKeyFile === undefined ? {} : { privateKeyFile }),
    ...(passphrase === undefined ? {} : { privateKeyPassphrase: passphrase }),
    ...(args.proxyJump === undefined ? {} : { proxyJump: args.proxyJump }),
    ...(args.knownHostsFiles === undefined ? {} : { knownHostsFiles: args.knownHostsFiles }),
    ...(defaults.sshConfigFile === undefined ? {} : { sshConfigFile: defaults.sshConfigFile }),
    ...(defaults.prompt === undefined ? {} : { prompt: defaults.prompt }),
    ...hostKeyChecking(text("ansible_host_key_checking", "ansible_ssh_host_key_checking") ?? args.strict, defaults),
    connectTimeoutMs: timeout === undefined ? defaults.connectTimeoutMs : timeout * 1000,
  };
}

/** Who a task runs as: `become` keywords, the host's `ansible_become*` variables, which win as in Ansible, then the flags. */
export function becomeOf(scope: Scope, evaluator: Evaluator, defaults: ConnectionDefaults): Become | undefined {
  const text = (...names: readonly string[]): string | undefined => variable(evaluator, names);
  const fromVariable = text("ansible_become");
  const wanted =
    fromVariable === undefined
      ? (evaluator.bool(keywordOf(scope, "become")) ?? defaults.become)
      : ["true", "yes", "on", "1"].includes(fromVariable.toLowerCase());
  if (!wanted) return undefined;
  const method =
    text("ansible_become_method") ?? evaluator.text(keywordOf(scope, "becomeMethod")) ?? defaults.becomeMethod ?? "sudo";
  if (method !== "sudo" && method !== "su" && method !== "doas") {
    throw new DiagnosticError([
      {
        severity: "error",
        code: "become-method",
        message: `become_method "${method}" is not supported`,
        help: "use sudo, su or doas",
      },
    ]);
  }
  const password = text("ansible_become_password", "ansible_become_pass", "ansible_sudo_pass") ?? defaults.becomePassword;
  const flags = text("ansible_become_flags") ?? evaluator.text(keywordOf(scope, "becomeFlags"));
  const executable = text("ansible_become_exe") ?? evaluator.text(keywordOf(scope, "becomeExe"));
  return {
    method,
    user: text("ansible_become_user") ?? evaluator.text(keywordOf(scope, "becomeUser")) ?? defaults.becomeUser ?? "root",
    ...(password === undefined ? {} : { password }),
    ...(flags === undefined || flags.trim() === "" ? {} : { flags: flags.trim().split(/\s+/) }),
    ...(executable === undefined ? {} : { executable }),
  };
}

function variable(evaluator: Evaluator, names: readonly string[]): string | undefined {
  for (const name of names) {
    if (evaluator.context.names.lookup(name) === undefined) continue;
    const value = evaluator.text(new TemplateString(`{{ ${name} }}`));
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

function connectionKind(kind: string, host: string): "ssh" | "local" {
  const short = kind.replace(/^ansible\.builtin\./, "");
  if (short === "local") return "local";
  if (["ssh", "smart", "paramiko", "paramiko_ssh"].includes(short)) return "ssh";
  throw new DiagnosticError([
    {
      severity: "error",
      code: "connection-kind",
      message: `${host}: ansible_connection "${kind}" is not supported`,
      help: LOCAL_NAMES.has(host) ? 'use "local"' : 'use "ssh" or "local"',
    },
  ]);
}

function number(text: string | undefined, name: string, host: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new DiagnosticError([
    { severity: "error", code: "connection-variable", message: `${host}: ${name} is "${text}", but must be a whole number` },
  ]);
}

function hostKeyChecking(
  said: string | undefined,
  defaults: ConnectionDefaults,
): Pick<ConnectionOptions, "hostKeyChecking" | "hostKeyCheckingIsDefault"> {
  if (said === undefined) {
    if (defaults.hostKeyChecking !== undefined) return { hostKeyChecking: defaults.hostKeyChecking };
    return { hostKeyChecking: "strict", hostKeyCheckingIsDefault: true };
  }
  const word = said.toLowerCase();
  if (["no", "false", "off", "0"].includes(word)) return { hostKeyChecking: "off" };
  return { hostKeyChecking: word === "accept-new" ? "accept-new" : "strict" };
}

/** The parts of `ansible_ssh_common_args` that people use: -J, -o ProxyJump=, -o StrictHostKeyChecking=, -o UserKnownHostsFile=. */
function sshArguments(text: string): {
  readonly proxyJump?: string;
  readonly strict?: string;
  readonly knownHostsFiles?: readonly string[];
} {
  const found: { proxyJump?: string; strict?: string; knownHostsFiles?: readonly string[] } = {};
  const jump = /(?:^|\s)-J\s*(\S+)/.exec(text)?.[1];
  if (jump !== undefined) found.proxyJump = jump;
  for (const [, name = "", value = ""] of text.matchAll(/-o\s*["']?(\w+)[= ]("[^"]*"|[^\s"']+)/g)) {
    const plain = value.replaceAll('"', "");
    if (name.toLowerCase() === "proxyjump") found.proxyJump = plain;
    if (name.toLowerCase() === "stricthostkeychecking") found.strict = plain;
    if (name.toLowerCase() === "userknownhostsfile") found.knownHostsFiles = plain.split(",");
  }
  return found;
}
