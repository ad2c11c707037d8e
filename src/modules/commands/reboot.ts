import { joinSh, Sh, sh } from "../../sh.ts";
import { type HostAccess, HostUnreachable, ModuleFailure, steppedAction } from "../contract.ts";
import { int, listOf, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { awaitHost } from "../support/commands/awaiting-host.ts";

const params = parameters(
  {
    pre_reboot_delay: {
      ...int(),
      default: 0,
      aliases: ["pre_reboot_delay_sec"],
      description: "Seconds to wait before the reboot.",
    },
    post_reboot_delay: {
      ...int(),
      default: 0,
      aliases: ["post_reboot_delay_sec"],
      description: "Seconds to wait once the host is back, before test_command.",
    },
    reboot_timeout: {
      ...int(),
      default: 600,
      aliases: ["reboot_timeout_sec"],
      description: "Seconds that the reboot may take, and again test_command.",
    },
    connect_timeout: {
      ...int(),
      aliases: ["connect_timeout_sec"],
      description: "Seconds for one attempt to connect; 10 unless given.",
    },
    msg: { ...str(), default: "Reboot initiated by k3sprov", description: "What users of the host are told." },
    test_command: { ...str(), default: "whoami", description: "Shell command that must succeed before the host counts as up." },
    boot_time_command: {
      ...str(),
      description: "Shell command whose output differs after a reboot; unless given, boot id and process 1 are looked at.",
    },
    reboot_command: {
      ...str(),
      description: "Shell command that reboots, instead of `shutdown` or `reboot`; `msg` and `search_paths` are not used then.",
    },
    search_paths: {
      ...listOf(path()),
      default: ["/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin"],
      description: "Where `shutdown` and `reboot` are looked for.",
    },
  },
  {},
  (given) => {
    for (const name of ["pre_reboot_delay", "post_reboot_delay", "reboot_timeout", "connect_timeout"] as const) {
      if ((given[name] ?? 0) < 0) throw new ModuleFailure(`"${name}" is ${given[name]}, but must not be negative`);
    }
    for (const name of ["test_command", "boot_time_command", "reboot_command"] as const) {
      if (given[name]?.trim() === "") throw new ModuleFailure(`"${name}" is empty`);
    }
    const relative = given.search_paths.find((one) => !one.startsWith("/"));
    if (relative !== undefined) throw new ModuleFailure(`"search_paths" has "${relative}", but must have absolute paths`);
  },
);

type Params = ParametersOf<typeof params>;

export const reboot = steppedAction<Params>({
  name: "reboot",
  summary: "Reboots a host and waits until it is back.",
  description: [
    "That the host has been down is proved by a new boot id, or a new process 1 (containers share the boot id of their machine): a host that merely answers again has not rebooted.",
    "It waits for the host with new connections, one after the other; a refused login is tried again, since a host that is booting refuses logins. The lock against a second run is taken again.",
    "The control node itself is not rebooted.",
  ],
  parameters: params,
  example: `- name: Reboot where a new kernel waits for it
  reboot:
    reboot_timeout: 300
  when: ansible_facts['reboot_required'] | default(false)
`,
  returns: { rebooted: "True when the host has been down and is back.", elapsed: "Seconds it took." },
  changesHost: true,
  async perform(given, host) {
    if (host.isControlNode)
      throw new ModuleFailure("this would reboot the control node, with k3sprov on it", { rebooted: false });
    const began = performance.now();
    const elapsed = (): number => Math.floor((performance.now() - began) / 1000);
    const attemptMs = Math.max(1, given.connect_timeout ?? 10) * 1000;
    const before = await identity(host, given, attemptMs);
    if ("problem" in before) throw new ModuleFailure(before.problem, { rebooted: false });
    await host.sleep(given.pre_reboot_delay * 1000);
    await goDown(host, given);
    const awaiting = (): Parameters<typeof awaitHost>[1] => ({
      until: performance.now() + given.reboot_timeout * 1000,
      attemptMs,
      sleepMs: 1000,
    });
    const away = await awaitHost(host, awaiting(), async () => {
      const now = await identity(host, given, attemptMs);
      if ("problem" in now) return now.problem;
      return now.id !== before.id ? true : "the host answers, but has not been down";
    });
    if (away !== undefined) {
      return { failed: true, changed: true, rebooted: false, elapsed: elapsed(), msg: timedOut(given, "the reboot", away) };
    }
    await host.sleep(given.post_reboot_delay * 1000);
    const unwell = await awaitHost(host, awaiting(), async () => {
      const tested = await host.run({ script: asIs(given.test_command) }, { timeoutMs: given.reboot_timeout * 1000 });
      return tested.rc === 0 ? true : `test_command ended with status ${tested.rc}: ${said(tested)}`;
    });
    if (unwell !== undefined) {
      return { failed: true, changed: true, rebooted: true, elapsed: elapsed(), msg: timedOut(given, "test_command", unwell) };
    }
    return { changed: true, rebooted: true, elapsed: elapsed() };
  },
});

const timedOut = (given: Params, what: string, last: string): string =>
  `timed out waiting for ${what} after ${given.reboot_timeout} s; the last attempt: ${last}`;

/** A command line of the user's own, as the shell shall read it. */
const asIs = (command: string): Sh => sh`/bin/sh -c ${command}`;

const said = (output: { readonly stderr: Buffer; readonly stdout: Buffer }): string =>
  output.stderr.toString("utf8").trim() || output.stdout.toString("utf8").trim() || "no output";

// The start of process 1 is the 20th field after its name, which may hold anything; it counts from the boot of the machine.
const BOOT: Sh = new Sh(`read -r k3_boot < /proc/sys/kernel/random/boot_id || exit 1
read -r k3_stat < /proc/1/stat || exit 1
set -- \${k3_stat##*) }
shift 19
echo "$k3_boot $1"`);

async function identity(
  host: HostAccess,
  given: Params,
  timeoutMs: number,
): Promise<{ readonly id: string } | { readonly problem: string }> {
  const command = given.boot_time_command;
  const output = await host.run(
    { script: command === undefined ? BOOT : asIs(command) },
    { timeoutMs: Math.max(timeoutMs, 10_000) },
  );
  const id = output.stdout.toString("utf8").trim();
  if (output.rc === 0 && id !== "") return { id };
  return { problem: `cannot tell one boot of the host from the next: ${said(output)}` };
}

/** A host that goes down at once takes the connection, and the answer, along. */
async function goDown(host: HostAccess, given: Params): Promise<void> {
  try {
    const output = await host.run({ script: given.reboot_command === undefined ? shutdown(given) : asIs(given.reboot_command) });
    if (output.rc !== 0)
      throw new ModuleFailure(`the reboot command failed: ${said(output)}`, { rebooted: false, rc: output.rc });
  } catch (error) {
    if (!(error instanceof HostUnreachable) || error.code !== "lost") throw error;
  }
}

function shutdown({ search_paths, msg }: Params): Sh {
  return joinSh([
    sh`PATH=${search_paths.join(":")}:$PATH`,
    sh`if command -v shutdown >/dev/null 2>&1; then exec shutdown -r now ${msg}
elif command -v reboot >/dev/null 2>&1; then exec reboot
fi
echo ${`found neither shutdown nor reboot in ${search_paths.join(":")}; give reboot_command`} >&2
exit 1`,
  ]);
}
