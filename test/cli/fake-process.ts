import type { Process } from "../../src/cli/invocation.ts";

export type FakeProcess = Process & { readonly told: { out: string; error: string } };

/** The process as a command sees it, with streams that remember. */
export function fakeProcess(argv: readonly string[], rest: Partial<Pick<Process, "cwd" | "environment">> = {}): FakeProcess {
  const told = { out: "", error: "" };
  const stream = (name: "out" | "error"): NodeJS.WriteStream => {
    const made = {
      isTTY: false,
      write: (text: string): boolean => {
        told[name] += text;
        return true;
      },
    };
    // Commands use of a stream what is here.
    return made as unknown as NodeJS.WriteStream;
  };
  return {
    argv,
    cwd: rest.cwd ?? process.cwd(),
    environment: rest.environment ?? { HOME: "/nonexistent" },
    stdin: { isTTY: true } as unknown as NodeJS.ReadStream,
    stdout: stream("out"),
    stderr: stream("error"),
    told,
  };
}
