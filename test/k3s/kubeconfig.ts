import { execFileSync } from "node:child_process";
import { chownSync, readFileSync } from "node:fs";
import type { Settings } from "./config.ts";
import { Fatal, info } from "./log.ts";
import { Paths } from "./paths.ts";
import type { Bootstrap } from "./pki.ts";
import { isAtLeast, VERSION } from "./version.ts";

/** The administrator's file, with a client certificate in it. */
export function writeKubeconfig(settings: Settings, paths: Paths, bootstrap: Bootstrap): void {
  const path = settings.text("write-kubeconfig");
  const mode = Number.parseInt(settings.text("write-kubeconfig-mode"), 8);
  if (Number.isNaN(mode)) throw new Fatal(`failed to parse write-kubeconfig-mode ${settings.text("write-kubeconfig-mode")}`);
  const name = (isAtLeast(VERSION, "v1.37.0+k3s1") && settings.text("write-kubeconfig-name")) || "default";
  const encoded = (text: string): string => Buffer.from(text).toString("base64");
  const host = settings.text("bind-address") || "127.0.0.1";
  const address = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  const lines = [
    "apiVersion: v1",
    "clusters:",
    "- cluster:",
    `    certificate-authority-data: ${encoded(bootstrap["server-ca.crt"] ?? "")}`,
    `    server: https://${address}:${settings.text("https-listen-port")}`,
    `  name: ${name}`,
    "contexts:",
    "- context:",
    `    cluster: ${name}`,
    `    user: ${name}`,
    `  name: ${name}`,
    `current-context: ${name}`,
    "kind: Config",
    "preferences: {}",
    "users:",
    `- name: ${name}`,
    "  user:",
    `    client-certificate-data: ${encoded(readFileSync(paths.tls("client-admin.crt"), "utf8"))}`,
    `    client-key-data: ${encoded(readFileSync(paths.tls("client-admin.key"), "utf8"))}`,
  ];
  Paths.write(path, `${lines.join("\n")}\n`, mode);
  const group = settings.text("write-kubeconfig-group");
  if (group !== "") chownSync(path, 0, groupId(group));
  info(`Wrote kubeconfig ${path}`);
}

function groupId(group: string): number {
  const entry = execFileSync("getent", ["group", group], { encoding: "utf8" });
  return Number(entry.split(":")[2]);
}
