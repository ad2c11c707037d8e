import type { NextStep, RunFinished } from "../report/summary.ts";
import { quote } from "../sh.ts";
import { optionList } from "./options.ts";

const MAX_NAMED = 12;

export type RunKind = { readonly argv: readonly string[]; readonly checkMode: boolean };

/** What to type after a run of `apply` or `check` that ended so. */
export function nextStep(
  { argv, checkMode }: RunKind,
  finished: RunFinished,
  failed: readonly string[],
  unreachable: readonly string[],
): NextStep | undefined {
  const rest = argv.slice(1);
  if (finished.outcome === "interrupted") return { command: commandLine(argv), why: "goes on where this run was stopped" };
  if (failed.length > 0) {
    const again = failed.length <= MAX_NAMED ? [argv[0] ?? "apply", "-l", failed.join(","), ...without(rest, ["limit"])] : argv;
    return { command: commandLine(again), why: "again, where it failed; -v shows more" };
  }
  if (unreachable.length > 0) {
    const hosts = unreachable.length <= MAX_NAMED ? unreachable.join(",") : "all";
    return { command: commandLine(["ping", hosts, ...only(rest, connectionFlags)]), why: "tries to reach them" };
  }
  const changes = Object.values(finished.changes).some((titles) => titles.length > 0);
  if (!changes) return undefined;
  if (checkMode)
    return {
      command: commandLine(["apply", ...without(rest, ["check", "diff", "detailed-exitcode"])]),
      why: "makes these changes",
    };
  return { command: commandLine(["check", ...without(rest, ["diff"])]), why: "shows that nothing is left to do" };
}

const connectionFlags: readonly string[] = optionList
  .filter(([, definition]) => ["inventory", "vault", "connection", "become"].includes(definition.group))
  .map(([name]) => name)
  .filter((name) => name !== "limit");

/** The words as they can be pasted into a shell. Values given with -e stay out of logs: they are often secrets. */
function commandLine(words: readonly string[]): string {
  const shown: string[] = [];
  for (const { flag, words: own } of parts(words)) {
    shown.push(...(flag === "extra-vars" ? own.map(hideValue) : own).map(quoteWord));
  }
  return ["k3sprov", ...shown].join(" ");
}

function hideValue(word: string): string {
  if (word === "-e" || word === "--extra-vars" || /^(-e|--extra-vars=)?@/.test(word)) return word;
  const name = /^((?:-e|--extra-vars=)?[A-Za-z_]\w*)=/.exec(word)?.[1];
  return name === undefined ? "…" : `${name}=…`;
}

function quoteWord(word: string): string {
  return /^[\w./:@%+,=…-]+$/.test(word) ? word : quote(word);
}

type Part = { readonly flag: string | undefined; readonly words: readonly string[] };

function without(words: readonly string[], names: readonly string[]): readonly string[] {
  return parts(words)
    .filter(({ flag }) => flag === undefined || !names.includes(flag))
    .flatMap((part) => part.words);
}

function only(words: readonly string[], names: readonly string[]): readonly string[] {
  return parts(words)
    .filter(({ flag }) => flag !== undefined && names.includes(flag))
    .flatMap((part) => part.words);
}

/** Words grouped by the flag they belong to; `-CD` counts as `-C -D`. */
function parts(words: readonly string[]): readonly Part[] {
  const found: Part[] = [];
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const long = /^--(?:no-)?([a-z-]+)(=.*)?$/s.exec(word);
    if (long !== null) {
      const [name, definition] = byName(long[1] ?? "") ?? [];
      const takesNext = definition?.argument !== undefined && long[2] === undefined;
      found.push({ flag: name, words: takesNext && queue.length > 0 ? [word, queue.shift() ?? ""] : [word] });
      continue;
    }
    const short = /^-([A-Za-z])(.*)$/s.exec(word);
    if (short === null) {
      found.push({ flag: undefined, words: [word] });
      continue;
    }
    const [name, definition] = optionList.find(([, one]) => one.short === short[1]) ?? [];
    if (definition?.argument === undefined) {
      found.push({ flag: name, words: [`-${short[1]}`] });
      if (short[2] !== undefined && short[2] !== "") queue.unshift(`-${short[2]}`);
    } else found.push({ flag: name, words: short[2] === "" && queue.length > 0 ? [word, queue.shift() ?? ""] : [word] });
  }
  return found;
}

function byName(name: string): (typeof optionList)[number] | undefined {
  return optionList.find(([one, definition]) => one === name || definition.aliases?.includes(name));
}
