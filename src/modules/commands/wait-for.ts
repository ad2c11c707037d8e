import { actionModule, type JsonObject, ModuleFailure } from "../contract.ts";
import { choice, int, listOf, parameters, path, str } from "../parameters.ts";
import { addressCodes, stateCode, TCP_STATES, TIMED_OUT, type Waiting, waitingScript } from "../support/commands/waiting.ts";
import { hostPath } from "../support/files/host-path.ts";

type State = "absent" | "drained" | "present" | "started" | "stopped";
type Input = {
  readonly waiting: Waiting;
  readonly state: State;
  readonly port: number | undefined;
  readonly path: string | undefined;
  readonly regex: string | undefined;
  readonly msg: string | undefined;
};

export const waitFor = actionModule({
  name: "wait_for",
  summary: "Waits until a port, a file or a text in it is there, or gone.",
  description: [
    "Whether something listens on the host's own ports is read from the kernel's tables: the service sees no connection. For a port of another host, or with `search_regex`, the host needs bash, nc or python3.",
    "Expressions are those of grep: Perl's where it knows them, POSIX's extended ones elsewhere. Without `port` and `path` it waits for the time to pass.",
  ],
  parameters: parameters(
    {
      host: { ...str(), default: "127.0.0.1", description: "Name or address, seen from the host." },
      port: { ...int(), description: "Port." },
      path: { ...path(), description: "Path of the host." },
      search_regex: { ...str(), description: "What must be in the file, or in what the port says at first." },
      state: {
        ...choice("absent", "drained", "present", "started", "stopped"),
        default: "started",
        description:
          "`started` and `present`: it is there. `stopped` and `absent`: it is not. `drained`: no connections are left.",
      },
      timeout: { ...int(), default: 300, description: "Seconds to wait at most." },
      connect_timeout: { ...int(), default: 5, description: "Seconds for one connection." },
      delay: { ...int(), default: 0, description: "Seconds before the first look." },
      sleep: { ...int(), default: 1, description: "Seconds between looks." },
      active_connection_states: {
        ...listOf(str()),
        default: ["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT", "TIME_WAIT"],
        description: "What counts as a connection, for `drained`.",
      },
      exclude_hosts: { ...listOf(str()), description: "Addresses whose connections do not count, for `drained`." },
      msg: { ...str(), description: "Said instead of the usual message when the time is up." },
    },
    { mutuallyExclusive: [["port", "path"]] },
    (given) => {
      for (const name of ["timeout", "connect_timeout", "delay", "sleep"] as const) {
        if (given[name] < 0) throw new ModuleFailure(`"${name}" is ${given[name]}, but must not be negative`);
      }
      if (given.port !== undefined && (given.port < 1 || given.port > 65_535)) {
        throw new ModuleFailure(`"port" is ${given.port}, but must be from 1 to 65535`);
      }
      if (given.state === "drained" && given.port === undefined) throw new ModuleFailure('state: drained needs "port"');
      if (given.state !== "drained" && given.exclude_hosts !== undefined) {
        throw new ModuleFailure(`"exclude_hosts" goes with state: drained only, and state is ${given.state}`);
      }
      if (
        (given.state === "stopped" || given.state === "absent") &&
        given.search_regex !== undefined &&
        given.port !== undefined
      ) {
        throw new ModuleFailure(`with state: ${given.state} a port says nothing that "search_regex" could be looked for in`);
      }
      if (given.search_regex !== undefined && (given.port ?? given.path) === undefined) {
        throw new ModuleFailure('"search_regex" needs "path" or "port"');
      }
      if (given.state === "drained") codes([given.host], "host");
      codes(given.exclude_hosts ?? [], "exclude_hosts");
      statesOf(given.active_connection_states);
    },
  ),
  example: `- name: Wait for the file
  wait_for:
    path: /etc/hostname
    timeout: 10
`,
  returns: {
    state: "As given.",
    port: "As given.",
    path: "As given.",
    search_regex: "As given.",
    elapsed: "Seconds it took.",
    match_groups: "Groups of the expression, in order.",
    match_groupdict: "Named groups of the expression.",
  },
  changesHost: false,
  prepare: (params, _control, context) => {
    const file = params.path === undefined ? undefined : hostPath(params.path, context.traits);
    const present = params.state === "started" || params.state === "present";
    const { port, search_regex: regex } = params;
    let what: Waiting["what"] = { kind: "time" };
    if (params.state === "drained") {
      if (port === undefined) throw new ModuleFailure('state: drained needs "port"');
      what = {
        kind: "drained",
        port,
        addresses: codes([params.host], "host"),
        states: statesOf(params.active_connection_states),
        excluded: codes(params.exclude_hosts ?? [], "exclude_hosts"),
      };
    } else if (port !== undefined) {
      what = { kind: "port", host: params.host, port, open: present, regex };
    } else if (file !== undefined) what = { kind: "path", path: file, present, regex };
    const waiting: Waiting = {
      what,
      timeout: params.timeout,
      delay: params.delay,
      sleep: params.sleep,
      connectTimeout: params.connect_timeout,
    };
    return Promise.resolve<Input>({ waiting, state: params.state, port, path: file, regex, msg: params.msg });
  },
  run: (input) => ({ script: waitingScript(input.waiting) }),
  result: (output, input, elapsedMs) => {
    const elapsed = Math.floor(elapsedMs / 1000);
    if (output.rc === TIMED_OUT) return { failed: true, changed: false, elapsed, msg: input.msg ?? timeoutMessage(input) };
    if (output.rc !== 0) {
      return {
        failed: true,
        changed: false,
        elapsed,
        msg: output.stderr.toString("utf8").trim() || `waiting ended with status ${output.rc}`,
      };
    }
    return {
      changed: false,
      state: input.state,
      port: input.port ?? null,
      path: input.path ?? null,
      search_regex: input.regex ?? null,
      elapsed,
      ...groupsOf(input.regex, output.stdout.toString("utf8").replace(/\n$/, "")),
    };
  },
});

function timeoutMessage({ waiting: { what }, state }: Input): string {
  switch (what.kind) {
    case "time":
      return "the time is up";
    case "drained":
      return `Timeout when waiting for port ${what.port} to drain`;
    case "port": {
      const place = `${what.host}:${what.port}`;
      if (!what.open) return `Timeout when waiting for ${place} to stop.`;
      return what.regex === undefined
        ? `Timeout when waiting for ${place}`
        : `Timeout when waiting for search string ${what.regex} in ${place}`;
    }
    case "path":
      if (!what.present) return `Timeout when waiting for ${what.path} to be ${state}.`;
      return what.regex === undefined
        ? `Timeout when waiting for file ${what.path}`
        : `Timeout when waiting for search string ${what.regex} in ${what.path}`;
  }
}

function groupsOf(regex: string | undefined, line: string): JsonObject {
  const none = { match_groups: [], match_groupdict: {} };
  if (regex === undefined || line === "") return none;
  try {
    // Python writes named groups as (?P<name>…).
    const match = new RegExp(regex.replaceAll("(?P<", "(?<")).exec(line);
    if (match === null) return none;
    return {
      match_groups: match.slice(1).map((one): string | null => one ?? null),
      match_groupdict: Object.fromEntries(
        Object.entries(match.groups ?? {}).map(([name, one]): [string, string | null] => [name, one ?? null]),
      ),
    };
  } catch (error) {
    // grep understood it; that this is no JavaScript expression only costs the groups.
    if (error instanceof SyntaxError) return none;
    throw error;
  }
}

function codes(addresses: readonly string[], parameter: string): string[] {
  return addresses.flatMap((address) => {
    if (address === "0.0.0.0" || address === "::") return [];
    const found = addressCodes(address === "localhost" ? "127.0.0.1" : address);
    if (found === undefined) throw new ModuleFailure(`"${address}" in "${parameter}" must be an IP address`);
    return found;
  });
}

function statesOf(names: readonly string[]): string[] {
  return names.map((name) => {
    const code = stateCode(name);
    if (code === undefined)
      throw new ModuleFailure(`"active_connection_states" has "${name}", but must have some of ${TCP_STATES.join(", ")}`);
    return code;
  });
}
