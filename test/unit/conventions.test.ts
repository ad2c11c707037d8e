import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { commands } from "../../src/cli/command-table.ts";
import { allModules } from "../../src/modules/registry.ts";

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

type SourceFile = { readonly path: string; readonly text: string; readonly lines: readonly string[] };

function filesBelow(folder: string, wanted: RegExp): readonly SourceFile[] {
  const start = join(repository, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && wanted.test(entry.name))
    .map((entry) => {
      const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
      return { path: relative(repository, join(entry.parentPath, entry.name)), text, lines: text.split("\n") };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const sources = filesBelow("src", /\.ts$/);
const program = sources.filter((file) => !file.path.endsWith(".test.ts"));
const everything = [
  ...sources,
  ...["test", "scripts", "docs", "roles", "playbooks", ".ci"].flatMap((folder) =>
    filesBelow(folder, /\.(ts|mjs|sh|md|ya?ml|j2|json)$|^run$|^Dockerfile$/),
  ),
  ...readdirSync(repository, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|json|md|yaml)$/.test(entry.name) && entry.name !== "package-lock.json")
    .map((entry) => {
      const text = readFileSync(join(repository, entry.name), "utf8");
      return { path: entry.name, text, lines: text.split("\n") };
    }),
];

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean; readonly line: number };

/** Relative imports and re-exports of a file, static and dynamic, as paths from src/. */
function importsOf(file: SourceFile): readonly Import[] {
  const pattern = /(?:\b(?:import|export)\s+(type\s)?[^"';]*?\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)"(\.[^"]+)"/g;
  return [...file.text.matchAll(pattern)].map(([, type, target = ""], index, all) => ({
    from: relative("src", file.path),
    to: relative(join(repository, "src"), join(repository, dirname(file.path), target)),
    typeOnly: type !== undefined,
    line: file.text.slice(0, all[index]?.index).split("\n").length,
  }));
}

const ROOT_FILE = /^[a-z-]+\.ts$/;
const MODULE_CONTRACT = /^modules\/(contract|parameters|registry)\.ts$/;

/** Folder -> what it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, (one: Import) => boolean>> = {
  cli: () => true,
  report: ({ to, typeOnly }) => to === "engine/events.ts" || ROOT_FILE.test(to) || (to === "modules/contract.ts" && typeOnly),
  engine: ({ to }) => /^(inventory|playbook|source|vars|template|vault|modules|connection)\//.test(to) || ROOT_FILE.test(to),
  modules: ({ to }) => /^(sh|private-directory|run-memory|diagnostic|suggest|python-regex)\.ts$/.test(to),
  connection: ({ to }) => /^(sh|private-directory|run-memory|diagnostic)\.ts$/.test(to),
  inventory: ({ to }) => /^(source|vars|template|vault)\//.test(to) || MODULE_CONTRACT.test(to) || ROOT_FILE.test(to),
  playbook: ({ to }) => /^(source|vars|template|vault)\//.test(to) || MODULE_CONTRACT.test(to) || ROOT_FILE.test(to),
  source: ({ to }) => /^vars\//.test(to) || ROOT_FILE.test(to),
  template: ({ to }) => /^(source|vars)\//.test(to) || ROOT_FILE.test(to),
  vars: ({ to, typeOnly }) => ROOT_FILE.test(to) || (/^(template\/context|playbook\/model)\.ts$/.test(to) && typeOnly),
  vault: ({ to }) => /^(source|vars)\//.test(to) || ROOT_FILE.test(to),
  kubeconfig: ({ to }) => ROOT_FILE.test(to),
  "": ({ to }) => ROOT_FILE.test(to),
};

const folderOf = (path: string) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");

describe("imports", () => {
  it("know every folder of src/", () => {
    const folders = new Set(program.map((file) => folderOf(relative("src", file.path))));
    expect([...folders].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it("run in the direction of the data flow", () => {
    const wrong = program.flatMap((file) =>
      importsOf(file)
        .filter((one) => folderOf(one.from) !== folderOf(one.to) && !MAY_IMPORT[folderOf(one.from)]?.(one))
        .map((one) => `${file.path}:${one.line} imports ${one.to}`),
    );
    expect(wrong).toEqual([]);
  });

  it("are seen by this test", () => {
    const text = `import type { A } from "../engine/x.ts";\nimport {\n  b,\n} from "./b.ts";\nexport { c } from "./c.ts";\nconst d = await import("./d.ts");\nimport "./e.ts";\n`;
    expect(importsOf({ path: "src/report/r.ts", text, lines: [] }).map(({ to, typeOnly, line }) => [to, typeOnly, line])).toEqual(
      [
        ["engine/x.ts", true, 1],
        ["report/b.ts", false, 2],
        ["report/c.ts", false, 5],
        ["report/d.ts", false, 6],
        ["report/e.ts", false, 7],
      ],
    );
  });

  it("of relative files name their extension", () => {
    expect(
      sources
        .flatMap((file) => importsOf(file).filter(({ to }) => !/\.(ts|json)$/.test(to)))
        .map(({ from, to }) => `${from}: ${to}`),
    ).toEqual([]);
  });
});

describe("source files", () => {
  it("have at most 400 lines", () => {
    // A line feed ends the last line, it begins no further one.
    const long = program.map((file) => ({ path: file.path, count: file.lines.length - 1 })).filter(({ count }) => count > 400);
    expect(long).toEqual([]);
  });

  it("are named after one thing", () => {
    expect(
      sources
        .map((file) => file.path)
        .filter((path) => !/^[a-z0-9/.-]+\.ts$/.test(path) || /\/(utils?|helpers?|common|misc)\./.test(path)),
    ).toEqual([]);
  });

  it.each([
    ["any", /(?::|<|\bas|\|)\s*any\b(?!\s*(?:of|number))|\bany\[\]/],
    ["a default export", /^export default\b/],
    ["a type error switched off", /@ts-(?:ignore|nocheck|expect-error)/],
    ["a script put together by hand", /new Sh\((?:`.*(?<!\\)\$\{|sh`|.*["'`] \+ |.* \+ ["'`])/],
    ["an enum or a namespace", /^(?:export )?(?:const )?(?:enum|namespace) /],
  ])("do not hold %s", (_, pattern) => {
    // The quoting tag itself, and what takes Ansible's command lines apart into words that it then quotes.
    const allowed = new Set(["src/sh.ts", "src/modules/support/words.ts", "src/modules/support/commands/execution.ts"]);
    const found = program
      .filter((file) => !allowed.has(file.path))
      .flatMap((file) =>
        file.lines.flatMap((line, index) =>
          pattern.test(withoutComment(line)) ? [`${file.path}:${index + 1} ${line.trim()}`] : [],
        ),
      );
    expect(found).toEqual([]);
  });
});

/** Comments and doc lines may use the words; strings are left in, which errs on the strict side. */
function withoutComment(line: string): string {
  return /^\s*(?:\/\/|\/?\*)/.test(line) ? "" : line.replace(/\s\/\/ .*$/, "");
}

describe("the repository", () => {
  it.each([
    // Put together here, so that this file does not hold them itself.
    ["paths of one machine", new RegExp(`(?:^|[\\s"'\`(=:])/(?:${["work", "farm"].join("|")})/`)],
    ["things left to do", new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`)],
    ["tests that are skipped or alone", /\b(?:it|test|describe)\.(?:only|todo|skip)\b/],
  ])("does not hold %s", (_, pattern) => {
    const found = everything.flatMap((file) =>
      file.path === "test/unit/conventions.test.ts"
        ? []
        : file.lines.flatMap((line, index) => (pattern.test(line) ? [`${file.path}:${index + 1} ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });
});

describe("the lock file", () => {
  // `npm ci` refuses a lock file without them. npm leaves out those that the registry of this machine does not have.
  it("knows the packages of every platform", () => {
    const lock = z
      .object({
        packages: z.record(z.string(), z.looseObject({ optionalDependencies: z.record(z.string(), z.string()).optional() })),
      })
      .parse(JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")));
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
      ),
    );
    expect(missing, "put their entries back with git: git checkout -p package-lock.json").toEqual([]);
  });
});

describe("documentation", () => {
  it.each(allModules().map((module) => module.name))("has a page for the module %s", (name) => {
    expect(
      existsSync(join(repository, "docs", "modules", `${name}.md`)),
      `docs/modules/${name}.md; write it with: npm run docs`,
    ).toBe(true);
  });

  const headings = filesBelow("docs", /\.md$/).flatMap((file) => file.lines.filter((line) => line.startsWith("#")));

  const shown = commands.filter((command) => command.hidden !== true).map((command) => command.name);
  it.each(shown)("has a section for the command %s", (name) => {
    expect(
      headings.some((line) => new RegExp(`(?:k3sprov |#\\s+\`?)${name}\\b`).test(line)),
      `a heading "k3sprov ${name}" below docs/`,
    ).toBe(true);
  });
});
