import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));

/** What the numbers depend on. Measurements are comparable only where all of it is the same. */
export function machine(): Readonly<Record<string, string>> {
  return {
    processor: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, shared by the control node and all hosts`,
    kernel: firstLine("uname", "-sr"),
    node: process.version,
    k3sprov: `${firstLine(process.execPath, join(dist, "cli/main.js"), "--version")}, bundle ${bundleDigest()}`,
    ansible: firstLine("ansible-playbook", "--version"),
    mitogen: firstLine("dpkg-query", "-W", "-f", "${Version}", "ansible-mitogen"),
    openssh: firstLine("dpkg-query", "-W", "-f", "${Version}", "openssh-client"),
  };
}

/** Which sources were measured, whatever the version says. */
function bundleDigest(): string {
  const hash = createHash("sha256");
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => /\.c?js$/.test(name));
  for (const name of files.sort()) hash.update(name).update(readFileSync(join(dist, name)));
  return hash.digest("hex").slice(0, 12);
}

function firstLine(command: string, ...args: readonly string[]): string {
  try {
    // Debian's Ansible, whatever else comes first in the PATH.
    const env = { ...process.env, PATH: `/usr/bin:/bin:${process.env["PATH"]}` };
    return execFileSync(command, args, { encoding: "utf8", env }).split("\n")[0] ?? "";
  } catch {
    return "not there";
  }
}
