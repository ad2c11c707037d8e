import { writeFileSync } from "node:fs";
import { renderCliReference } from "../src/cli/reference.ts";

// Writes docs/cli.md; src/cli/reference.test.ts fails when it is stale.
writeFileSync(new URL("../docs/cli.md", import.meta.url), renderCliReference());
