import { readFile } from "node:fs/promises";
import { sh } from "../sh.ts";
import type { FilePayload, Section } from "./connection.ts";
import type { ReadyPayload, ReadySection } from "./framing.ts";
import type { ShellProcess } from "./shell-process.ts";
import { transfer } from "./transfer.ts";

/** Files up to this size travel with the script, in its round trip. */
const inlineUpTo = 1_048_576;
/** And so many bytes of them for one script; the rest is brought over before it. */
const inlineAtMost = 67_108_864;
/** Attempts in a row in which not a byte arrives. */
const fruitlessAttempts = 3;

/** What staging needs of the shell that it goes through. */
export type StagingShell = {
  /** The shell's process, opened if need be. Throws ConnectionError. */
  process(): Promise<ShellProcess>;
  readonly canUnpack: () => boolean;
  readonly stop: AbortSignal;
  /** Directories that are on the host now, and must not stay there. */
  readonly staged: Set<string>;
};

/** The caller's patience has ended. */
export class StagingStopped extends Error {}

/** Has it no file of the control node among its payloads? */
export function isReady(section: Section): section is Section & ReadySection {
  return Object.values(section.payloads ?? {}).every((payload) => "content" in payload);
}

/** Small files are read, large ones brought to the host; a section whose files cannot be had is one that fails, and says why. */
export async function stage(sections: readonly Section[], shell: StagingShell): Promise<ReadySection[]> {
  const ready: ReadySection[] = [];
  for (const section of sections) ready.push(await readySection(section, shell));
  return ready;
}

async function readySection(section: Section, shell: StagingShell): Promise<ReadySection> {
  const { payloads, ...rest } = section;
  if (payloads === undefined) return rest;
  const ready: Record<string, ReadyPayload> = {};
  let inline = 0;
  for (const [name, payload] of Object.entries(payloads)) {
    if ("content" in payload) {
      ready[name] = payload;
      continue;
    }
    const isInline = payload.size <= inlineUpTo && inline + payload.size <= inlineAtMost;
    if (isInline) inline += payload.size;
    const got = isInline ? await readSmall(payload) : await bring(payload, shell);
    if ("refused" in got) return { ...rest, script: sh`printf '%s\\n' ${got.refused} >&2; exit 1`, payloads: ready };
    ready[name] = got;
  }
  return { ...rest, payloads: ready };
}

async function readSmall({ file, size }: FilePayload): Promise<ReadyPayload | { readonly refused: string }> {
  try {
    const content = await readFile(file);
    if (content.length === size) return { content };
    return { refused: `${file} has changed while it was being copied; nothing was changed` };
  } catch (error) {
    return { refused: `cannot read ${file} on the control node: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Goes on after a lost connection from where it was, as long as something arrives. */
async function bring(payload: FilePayload, shell: StagingShell): Promise<ReadyPayload | { readonly refused: string }> {
  let resume: string | undefined;
  let best = 0;
  for (let fruitless = 0; ; ) {
    const process = await shell.process();
    const end = await transfer(process, payload, { resume, canUnpack: shell.canUnpack(), stop: shell.stop });
    if (resume !== undefined) shell.staged.delete(resume);
    if (end.kind === "refused") return { refused: end.message };
    if (end.kind === "arrived") {
      shell.staged.add(end.directory);
      return { staged: end.directory };
    }
    resume = end.directory ?? resume;
    for (const directory of resume === undefined ? end.left : [...end.left, resume]) shell.staged.add(directory);
    fruitless = end.arrived > best ? 0 : fruitless + 1;
    best = Math.max(best, end.arrived);
    if (shell.stop.aborted || process.isAlive || fruitless >= fruitlessAttempts) throw new StagingStopped();
  }
}
