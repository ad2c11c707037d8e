import { DiagnosticError, refuse } from "../diagnostic.ts";
import { parseJson } from "../source/json.ts";
import { parseYaml, readTextSync } from "../source/yaml.ts";
import { setSourceMap, sourceMapOf } from "../vars/provenance.ts";
import { isList, isMap, type Key, Secret, type Value, type ValueMap, VaultText } from "../vars/value.ts";
import { isVaultText } from "./format.ts";
import type { VaultSecrets } from "./secrets.ts";

/**
 * Reads a file of variables (YAML or JSON, encrypted as a whole or not). Everything in an encrypted file is a Secret. An empty
 * file is an empty mapping; anything but a mapping is a DiagnosticError, code "vars-not-a-mapping".
 */
export function loadVarsFileSync(file: string, vault: VaultSecrets): ValueMap {
  const text = readTextSync(file);
  const isVault = isVaultText(text);
  const value = isVault ? secretVars(vault.decryptFile(text, file).toString("utf8"), file) : parse(text, file);
  if (value === null) return new Map();
  if (!isMap(value))
    return refuse("vars-not-a-mapping", `${file} must hold a mapping of variables`, { position: { file, line: 1, column: 1 } });
  return value;
}

function parse(text: string, file: string): Value {
  return file.endsWith(".json") ? parseJson(text, file) : parseYaml(text, file);
}

// What the parser says about a decrypted text may quote it, so only the place is told on.
function secretVars(text: string, file: string): Value {
  try {
    return boxed(parseYaml(text, file, { excerpts: false }));
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    const positions = error.diagnostics.map((one) => one.position?.line ?? 1);
    return refuse("yaml-syntax", `the decrypted text of ${file} is not valid YAML, at line ${positions.join(", ")}`, {
      help: `ansible-vault view ${file}`,
    });
  }
}

/** Boxes every leaf; containers stay as they are, so that their keys can still be read. */
function boxed(value: Value): Value {
  if (isMap(value)) return withSameSource(value, new Map([...value].map(([key, member]): [Key, Value] => [key, boxed(member)])));
  if (isList(value)) return withSameSource(value, value.map(boxed));
  return value === null || value instanceof VaultText ? value : new Secret(value);
}

function withSameSource<T extends object>(from: object, to: T): T {
  const map = sourceMapOf(from);
  if (map !== undefined) setSourceMap(to, map);
  return to;
}
