import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package: that of its package.json, above this file both in src/ and in the built dist/. */
export function packageFolder(): string {
  return packageFile().folder;
}

export function version(): string {
  return packageFile().version;
}

function packageFile(): { readonly folder: string; readonly version: string } {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      if (typeof parsed === "object" && parsed !== null && "name" in parsed && parsed.name === "k3sprov" && "version" in parsed) {
        return { folder, version: String(parsed.version) };
      }
    } catch {
      // Not in this folder: the next one up.
    }
    const parent = dirname(folder);
    if (parent === folder) throw new Error("k3sprov is not installed as a package: its package.json is missing");
    folder = parent;
  }
}
