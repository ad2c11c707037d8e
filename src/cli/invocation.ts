import type { Diagnostic } from "../diagnostic.ts";
import type { Settings } from "./options.ts";

/** Everything that a command may know of the process it runs in; tests make their own. */
export type Process = {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
};

/** One call of one command: what was typed, and what follows from it and from the configuration. */
export type Invocation = {
  readonly command: string;
  readonly args: readonly string[];
  readonly settings: Settings;
  readonly process: Process;
  /** Options that only this command has, as typed. */
  readonly own: Readonly<Record<string, string | boolean | undefined>>;
  /** Writes a warning to standard error. */
  readonly warn: (warning: Diagnostic) => void;
};

/** A command's file exports this; the number is the exit status. */
export type RunCommand = (invocation: Invocation) => Promise<number>;
