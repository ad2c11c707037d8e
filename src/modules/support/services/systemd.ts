import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Output, Unknown } from "../../contract.ts";
import type { ActOptions, Scope, ServiceManager, UnitState } from "./service-manager.ts";
import { isTemplate, toUnitState, unitName } from "./systemd-unit.ts";

const PROPERTIES = [
  ..."Id Names Description LoadState LoadError ActiveState SubState UnitFileState UnitFilePreset NeedDaemonReload".split(" "),
  ..."ActiveEnterTimestamp ExecMainStartTimestamp StateChangeTimestamp InvocationID Type RemainAfterExit".split(" "),
  ..."Result ConditionResult FragmentPath DropInPaths MainPID ExecMainStatus ExecMainCode NRestarts CanReload CanStart".split(
    " ",
  ),
];

const scopeFlags = (scope: Scope): Sh => (scope === "system" ? sh`` : sh`--${scope} `);

// A user's manager is found by XDG_RUNTIME_DIR, which a shell that `su` or `sudo` opened does not have.
const enterScope = (scope: Scope): Sh =>
  scope === "user" ? sh`: "\${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"; export XDG_RUNTIME_DIR` : sh`:`;

/** All units of a batch in one `systemctl show`. Units of init scripts know from the links in rc?.d whether they are enabled. */
function unitCollector(scope: "system" | "user"): Collector<UnitState> {
  const show = sh`systemctl ${scopeFlags(scope)}show --no-pager --all --property=${PROPERTIES.join(",")}`;
  return {
    name: scope === "system" ? "systemd-unit" : "systemd-unit-of-user",
    beforeTraits: true,
    // systemd before 247 has no --timestamp and prints whole seconds of local time; the exact ones come by D-Bus then.
    script: (items) => sh`${enterScope(scope)}
set -- ${items.map(unitName)}
out=$(${show} --timestamp=us+utc -- "$@"); s=$?
if [ $s -ne 0 ] && [ -z "$out" ]; then
out=$(${show} -- "$@")
${joinSh(items.map((item) => exactTime(unitName(item), scope)))}
fi
printf '%s\\n' "$out"
for u do for l in /etc/rc[2345].d/S[0-9][0-9]"\${u%.service}"; do [ -e "$l" ] && { echo "K3sysv=$u"; break; }; done; done
:`,
    decode: (output, items) => decodeUnits(output, items, scope),
  };
}

const exactTime = (unit: string, scope: "system" | "user"): Sh =>
  sh`echo ${`K3exact=${unit}`} "$(busctl ${scopeFlags(scope)}get-property org.freedesktop.systemd1 ${busPath(unit)} org.freedesktop.systemd1.Service ExecMainStartTimestamp 2>/dev/null)"`;

// How systemd makes a D-Bus object path of a name: letters and digits stay, but for a digit in front.
function busPath(unit: string): string {
  const escaped = [...Buffer.from(unit)].map((byte, index) => {
    const char = String.fromCharCode(byte);
    const stays = /[A-Za-z]/.test(char) || (index > 0 && /\d/.test(char));
    return stays ? char : `_${byte.toString(16).padStart(2, "0")}`;
  });
  return `/org/freedesktop/systemd1/unit/${escaped.join("")}`;
}

/**
 * Only what the unit's files say: whether it is enabled. For all users, where there is no manager to ask for more, and for templates,
 * which no manager has loaded.
 */
function unitFileCollector(scope: Scope): Collector<UnitState> {
  return {
    name: `systemd-unit-file-${scope}`,
    beforeTraits: true,
    script: (items) => sh`${enterScope(scope)}
for u in ${items.map(unitName)}; do e=$(systemctl ${scopeFlags(scope)}is-enabled -- "$u" 2>&1); l=loaded
case $e in
*'Failed to connect'*) printf '%s\n' "$e" >&2; continue ;;
''|*not-found*|*'No such file'*) l=not-found e= ;;
esac
printf 'Id=%s\nLoadState=%s\nUnitFileState=%s\n\n' "$u" "$l" "$e"; done`,
    decode: (output, items) => decodeUnits(output, items, scope),
  };
}

/** Reads the blocks of `systemctl show` (one a unit, an empty line between) and the lines that start with "K3". */
export function decodeUnits(output: Output, items: readonly string[], scope: Scope = "system"): (UnitState | Unknown)[] {
  const text = output.stdout.toString("utf8");
  const blocks = text.split(/\n\s*\n/).map((block) => new Map(block.split("\n").flatMap(keyAndValue)));
  const sysv = new Set([...text.matchAll(/^K3sysv=(.*)$/gm)].map((match) => match[1]));
  const exact = new Map([...text.matchAll(/^K3exact=(\S+) t (\d+)$/gm)].map((match) => [match[1], Number(match[2]) / 1e6]));
  const said = output.stderr.toString("utf8").trim();
  return items.map((item) => {
    const unit = unitName(item);
    // An alias is among the names of the unit that it stands for.
    const block =
      blocks.find((one) => one.get("Id") === unit) ?? blocks.find((one) => one.get("Names")?.split(" ").includes(unit));
    if (block === undefined && scope === "user" && NO_MANAGER.test(said)) return withoutManager(unit, said);
    if (block === undefined) return new Unknown(`systemctl cannot tell about ${unit}: ${said || "no answer"}`);
    return toUnitState(unit, block, { sysvEnabled: sysv.has(unit), startedAt: exact.get(unit) });
  });
}

const NO_MANAGER = /Failed to connect to (user scope )?bus/;

/** Nobody's systemd runs before he has logged in, unless he lingers. */
const noManager = (said: string): string =>
  `the user's own systemd does not run (${said.split("\n")[0]}); "loginctl enable-linger USER" starts it, now and at boot`;

function withoutManager(unit: string, said: string): UnitState {
  return {
    ...toUnitState(unit, new Map(), { sysvEnabled: false, startedAt: undefined }),
    unreachable: noManager(said),
  };
}

function keyAndValue(line: string): [string, string][] {
  const equals = line.indexOf("=");
  return equals < 0 || line.startsWith("K3") ? [] : [[line.slice(0, equals), line.slice(equals + 1)]];
}

const COLLECTORS = { system: unitCollector("system"), user: unitCollector("user"), global: unitFileCollector("global") };
const TEMPLATES = {
  system: unitFileCollector("system"),
  user: unitFileCollector("user"),
  global: COLLECTORS.global,
};

/** Units whose files have changed since systemd read them. */
export type StaleUnits = {
  readonly stale: readonly string[];
  /** All that systemd has read: a new file is no reason to read it again. */
  readonly loaded: readonly string[];
  /** Only in predictions, in ms: what changes later is stale again. */
  readonly predictedAt?: number;
  /** Why there is no answer. */
  readonly unreachable?: string;
};

/** Whether any loaded unit's files have changed since systemd read them. */
export const staleUnits = (scope: Scope): Collector<StaleUnits> => ({
  name: scope === "user" ? "systemd-stale-units-of-user" : "systemd-stale-units",
  beforeTraits: true,
  script: () =>
    sh`${enterScope(scope)}; systemctl ${scopeFlags(scope)}show --no-pager --property=Id,LoadState,NeedDaemonReload '*'`,
  decode: (output, items) => {
    const said = output.stderr.toString("utf8").trim();
    if (output.rc !== 0 && scope === "user" && NO_MANAGER.test(said))
      return items.map(() => ({ stale: [], loaded: [], unreachable: noManager(said) }));
    if (output.rc !== 0) return items.map(() => new Unknown(`systemctl failed: ${said}`));
    const blocks = output.stdout.toString("utf8").split(/\n\s*\n/);
    const names = (wanted: RegExp): string[] =>
      blocks.filter((one) => wanted.test(one)).map((one) => /^Id=(.*)$/m.exec(one)?.[1] ?? "");
    return items.map(() => ({ stale: names(/^NeedDaemonReload=yes$/m), loaded: names(/^LoadState=(?!not-found)/m) }));
  },
});

export const systemd: ServiceManager = {
  name: "systemd",
  question: (unit, { scope }) => ({ collector: (isTemplate(unit) ? TEMPLATES : COLLECTORS)[scope], item: unit }),
  act: (action, unit, options) => {
    const name = unitName(unit);
    const act = (verb: Sh): Sh => tell(sh`${options.noBlock ? sh`--no-block ` : sh``}${verb} -- ${name}`, options);
    const run = action === "start" || action === "restart" ? afresh(action, name, options.scope, act) : act(sh`${action}`);
    // `start` is proved by the probe that follows; `restart` is not, and succeeds as soon as there is a process.
    const isProved = options.noBlock || action !== "restart";
    return isProved
      ? diagnosed(run, name, options.scope)
      : joinSh([diagnosed(run, name, options.scope), cameUp(name, options.scope)]);
  },
  enable: (unit, enabled, options) =>
    tell(sh`${options.force ? sh`--force ` : sh``}--quiet ${enabled ? "enable" : "disable"} -- ${unitName(unit)}`, options),
  mask: (unit, masked, options) =>
    tell(sh`${options.force ? sh`--force ` : sh``}--quiet ${masked ? "mask" : "unmask"} -- ${unitName(unit)}`, options),
  explain: (unit, { scope }) => sh`${enterScope(scope)}
${explain(unitName(unit), scope)}`,
  reloadManager: (scope) => tell(sh`daemon-reload`, { scope }),
  reexecManager: (scope) => tell(sh`daemon-reexec`, { scope }),
};

function tell(what: Sh, options: Pick<ActOptions, "scope">): Sh {
  return sh`${enterScope(options.scope)}; systemctl ${scopeFlags(options.scope)}${what} || exit`;
}

// What failed before says nothing of what starts now, so it is not counted along. Between two attempts of a crashing service `start` would only wait for
// the next one.
function afresh(action: "start" | "restart", unit: string, scope: Scope, act: (verb: Sh) => Sh): Sh {
  const systemctl = sh`systemctl ${scopeFlags(scope)}`;
  const forget = sh`${enterScope(scope)}; ${systemctl}reset-failed -- ${unit} 2>/dev/null`;
  if (action === "restart") return joinSh([forget, act(sh`restart`)]);
  return sh`${forget}
case $(${systemctl}show --property=SubState -- ${unit}) in *=auto-restart)
${act(sh`restart`)} ;;
*)
${act(sh`start`)} ;; esac`;
}

// Of a unit that fails systemctl only says "see journalctl -xe": give the reason itself. Everything else it says at once: access denied.
function diagnosed(run: Sh, unit: string, scope: Scope): Sh {
  return sh`k3_said=$( (
${run}
) 2>&1 ) || { s=$?
case $k3_said in ''|*journalctl*)
${explain(unit, scope)} ;;
*) printf '%s\n' "$k3_said" >&2 ;; esac
exit $s; }`;
}

// What cannot even begin ends within a few moments, and systemd calls a simple service active as soon as it has forked.
function cameUp(unit: string, scope: Scope): Sh {
  return sh`sleep 0.2 2>/dev/null || sleep 1
case $(systemctl ${scopeFlags(scope)}show --property=ActiveState,SubState -- ${unit}) in
*ActiveState=failed*|*SubState=auto-restart*) echo ${`${unit} was started and has failed:`} >&2
${explain(unit, scope)}
exit 1;; esac`;
}

function explain(unit: string, scope: Scope): Sh {
  return sh`{ systemctl ${scopeFlags(scope)}--no-pager --lines=0 status -- ${unit}
journalctl --no-pager -q -n 10 -o cat ${scope === "user" ? "--user-unit" : "--unit"} ${unit}; } >&2 2>/dev/null`;
}
