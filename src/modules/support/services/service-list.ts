import { sh } from "../../../sh.ts";
import { type Collector, type JsonObject, type Output, Unknown } from "../../contract.ts";

/** Name -> what is known of it, as Ansible's service_facts has it. */
export type ServiceList = Readonly<Record<string, JsonObject>>;

/** States in which systemd says more than "enabled" or "disabled". */
const BAD = ["not-found", "masked", "failed"];

/**
 * Asks each service manager that is there. systemd: units that are loaded, then all files; the state of those that are not loaded in
 * one `show`. Init scripts are asked for their status by `service --status-all`, or by chkconfig's list.
 */
export const serviceList: Collector<ServiceList> = {
  name: "services",
  script: (_items, traits) => sh`${
    traits.serviceManager === "systemd"
      ? sh`echo '== units'; systemctl list-units --no-pager --no-legend --plain --full --type=service --all || exit
echo '== files'; systemctl list-unit-files --no-pager --no-legend --full --type=service || exit`
      : sh`:`
  }
${
  traits.serviceManager === "openrc"
    ? sh`echo '== runlevels'; rc-update -v show || exit
for s in /etc/init.d/*; do
[ -x "$s" ] || continue
rc-service -- "\${s##*/}" status >/dev/null 2>&1 </dev/null; echo "== status $? \${s##*/}"
done`
    : sh`if command -v chkconfig >/dev/null 2>&1; then
echo '== chkconfig'; chkconfig --list 2>/dev/null </dev/null
elif command -v service >/dev/null 2>&1 && [ -d /etc/init.d ]; then
echo '== sysv'; service --status-all 2>&1 </dev/null
fi`
}
:`,
  decode: (output, items) => items.map(() => decodeServices(output)),
};

export function decodeServices(output: Output): ServiceList | Unknown {
  if (output.rc !== 0) return new Unknown(`cannot list the services: ${output.stderr.toString("utf8").trim()}`);
  const sections = new Map<string, string[]>();
  const statuses = new Map<string, number>();
  let current: string[] = [];
  for (const line of output.stdout.toString("utf8").split("\n")) {
    const status = /^== status (\d+) (.*)$/.exec(line);
    const head = /^== (\w+)$/.exec(line);
    if (status !== null) statuses.set(status[2] ?? "", Number(status[1]));
    else if (head !== null) {
      current = [];
      sections.set(head[1] ?? "", current);
    } else if (line.trim() !== "") current.push(line.trim());
  }
  const section = (name: string): readonly string[] => sections.get(name) ?? [];
  return {
    ...sysv(section("sysv")),
    ...chkconfig(section("chkconfig")),
    ...openrc(section("runlevels"), statuses),
    ...systemd(section("units"), section("files")),
  };
}

function systemd(units: readonly string[], files: readonly string[]): ServiceList {
  const found: Record<string, JsonObject> = {};
  for (const line of units) {
    const [name = "", load = "", active = "", sub = ""] = line.replace(/^[^\w]\s+/, "").split(/\s+/);
    if (!name.endsWith(".service")) continue;
    const bad = BAD.find((one) => [load, active, sub].includes(one));
    found[name] = { name, state: sub === "running" ? "running" : "stopped", status: bad ?? active, source: "systemd" };
  }
  for (const line of files) {
    const [name = "", status = ""] = line.split(/\s+/);
    if (!name.endsWith(".service")) continue;
    const known = found[name];
    // What no unit was loaded for does not run; a template is no unit at all.
    if (known === undefined)
      found[name] = { name, state: name.includes("@.") ? "unknown" : "inactive", status, source: "systemd" };
    else if (!BAD.includes(String(known["status"]))) found[name] = { ...known, status };
  }
  return found;
}

/** "name | runlevels", and the exit status of each script's `status`. */
function openrc(runlevels: readonly string[], statuses: ReadonlyMap<string, number>): ServiceList {
  const levels = new Map(
    runlevels.map((line) => {
      const [name = "", list = ""] = line.split("|");
      return [name.trim(), list.split(/\s+/).filter((one) => one !== "")];
    }),
  );
  return Object.fromEntries(
    [...statuses].map(([name, status]) => {
      const own = levels.get(name) ?? [];
      return [
        name,
        { name, state: OPENRC_STATES[status] ?? "unknown", runlevels: own.length === 0 ? null : own, source: "openrc" },
      ];
    }),
  );
}

/** Exit statuses of `rc-service NAME status`. */
const OPENRC_STATES: Readonly<Record<number, string>> = {
  0: "started",
  3: "stopped",
  4: "stopping",
  8: "starting",
  16: "inactive",
  32: "crashed",
  64: "unsupervised",
};

/** ` [ + ]  cron`, ` [ - ]  x`, ` [ ? ]  y`. */
function sysv(lines: readonly string[]): ServiceList {
  const entries = lines.flatMap((line): [string, JsonObject][] => {
    const match = /^\[ (.) \]\s+(\S.*)$/.exec(line);
    const name = match?.[2];
    return name === undefined ? [] : [[name, { name, state: match?.[1] === "+" ? "running" : "stopped", source: "sysv" }]];
  });
  return Object.fromEntries(entries);
}

/** `network  0:off 1:off 2:on …`: chkconfig knows what is enabled, not what runs. */
function chkconfig(lines: readonly string[]): ServiceList {
  const entries = lines.flatMap((line): [string, JsonObject][] => {
    const [name = "", ...levels] = line.split(/\s+/);
    if (!levels.some((one) => /^[0-6]:(on|off)$/.test(one))) return [];
    const status = levels.some((one) => /^[2-5]:on$/.test(one)) ? "enabled" : "disabled";
    return [[name, { name, state: "unknown", status, source: "sysv" }]];
  });
  return Object.fromEntries(entries);
}
