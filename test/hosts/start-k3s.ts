import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { apply } from "./cli.ts";
import type { TestHost } from "./host.ts";
import { builtK3s } from "./k3s-release.ts";
import { runFolder } from "./run.ts";

/** Puts K3s' stand-in on a host without any role, for tests of what comes before or after K3s, and waits until it runs. */
export async function startK3s(
  host: TestHost,
  kind: "server" | "agent",
  config: Readonly<Record<string, unknown>>,
): Promise<void> {
  const program = join(runFolder(), "k3s-to-start");
  writeFileSync(program, builtK3s("v1.34.2+k3s1"));
  const unit = `[Service]\nType=notify\nExecStart=/usr/local/bin/k3s ${kind}\nKillMode=process\nRestart=always\nRestartSec=1\n[Install]\nWantedBy=multi-user.target\n`;
  const name = kind === "server" ? "k3s" : "k3s-agent";
  const tasks = [
    { copy: { src: program, dest: "/usr/local/bin/k3s", mode: "0755" } },
    { copy: { dest: `/etc/systemd/system/${name}.service`, content: unit } },
    { file: { path: "/etc/rancher/k3s", state: "directory" } },
    { copy: { dest: "/etc/rancher/k3s/config.yaml", content: JSON.stringify(config), mode: "0600" } },
    { systemd: { name, state: "started", daemon_reload: true } },
  ];
  await apply(host, JSON.stringify([{ hosts: "all", become: true, gather_facts: false, tasks }]));
}
