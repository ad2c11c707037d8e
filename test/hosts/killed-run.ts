import type { ApplyOptions } from "./cli.ts";
import type { TestHost } from "./host.ts";

const escaped = (text: string): string => text.replaceAll(/[[\]()'.*+?]/g, "\\$&");

/** Starts a run and kills it, so that it can clean nothing up, as soon as it has said that a task of that title is done on the host. */
export async function killedAfter(
  title: string,
  host: TestHost,
  start: (options: Pick<ApplyOptions, "args" | "started">) => Promise<unknown>,
): Promise<void> {
  const done = new RegExp(`TASK \\[${escaped(title)}\\].*\\n(?:(?!\\nTASK )[^])*?^(?:ok|changed): \\[${host.name}[\\] ]`, "m");
  let said = "";
  let isKilled = false;
  const ended = await start({
    args: ["--format", "text"],
    started(child) {
      child.stdout?.on("data", (chunk: Buffer | string) => {
        said += String(chunk);
        if (isKilled || !done.test(said)) return;
        isKilled = true;
        child.kill("SIGKILL");
      });
    },
  }).then(
    () => new Error("it ended by itself"),
    (error: Error) => error,
  );
  if (!isKilled || !ended.message.includes("ended with -1 "))
    throw new Error(`the run was to be killed after "${title}" on ${host.name}: ${ended.message}\n${said}`);
}
