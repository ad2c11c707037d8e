import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { modulePages } from "../src/cli/module-pages.ts";

// Writes docs/modules; src/cli/module-pages.test.ts fails when a page is stale.
const folder = new URL("../docs/modules/", import.meta.url);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [name, content] of modulePages()) writeFileSync(new URL(name, folder), content);
