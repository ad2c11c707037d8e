import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { Settings } from "./config.ts";
import { Fatal } from "./log.ts";
import { Paths } from "./paths.ts";

const FOLDER = "/etc/rancher/node";

/** The name that the node registers with. */
export function nodeName(settings: Settings): string {
  const name = (settings.text("node-name") || hostname()).toLowerCase();
  if (!settings.isOn("with-node-id")) return name;
  const file = `${FOLDER}/id`;
  if (!existsSync(file)) Paths.write(file, randomBytes(4).toString("hex"), 0o644);
  return `${name}-${readFileSync(file, "utf8").trim()}`;
}

/** The secret by which a cluster knows its node again. */
export function nodePassword(): string {
  const file = `${FOLDER}/password`;
  if (!existsSync(file)) Paths.write(file, `${randomBytes(16).toString("hex")}\n`, 0o600);
  if (statSync(file).size === 0) throw new Fatal(`${file} is empty`);
  return readFileSync(file, "utf8").trim();
}

/** Addresses that the node says are its own: what is configured, or those of the interface with the default route. */
export function nodeAddresses(settings: Settings): readonly string[] {
  const given = settings.list("node-ip");
  if (given.length > 0) return given;
  const device = settings.text("flannel-iface") || deviceOfDefaultRoute();
  const all = (networkInterfaces()[device] ?? []).filter((one) => !one.internal && one.family === "IPv4");
  if (all.length === 0) throw new Fatal("unable to select an IP from default routes.");
  return all.slice(0, 1).map((one) => one.address);
}

function deviceOfDefaultRoute(): string {
  const routes = readFileSync("/proc/net/route", "utf8").split("\n").slice(1);
  return routes.map((one) => one.split("\t")).find(([, destination]) => destination === "00000000")?.[0] ?? "";
}
