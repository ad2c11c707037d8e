import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Output, Unknown } from "../../contract.ts";
import type { ActOptions, Scope, ServiceManager, UnitState } from "./service-manager.ts";
import { toUnitState, unitName } from "./systemd-unit.ts";

const PROPERTIES = [
  ..."Id Names Description LoadState LoadError ActiveState SubState UnitFileState UnitFilePreset NeedDaemonReload".split(" "),
  ..."ActiveEnterTimestamp ExecMainStartTimestamp StateChangeTimestamp InvocationID Type RemainAfterExit".split(" "),
  ..."Result ConditionResult FragmentPath DropInPaths MainPID ExecMainStatus ExecMainCode NRestarts CanReload CanStart".split(" "),
];

const scopeFlags = (scope: Scope): Sh => (scope === "system" ? sh`` : sh`--${scope} `);

// A user's manager is found by XDG_RUNTIME_DIR, which a shell that `su` or `sudo` opened does not have.
const enterScope = (scope: Scope): Sh =>
  scope === "user" ? sh`: "\${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"; export XDG_RUNTIME_DIR` : sh`:`;

/**
 * All units in one `systemctl show`. `--timestamp=us+utc` (systemd 247) makes the times exact; older ones print whole seconds, and
 * `busctl` is asked for the exact ones then. Units of init scripts know from the links in rc?.d whether they are enabled.
 */
function unitCollector(scope: Scope): Collector<UnitState> {
  return {
    name: scope === "system" ? "systemd-unit" : `systemd-unit-of-${scope}`,
    beforeTraits: true,
    script: (items) => {
      const units = items.map((item) => unitName(item));
      const show = sh`systemctl ${scopeFlags(scope === "global" ? "user" : scope)}show --no-pager --all --property=${PROPERTIES.join(",")}`;
      return joinSh([
        enterScope(scope),
        sh`set -- ${units}`,
        sh`if systemctl --timestamp=us+utc --version >/dev/null 2>&1; then ${show} --timestamp=us+utc -- "$@"; s=$?
else ${show} -- "$@"; s=$?; old=1; fi`,
        sh`echo "K3status=$s"`,
        sh`for u do n=\${u%.service}; for l in /etc/rc[2345].d/S[0-9][0-9]"$n"; do [ -e "$l" ] && { echo "K3sysv=$u"; break; }; done; done`,
        scope === "system" ? exactTimes : sh`:`,
        sh`:`,
      ]);
    },
    decode: (output, items) => decodeUnits(output, items),
  };
}

// Times by D-Bus are exact on every systemd; the object's path is the unit's name with all but letters and digits as _xx.
const exactTimes = sh`if [ -n "$old" ] && command -v busctl >/dev/null; then for u do
p=$(printf %s "$u" | od -An -v -tx1 | tr -d '\n' | sed 's/ \(3[0-9]\|4[1-9a-f]\|5[0-9a]\|6[1-9a-f]\|7[0-9a]\)/ =\1/g; s/ \([^=]\)/_\1/g; s/ =/\\x/g')
echo "K3exact=$u $(busctl get-property org.freedesktop.systemd1 "/org/freedesktop/systemd1/unit/$(printf "$p")" org.freedesktop.systemd1.Service ExecMainStartTimestamp 2>/dev/null)"
done; fi`;

/** Reads the blocks of `systemctl show` (one a unit, an empty line between) and the lines that start with "K3". */
export function decodeUnits(output: Output, items: readonly string[]): (UnitState | Unknown)[] {
  const blocks = output.stdout
    .toString("utf8")
    .split(/\n\s*\n|\n(?=K3)/)
    .map(
      (block) =>
        new Map(
          block.split("\n").flatMap((line): [string, string][] => {
            const equals = line.indexOf("=");
            return equals < 0 ? [] : [[line.slice(0, equals), line.slice(equals + 1)]];
          }),
        ),
    );
  const sysv = new Set(blocks.flatMap((block) => block.get("K3sysv") ?? []));
  const exact = new Map(
    blocks.flatMap((block): [string, number][] => {
      const match = /^(\S+) t (\d+)/.exec(block.get("K3exact") ?? "");
      return match === null ? [] : [[match[1] ?? "", Number(match[2]) / 1e6]];
    }),
  );
  const said = output.stderr.toString("utf8").trim();
  return items.map((item) => {
    const unit = unitName(item);
    // Names come in systemd's own escaping; an alias is among the names of the unit that it stands for.
    const block = blocks.find((one) => one.get("Id") === unit) ?? blocks.find((one) => one.get("Names")?.split(" ").includes(unit));
    if (block === undefined) return new Unknown(`systemctl cannot tell about ${unit}: ${said || "no answer"}`);
    return toUnitState(unit, block, { sysvEnabled: sysv.has(unit), startedAt: exact.get(unit) });
  });
}

const COLLECTORS = { system: unitCollector("system"), user: unitCollector("user"), global: unitCollector("global") };

export const systemd: ServiceManager = {
  name: "systemd",
  question: (unit, scope) => ({ collector: COLLECTORS[scope], item: unit }),
  act: (action, unit, options) => {
    const name = unitName(unit);
    const run = tell(sh`${options.noBlock ? sh`--no-block ` : sh``}${action} -- ${name}`, options);
    if (options.noBlock || action === "stop" || action === "reload") return diagnosed(run, name, options.scope);
    return joinSh([diagnosed(run, name, options.scope), cameUp(name, options.scope)]);
  },
  enable: (unit, enabled, options) =>
    tell(sh`${options.force ? sh`--force ` : sh``}--quiet ${enabled ? "enable" : "disable"} -- ${unitName(unit)}`, options),
  mask: (unit, masked, options) =>
    tell(sh`${options.force ? sh`--force ` : sh``}--quiet ${masked ? "mask" : "unmask"} -- ${unitName(unit)}`, options),
  reloadManager: (scope) => tell(sh`daemon-reload`, { scope }),
};

function tell(what: Sh, options: Pick<ActOptions, "scope">): Sh {
  return sh`${enterScope(options.scope)}; systemctl ${scopeFlags(options.scope)}${what} || exit`;
}

// systemctl only says "see journalctl -xe": give the reason itself.
function diagnosed(run: Sh, unit: string, scope: Scope): Sh {
  const flag = scope === "user" ? sh`--user-unit` : sh`--unit`;
  return sh`(
${run}
) || { s=$?
systemctl ${scopeFlags(scope)}--no-pager --lines=0 status -- ${unit} >&2
journalctl --no-pager -q -n 10 -o cat ${flag} ${unit} >&2 2>/dev/null
exit $s; }`;
}

/** `start` and `restart` of a simple service succeed as soon as there is a process: look once more whether it stayed. */
function cameUp(unit: string, scope: Scope): Sh {
  return sh`case $(systemctl ${scopeFlags(scope)}show --property=ActiveState,SubState,Result -- ${unit}) in
*ActiveState=failed*|*SubState=auto-restart*) echo ${`${unit} was started and has failed:`} >&2
systemctl ${scopeFlags(scope)}--no-pager --lines=0 status -- ${unit} >&2
journalctl --no-pager -q -n 10 -o cat ${scope === "user" ? sh`--user-unit` : sh`--unit`} ${unit} >&2 2>/dev/null
exit 1;; esac`;
}
