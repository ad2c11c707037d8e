import { openSync, readSync } from "node:fs";
import { ReadStream, WriteStream } from "node:tty";
import { terminalSafe } from "../report/terminal-safe.ts";

/** Asks a person. Answers undefined when there is nobody to ask, or when they gave up (Ctrl-C, Ctrl-D). */
export type Prompter = {
  /** What is typed is not shown. */
  hidden(question: string): Promise<string | undefined>;
  visible(question: string): Promise<string | undefined>;
  /** Called before each question; what it answers, after it: a live view makes room. */
  around: (() => () => void) | undefined;
};

type Terminal = { readonly input: ReadStream; readonly output: WriteStream; readonly close: () => void };

/**
 * Asks on the terminal of the session (/dev/tty), so that standard input may be a pipe. Without a terminal one line of `stdin` is the
 * answer, unless that is a terminal, which then has nobody before it either. Questions are asked one at a time.
 */
export function createPrompter(stdin: { readonly isTTY?: boolean; readonly fd?: number }): Prompter {
  let queue: Promise<unknown> = Promise.resolve();
  const prompter: Prompter = {
    around: undefined,
    hidden: (question) => next(question, true),
    visible: (question) => next(question, false),
  };
  // Hosts connect in parallel, and several may need the passphrase of a key: one question after the other.
  function next(question: string, isHidden: boolean): Promise<string | undefined> {
    const answer = queue.then(() => ask(question, isHidden));
    queue = answer.catch(() => undefined);
    return answer;
  }
  async function ask(question: string, isHidden: boolean): Promise<string | undefined> {
    const terminal = openTerminal();
    if (terminal === undefined) return stdin.isTTY === true ? undefined : readLine(stdin.fd ?? 0);
    const resume = prompter.around?.();
    try {
      return await askOn(terminal, terminalSafe(question), isHidden);
    } finally {
      terminal.close();
      resume?.();
    }
  }
  return prompter;
}

function openTerminal(): Terminal | undefined {
  let file: number;
  try {
    file = openSync("/dev/tty", "r+");
  } catch {
    // ENXIO, ENOENT: no terminal belongs to this session (cron, CI).
    return undefined;
  }
  const input = new ReadStream(file);
  const output = new WriteStream(file);
  return { input, output, close: () => input.destroy() };
}

async function askOn({ input, output }: Terminal, question: string, isHidden: boolean): Promise<string | undefined> {
  output.write(question);
  input.setRawMode(true);
  input.setEncoding("utf8");
  const typed: string[] = [];
  try {
    for await (const chunk of input) {
      for (const character of String(chunk)) {
        switch (character) {
          case "\r":
          case "\n":
            output.write("\r\n");
            return typed.join("");
          case "\u0003":
            output.write("\r\n");
            // Raw mode takes Ctrl-C for a character; whoever waits for the signal shall have it.
            process.kill(process.pid, "SIGINT");
            return undefined;
          case "\u0004":
            output.write("\r\n");
            return typed.length === 0 ? undefined : typed.join("");
          case "\u007f":
          case "\b":
            if (typed.pop() !== undefined && !isHidden) output.write("\b \b");
            break;
          case "\u0015":
            if (!isHidden) output.write("\b \b".repeat(typed.length));
            typed.length = 0;
            break;
          default:
            if (character < " ") break;
            typed.push(character);
            if (!isHidden) output.write(character);
        }
      }
    }
    return undefined;
  } finally {
    if (!input.destroyed) input.setRawMode(false);
  }
}

/** One line, byte by byte: what comes after it is for the next question. */
function readLine(file: number): string | undefined {
  const bytes: number[] = [];
  const buffer = Buffer.alloc(1);
  for (;;) {
    let read: number;
    try {
      read = readSync(file, buffer);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") continue;
      return undefined;
    }
    if (read === 0) return bytes.length === 0 ? undefined : Buffer.from(bytes).toString("utf8");
    const byte = buffer[0] ?? 10;
    if (byte === 10) return Buffer.from(bytes).toString("utf8").replace(/\r$/, "");
    bytes.push(byte);
  }
}
