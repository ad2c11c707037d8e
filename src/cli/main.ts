#!/usr/bin/env node
// Nothing heavy is imported here: `--version` must answer at once, and a command loads only what it needs.
import { exitCodes } from "./exit-codes.ts";
import type { Process } from "./invocation.ts";

export async function main(at: Process): Promise<number> {
  if (at.argv[0] === "--version" || at.argv[0] === "-V") {
    const { version } = await import("./version.ts");
    at.stdout.write(`k3sprov ${version()}\n`);
    return exitCodes.ok.code;
  }
  const { runCommandLine } = await import("./run-command-line.ts");
  return runCommandLine(at);
}

/** Resolves when everything written so far has left the process, or nobody reads it any more. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) return resolve();
    stream.once("error", () => resolve());
    stream.write("", () => resolve());
  });
}

// Through the link that npm makes, argv[1] is not this file: it is the program in any case but under a test runner.
if (process.env["VITEST"] === undefined) {
  // A reader that has gone (`| head`) is no reason to leave hosts half done: what it no longer reads is dropped.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  const { argv, env, stdin, stdout, stderr } = process;
  const code = await main({ argv: argv.slice(2), cwd: process.cwd(), environment: env, stdin, stdout, stderr });
  // Writes to a pipe are not done when they return: a report must not lose its end to the exit.
  await Promise.all([stdout, stderr].map(written));
  process.exit(code);
}
