import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type LocalHost, localHost, type ShellName, sharedFolder } from "../run-local.test-support.ts";

const whole = process.env["PATH"] ?? "/usr/bin:/bin";
const made = new Map<string, string>();

/** This machine's commands without some of them. */
function pathWithout(...hidden: readonly string[]): string {
  const before = made.get(hidden.join());
  if (before !== undefined) return before;
  const folder = mkdtempSync(join(sharedFolder(), "path-"));
  made.set(hidden.join(), folder);
  for (const directory of ["/usr/sbin", "/usr/bin"]) {
    for (const name of readdirSync(directory)) {
      if (hidden.includes(name)) continue;
      rmSync(join(folder, name), { force: true });
      symlinkSync(join(directory, name), join(folder, name));
    }
  }
  return folder;
}

export type ToolKind = { readonly name: string; readonly shell: ShellName; readonly hidden: readonly string[] };
/** A local host whose scripts do not find the hidden commands. */
export async function hostWith({ shell, hidden }: ToolKind): Promise<LocalHost> {
  process.env["PATH"] = hidden.length === 0 ? whole : pathWithout(...hidden);
  try {
    const host = await localHost(shell);
    const commands = new Set([...host.traits.commands].filter((name) => !hidden.includes(name)));
    return { ...host, traits: { ...host.traits, commands } };
  } finally {
    process.env["PATH"] = whole;
  }
}
