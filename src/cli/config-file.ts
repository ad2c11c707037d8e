import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Diagnostic, Diagnostics } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { type OptionName, optionList } from "./options.ts";
import { type Configuration, expandHome, type RawValue } from "./settings.ts";

const FILE = "k3sprov.yaml";

export type ConfigurationSearch = {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--config`. */
  readonly told: string | undefined;
  readonly warn: (warning: Diagnostic) => void;
};

/**
 * Reads k3sprov.yaml: the file that --config or K3SPROV_CONFIG names, else the one in the current folder, else the one in
 * ~/.config/k3sprov/. Undefined when there is none. Throws DiagnosticError with every unknown key and unusable value.
 */
export async function loadConfiguration(search: ConfigurationSearch): Promise<Configuration | undefined> {
  const file = findConfiguration(search);
  if (file === undefined) return undefined;
  // Only now: a program that starts for `--help` in a folder without the file needs no YAML reader.
  const [{ loadYamlFile }, { isMap }, { keyPosition }] = await Promise.all([
    import("../source/yaml.ts"),
    import("../vars/value.ts"),
    import("../vars/provenance.ts"),
  ]);
  const content = await loadYamlFile(file, { templates: false });
  const problems = new Diagnostics();
  const values = new Map<OptionName, { readonly value: RawValue; readonly position: Diagnostic["position"] }>();
  if (content !== null && !isMap(content)) {
    problems.error("configuration", `${FILE} must hold a mapping: one line "forks: 20" for each setting`, {
      position: { file, line: 1, column: 1 },
    });
  }
  const known = optionList.filter(([, definition]) => definition.flagOnly !== true).map(([name]) => name);
  for (const [key, written] of isMap(content) ? content : []) {
    const position = keyPosition(content, key);
    const place = position === undefined ? {} : { position };
    const name = known.find((one) => one === key);
    if (name === undefined || name === "config") {
      problems.error("unknown-setting", `${FILE} has no setting "${String(key)}"${didYouMean(String(key), known)}`, place);
      continue;
    }
    const value = toRaw(written);
    if (value === undefined) problems.error("configuration", `${FILE}: ${name} must be a plain value or a list of them`, place);
    else values.set(name, { value, position });
  }
  problems.throwIfErrors();
  return { values, folder: dirname(file) };
}

function findConfiguration({ cwd, environment, told, warn }: ConfigurationSearch): string | undefined {
  const named = told ?? environment["K3SPROV_CONFIG"];
  if (named !== undefined && named !== "") return resolve(cwd, expandHome(named));
  const here = join(cwd, FILE);
  if (existsSync(here)) {
    // Whoever can write here could name an inventory program that we would run.
    if ((statSync(cwd).mode & 0o002) === 0) return here;
    warn({
      severity: "warning",
      code: "configuration-ignored",
      message: `${here} is not used, since anyone can write to its folder`,
      help: `name it: --config ${here}`,
    });
  }
  const home = environment["XDG_CONFIG_HOME"] ?? join(environment["HOME"] ?? "/", ".config");
  const own = join(home, "k3sprov", FILE);
  return existsSync(own) ? own : undefined;
}

function toRaw(value: unknown): RawValue | undefined {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (!Array.isArray(value)) return undefined;
  const members: (string | number | boolean)[] = [];
  for (const member of value) {
    if (typeof member !== "string" && typeof member !== "number" && typeof member !== "boolean") return undefined;
    members.push(member);
  }
  return members;
}
