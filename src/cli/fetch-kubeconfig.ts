import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { refuse } from "../diagnostic.ts";
import type { EngineEvent } from "../engine/events.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Report } from "../report/report.ts";
import type { ValueMap } from "../vars/value.ts";
import { playbookOf } from "./ad-hoc.ts";
import type { Invocation } from "./invocation.ts";
import { runRequest } from "./run.ts";
import { shownText } from "./shown-value.ts";

const USUAL_FILE = "/etc/rancher/k3s/k3s.yaml";
const GROUP = "k3s_host_server_group";

/** What the inventory says of the cluster, as the host that was asked sees it. */
const said = z.object({
  file: z.string(),
  registration: z.string(),
  nodeIp: z.string(),
  address: z.string(),
  cluster: z.string(),
});
export type Said = z.infer<typeof said>;

/** What one host answered: the file, or why there is none. */
export type Answer =
  | { readonly host: string; readonly said: Said; readonly text: string }
  | { readonly host: string; readonly problem: string; readonly unreachable: boolean };

export type Fetched = {
  /** The exit status of the run that asked. */
  readonly code: number;
  /** In the order of the inventory. */
  readonly answers: readonly Answer[];
  /** The first server of the inventory, whether asked or not. */
  readonly firstServer: string;
};

/** Asks hosts for their kubeconfig, as root, all at the same time: it takes as long as the slowest, and one that is away is no error yet. */
export async function fetchKubeconfigs(invocation: Invocation, pattern: string | undefined): Promise<Fetched> {
  const folder = mkdtempSync(join(tmpdir(), "k3sprov-"));
  const chosen = { hosts: [] as readonly string[], firstServer: "" };
  const seen = new Map<string, Heard>();
  try {
    const code = await runRequest(quietly(invocation), {
      // Nothing is changed on a host, and none is locked.
      checkMode: true,
      diff: false,
      loadPlaybooks: async ({ loader, extraVars }, inventory) => {
        Object.assign(chosen, choose(await inventory(), extraVars, pattern, invocation.settings.limit));
        return [playbookOf(playbookText(chosen.hosts, folder), loader)];
      },
      view: async () => [listen(seen)],
    });
    const answers = chosen.hosts.map((host, index): Answer => {
      const { said: about, problem, unreachable } = seen.get(host) ?? {};
      if (about === undefined) return { host, problem: problem ?? "it gave no answer", unreachable: unreachable === true };
      const text = contents(join(folder, String(index)));
      if (text !== undefined) return { host, said: about, text };
      return {
        host,
        problem: `there is no ${about.file}: K3s is no server there, is not installed, or has never started`,
        unreachable: false,
      };
    });
    return { code, answers, firstServer: chosen.firstServer };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Standard output is for the kubeconfig alone, and a report of this run would take the place of one that tells something. */
function quietly(invocation: Invocation): Invocation {
  return {
    ...invocation,
    settings: { ...invocation.settings, format: "text", progress: false, report: [], tags: [], "skip-tags": [] },
  };
}

function choose(
  inventory: Inventory,
  extraVars: readonly ValueMap[],
  pattern: string | undefined,
  limit: string | undefined,
): { readonly hosts: readonly string[]; readonly firstServer: string } {
  const servers = [...inventory.hosts.keys()].filter((host) =>
    inventory.groupNamesOf(host).includes(serverGroup(inventory, extraVars, host)),
  );
  if (pattern === undefined) {
    const within = new Set(inventory.select("all", limit).map((host) => host.name));
    const hosts = servers.filter((host) => within.has(host));
    if (hosts.length > 0) return { hosts, firstServer: servers[0] ?? "" };
    return refuse("no-servers", `there is no server in the inventory${limit === undefined ? "" : ` within --limit ${limit}`}`, {
      help: `name a host, or put the servers into the group "server", or whichever the variable ${GROUP} names`,
    });
  }
  const hosts = inventory.select(pattern, limit).map((host) => host.name);
  const [first] = hosts;
  if (first === undefined) return refuse("no-hosts", `no host of the inventory matches "${pattern}"`);
  return { hosts, firstServer: hosts.some((host) => servers.includes(host)) ? (servers[0] ?? first) : first };
}

/** As a role would see it; a template in it would need a host to be asked first. */
function serverGroup(inventory: Inventory, extraVars: readonly ValueMap[], host: string): string {
  const layers = [...inventory.varsOf(host, undefined).map(({ vars }) => vars), ...extraVars];
  const value = layers.findLast((vars) => vars.has(GROUP))?.get(GROUP);
  if (value === undefined || typeof value === "string") return value ?? "server";
  return refuse(
    "server-group",
    `the variable ${GROUP} of ${host} is ${shownText(value) ?? "null"}, but must be the name of a group here`,
    {
      help: "name the host to ask on the command line",
    },
  );
}

function playbookText(hosts: readonly string[], folder: string): string {
  const quoted = (text: string): string => `!unsafe ${JSON.stringify(text)}`;
  const file = `(k3s_server_config | default({}))['write-kubeconfig'] | default('${USUAL_FILE}', true)`;
  return `- name: kubeconfig
  hosts: [${hosts.map(quoted).join(", ")}]
  # Variables of the inventory may go by facts; they come with the first question in any case.
  gather_facts: true
  become: true
  strategy: free
  vars:
    kubeconfig_folder: ${quoted(folder)}
  tasks:
    - name: Fetch the kubeconfig
      fetch:
        src: "{{ ${file} }}"
        dest: "{{ kubeconfig_folder }}/{{ ansible_play_hosts_all.index(inventory_hostname) }}"
        flat: true
        fail_on_missing: false
      check_mode: false
    - name: Tell what the inventory says
      debug:
        msg:
          file: "{{ ${file} }}"
          registration: "{{ k3s_server_registration_address | default('', true) | string }}"
          nodeIp: "{{ k3s_node_ip | default('', true) | string }}"
          address: "{{ ansible_host | default(inventory_hostname, true) | string }}"
          cluster: "{{ k3s_cluster_name | default('', true) | string }}"
`;
}

type Heard = { readonly said?: Said; readonly problem?: string; readonly unreachable?: true };

function listen(seen: Map<string, Heard>): Report {
  return {
    listener: (event: EngineEvent) => {
      if (event.type === "host-unreachable" && !seen.has(event.host)) {
        seen.set(event.host, {
          problem: event.help === undefined ? event.message : `${event.message}; ${event.help}`,
          unreachable: true,
        });
      }
      if (event.type !== "task-finished") return;
      if (event.status === "failed" || event.status === "unreachable") {
        const away = event.status === "unreachable" ? { unreachable: true as const } : {};
        seen.set(event.host, { ...away, problem: event.diagnostic?.message ?? String(event.result["msg"] ?? "failed") });
      } else if (event.task.module === "debug") seen.set(event.host, { said: said.parse(event.result["msg"]) });
    },
    finish: () => undefined,
  };
}

function contents(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
