import { describe, expect, it } from "vitest";
import type { Module } from "../../src/modules/contract.ts";
import { allModules } from "../../src/modules/registry.ts";
import { apply } from "./cli.ts";
import { freshHost } from "./pool.ts";

/** What a container without these programs, packages or kernels cannot run; the tests of these modules bring what they need. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  modprobe: "a container has no kernel modules of its own",
  iptables: "iptables is not in the image; modules-firewall.test.ts installs it",
  ufw: "ufw is not in the image; modules-firewall.test.ts installs it",
  firewalld: "firewalld is not in the image; modules-firewall.test.ts installs it",
  docker_container: "it needs Docker and an image; modules-cluster.test.ts has them",
  docker_image: "it needs Docker and an image; role-k3s-in-docker.test.ts has them",
  docker_network: "it needs Docker; role-k3s-in-docker.test.ts has it",
  k8s: "it needs a cluster's API; modules-cluster.test.ts has a stand-in",
  k8s_nodes: "it needs a cluster's API; role-node-labels.test.ts has a stand-in",
  helm: "it needs helm and a cluster; modules-cluster.test.ts has stand-ins",
  zypper_repository: "a Debian host has no zypper; modules-rpm.test.ts has one",
};

/** Each run does it anew: by its nature, or because the folder that it writes to is a new one of each run (fetch). */
const acts = (module: Module): boolean => module.kind === "action" || module.name === "fetch";

const here = allModules().filter((module) => !(module.name in ELSEWHERE));

describe.each([
  { kinds: "control, engine and action", modules: here.filter((module) => module.kind !== "state") },
  { kinds: "state", modules: here.filter((module) => module.kind === "state") },
])("the examples of modules of kind $kinds", ({ modules }) => {
  const host = freshHost();

  it("run as they stand, do what a check has announced, and nothing the second time", { timeout: 600_000 }, async () => {
    const tasks = modules.map((module) => module.example.trimEnd().replace(/^/gm, "    ")).join("\n");
    const playbook = `- hosts: all\n  tasks:\n${tasks}\n`;
    const files = { "templates/motd.j2": "Welcome to {{ inventory_hostname }}\n" };
    const check = await apply(host(), playbook, { check: true, files, timeoutMs: 300_000 });
    const applied = await apply(host(), playbook, { files, timeoutMs: 300_000 });
    const certain = (changes: readonly string[] = []): readonly string[] => changes.filter((title) => !mayChange.has(title));
    expect(certain(check.changes[host().name])).toEqual(certain(applied.changes[host().name]));
    const again = await apply(host(), playbook, { files, timeoutMs: 300_000 });
    const left = modules.filter(acts).flatMap(titlesOf);
    expect(certain(again.changes[host().name]).filter((title) => !left.includes(title))).toEqual([]);
  });
});

/** A download without a checksum: only making it tells. */
const mayChange = new Set(["Download the package list's key"]);

function titlesOf(module: Module): readonly string[] {
  return [...module.example.matchAll(/^- name: (.*)$/gm)].map(([, title]) => title ?? "");
}

it("leaves out no module without a reason that still holds", () => {
  const names = new Set(allModules().map((module) => module.name));
  expect(Object.keys(ELSEWHERE).filter((name) => !names.has(name))).toEqual([]);
});
