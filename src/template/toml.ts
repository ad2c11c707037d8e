import { parse, TomlDate, TomlError, type TomlPrimitive } from "smol-toml";
import { Float, type Key, type Value } from "../vars/value.ts";
import { withoutActions } from "./go-template.ts";

export type TomlReading = { readonly value: Value } | { readonly problem: string };

/** Reads TOML; what is wrong is told with its line and column. With `goTemplate`, of a template only what surely is in its result. */
export function readToml(text: string, goTemplate: boolean): TomlReading {
  const toml = goTemplate ? withoutActions(text) : text;
  if (toml === undefined) return { problem: "an action {{ … }} of the template, or a block that one begins, does not end" };
  try {
    return { value: toValue(parse(toml, { integersAsBigInt: "asNeeded" })) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message goes on with an excerpt, which may hold a password.
    const [message = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    return { problem: `line ${error.line}, column ${error.column}: ${message}` };
  }
}

function toValue(toml: TomlPrimitive): Value {
  if (toml instanceof TomlDate) return toml.toISOString();
  if (Array.isArray(toml)) return toml.map(toValue);
  if (typeof toml === "object") return new Map(Object.entries(toml).map(([key, member]): [Key, Value] => [key, toValue(member)]));
  if (typeof toml === "number" && !Number.isInteger(toml)) return new Float(toml);
  return toml;
}
