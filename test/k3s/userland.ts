import { createHash } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Paths } from "./paths.ts";
import { VERSION } from "./version.ts";

/** K3s unpacks its programs below a folder of their hash, and has links to it. */
export function unpack(paths: Paths): void {
  mkdirSync(paths.data, { recursive: true, mode: 0o755 });
  mkdirSync(paths.server(), { recursive: true, mode: 0o700 });
  const hash = createHash("sha256").update(VERSION).digest("hex");
  const data = join(paths.data, "data");
  mkdirSync(join(data, hash, "bin"), { recursive: true, mode: 0o755 });
  for (const [link, target] of [
    ["current", join(data, hash)],
    ["cni", join(data, hash, "bin")],
  ] as const) {
    rmSync(join(data, link), { force: true });
    symlinkSync(target, join(data, link));
  }
}
