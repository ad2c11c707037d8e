/** Text as Python's `json.dumps` writes it by default: ", " and ": " between, nothing but ASCII. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, one]) => `${jsonText(key)}: ${pythonJson(one)}`)
      .join(", ")}}`;
  }
  if (typeof value === "string") return jsonText(value);
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

function jsonText(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
