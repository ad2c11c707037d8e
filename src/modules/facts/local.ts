import type { Json, JsonObject } from "../contract.ts";
import type { RawFacts } from "./raw.ts";

/** `ansible_local`: the host's own *.fact files, as JSON or INI. Text that is neither is told, not dropped. */
export function localFacts(raw: RawFacts): JsonObject {
  const facts: Record<string, Json> = {};
  for (const [file, text] of raw.local) facts[file.replace(/\.fact$/, "")] = parse(file, text);
  return { local: facts };
}

function parse(file: string, text: string): Json {
  const failed = /^@k3sprov-failed:(\d+)$/m.exec(text)?.[1];
  if (failed !== undefined) return `error: ${file} ended with status ${failed}`;
  try {
    // JSON.parse gives JSON, whatever its type says.
    return JSON.parse(text) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return ini(text) ?? `error: ${file} is neither JSON nor INI`;
}

function ini(text: string): JsonObject | undefined {
  const sections: Record<string, Record<string, string>> = {};
  let section: Record<string, string> | undefined;
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (line === "" || /^[#;]/.test(line)) continue;
    const name = /^\[(.+)\]$/.exec(line)?.[1];
    const pair = /^([^=:]+)[=:](.*)$/.exec(line);
    if (name !== undefined) {
      section = {};
      sections[name] = section;
    } else if (section !== undefined && pair?.[1] !== undefined) section[pair[1].trim().toLowerCase()] = (pair[2] ?? "").trim();
    else return undefined;
  }
  return Object.keys(sections).length === 0 ? undefined : sections;
}
