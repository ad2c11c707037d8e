import { type Dirent, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import type { Diagnostic } from "../diagnostic.ts";
import type { ValueMap } from "../vars/value.ts";

/** Reads one file of variables; decrypts it if need be. */
export type VarsFileReader = (file: string) => ValueMap;

const EXTENSIONS = ["", ".yml", ".yaml", ".json"];

/** `group_vars/` and `host_vars/` of one folder. Files are read when their group or host is first asked for. */
export class FolderVars {
  readonly #folder: string;
  readonly #read: VarsFileReader;
  readonly #warn: (diagnostic: Diagnostic) => void;
  readonly #known = new Map<string, readonly ValueMap[]>();
  readonly #entries = new Map<string, ReadonlyMap<string, Dirent>>();

  constructor(folder: string, read: VarsFileReader, warn: (diagnostic: Diagnostic) => void) {
    this.#folder = folder;
    this.#read = read;
    this.#warn = warn;
  }

  /** The files of a group, the strongest first. Throws DiagnosticError for a file that cannot be read. */
  ofGroup(name: string): readonly ValueMap[] {
    return this.#of("group_vars", name);
  }

  ofHost(name: string): readonly ValueMap[] {
    return this.#of("host_vars", name);
  }

  #of(kind: "group_vars" | "host_vars", name: string): readonly ValueMap[] {
    const key = `${kind}/${name}`;
    let found = this.#known.get(key);
    if (found === undefined) {
      found = this.#filesOf(kind, name)
        .map((file) => this.#read(file))
        .toReversed();
      this.#known.set(key, found);
    }
    return found;
  }

  // NAME as a folder or file, then NAME.yml, NAME.yaml, NAME.json: as in Ansible the first one is taken, but the others are not passed over in silence.
  #filesOf(kind: string, name: string): readonly string[] {
    if (name.includes("/")) return [];
    const entries = this.#list(kind);
    const [first, ...others] = EXTENSIONS.map((extension) => entries.get(`${name}${extension}`)).filter(
      (entry) => entry !== undefined,
    );
    if (first === undefined) return [];
    const path = join(this.#folder, kind, first.name);
    for (const other of others) {
      const message = `${join(this.#folder, kind, other.name)} is not read, because ${path} is there`;
      this.#warn({ severity: "warning", code: "vars-file-hidden", message, help: "put both into one folder, or into one file" });
    }
    return isFolder(first, path) ? filesBelow(path) : [path];
  }

  #list(kind: string): ReadonlyMap<string, Dirent> {
    let entries = this.#entries.get(kind);
    if (entries === undefined) {
      entries = new Map(read(join(this.#folder, kind)).map((entry) => [entry.name, entry]));
      this.#entries.set(kind, entries);
    }
    return entries;
  }
}

function filesBelow(folder: string): readonly string[] {
  return read(folder)
    .filter((entry) => !entry.name.startsWith(".") && !entry.name.endsWith("~"))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (isFolder(entry, path)) return extname(entry.name) === "" ? filesBelow(path) : [];
      return EXTENSIONS.includes(extname(entry.name)) ? [path] : [];
    });
}

function isFolder(entry: Dirent, path: string): boolean {
  return entry.isDirectory() || (entry.isSymbolicLink() && canList(path));
}

function canList(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function read(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    // No such folder is the usual case; anything else must not look like it.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
