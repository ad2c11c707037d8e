import { existsSync, readdirSync } from "node:fs";
import type { Paths } from "./paths.ts";

/** Flannel brings the node's network by itself. Without it the kubelet waits until somebody else has configured one. */
export function hasNetwork(backend: string, paths: Paths): boolean {
  if (backend !== "none") return true;
  const folders = ["/etc/cni/net.d", paths.agent("etc", "cni", "net.d")];
  return folders.some((folder) => existsSync(folder) && readdirSync(folder).some((name) => /\.(conf|conflist|json)$/.test(name)));
}
