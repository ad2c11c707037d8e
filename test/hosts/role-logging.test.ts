import { describe, expect, it } from "vitest";
import { z } from "zod";
import { apply } from "./cli.ts";
import { withKubeApi } from "./kube-api.ts";
import { freshHost, withHosts } from "./pool.ts";
import { refusals } from "./refusals.ts";

const fields = z.record(z.string(), z.unknown());
const host = freshHost({ image: "cluster" });
const api = withKubeApi();
const [agent] = withHosts(1);
if (agent === undefined) throw new Error("a host is needed");
const groups = () => ({ server: [host()], agent: [agent] });

const play = (role: string, vars: string) => `
- hosts: all
  become: true
  roles:
    - role: ${role}
      vars:
        ${role.replaceAll("-", "_")}_kubectl: kubectl
        ${vars.replaceAll("\n", "\n        ")}
`;

describe("role network-policy-logging", () => {
  const path = (namespace: string, name: string) => `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`;
  const annotations = (namespace: string, name: string) =>
    fields.parse(fields.parse(api().objects.get(path(namespace, name))?.["metadata"])["annotations"] ?? {});
  const policy = (namespace: string, name: string, podSelector: unknown, more: Record<string, string>): void => {
    api().objects.set(path(namespace, name), {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name, namespace, annotations: more, resourceVersion: "1" },
      spec: { podSelector },
    });
  };
  const LIMIT = "kube-router.io/netpol-nflog-limit";
  const BURST = "kube-router.io/netpol-nflog-limit-burst";

  it("annotates policies on one server once K3s runs, and takes back only what it has written", {
    timeout: 120_000,
  }, async () => {
    const text = play(
      "network-policy-logging",
      "network_policy_logging_policies: [{ namespace: web, name: deny-all, limit: 60/minute, burst: 20 }, { name: deny-all, limit: 5 }, { name: gone, burst: 1 }]",
    );
    const run = async (playbook: string, check = false) => apply([agent, host()], playbook, { groups: groups(), check });
    const early = await run(text);
    expect(early.changes).toEqual({});
    expect(early.stdout).toContain(
      "/etc/rancher/k3s/k3s.yaml is not there yet on fresh1; policies are told how often they may log when K3s runs and this is applied again",
    );

    api().define("networking.k8s.io/v1", { name: "networkpolicies", kind: "NetworkPolicy", namespaced: true });
    policy("web", "deny-all", { matchLabels: { app: "web" } }, { team: "a" });
    policy("default", "deny-all", {}, { [BURST]: "7" });
    await host().read(`mkdir -p /etc/rancher/k3s && echo '${api().config}' >/etc/rancher/k3s/k3s.yaml`);
    const title = "network-policy-logging : Annotate the policies";
    const before = api().writes.length;
    const check = await run(text, true);
    expect(api().writes.length).toBe(before);
    const applied = await run(text);
    for (const report of [check, applied]) expect(Object.values(report.changes)).toEqual([[title]]);
    expect(annotations("web", "deny-all")).toEqual({ team: "a", [LIMIT]: "60/minute", [BURST]: "20" });
    expect(annotations("default", "deny-all")).toEqual({ [LIMIT]: "5" });
    expect(applied.stdout).toContain(
      "warning: there is no NetworkPolicy default/gone yet, which network_policy_logging_policies names",
    );
    expect(applied.stdout).toContain(
      "warning: default/deny-all selects all pods (podSelector: {}), and K3s logs nothing of such a policy",
    );
    const written = api().writes.length;
    const again = await run(text);
    expect([again.changes, api().writes.length]).toEqual([{}, written]);
    expect(again.costs["fresh1"]?.roundTrips).toBeLessThanOrEqual(4);

    // Somebody has thought otherwise since.
    policy("web", "deny-all", { matchLabels: { app: "web" } }, { team: "a", [LIMIT]: "1/day", [BURST]: "20" });
    const removal = text.replace("      vars:\n", "      vars:\n        network_policy_logging_state: absent\n");
    expect(Object.values((await run(removal)).changes)).toEqual([["network-policy-logging : Remove the annotations"]]);
    expect(annotations("web", "deny-all")).toEqual({ team: "a", [LIMIT]: "1/day" });
    expect(annotations("default", "deny-all")).toEqual({});
    expect((await run(removal)).changes).toEqual({});
    await host().read("rm -r /etc/rancher");
  });

  it("refuses, before any host is touched, what K3s would ignore", async () => {
    const of = (name: string, vars: string) => `- { hosts: ${name}, roles: [{ role: network-policy-logging, ${vars} }] }\n`;
    const policies = (more: string) => `network_policy_logging_policies: [{ name: deny-all, ${more} }]`;
    const rows: readonly (readonly [host: string, vars: string, message: string])[] = [
      [
        "empty",
        "network_policy_logging_state: present",
        "network_policy_logging_policies is empty; name the policies, and with network_policy_logging_state absent those whose annotations are to go",
      ],
      ...["10/min", "10/sec", "0", "10001", "600060/minute", "-1", "1.5"].map(
        (given, index) =>
          [
            `limit${index}`,
            policies(`limit: ${given}`),
            `network_policy_logging_policies: the limit of default/deny-all is "${given}", and must be a number, or one with /second, /minute, /hour, /day (or /s, /m, /h, /d), of at most 10000 per second; K3s would ignore it, and burst with it`,
          ] as const,
      ),
      ...["0", "10001", "many"].map(
        (given, index) =>
          [
            `burst${index}`,
            policies(`burst: ${given}, limit: 10000/s`),
            `network_policy_logging_policies: the burst of default/deny-all is "${given}", and must be a number from 1 to 10000; K3s would ignore it, and limit with it`,
          ] as const,
      ),
      ...(
        [
          ["namespace: Web, limit: 1", '{"name": "deny-all", "namespace": "Web", "limit": 1}'],
          ["namespace: web", '{"name": "deny-all", "namespace": "web"}'],
          ["rate: 1, limit: 1", '{"name": "deny-all", "rate": 1, "limit": 1}'],
        ] as const
      ).map(
        ([given, shown], index) =>
          [
            `name${index}`,
            policies(given),
            `network_policy_logging_policies has ${shown}; an entry has the name (and namespace, if it is not "default") of a NetworkPolicy, limit or burst or both, and nothing else`,
          ] as const,
      ),
      [
        "twice",
        "network_policy_logging_policies: [{ name: a, limit: 1 }, { namespace: default, name: a, burst: 1 }]",
        "network_policy_logging_policies names a policy twice: default/a, default/a",
      ],
      [
        "shared",
        `${policies("limit: 1")}, ulogd2_policies: [{ name: deny-all, limit: 2 }, { name: b, limit: 2 }]`,
        "ulogd2_policies and network_policy_logging_policies both name default/deny-all; name it in one of them",
      ],
      [
        "disabled",
        `${policies("limit: 1")}, k3s_server_config: { disable-network-policy: true }`,
        "k3s_server_config has disable-network-policy: true, so K3s neither drops nor logs packets; leave out the role network-policy-logging",
      ],
    ];
    const inventory = JSON.stringify({ server: { hosts: Object.fromEntries(rows.map(([name]) => [name, {}])) } });
    const said = await refusals(inventory, rows.map(([name, vars]) => of(name, vars)).join(""));
    expect(said).toEqual(rows.map(([name, , message]) => `${name}: ${message}`));
    expect(await refusals("all: { hosts: { one: {} } }", of("one", policies("limit: 1")))).toEqual([
      'one: network_policy_logging needs a host in the group "server", whose K3s has the policies',
    ]);
  });
});
