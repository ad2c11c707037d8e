// Bundles the program into dist/, which `bin` names: dist/cli/main.js, which answers `--version` by itself, and the rest of the program in one
// CommonJS file beside it, since only such a file's byte code can be kept from one run to the next (src/cli/code-cache.ts).
//
//   node scripts/build.mjs [--outdir DIR]

import { chmodSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { outdir: { type: "string", default: join(repository, "dist") } } });
const outdir = resolve(values.outdir);

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
const common = {
  absWorkingDir: repository,
  outdir,
  bundle: true,
  platform: "node",
  target: "node20.19",
  sourcemap: true,
  // Not minified: the stack traces that people send us should be readable, and the byte code is the same.
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
};
const outputs = [];

async function bundle(options) {
  const { metafile } = await build({ ...common, ...options }).catch(() => process.exit(1)); // esbuild has said why
  outputs.push(...Object.values(metafile.outputs));
  const [entry] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint !== undefined);
  return resolve(repository, entry);
}

rmSync(outdir, { recursive: true, force: true });
const program = await bundle({
  entryPoints: { "cli/k3sprov": "src/cli/run-command-line.ts" },
  // The hash tells versions apart, as the code cache needs it.
  entryNames: "[dir]/[name]-[hash]",
  outExtension: { ".js": ".cjs" },
  format: "cjs",
  plugins: [onlyEnglish],
  // ssh2 tries these and does without: compiled helpers, which exist only where install scripts ran. Node's own crypto does the same work.
  external: ["cpu-features", "*.node"],
  define: { "import.meta.url": "bundleUrl" },
  banner: { js: 'const bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
});
const cachedProgram = {
  name: "cached-program",
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]cli[\\/]run-command-line\.ts$/ }, () => ({
      contents: `import { fileURLToPath } from "node:url";
import { codeCacheFolder, loadWithCodeCache } from "./code-cache.ts";
const file = fileURLToPath(new URL(${JSON.stringify(basename(program))}, import.meta.url));
export const { runCommandLine } = loadWithCodeCache(file, codeCacheFolder(process.env));`,
      loader: "ts",
    }));
  },
};
const main = await bundle({
  entryPoints: { "cli/main": "src/cli/main.ts" },
  format: "esm",
  splitting: true,
  // Beside the program, which they look for where they are themselves.
  chunkNames: "cli/[name]-[hash]",
  plugins: [cachedProgram],
});

chmodSync(main, 0o755);
const bytes = outputs.reduce((sum, { bytes: one }) => sum + one, 0);
console.log(
  `built ${main} (${outputs.length} files, ${Math.round(bytes / 1024)} KiB) in ${Math.round(performance.now() - began)} ms`,
);
