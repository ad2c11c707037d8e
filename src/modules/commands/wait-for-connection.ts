import { ModuleFailure, steppedAction } from "../contract.ts";
import { int, parameters } from "../parameters.ts";
import { awaitHost } from "../support/commands/awaiting-host.ts";

export const waitForConnection = steppedAction({
  name: "wait_for_connection",
  summary: "Waits until a host lets us in and runs a script.",
  description: [
    "The host need not be up when the task starts: it is the one task that does not fail where a host cannot be reached. A play that begins with it needs `gather_facts: false`.",
    "Each attempt is a connection of its own. A refused login is tried again, since a host that is booting refuses logins; a changed host key or a wrong password for sudo ends it.",
  ],
  parameters: parameters(
    {
      delay: { ...int(), default: 0, description: "Seconds before the first attempt." },
      connect_timeout: { ...int(), default: 5, description: "Seconds for one attempt." },
      sleep: { ...int(), default: 1, description: "Seconds between attempts." },
      timeout: { ...int(), default: 600, description: "Seconds after which it is given up." },
    },
    {},
    (given) => {
      for (const name of ["delay", "connect_timeout", "sleep", "timeout"] as const) {
        if (given[name] < 0) throw new ModuleFailure(`"${name}" is ${given[name]}, but must not be negative`);
      }
    },
  ),
  example: `- name: Wait for the host
  wait_for_connection:
    timeout: 60
`,
  returns: { elapsed: "Seconds it took." },
  changesHost: false,
  opensConnection: true,
  async perform(params, host) {
    const began = performance.now();
    const elapsed = (): number => Math.floor((performance.now() - began) / 1000);
    await host.sleep(params.delay * 1000);
    const awaiting = {
      until: began + params.timeout * 1000,
      attemptMs: Math.max(1, params.connect_timeout) * 1000,
      sleepMs: params.sleep * 1000,
    };
    const problem = await awaitHost(host, awaiting, () => Promise.resolve(true));
    if (problem === undefined) return { changed: false, elapsed: elapsed() };
    const msg = `timed out waiting for the host after ${params.timeout} s; the last attempt: ${problem}`;
    return { failed: true, changed: false, elapsed: elapsed(), msg };
  },
});
