import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionOptions, SectionResult } from "../../src/connection/connection.ts";
import type { Sshd } from "./sshd.ts";

/** Options that work with a server of `startSshd`, for its user `user`. */
export function sshOptions(server: Sshd, user: string, more: Partial<ConnectionOptions> = {}): ConnectionOptions {
  const knownHosts = join(server.folder, "known_hosts");
  writeFileSync(knownHosts, server.knownHosts);
  return {
    kind: "ssh",
    name: "node1",
    host: "127.0.0.1",
    port: server.port,
    user,
    privateKeyFile: server.key,
    hostKeyChecking: "strict",
    knownHostsFiles: [knownHosts],
    sshConfigFile: "none",
    connectTimeoutMs: 8000,
    ...more,
  };
}

/** The same without what `names` lists. */
export function without(options: ConnectionOptions, ...names: readonly (keyof ConnectionOptions)[]): ConnectionOptions {
  // Only optional options are taken away.
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.some((one) => one === name))) as ConnectionOptions;
}

export function text(results: readonly SectionResult[]): string[] {
  return results.map((one) => one.stdout.toString("utf8"));
}
