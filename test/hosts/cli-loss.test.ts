import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CliResult, k3sprov } from "./cli.ts";
import { inventoryText } from "./host.ts";
import { freshHost } from "./pool.ts";
import { runFolder } from "./run.ts";

const host = freshHost();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(runFolder(), "loss-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs tasks as deploy and root, and does something to the run or to the host a moment after it has said `word`. */
function runUntil(
  tasks: string,
  word: RegExp,
  act: (child: ChildProcess) => unknown,
  args: readonly string[] = [],
): Promise<CliResult> {
  writeFileSync(join(folder, "inventory.yaml"), inventoryText([host().as("deploy")]));
  writeFileSync(join(folder, "playbook.yaml"), `- hosts: all\n  gather_facts: false\n  become: true\n  tasks:\n${tasks}`);
  return k3sprov(["apply", "-i", join(folder, "inventory.yaml"), join(folder, "playbook.yaml"), ...args], {
    started(child) {
      let text = "";
      child.stdout?.on("data", (chunk: Buffer | string) => {
        const before = word.test(text);
        text += String(chunk);
        if (!before && word.test(text)) setTimeout(() => act(child), 1_000);
      });
    },
  });
}

/** Ends the processes of sshd that serve deploy: what a network that breaks looks like from both ends, without the wait. */
const cut = () => host().exec("pkill -KILL -f '^sshd: deploy'");

describe("a connection that is lost in the middle of a task", () => {
  it("is opened again, and a change that describes a state is completed", { timeout: 120_000 }, async () => {
    const tasks = `    - name: first
      file: { path: /srv, state: directory }
    - name: slow
      copy: { dest: /srv/slow.conf, content: "x\\n", validate: "sh -c 'sleep 3; test -f %s'" }
    - name: after
      copy: { dest: /srv/after.conf, content: "y\\n" }
`;
    const result = await runUntil(tasks, /TASK \[slow\]/, cut);
    expect(result.stderr).toContain("the connection was lost; connecting again");
    expect(result.stdout).toMatch(/ok=3\s+changed=2\s+unreachable=0\s+failed=0/);
    expect(result.rc).toBe(0);
    expect(await host().read("cat /srv/slow.conf /srv/after.conf; ls -A /srv")).toBe("x\ny\nafter.conf\nslow.conf");
  });

  it("leaves the outcome of a command unknown: it is not run a second time", { timeout: 120_000 }, async () => {
    const tasks = `    - name: first
      file: { path: /srv, state: directory }
    - name: slow
      shell: "echo begun >>/srv/begun; sleep 3"
    - name: never
      file: { path: /srv/never, state: touch }
`;
    const result = await runUntil(tasks, /TASK \[slow\]/, cut);
    expect(result.stdout).toContain(
      'the connection was lost while \\"shell\\" was under way; its outcome is unknown, so it is not run again',
    );
    expect(result.rc).toBe(2);
    expect(await host().read("cat /srv/begun; ls /srv/never 2>/dev/null || true")).toBe("begun");
  });

  it("is noticed between two tasks as well", { timeout: 120_000 }, async () => {
    const tasks = `    - name: first
      copy: { dest: /srv/one, content: "1" }
    - name: wait
      pause: { seconds: 3 }
    - name: last
      copy: { dest: /srv/two, content: "2" }
`;
    const result = await runUntil(tasks, /TASK \[wait\]/, cut);
    expect(result.rc).toBe(0);
    expect(result.stdout).toMatch(/changed=2\s+unreachable=0\s+failed=0/);
  });
});

describe("a run that is killed", () => {
  it("holds the host as long as its last step is at work there; then the next run completes what it began", {
    timeout: 120_000,
  }, async () => {
    const tasks = `    - name: first
      copy: { dest: /srv/k1, content: "1" }
    - name: slow
      copy: { dest: /srv/k2, content: "2", validate: "sh -c 'sleep 8; test -f %s'" }
    - name: last
      copy: { dest: /srv/k3, content: "3" }
`;
    const killed = await runUntil(tasks, /TASK \[slow\]/, (child) => child.kill("SIGKILL"));
    expect(killed.rc).toBe(-1);
    const next = tasks.replace("sleep 8", "true");
    const early = await runUntil(next, /never/, () => {}, ["--lock-timeout", "0"]);
    expect(early.rc).toBe(4);
    expect(early.stdout).toMatch(/another run is at work there: \S+@\S+ \(process \d+\)/);
    const late = await runUntil(next, /never/, () => {}, ["--lock-timeout", "60"]);
    expect(late.rc).toBe(0);
    expect(late.stdout).toMatch(/ok=3\s+changed=[12]\s+unreachable=0\s+failed=0/);
    expect(await host().read("cat /srv/k1 /srv/k2 /srv/k3")).toBe("123");
    expect(await host().read("ls -A /srv | grep '^[.]' || true")).toBe("");
  });
});
