import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { k3sprov } from "./cli.ts";
import { runFolder } from "./run.ts";

/**
 * What k3sprov says of a playbook that it refuses, one "host: message" each ("?" where it concerns none, or several, unless each is asked for). The hosts of the inventory need not exist: nobody is contacted,
 * and the exit status must say so.
 */
export async function refusals(
  inventory: string,
  playbook: string,
  files: Readonly<Record<string, string>> = {},
  { each = false }: { readonly each?: boolean } = {},
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(runFolder(), "refused-"));
  try {
    for (const [name, text] of Object.entries({ ...files, "inventory.yaml": inventory, "playbook.yaml": playbook })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const result = await k3sprov(["apply", "-i", join(folder, "inventory.yaml"), join(folder, "playbook.yaml")]);
    expect(result.rc, result.stderr).toBe(3);
    return result.stderr
      .split(/^error: /m)
      .slice(1)
      .flatMap((block) => {
        const [, many = "", names = "?"] = /^ {2}in host(s?) (.+)$/m.exec(block) ?? [];
        const hosts = many === "" ? [names] : each ? names.split(", ") : ["?"];
        return hosts.map((host) => `${host}: ${block.split(/\n {2}\S/)[0]?.trim()}`);
      });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
