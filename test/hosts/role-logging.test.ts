import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
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

describe("role rancher-logging", () => {
  const manifest = "/var/lib/rancher/k3s/server/manifests/k3sprov-rancher-logging.yaml";
  const version = "106.0.1+up4.10.0-rancher.4";
  const text = (vars: string) => play("rancher-logging", `rancher_logging_chart_version: ${version}\n${vars}`);
  const documents = async () => parseAllDocuments(await host().read(`cat ${manifest}`)).map((one): unknown => one.toJS());
  const chart = (name: string, more: Record<string, unknown>) => ({
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: { name, namespace: "kube-system" },
    spec: {
      repo: "https://charts.rancher.io",
      chart: name,
      version,
      targetNamespace: "cattle-logging-system",
      createNamespace: true,
      ...more,
    },
  });

  it("leaves charts for K3s to install, and undoes itself", { timeout: 120_000 }, async () => {
    const write = "rancher-logging : Deploy Rancher's logging";
    await converges(host(), text("rancher_logging_values: { a: { b: c } }"), {
      groups: { server: [host()] },
      changed: ["rancher-logging : Create the directories of K3s' manifests", write],
      disturb: [{ by: `sed -i s/rancher.4/rancher.3/ ${manifest}`, repairedBy: write }],
      absent: text("rancher_logging_state: absent"),
    });
  });

  it("goes by where the hosts have their journal, and tells which have it elsewhere", { timeout: 120_000 }, async () => {
    const both = async (vars: string) => apply([agent, host()], text(vars), { groups: groups() });
    await agent.read("rm -rf /var/log/journal; mkdir -p /etc/systemd/journald.conf.d");
    await host().read("rm -rf /var/log/journal; mkdir -p /etc/systemd/journald.conf.d /run/systemd/journald.conf.d");
    try {
      expect((await both("")).stdout).not.toContain("warning: the chart reads");
      expect(await documents()).toEqual([
        chart("rancher-logging-crd", {}),
        chart("rancher-logging", {
          valuesContent: `additionalLoggingSources:
  k3s:
    container_engine: systemd
    enabled: true
global:
  seLinux:
    enabled: false
systemdLogPath: /run/log/journal
`,
        }),
      ]);
      // The last file by name wins, wherever it is; of two with one name, the one in /etc.
      await host().read(`cd /etc/systemd/journald.conf.d
printf '[Journal]\\nStorage=volatile\\n' >10-a.conf; printf '[Journal]\\n#Storage=none\\nStorage = persistent\\n' >20-b.conf
printf '[Journal]\\nStorage=none\\n' >/run/systemd/journald.conf.d/20-b.conf`);
      await agent.read("mkdir /var/log/journal");
      expect((await both("rancher_logging_docker_root: /srv/docker\nrancher_logging_selinux: true")).stdout).not.toContain(
        "warning: the chart",
      );
      expect((await documents())[1]).toMatchObject({
        spec: {
          valuesContent: expect.stringMatching(
            /global:\n {2}dockerRootDirectory: \/srv\/docker\n {2}seLinux:\n {4}enabled: true\nsystemdLogPath: \/var\/log\/journal\n/,
          ),
        },
      });
      await agent.read("printf '[Journal]\\nStorage=none\\n' >/etc/systemd/journald.conf.d/x.conf");
      const differing = await both("");
      expect(differing.stdout).toContain(
        `warning: the chart reads /var/log/journal on all nodes, and the journal is in nowhere on ${agent.name}, so nothing of K3s is read there; give all the same Storage= in journald.conf, or say rancher_logging_systemd_log_path`,
      );
      expect((await both("")).costs["fresh1"]?.roundTrips).toBeLessThanOrEqual(4);
    } finally {
      await agent.read("rm -rf /var/log/journal /etc/systemd/journald.conf.d");
    }
  });

  it("uninstalls what K3s would keep", { timeout: 120_000 }, async () => {
    api().define("helm.cattle.io/v1", { name: "helmcharts", kind: "HelmChart", namespaced: true });
    const path = (name: string) => `/apis/helm.cattle.io/v1/namespaces/kube-system/helmcharts/${name}`;
    for (const name of ["rancher-logging", "rancher-logging-crd", "traefik"]) {
      api().objects.set(path(name), {
        ...chart(name, {}),
        metadata: { name, namespace: "kube-system", resourceVersion: "1", uid: name },
      });
    }
    await host().read(`mkdir -p /etc/rancher/k3s && echo '${api().config}' >/etc/rancher/k3s/k3s.yaml`);
    const before = api().writes.length;
    const absent = await apply(host(), text("rancher_logging_state: absent"), { groups: { server: [host()] } });
    expect(absent.changes["fresh1"]).toEqual([
      "rancher-logging : Remove the manifest",
      "rancher-logging : Uninstall the charts",
      "rancher-logging : Remove K3s' empty directories",
    ]);
    expect(api().writes.slice(before)).toEqual(["rancher-logging", "rancher-logging-crd"].map((name) => `DELETE ${path(name)}`));
    expect((await apply(host(), text("rancher_logging_state: absent"), { groups: { server: [host()] } })).changes).toEqual({});
  });

  it("refuses, before any host is touched, what cannot be", async () => {
    const version = (name: string, given: string) =>
      `${name} is "${given}", and must be a version of the chart, such as 106.0.1+up4.10.0-rancher.4: which of them goes with which Kubernetes says the repository`;
    const path = (name: string, given: string) => `${name} is "${given}", and must be an absolute path without .. and blanks`;
    const rows: readonly (readonly [host: string, vars: string, ...messages: string[]])[] = [
      ["none", "x: 1", version("rancher_logging_chart_version", ""), version("rancher_logging_crd_chart_version", "")],
      [
        "latest",
        "rancher_logging_chart_version: 1.0.0, rancher_logging_crd_chart_version: latest",
        version("rancher_logging_crd_chart_version", "latest"),
      ],
      ...(
        [
          [
            "repo",
            "rancher_logging_repo: charts.rancher.io",
            'rancher_logging_repo is "charts.rancher.io", and must be the http:// or https:// address of a repository of charts',
          ],
          [
            "space",
            "rancher_logging_namespace: Logging",
            'rancher_logging_namespace is "Logging", and must be small letters, digits and -',
          ],
          ["journal", "rancher_logging_systemd_log_path: var/log", path("rancher_logging_systemd_log_path", "var/log")],
          ["docker", "rancher_logging_docker_root: /srv/../docker", path("rancher_logging_docker_root", "/srv/../docker")],
          [
            "helm",
            "k3s_server_config: { disable-helm-controller: true }",
            "k3s_server_config has disable-helm-controller: true, so K3s installs no charts; leave that out, or install rancher-logging with helm",
          ],
        ] as const
      ).map(([name, vars, message]) => [name, `rancher_logging_chart_version: v1.2.3, ${vars}`, message] as const),
    ];
    const inventory = JSON.stringify({ server: { hosts: Object.fromEntries(rows.map(([name]) => [name, {}])) } });
    const said = await refusals(
      inventory,
      rows.map(([name, vars]) => `- { hosts: ${name}, roles: [{ role: rancher-logging, ${vars} }] }\n`).join(""),
    );
    expect(said).toEqual(rows.flatMap(([name, , ...messages]) => messages.map((message) => `${name}: ${message}`)));
    expect(
      await refusals(
        "all: { hosts: { one: {} } }",
        "- { hosts: all, roles: [{ role: rancher-logging, rancher_logging_chart_version: 1.0.0 }] }",
      ),
    ).toEqual(['one: rancher_logging needs a host in the group "server", whose K3s deploys the charts']);
  });
});
