import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestHost } from "../hosts/host.ts";

export const benchFolder = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

/** A host of the benchmark, and the relay's port that leads to it. */
export type Target = { readonly host: TestHost; readonly port: number };

export type Contender = {
  readonly name: "k3sprov" | "ansible" | "mitogen" | "floor";
  /** Command and environment; the files it needs are written into `folder`. */
  command(targets: readonly Target[], folder: string, check: boolean): Invocation;
};
export type Invocation = { readonly command: readonly string[]; readonly environment: Readonly<Record<string, string>> };

const playbook = join(benchFolder, "playbook.yaml");

export const contenders: readonly Contender[] = [
  {
    name: "k3sprov",
    command: (targets, folder, check) => ({
      command: [
        process.execPath,
        join(root, "dist/cli/main.js"),
        "apply",
        playbook,
        "-i",
        inventory(targets, folder),
        "--format",
        "json",
        "-f",
        String(targets.length),
        ...(check ? ["--check"] : []),
      ],
      environment: {},
    }),
  },
  {
    name: "floor",
    command: (targets) => {
      const lines = targets.map(
        ({ host, port }) =>
          `ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i '${host.privateKeyFile}' -p ${port} root@127.0.0.1 sh -s <'${join(benchFolder, "floor.sh")}' &`,
      );
      return { command: ["sh", "-c", `${lines.join("\n")}\nwait`], environment: {} };
    },
  },
  { name: "ansible", command: (targets, folder, check) => ansible(targets, folder, check, {}) },
  {
    name: "mitogen",
    command: (targets, folder, check) =>
      ansible(targets, folder, check, {
        ANSIBLE_STRATEGY: "mitogen_linear",
        ANSIBLE_STRATEGY_PLUGINS: "/usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy",
      }),
  },
];

/** Tuned as its documentation advises: pipelining, one fork a host, connections kept. */
function ansible(targets: readonly Target[], folder: string, check: boolean, more: Readonly<Record<string, string>>): Invocation {
  // A configuration of the machine's own must not have a say.
  const configuration = join(folder, "ansible.cfg");
  writeFileSync(configuration, "[defaults]\n");
  return {
    command: ["ansible-playbook", "-i", inventory(targets, folder), playbook, ...(check ? ["--check"] : [])],
    environment: {
      ANSIBLE_CONFIG: configuration,
      ANSIBLE_PIPELINING: "1",
      ANSIBLE_FORKS: String(targets.length),
      ANSIBLE_SSH_ARGS: "-o ControlMaster=auto -o ControlPersist=60s -o PreferredAuthentications=publickey",
      ANSIBLE_SSH_CONTROL_PATH_DIR: join(folder, "cp"),
      ANSIBLE_HOST_KEY_CHECKING: "0",
      ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
      ANSIBLE_NOCOLOR: "1",
      ANSIBLE_DEPRECATION_WARNINGS: "0",
      PATH: `/usr/bin:/bin:${process.env["PATH"] ?? ""}`,
      ...more,
    },
  };
}

function inventory(targets: readonly Target[], folder: string): string {
  const hosts = Object.fromEntries(
    targets.map(({ host, port }) => [
      host.name,
      {
        ansible_host: "127.0.0.1",
        ansible_port: port,
        ansible_user: "root",
        ansible_ssh_private_key_file: host.privateKeyFile,
        ansible_ssh_common_args: "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
      },
    ]),
  );
  const file = join(folder, "inventory.yaml");
  writeFileSync(file, `${JSON.stringify({ all: { hosts } }, null, 2)}\n`);
  return file;
}
