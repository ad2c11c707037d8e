import { parseYaml } from "../source/yaml.ts";
import { Secret, type Value } from "../vars/value.ts";
import type { EvaluationContext } from "./context.ts";

/** A context over the variables of a YAML text, and what was told to be secret. Vault text decrypts to "opened". */
export function contextOf(
  yaml: string,
  more: ReadonlyMap<string, Value> = new Map(),
  folder = "/nonexistent",
): EvaluationContext & { readonly secrets: string[] } {
  const parsed = yaml === "" ? new Map() : parseYaml(yaml, "vars.yml");
  const variables = new Map<string, Value>(more);
  if (parsed instanceof Map) for (const [key, value] of parsed) variables.set(String(key), value);
  const secrets: string[] = [];
  return {
    names: { lookup: (name) => variables.get(name), names: () => variables.keys() },
    lookups: { searchPath: () => [folder], workingDirectory: "/" },
    decrypt: () => new Secret("opened"),
    onSecret: (text) => secrets.push(text),
    secrets,
  };
}
