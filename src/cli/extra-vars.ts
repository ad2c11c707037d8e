import { resolve } from "node:path";
import { refuse } from "../diagnostic.ts";
import { splitWords } from "../inventory/words.ts";
import { parseYaml } from "../source/yaml.ts";
import { checkVariableNames } from "../vars/names.ts";
import { isMap, type Key, looksLikeTemplate, TemplateString, type Value, type ValueMap } from "../vars/value.ts";
import type { VaultSecrets } from "../vault/secrets.ts";
import { loadVarsFileSync } from "../vault/vars-file.ts";
import { expandHome } from "./settings.ts";

/**
 * Reads `-e`: `@FILE` (YAML or JSON, may be encrypted), a mapping in JSON or YAML, or `key=value` words, whose values are text as in
 * Ansible. Throws DiagnosticError.
 */
export function readExtraVars(text: string, cwd: string, vault: VaultSecrets): ValueMap {
  const vars = read(text.trim(), cwd, vault);
  checkVariableNames(vars);
  return vars;
}

function read(text: string, cwd: string, vault: VaultSecrets): ValueMap {
  if (text.startsWith("@")) return loadVarsFileSync(resolve(cwd, expandHome(text.slice(1))), vault);
  if (text.startsWith("{") || text.startsWith("[") || /^[A-Za-z_]\w*:\s/.test(text)) {
    const value = parseYaml(text, "--extra-vars");
    return isMap(value) ? value : bad(text, "holds no mapping");
  }
  return readAssignments(text);
}

function readAssignments(text: string): ValueMap {
  const vars = new Map<Key, Value>();
  for (const word of words(text)) {
    const at = word.indexOf("=");
    if (at < 1) return bad(text, `needs key=value, but has "${word}"`);
    const value = word.slice(at + 1);
    vars.set(word.slice(0, at), looksLikeTemplate(value) ? new TemplateString(value) : value);
  }
  return vars;
}

function words(text: string): readonly string[] {
  try {
    // What begins with # is a comment in an inventory, but not on a command line.
    if (!text.includes("#")) return splitWords(text).map((word) => word.text);
    return [text];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return bad(text, `cannot be read: ${error.message}`);
  }
}

function bad(text: string, why: string): never {
  const name = /^[A-Za-z_]\w*(?==)/.exec(text)?.[0];
  return refuse("extra-vars", `--extra-vars ${name === undefined ? "" : `${name}=… `}${why}`, {
    help: 'write -e key=value, -e @FILE, or -e \'{"key": "value"}\'',
  });
}
