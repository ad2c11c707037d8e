import { describe, expect, it } from "vitest";
import { type Command, type Files, loadSettings } from "../k3s/config.ts";
import { criticalValues } from "../k3s/join.ts";
import { isRestricted, parseLabels, parseTaints } from "../k3s/labels.ts";
import { WrongUsage } from "../k3s/usage.ts";

type Given = {
  readonly command?: Command;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
};

const MAIN = "/etc/rancher/k3s/config.yaml";

function load({ command = "server", argv = [], env = {}, files = {} }: Given) {
  const disk: Files = {
    read: (path) => files[path],
    names: (folder) =>
      Object.keys(files).flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [])),
  };
  return loadSettings(command, argv, env, disk);
}

describe("the stand-in's configuration", () => {
  it.each<[string, Given, string]>([
    ["the environment", { env: { K3S_TOKEN: "env" } }, "env"],
    ["a file before the environment", { env: { K3S_TOKEN: "env" }, files: { [MAIN]: "token: file" } }, "file"],
    ["the command line before a file", { argv: ["--token", "line"], files: { [MAIN]: "token: file" } }, "line"],
    ["the short flag", { argv: ["-t", "line"] }, "line"],
    ["a drop-in before the main file", { files: { [MAIN]: "token: file", [`${MAIN}.d/10-a.yaml`]: "token: drop" } }, "drop"],
    ["drop-ins in the order of bytes", { files: { [`${MAIN}.d/b.yaml`]: "token: b", [`${MAIN}.d/Z.YML`]: "token: z" } }, "b"],
    ["no other file of the folder", { env: { K3S_TOKEN: "env" }, files: { [`${MAIN}.d/a.txt`]: "token: text" } }, "env"],
    [
      "another main file and its folder",
      { env: { K3S_CONFIG_FILE: "/c" }, files: { "/c.d/a.yaml": "token: c", [MAIN]: "token: a" } },
      "c",
    ],
    ["--config before its variable", { argv: ["--config=/d"], env: { K3S_CONFIG_FILE: "/c" }, files: { "/d": "token: d" } }, "d"],
  ])("counts %s", (_, given, token) => {
    expect(load(given).settings.text("token")).toBe(token);
  });

  it("replaces a list, and appends to it where the key says so", () => {
    const files = (second: string) => ({ [MAIN]: "node-label: [a=1, b=2]", [`${MAIN}.d/30-labels.yaml`]: second });
    expect(load({ files: files("node-label: c=3") }).settings.list("node-label")).toEqual(["c=3"]);
    expect(load({ files: files("node-label+: [c=3]") }).settings.list("node-label")).toEqual(["a=1", "b=2", "c=3"]);
  });

  it("reads modes as YAML 1.1 does", () => {
    const mode = (text: string) =>
      load({ files: { [MAIN]: `write-kubeconfig-mode: ${text}` } }).settings.text("write-kubeconfig-mode");
    expect([mode("0644"), mode('"0644"')]).toEqual(["420", "0644"]);
  });

  it("warns a server of what it does not know, and of what only agents know", () => {
    const { settings, warnings } = load({ files: { [MAIN]: "tokn: x\ndisable-apiserver-lb: true\nselinux: true" } });
    expect(warnings).toEqual([
      "Unknown flag --tokn found in config.yaml, skipping",
      "Unknown flag --disable-apiserver-lb found in config.yaml, skipping",
    ]);
    expect(settings.isOn("selinux")).toBe(true);
  });

  it("shows what there is to whoever gives it something else", () => {
    const usage = (given: Given): string => {
      try {
        load(given);
      } catch (error) {
        if (error instanceof WrongUsage) return error.usage;
      }
      return "";
    };
    const text = usage({ command: "agent", files: { [MAIN]: "tokn: x" } });
    expect(text).toMatch(/^Incorrect Usage: flag provided but not defined: -tokn\n\nNAME:\n {3}k3s agent - Run node agent\n/);
    expect(text).toContain("--disable-apiserver-lb\n");
    expect(text).not.toContain("--cluster-init");
    expect(text.split("\n").length).toBeGreaterThan(30);
  });

  it("compares what servers must agree on, however it is said", () => {
    const values = (text: string) => criticalValues(load({ files: { [MAIN]: text } }).settings);
    expect(values("flannel-ipv6-masq: false\nagent-token: x\ndisable: [traefik]")).toEqual(values(""));
    expect(values("disable: [traefik, servicelb]")).toMatchObject({ "disable-service-lb": "true" });
    expect(values("supervisor-metrics: true")).toMatchObject({ "supervisor-metrics": "true" });
  });

  it.each<[string, Given, string]>([
    ["an unknown flag", { argv: ["--tokn", "x"] }, "flag provided but not defined: -tokn"],
    [
      "a flag of servers on an agent",
      { command: "agent", argv: ["--cluster-init"] },
      "flag provided but not defined: -cluster-init",
    ],
    [
      "an unknown key of an agent",
      { command: "agent", files: { [`${MAIN}.d/a.yaml`]: "tokn: x" } },
      "Error: flag provided but not defined: -tokn",
    ],
    [
      "a key of servers on an agent",
      { command: "agent", files: { [MAIN]: "cluster-init: true" } },
      "Error: flag provided but not defined: -cluster-init",
    ],
    ["a flag without its value", { argv: ["--token"] }, "flag needs an argument: -token"],
    ["a file that is not there", { argv: ["--config", "/none"] }, "open /none: no such file or directory"],
    [
      "a switch that is neither on nor off",
      { files: { [MAIN]: "selinux: perhaps" } },
      'invalid value "perhaps" for flag -selinux: parse error',
    ],
  ])("ends at %s", (_, given, message) => {
    expect(() => load(given)).toThrow(message);
  });
});

describe("the stand-in's labels", () => {
  it.each([
    ["disk", false],
    ["example.com/role", false],
    ["node.kubernetes.io/gpu", false],
    ["x.kubelet.kubernetes.io/a", false],
    ["topology.kubernetes.io/zone", false],
    ["kubernetes.io/role", true],
    ["node-role.kubernetes.io/worker", true],
    ["node-restriction.kubernetes.io/x", true],
    ["foo.k8s.io/x", true],
    ["notkubernetes.io/x", false],
  ])("%s is restricted: %s", (key, isIt) => {
    expect(isRestricted(key)).toBe(isIt);
  });

  it("refuses what the kubelet refuses", () => {
    expect(() => parseLabels(["node-role.kubernetes.io/worker=true", "a=b"])).toThrow(
      "unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [node-role.kubernetes.io/worker]",
    );
    expect(() => parseTaints(["a=b:Never"])).toThrow("invalid taint spec: a=b:Never");
    expect(() => parseTaints(["a=b:NoSchedule", "a=c:NoSchedule"])).toThrow("duplicated taints");
    expect(parseTaints(["a=b:NoSchedule", "c:NoExecute"])).toEqual([
      { key: "a", value: "b", effect: "NoSchedule" },
      { key: "c", effect: "NoExecute" },
    ]);
  });
});
