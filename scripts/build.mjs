// Bundles src/cli/main.ts into dist/, which `bin` names. One file per lazily loaded part, so that `--version` and `--help` load
// next to nothing: a bundle starts three times as fast as the same sources with their dependencies from node_modules.
//
//   node scripts/build.mjs [--outdir DIR]

import { chmodSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { outdir: { type: "string", default: join(repository, "dist") } } });
const outdir = resolve(values.outdir);

rmSync(outdir, { recursive: true, force: true });
const began = performance.now();
// zod brings its messages in some fifty languages, an eighth of all that Node would have to parse at each start. Ours are English.
const onlyEnglish = {
  name: "only-english",
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
  },
};
const result = await build({
  absWorkingDir: repository,
  entryPoints: { "cli/main": "src/cli/main.ts" },
  outdir,
  bundle: true,
  plugins: [onlyEnglish],
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  chunkNames: "chunks/[name]-[hash]",
  sourcemap: true,
  // Not minified: the stack traces that people send us should be readable, and the size hardly matters to Node's start.
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
  // ssh2 tries these and does without: compiled helpers, which exist only where install scripts ran. Node's own crypto does the same work.
  external: ["cpu-features", "*.node"],
  // CommonJS packages inside the bundle ask for Node's modules by `require` and for their folder, which an ES module does not have.
  // (Only ssh2's support for PuTTY's agent on Windows uses the folder.)
  banner: {
    js: 'import{createRequire as bundleRequire}from"node:module";const require=bundleRequire(import.meta.url),__dirname=import.meta.dirname;',
  },
}).catch(() => process.exit(1)); // esbuild has said why

const main = join(outdir, "cli", "main.js");
chmodSync(main, 0o755);
const bytes = Object.values(result.metafile.outputs).reduce((sum, { bytes: one }) => sum + one, 0);
console.log(
  `built ${main} (${Object.keys(result.metafile.outputs).length} files, ${Math.round(bytes / 1024)} KiB) in ${Math.round(performance.now() - began)} ms`,
);
