import { existsSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, resolve } from "node:path";
import { type ControlNode, ModuleFailure } from "../modules/contract.ts";
import {
  askHere,
  cannotRead,
  fileDigests,
  inspectFile,
  isVaultFile,
  isVaultText,
  walkDirectory,
} from "../modules/support/control/local-files.ts";
import { renderFileText } from "../template/template.ts";
import { templateVariables } from "../template/template-variables.ts";
import type { Evaluator } from "./evaluator.ts";

// A template is small and read for each host: at once, rather than in four calls by way of the thread pool.
async function readBytes(path: string): Promise<Buffer> {
  return statSync(path).size <= AT_ONCE ? readFileSync(path) : readFile(path);
}

const AT_ONCE = 65_536;

/** Check mode: a file of the control node is not there, but an earlier task would have made it, so nothing can be said of what is in it. */
export class ForeseenFile extends Error {}

/**
 * The control node as the modules of one task see it: its search path, its vault, its variables. `foresees`: an earlier task of a dry run would
 * have made that path.
 */
export function controlNode(
  evaluator: Evaluator,
  decryptFile: (text: string, path: string) => Uint8Array,
  foresees: (path: string) => boolean = () => false,
): ControlNode {
  const { lookups } = evaluator.context;
  const read: ControlNode["read"] = async (path, { decrypt } = { decrypt: true }) => {
    const bytes = await readBytes(path).catch((error: unknown) => {
      throw cannotRead(path, error);
    });
    return decrypt && isVaultText(bytes) ? decryptFile(bytes.toString("utf8"), path) : bytes;
  };
  return {
    get host() {
      return String(evaluator.plain(evaluator.context.names.lookup("inventory_hostname") ?? ""));
    },
    path(name) {
      const full = name === "~" || name.startsWith("~/") ? `${homedir()}${name.slice(1)}` : name;
      return resolve(lookups.workingDirectory, full);
    },
    find(name, kind) {
      if (isAbsolute(name)) {
        if (existsSync(name)) return name;
        const message = `there is no file ${name} on the control node`;
        throw foresees(name) ? new ForeseenFile(`${message} yet (an earlier task would make it)`) : new ModuleFailure(message);
      }
      const folders = lookups.searchPath(kind);
      const found = folders.map((folder) => resolve(folder, name)).find((path) => existsSync(path));
      if (found !== undefined) return found;
      if (folders.some((folder) => foresees(resolve(folder, name)))) {
        throw new ForeseenFile(`there is no file "${name}" on the control node yet (an earlier task would make it)`);
      }
      throw new ModuleFailure(
        `there is no file "${name}" on the control node; looked in:\n${folders.map((one) => `  ${one}`).join("\n")}`,
      );
    },
    ask: askHere,
    exists: existsSync,
    read,
    inspect: inspectFile,
    isEncrypted: isVaultFile,
    digests: fileDigests,
    async renderTemplate(path, options) {
      const text = Buffer.from(await read(path)).toString("utf8");
      const extra = templateVariables(path, options);
      const { names } = evaluator.context;
      const { context } = evaluator.over({
        names: () => [...names.names(), ...extra.keys()],
        lookup: (name) => names.lookup(name) ?? extra.get(name)?.(),
      });
      return renderFileText(text, { file: path, line: 1, column: 1 }, context, options);
    },
    walk: (path, { followLinks } = { followLinks: true }) => walkDirectory(path, followLinks),
  };
}
