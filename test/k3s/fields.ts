/** An object as JSON and YAML have it. */
export type Fields = { [name: string]: unknown };

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value below these names, or undefined. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (!isFields(current)) return undefined;
    current = current[name];
  }
  return current;
}

export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  const found = at(value, ...path);
  return isFields(found) ? found : {};
}

export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return found === undefined || found === null || typeof found === "object" ? "" : String(found);
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textsAt(value: unknown, ...path: readonly string[]): Record<string, string> {
  const found = Object.entries(fieldsAt(value, ...path));
  return Object.fromEntries(found.flatMap(([name, one]) => (typeof one === "string" ? [[name, one]] : [])));
}

/** Throws where the text is no JSON object. */
export function parseFields(text: string): Fields {
  const parsed: unknown = JSON.parse(text);
  if (!isFields(parsed)) throw new Error(`not a JSON object: ${text.slice(0, 100)}`);
  return parsed;
}
