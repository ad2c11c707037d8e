import { joinSh, Sh, sh } from "../../../sh.ts";
import type { Apply, Json, JsonObject, Output } from "../../contract.ts";
import { bool, path, raw, str } from "../../parameters.ts";
import { expandedWord } from "../words.ts";

/** Parameters that `command` and `shell` share. */
export const executionParameters = {
  chdir: { ...path(), description: "Change to this directory first." },
  creates: { ...path(), description: "A path or pattern; when something there exists, nothing is run." },
  removes: { ...path(), description: "A path or pattern; when nothing there exists, nothing is run." },
  stdin: { ...str(), description: "What the command reads from its standard input." },
  stdin_add_newline: { ...bool(), default: true, description: "End `stdin` with a newline." },
  strip_empty_ends: { ...bool(), default: true, description: "Remove newlines from the end of `stdout` and `stderr`." },
  warn: { ...raw(), description: "Accepted and ignored; Ansible dropped it." },
};

/** The fields of `executionResult`, but for `cmd`. */
export const executionReturns = {
  rc: "Exit status.",
  stdout: "What it printed; `stdout_lines` has the lines.",
  stderr: "What it printed to standard error; `stderr_lines` has the lines.",
  start: "When it began (the control node's clock).",
  end: "When it ended.",
  delta: "How long it took.",
  msg: "Why it failed.",
};

export type Execution = {
  readonly chdir: string | undefined;
  readonly stdin: string | undefined;
  readonly stdin_add_newline: boolean;
  readonly strip_empty_ends: boolean;
  /** What runs it, where that is not the first word of the command itself: a shell, an interpreter. */
  readonly program?: string | undefined;
};

// Whole lines on stderr that say why the command never ran; its exit status alone could be the command's own.
const NOT_FOUND = "k3sprov: the command is not there";
const NOT_EXECUTABLE = "k3sprov: the command cannot be executed";
const NO_DIRECTORY = "k3sprov: chdir has failed";

/** Puts `command`, a script that ends by running the command, where its directory and its input are right. */
export function execution(command: Sh, how: Execution): Apply {
  const parts: Sh[] = [];
  if (how.chdir !== undefined) {
    const directory = expandedWord(how.chdir);
    parts.push(directory.setup, sh`cd -- ${directory.word} || { echo ${NO_DIRECTORY} >&2; exit 1; }`);
  }
  if (how.stdin === undefined) return { script: joinSh([...parts, command]) };
  const content = new TextEncoder().encode(how.stdin + (how.stdin_add_newline ? "\n" : ""));
  // A command that does not read all of its input must not fail for it: the exit status is the last one's.
  return { script: joinSh([...parts, sh`payload input | {`, command, sh`}`]), payloads: { input: { content } } };
}

/** Ends the script early when `word` (already a shell word) is no external command; `exec` would say so in words of its own. */
export function requireCommand(word: Sh): Sh {
  return new Sh(`k3sprov_c=${word.text}
case $k3sprov_c in
*/*) if [ ! -e "$k3sprov_c" ]; then echo ${sh`${NOT_FOUND}`.text} >&2; exit 127
  elif [ -d "$k3sprov_c" ] || [ ! -x "$k3sprov_c" ]; then echo ${sh`${NOT_EXECUTABLE}`.text} >&2; exit 126; fi ;;
*) [ -n "$(command -v "$k3sprov_c")" ] || { echo ${sh`${NOT_FOUND}`.text} >&2; exit 127; } ;;
esac`);
}

/** The result fields that Ansible gives for a command that was run; `cmd` as it shows it. */
export function executionResult(output: Output, cmd: Json, how: Execution, elapsedMs: number): JsonObject {
  const end = new Date();
  const times = {
    start: timestamp(new Date(end.getTime() - elapsedMs)),
    end: timestamp(end),
    delta: duration(elapsedMs),
  };
  const stderr = streamText(output.stderr, how.strip_empty_ends);
  const fault = faultOf(output, stderr, cmd, how);
  if (fault !== undefined) {
    return { changed: false, failed: true, cmd, rc: fault.rc, msg: fault.msg, stdout: "", stderr: "", ...times };
  }
  const fields = { changed: true, cmd, rc: output.rc, stdout: streamText(output.stdout, how.strip_empty_ends), stderr, ...times };
  return output.rc === 0 ? { ...fields, msg: "" } : { ...fields, failed: true, msg: "non-zero return code" };
}

/** Why the command never ran, or undefined when it did. */
export function faultOf(
  output: Output,
  stderr: string,
  cmd: Json,
  how: Pick<Execution, "chdir" | "program">,
): { readonly rc: number; readonly msg: string } | undefined {
  const last = stderr.trimEnd().split("\n").at(-1);
  const word = how.program ?? (Array.isArray(cmd) ? String(cmd[0]) : String(cmd).split(/\s/)[0]);
  if (output.rc === 127 && last === NOT_FOUND) return { rc: 2, msg: `[Errno 2] No such file or directory: b'${word}'` };
  if (output.rc === 126 && last === NOT_EXECUTABLE) return { rc: 13, msg: `[Errno 13] Permission denied: b'${word}'` };
  if (output.rc === 1 && last === NO_DIRECTORY) {
    return {
      rc: 1,
      msg: `Unable to change directory before execution: no such directory, or no permission: '${how.chdir ?? ""}'`,
    };
  }
  return undefined;
}

function streamText(bytes: Buffer, strip: boolean): string {
  const text = bytes.toString("utf8");
  return strip ? text.replace(/[\r\n]+$/, "") : text;
}

/** As Python prints a local `datetime`. The control node's clock: asking the host's would cost it two processes. */
function timestamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, "0")}000`;
}

/** As Python prints a `timedelta`: `0:00:01.250000`. */
function duration(ms: number): string {
  const whole = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const micro = String(Math.round((ms % 1000) * 1000)).padStart(6, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}.${micro}`;
}
