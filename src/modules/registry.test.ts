import { describe, expect, it } from "vitest";
import { allModules, findModule, moduleNames } from "./registry.ts";

describe("findModule", () => {
  it.each([
    ["systemd", "systemd"],
    ["systemd_service", "systemd"],
    ["ansible.builtin.systemd_service", "systemd"],
    ["ansible.builtin.copy", "copy"],
    ["ansible.legacy.command", "command"],
    ["ansible.posix.sysctl", "sysctl"],
    ["community.general.modprobe", "modprobe"],
    ["ansible.builtin.yum", "dnf"],
    ["gather_facts", "setup"],
  ])("%s", (name, module) => expect(findModule(name)?.name).toBe(module));

  it.each(["no_such", "ansible.builtin.", "community.general.copy", "constructor"])("does not know %s", (name) => {
    expect(findModule(name)).toBeUndefined();
  });
});

describe("modules", () => {
  it("have names of their own, documentation, and an example that names them", () => {
    const names = allModules().flatMap((module) => [module.name, ...(module.aliases ?? [])]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    for (const module of allModules()) {
      expect(module.summary, module.name).toMatch(/^[A-Z].*\.$/s);
      expect(module.example, module.name).toMatch(/^- name: \S/);
      expect(module.example, module.name).toMatch(new RegExp(`^  ${module.name}:`, "m"));
      for (const [name, parameter] of Object.entries(module.parameters.parameters)) {
        expect(parameter.description, `${module.name}.${name}`).toMatch(/[.:]$/);
      }
    }
  });

  it("list their short names for suggestions", () => {
    expect(moduleNames()).toContain("systemd_service");
    expect(moduleNames().filter((name) => name.includes("."))).toEqual([]);
  });
});
