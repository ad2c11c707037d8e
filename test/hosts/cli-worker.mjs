// Runs the bundled program again and again in one process, as warm-cli.ts asks. What it remembers in a run it forgets itself when the next one begins
// (src/run-memory.ts); what a run has left open is closed here. Plain JavaScript, since Node runs it as it is.
//
//   fork("cli-worker.mjs", [FILE of the program])

import { createRequire } from "node:module";
import { Writable } from "node:stream";

const [file] = process.argv.slice(2);
const { runCommandLine } = createRequire(import.meta.url)(file);

process.on("message", async (request) => {
  const answer = await run(request);
  process.send(answer, () => {});
});

async function run({ args, cwd, environment }) {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  process.chdir(cwd);
  const listeners = new Map(process.eventNames().map((event) => [event, process.rawListeners(event)]));
  const handles = new Set(process._getActiveHandles());
  const [stdout, stderr] = [new Kept(), new Kept()];
  try {
    const rc = await runCommandLine({ argv: args, cwd, environment: process.env, stdin: process.stdin, stdout, stderr });
    return { rc, stdout: stdout.text(), stderr: stderr.text(), rss: process.memoryUsage.rss() };
  } finally {
    endRun(listeners, handles);
  }
}

/** What the end of a process would do: `exit` is told, and what is still open is closed. */
function endRun(listeners, handles) {
  for (const event of process.eventNames()) {
    for (const listener of process.rawListeners(event)) {
      if (listeners.get(event)?.includes(listener)) continue;
      process.off(event, listener);
      if (event === "exit") (listener.listener ?? listener).call(process, 0);
    }
  }
  for (const handle of process._getActiveHandles()) {
    if (handles.has(handle) || handle === process.stdin || handle === process.channel) continue;
    if (typeof handle.destroy === "function") handle.destroy();
    else if (typeof handle.close === "function") handle.close();
    else if (typeof handle.kill === "function") handle.kill("SIGHUP");
  }
}

/** Keeps what is written. No terminal, as a pipe is none. */
class Kept extends Writable {
  #chunks = [];

  _write(chunk, _encoding, done) {
    this.#chunks.push(chunk);
    done();
  }

  text() {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
