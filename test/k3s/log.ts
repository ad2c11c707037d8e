/** What ends the process with `level=fatal` and exit status 1. */
export class Fatal extends Error {}

type Level = "debug" | "info" | "warning" | "error" | "fatal";

/** As logrus writes where there is no terminal. */
export function log(level: Level, message: string): void {
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  process.stderr.write(`time="${time}" level=${level} msg=${quoted(message)}\n`);
}

export const info = (message: string): void => log("info", message);
export const warning = (message: string): void => log("warning", message);

/** As Go's %q, which logrus uses. */
const quoted = (text: string): string => JSON.stringify(text);

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
