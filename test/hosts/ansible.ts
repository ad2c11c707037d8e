import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { inventoryText, type TestHost } from "./host.ts";
import { runFolder } from "./run.ts";

/** What one tool said of one task on one host. */
export type TaskReport = {
  readonly title: string;
  readonly status: "ok" | "changed" | "skipped" | "failed";
  readonly result: Readonly<Record<string, unknown>>;
};

export type AnsibleRun = { readonly tasks: readonly TaskReport[]; readonly text: string };

const output = z.looseObject({
  plays: z.array(
    z.looseObject({
      tasks: z.array(
        z.looseObject({
          task: z.looseObject({ name: z.string() }),
          hosts: z.record(z.string(), z.record(z.string(), z.unknown())),
        }),
      ),
    }),
  ),
});

/** Runs a playbook's text with Debian's `ansible-playbook` on one host. */
export async function runAnsible(
  host: TestHost,
  playbook: string,
  options: { readonly files?: Readonly<Record<string, string>>; readonly check?: boolean } = {},
): Promise<AnsibleRun> {
  const folder = mkdtempSync(join(runFolder(), "ansible-"));
  try {
    const files = {
      ...options.files,
      "inventory.yaml": inventoryText([host], {}),
      "playbook.yaml": playbook,
      "ansible.cfg": "[defaults]\n",
    };
    for (const [name, contents] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), contents);
    }
    const args = [
      "-i",
      join(folder, "inventory.yaml"),
      join(folder, "playbook.yaml"),
      ...(options.check === true ? ["--check"] : []),
    ];
    const text = await ansiblePlaybook(args, folder);
    return { tasks: tasksOf(text, host.name), text };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ansiblePlaybook(args: readonly string[], folder: string): Promise<string> {
  const environment = {
    PATH: `/usr/bin:/bin:${process.env["PATH"] ?? ""}`,
    HOME: folder,
    LANG: "C.UTF-8",
    ANSIBLE_CONFIG: join(folder, "ansible.cfg"),
    ANSIBLE_STDOUT_CALLBACK: "ansible.posix.json",
    ANSIBLE_PIPELINING: "1",
    ANSIBLE_SSH_ARGS: "-o ControlMaster=auto -o ControlPersist=60s",
    // A socket's path has to be short.
    ANSIBLE_SSH_CONTROL_PATH_DIR: mkdtempSync("/tmp/k3cp-"),
    ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
    ANSIBLE_DEPRECATION_WARNINGS: "0",
    ANSIBLE_SYSTEM_WARNINGS: "0",
    ANSIBLE_NOCOLOR: "1",
  };
  return new Promise((resolve, reject) => {
    execFile(
      "/usr/bin/ansible-playbook",
      args,
      { cwd: folder, env: environment, encoding: "utf8", maxBuffer: 256 * 1024 * 1024, timeout: 600_000 },
      (error, stdout, stderr) => {
        rmSync(environment.ANSIBLE_SSH_CONTROL_PATH_DIR, { recursive: true, force: true });
        // 2: a host has failed, which is a result as well.
        if (error === null || error.code === 2) resolve(stdout);
        else reject(new Error(`ansible-playbook ended with ${error.code}\n${stdout}\n${stderr}`));
      },
    );
  });
}

function tasksOf(text: string, host: string): TaskReport[] {
  // Warnings may stand before the JSON.
  const data = output.parse(JSON.parse(text.slice(text.indexOf("{"))));
  return data.plays.flatMap((play) =>
    play.tasks.flatMap(({ task, hosts }) => {
      const result = hosts[host];
      if (result === undefined) return [];
      const status =
        result["failed"] === true || result["unreachable"] === true
          ? "failed"
          : result["skipped"] === true
            ? "skipped"
            : result["changed"] === true
              ? "changed"
              : "ok";
      return [{ title: task.name, status, result } as const];
    }),
  );
}
