import { execFile } from "node:child_process";
import { dirname } from "node:path";
import pLimit from "p-limit";
import { type Diagnostics, type Position, refuse } from "../diagnostic.ts";
import { parseJson } from "../source/json.ts";
import { isList, isMap, type Key, type Value, type ValueMap } from "../vars/value.ts";
import type { Inventory } from "./model.ts";

const DEFAULT_LIMIT_MS = 60_000;
const PROGRAMS_AT_ONCE = 4;
const LARGEST_OUTPUT = 256 * 1024 * 1024;

export type ProgramOptions = { readonly timeoutMs?: number; readonly signal?: AbortSignal };

/** Adds what an inventory program prints for `--list` (and for `--host NAME`, when it prints no `_meta`). */
export async function addExecutableInventory(
  inventory: Inventory,
  file: string,
  problems: Diagnostics,
  options: ProgramOptions,
): Promise<void> {
  const position = { file, line: 1, column: 1 };
  const data = parseJson(await run(file, ["--list"], options), `${file} --list`);
  if (!isMap(data)) {
    problems.error("inventory", "an inventory program must print a JSON object", { position });
    return;
  }
  for (const [name, content] of data) if (name !== "_meta") addGroup(inventory, String(name), content, file, problems);
  const meta = data.get("_meta");
  const hostvars = isMap(meta) ? meta.get("hostvars") : undefined;
  if (isMap(hostvars)) {
    addHostVars(inventory, hostvars);
    return;
  }
  const limit = pLimit(PROGRAMS_AT_ONCE);
  const named = new Set([...data].flatMap(([group, content]) => (group === "_meta" ? [] : hostNames(content, String(group)))));
  await Promise.all(
    [...named].map((name) =>
      limit(async () => {
        const text = await run(file, ["--host", name], options);
        const vars = text.trim() === "" ? null : parseJson(text, `${file} --host ${name}`);
        if (isMap(vars)) addHostVars(inventory, new Map<Key, Value>([[name, vars]]));
        else if (vars !== null)
          problems.error("inventory", `the program must print a JSON object for --host ${name}`, { position });
      }),
    ),
  );
}

function addGroup(inventory: Inventory, name: string, content: Value, file: string, problems: Diagnostics): void {
  const position: Position = { file, line: 1, column: 1 };
  inventory.group(name, position);
  for (const host of hostNames(content, name)) inventory.addMember(name, host, file, position);
  if (!isMap(content)) {
    if (!isList(content))
      problems.error("inventory", `the group "${name}" must be a list of hosts or an object with hosts, vars and children`, {
        position,
      });
    return;
  }
  const vars = isGroupObject(content) ? content.get("vars") : content;
  if (isMap(vars) && vars.size > 0) inventory.group(name).addVars(vars);
  const children = content.get("children");
  if (isList(children)) for (const child of children) inventory.addChild(name, String(child), position);
}

// An object without any of the three keys is a host of that name and its variables, as in Ansible.
function isGroupObject(content: ValueMap): boolean {
  return content.has("hosts") || content.has("vars") || content.has("children");
}

function hostNames(content: Value, group?: string): readonly string[] {
  if (isList(content)) return content.map(String);
  if (!isMap(content)) return [];
  if (!isGroupObject(content)) return group === undefined || content.size === 0 ? [] : [group];
  const hosts = content.get("hosts");
  return isList(hosts) ? hosts.map(String) : [];
}

function addHostVars(inventory: Inventory, hostvars: ValueMap): void {
  for (const [name, vars] of hostvars) if (isMap(vars) && vars.size > 0) inventory.hosts.get(String(name))?.vars.push(vars);
}

async function run(file: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const timeout = options.timeoutMs ?? DEFAULT_LIMIT_MS;
  const what = `${file} ${args.join(" ")}`;
  const outcome = await new Promise<{
    stdout: string;
    stderr: string;
    error: (Error & { killed?: boolean; code?: unknown }) | null;
  }>((resolve) => {
    execFile(
      file,
      [...args],
      {
        timeout,
        killSignal: "SIGKILL",
        maxBuffer: LARGEST_OUTPUT,
        cwd: dirname(file),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (error, stdout, stderr) => resolve({ stdout, stderr, error }),
    );
  });
  if (outcome.error === null) return outcome.stdout;
  options.signal?.throwIfAborted();
  const { error } = outcome;
  const why =
    error.killed === true
      ? `did not end within ${timeout / 1000} seconds`
      : typeof error.code === "number"
        ? `ended with exit status ${error.code}`
        : `cannot be run: ${error.message}`;
  const said = outcome.stderr.trim().split("\n").slice(-10).join("\n");
  return refuse("inventory", `the inventory program ${what} ${why}`, said === "" ? {} : { help: `it said: ${said}` });
}
