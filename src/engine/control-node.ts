import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { type ControlNode, ModuleFailure } from "../modules/contract.ts";
import { renderText } from "../template/template.ts";
import { templateVariables } from "../template/template-variables.ts";
import type { Evaluator } from "./evaluator.ts";

const VAULT_HEADER = "$ANSIBLE_VAULT;";

/** The control node as the modules of one task see it: its search path, its vault, its variables. */
export function controlNode(evaluator: Evaluator, decryptFile: (text: string, path: string) => Uint8Array): ControlNode {
  const { lookups } = evaluator.context;
  const read = async (path: string): Promise<Uint8Array> => {
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (error) {
      throw new ModuleFailure(`cannot read ${path} on the control node: ${reason(error)}`);
    }
    if (!bytes.subarray(0, VAULT_HEADER.length).equals(Buffer.from(VAULT_HEADER))) return bytes;
    return decryptFile(bytes.toString("utf8"), path);
  };
  return {
    find(name, kind) {
      if (isAbsolute(name)) {
        if (existsSync(name)) return name;
        throw new ModuleFailure(`there is no file ${name} on the control node`);
      }
      const folders = lookups.searchPath(kind);
      const found = folders.map((folder) => resolve(folder, name)).find((path) => existsSync(path));
      if (found !== undefined) return found;
      throw new ModuleFailure(
        `there is no file "${name}" on the control node; looked in:\n${folders.map((one) => `  ${one}`).join("\n")}`,
      );
    },
    read,
    async inspect(path) {
      const { mode, isDirectory } = await details(path);
      return { kind: isDirectory ? "directory" : "file", mode };
    },
    async renderTemplate(path, options) {
      const text = Buffer.from(await read(path)).toString("utf8");
      const extra = templateVariables(path, options);
      const { names } = evaluator.context;
      const { context } = evaluator.over({
        names: () => [...names.names(), ...extra.keys()],
        lookup: (name) => names.lookup(name) ?? extra.get(name)?.(),
      });
      return renderText(text, { file: path, line: 1, column: 1 }, context, { ...options, keepTrailingNewline: true });
    },
    walk: (path) => walk(path, ""),
  };
}

async function walk(root: string, below: string): Promise<{ readonly path: string; readonly mode: number }[]> {
  const found: { readonly path: string; readonly mode: number }[] = [];
  const entries = (await readdir(join(root, below))).sort();
  for (const entry of entries) {
    const path = below === "" ? entry : `${below}/${entry}`;
    const { mode, isDirectory } = await details(join(root, path));
    found.push({ path: isDirectory ? `${path}/` : path, mode });
    if (isDirectory) found.push(...(await walk(root, path)));
  }
  return found;
}

async function details(path: string): Promise<{ readonly mode: number; readonly isDirectory: boolean }> {
  const found = await stat(path);
  return { mode: found.mode & 0o7777, isDirectory: found.isDirectory() };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
