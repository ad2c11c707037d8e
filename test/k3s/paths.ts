import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where K3s keeps its files. */
export class Paths {
  readonly data: string;

  constructor(data: string) {
    this.data = data;
  }

  server(...parts: readonly string[]): string {
    return join(this.data, "server", ...parts);
  }

  tls(...parts: readonly string[]): string {
    return join(this.data, "server", "tls", ...parts);
  }

  agent(...parts: readonly string[]): string {
    return join(this.data, "agent", ...parts);
  }

  /** Replaced as a whole, so that a reader never sees half of it. */
  static write(path: string, text: string | Buffer, mode = 0o600): void {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const draft = `${path}.tmp${process.pid}`;
    writeFileSync(draft, text, { mode });
    chmodSync(draft, mode);
    renameSync(draft, path);
  }

  static writeIfNew(path: string, text: string, mode = 0o600): void {
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) Paths.write(path, text, mode);
  }

  static readOr(path: string, fallback: string): string {
    return existsSync(path) ? readFileSync(path, "utf8") : fallback;
  }
}
