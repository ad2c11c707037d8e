import { existsSync, readFileSync } from "node:fs";
import { Fatal } from "../log.ts";

export type Flags = {
  readonly words: readonly string[];
  text(name: string): string;
  list(name: string): readonly string[];
  isOn(name: string): boolean;
  isGiven(name: string): boolean;
};

const SWITCHES = new Set(["force", "debug", "snapshot-compress", "prune", "a", "all", "q"]);

/** Flags of the smaller commands. The data directory comes from config.yaml where the command line does not say. */
export function parseFlags(argv: readonly string[], short: Readonly<Record<string, string>> = {}): Flags {
  const words: string[] = [];
  const found = new Map<string, string[]>();
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    const [, shown = "", value] = /^--?([a-z][a-z-]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    // As Go's flags: what follows the first word is a word, whatever it looks like.
    if (shown === "") {
      words.push(...argv.slice(index));
      break;
    }
    const name = short[shown] ?? shown;
    const next = value ?? (SWITCHES.has(name) ? "true" : argv[++index]);
    if (next === undefined) throw new Fatal(`flag needs an argument: -${shown}`);
    found.set(name, [...(found.get(name) ?? []), next]);
  }
  const configured = /^data-dir:\s*["']?([^"'\s]+)/m.exec(fileOr("/etc/rancher/k3s/config.yaml"))?.[1];
  const fallback: Readonly<Record<string, string>> = { "data-dir": configured ?? "/var/lib/rancher/k3s" };
  return {
    words,
    text: (name) => found.get(name)?.at(-1) ?? fallback[name] ?? "",
    // Each is given by itself: K3s 1.31 and 1.32 split nothing at commas.
    list: (name) => found.get(name) ?? [],
    isOn: (name) => found.get(name)?.at(-1) === "true",
    isGiven: (name) => found.has(name),
  };
}

const fileOr = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
