import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Diagnostic, DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { loadConfiguration } from "./config-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "k3sprov-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function load(told?: string, environment: Record<string, string> = {}) {
  const warnings: Diagnostic[] = [];
  const configuration = await loadConfiguration({
    cwd: folder,
    environment: { HOME: join(folder, "home"), ...environment },
    told,
    warn: (one) => warnings.push(one),
  });
  const values = Object.fromEntries([...(configuration?.values ?? [])].map(([name, { value }]) => [name, value]));
  return { values, warnings: warnings.map((one) => one.message), folder: configuration?.folder };
}

describe("loadConfiguration", () => {
  it("does without a file", async () => {
    expect(await load()).toEqual({ values: {}, warnings: [], folder: undefined });
  });

  it("reads the file of the current folder before that of the home", async () => {
    mkdirSync(join(folder, "home/.config/k3sprov"), { recursive: true });
    writeFileSync(join(folder, "home/.config/k3sprov/k3sprov.yaml"), "forks: 3\n");
    expect((await load()).values).toEqual({ forks: 3 });
    writeFileSync(join(folder, "k3sprov.yaml"), "forks: 4\nbecome: yes\ninventory: [a, b]\n");
    expect((await load()).values).toEqual({ forks: 4, become: true, inventory: ["a", "b"] });
    expect((await load(undefined, { K3SPROV_CONFIG: "home/.config/k3sprov/k3sprov.yaml" })).values).toEqual({ forks: 3 });
    expect((await load("k3sprov.yaml", { K3SPROV_CONFIG: "none" })).values["forks"]).toBe(4);
  });

  it("does not trust a folder that anyone can write to", async () => {
    writeFileSync(join(folder, "k3sprov.yaml"), "forks: 4\n");
    chmodSync(folder, 0o777);
    expect(await load()).toEqual({
      values: {},
      warnings: [`${join(folder, "k3sprov.yaml")} is not used, since anyone can write to its folder`],
      folder: undefined,
    });
  });

  it("refuses all unknown keys at once, with a suggestion", async () => {
    const file = join(folder, "k3sprov.yaml");
    writeFileSync(file, "host_key_checking: off\nforks: {a: 1}\nlist-tasks: true\n");
    const error = await load().catch((caught: unknown) => caught);
    expect(error instanceof DiagnosticError ? error.diagnostics.map(formatDiagnostic).join("\n") : error).toBe(
      `error: k3sprov.yaml has no setting "host_key_checking"; did you mean "host-key-checking"?
  ${file}:1:1
  1 | host_key_checking: off
    | ^^^^^^^^^^^^^^^^^
error: k3sprov.yaml: forks must be a plain value or a list of them
  ${file}:2:1
  1 | host_key_checking: off
  2 | forks: {a: 1}
    | ^^^^^
error: k3sprov.yaml has no setting "list-tasks"
  ${file}:3:1
  2 | forks: {a: 1}
  3 | list-tasks: true
    | ^^^^^^^^^^`,
    );
  });
});
