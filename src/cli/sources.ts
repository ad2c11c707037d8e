import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Diagnostics, refuse } from "../diagnostic.ts";
import { loadInventory } from "../inventory/load.ts";
import type { Inventory } from "../inventory/model.ts";
import { findModule, moduleNames } from "../modules/registry.ts";
import { type LoaderOptions, loadPlaybook } from "../playbook/load.ts";
import type { Playbook } from "../playbook/model.ts";
import { Redactor } from "../vars/taint.ts";
import type { ValueMap } from "../vars/value.ts";
import type { VaultSecrets } from "../vault/secrets.ts";
import { loadVaultSecrets, parseVaultId, type VaultSource } from "../vault/sources.ts";
import { readExtraVars } from "./extra-vars.ts";
import type { Invocation } from "./invocation.ts";
import type { Settings } from "./options.ts";
import type { Prompter } from "./prompt.ts";
import { expandHome } from "./settings.ts";

/** What is known before a playbook is read: vault passwords, variables of the command line, how to load. */
export type Basics = {
  readonly vault: VaultSecrets;
  readonly redactor: Redactor;
  readonly extraVars: readonly ValueMap[];
  readonly loader: LoaderOptions;
};

export async function loadBasics({ settings, process, warn }: Invocation, prompter: Prompter): Promise<Basics> {
  const redactor = new Redactor();
  const vault = await loadVaultSecrets(vaultSources(settings, process.cwd), {
    cwd: process.cwd,
    prompt: (question) => prompter.hidden(question),
  });
  const problems = new Diagnostics();
  const extraVars = settings["extra-vars"].flatMap(
    (text) => problems.collect(() => readExtraVars(text, process.cwd, vault)) ?? [],
  );
  problems.throwIfErrors();
  return {
    vault,
    redactor,
    extraVars,
    loader: {
      registry: { findModule, moduleNames },
      rolesPath: settings["roles-path"].map((path) => resolve(process.cwd, expandHome(path))),
      vault,
      extraVars,
      warn,
    },
  };
}

function vaultSources(settings: Settings, cwd: string): readonly VaultSource[] {
  const file = (path: string): string => resolve(cwd, expandHome(path));
  const sources: VaultSource[] = settings["vault-id"].map(parseVaultId);
  for (const path of settings["vault-password-file"]) {
    sources.push(path.includes("@") ? parseVaultId(path) : { id: "default", from: { kind: "file", path: file(path) } });
  }
  if (settings["ask-vault-pass"]) sources.push({ id: "default", from: { kind: "prompt" } });
  return sources;
}

/** The inventory of the run; `localhost` is there even without one. */
export async function loadHosts(
  { settings, process, warn }: Invocation,
  vault: VaultSecrets,
  signal?: AbortSignal,
): Promise<Inventory> {
  const sources = settings.inventory.map((source) => (source.includes(",") ? source : expandHome(source)));
  const inventory = await loadInventory(sources, { vault, cwd: process.cwd, ...(signal === undefined ? {} : { signal }) });
  if (sources.length === 0) {
    warn({
      severity: "warning",
      code: "no-inventory",
      message: "no inventory was given: the only host is localhost",
      help: 'name one with -i FILE, in K3SPROV_INVENTORY, or as "inventory: FILE" in k3sprov.yaml',
    });
  }
  for (const warning of inventory.warnings) warn(warning);
  return inventory;
}

/** Loads playbooks; throws one DiagnosticError with the problems of all of them. */
export function loadPlaybooks(files: readonly string[], cwd: string, loader: LoaderOptions): readonly Playbook[] {
  const problems = new Diagnostics();
  const loaded = files.flatMap((file) => problems.collect(() => loadPlaybook(shown(file, cwd), loader)) ?? []);
  problems.throwIfErrors();
  return loaded;
}

/** Paths stay as typed where that means the same. */
function shown(file: string, cwd: string): string {
  const path = expandHome(file);
  return cwd === process.cwd() ? path : resolve(cwd, path);
}

/** The password in a file: its first line. Told to the redactor. */
export function passwordFrom(file: string | undefined, cwd: string, redactor: Redactor): string | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(resolve(cwd, expandHome(file)), "utf8");
  } catch (error) {
    return refuse(
      "password-file",
      `the password file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const password = text.split(/\r?\n/)[0] ?? "";
  if (password === "") return refuse("password-file", `the password file ${file} is empty`);
  redactor.add(password);
  return password;
}
