import { ModuleFailure } from "../../contract.ts";
import { type Fields, textsAt } from "../cluster/data.ts";

type Texts = Readonly<Record<string, string>>;

/** Mappings whose values must be text: a boolean or a number could be written in several ways. */
export function textMapping(parameter: string, given: Fields): Texts {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      if (typeof value === "string") return [name, value];
      throw new ModuleFailure(
        `docker_container: ${parameter} has ${JSON.stringify(value)} for "${name}", which could be written in several ways; put it in quotes`,
      );
    }),
  );
}

/** Mappings in which numbers and booleans are as good as their texts: labels, sysctls, options. */
export function looseMapping(given: Fields): Texts {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === "string" ? value : value === null ? "" : JSON.stringify(value),
    ]),
  );
}

/** A file of `NAME=value` lines, as docker reads it: no quotes, no expansion. A bare name has no value here and is refused. */
export function parseEnvFile(path: string, text: string): Texts {
  const found: Record<string, string> = {};
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const trimmed = line.trimStart();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const equals = trimmed.indexOf("=");
    const name = equals < 0 ? trimmed : trimmed.slice(0, equals);
    if (equals < 1 || /\s/.test(name))
      throw new ModuleFailure(`docker_container: line ${index + 1} of ${path} is not NAME=value`);
    found[name] = trimmed.slice(equals + 1);
  }
  return found;
}

/** NAME=value entries of an image or a container. */
export function environmentOf(object: unknown): Texts {
  return Object.fromEntries(
    textsAt(object, "Config", "Env").map((one) => {
      const equals = one.indexOf("=");
      return equals < 0 ? [one, ""] : [one.slice(0, equals), one.slice(equals + 1)];
    }),
  );
}

/** Lines of an env-file or a label-file. What such a line cannot hold is refused. */
export function linesOf(parameter: string, values: Texts): string {
  return Object.entries(values)
    .map(([name, value]) => {
      if (name === "" || name.startsWith("#") || /[\s=]/.test(name)) {
        throw new ModuleFailure(
          `docker_container: ${parameter} has the name ${JSON.stringify(name)}, which docker cannot be told`,
        );
      }
      if (/[\n\r\0]/.test(value) || Buffer.byteLength(value) > 60_000) {
        const why = /[\n\r\0]/.test(value) ? "more than one line" : "more than 60 kB";
        throw new ModuleFailure(
          `docker_container: ${parameter} has ${why} for "${name}", which docker can only be told where others could see it; mount a file instead`,
        );
      }
      return `${name}=${value}\n`;
    })
    .join("");
}
