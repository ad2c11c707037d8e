import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CliOptions, type CliResult, k3sprov } from "./cli.ts";
import { inventoryText } from "./host.ts";
import { freshHost } from "./pool.ts";
import { runFolder } from "./run.ts";

const host = freshHost();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(runFolder(), "interrupted-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a run and, once it has said `word`, sends it a signal. */
function interrupt(tasks: string, word: RegExp, signal: NodeJS.Signals, args: readonly string[] = []): Promise<CliResult> {
  return run(tasks, args, {
    started(child) {
      let said = "";
      const listen = (chunk: Buffer | string): void => {
        const before = word.test(said);
        said += String(chunk);
        // A moment later: what was announced is under way then.
        if (!before && word.test(said)) setTimeout(() => child.kill(signal), 700);
      };
      child.stdout?.on("data", listen);
      child.stderr?.on("data", listen);
    },
  });
}

function run(tasks: string, args: readonly string[] = [], options: CliOptions = {}): Promise<CliResult> {
  writeFileSync(join(folder, "inventory.yaml"), inventoryText([host()]));
  writeFileSync(join(folder, "playbook.yaml"), `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks}`);
  return k3sprov(["apply", "-i", join(folder, "inventory.yaml"), join(folder, "playbook.yaml"), ...args], options);
}

describe("a run that is interrupted", () => {
  it("while it waits for the lock of a host, does not call the host unreachable", { timeout: 60_000 }, async () => {
    await host().read("flock /run/k3sprov.lock sleep 30 >/dev/null 2>&1 & sleep 0.3");
    const result = await interrupt("    - ping:\n", /waiting for the lock/, "SIGINT", ["--lock-timeout", "60"]);
    expect(result.rc).toBe(130);
    expect(result.elapsedMs).toBeLessThan(15_000);
    expect(result.stdout + result.stderr).not.toMatch(/unreachable(?!=0)/i);
    expect(result.stdout + result.stderr).toMatch(/interrupted/i);
    // The shell that waited is gone as well.
    expect(result.stderr).not.toContain("could not be killed");
    await host().read("pkill -x flock; pkill -x sleep; true");
  });

  it("finishes what is under way, begins nothing new, and says what it has changed", { timeout: 60_000 }, async () => {
    const tasks = `    - name: first
      command: "true"
    - name: long
      shell: sleep 3; echo done >/tmp/long
    - name: never
      file: { path: /tmp/never, state: touch }
`;
    const result = await interrupt(tasks, /TASK \[long\]/, "SIGINT");
    expect(result.rc).toBe(130);
    expect(result.stdout).toMatch(/changed: \[fresh1\]/);
    expect(result.stdout).toMatch(/ok=2\s+changed=2\s+unreachable=0\s+failed=0/);
    expect(await host().read("cat /tmp/long; ls /tmp/never 2>/dev/null || true")).toBe("done");
  });
});
