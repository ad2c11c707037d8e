import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Settings } from "../k3s/config.ts";
import { baseText } from "../k3s/containerd.ts";

const role = join(import.meta.dirname, "..", "..", "roles", "containerd-template", "vars", "main.yml");

/** As the role's list has them: quotes around what has dots, and around nothing else. */
function tablesOf(text: string): readonly string[] {
  const headers = [...text.matchAll(/^\[(.*)\]$/gm)].map(([, header = ""]) => header);
  return headers.map((header) => header.replaceAll("'", '"')).sort();
}

function settings(values: Readonly<Record<string, string>>): Settings {
  return { command: "agent", text: (name) => values[name] ?? "", list: () => [], isOn: () => false, isGiven: () => false };
}

it.each([2, 3] as const)(
  "the base of version %i has the tables that the role keeps out of templates, and no others",
  (version) => {
    // The list's own text: what it adds for default-runtime comes after it.
    const [, list = ""] = /^containerd_template__base_tables: >-\n([\s\S]*?)\]\n/m.exec(readFileSync(role, "utf8")) ?? [];
    const plugin = version === 3 ? /io\.containerd\.cri\.v1/ : /io\.containerd\.grpc\.v1\.cri"\./;
    const common = ["grpc", 'plugins."io.containerd.internal.v1.opt"', 'plugins."io.containerd.grpc.v1.cri"'];
    const known = [...list.matchAll(/'([^']*)'/g)].map(([, name = ""]) => name);
    const expected = known.filter((name) => common.includes(name) || plugin.test(name)).sort();
    expect(tablesOf(baseText("/etc/containerd", settings({}), version))).toEqual(expected);
    const withDefault = tablesOf(baseText("/etc/containerd", settings({ "default-runtime": "runc" }), version));
    const added = version === 3 ? ['plugins."io.containerd.cri.v1.runtime".containerd'] : [];
    expect(withDefault).toEqual([...expected, ...added].sort());
  },
);
