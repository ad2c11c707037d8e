import type { JsonObject } from "../../contract.ts";
import type { UnitState } from "./service-manager.ts";

const SUFFIXES = /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/;

/** The full name of a unit: `cron` is `cron.service`. */
export function unitName(name: string): string {
  return SUFFIXES.test(name) ? name : `${name}.service`;
}

/** `getty@`: what instances such as `getty@tty1` are made from. It can be enabled and masked, but not started. */
export function isTemplate(name: string): boolean {
  return /@(\.\w+)?$/.test(name) && (name.endsWith("@") || SUFFIXES.test(name));
}

/** What the properties of a unit mean (systemd.unit(5), systemctl(1) is-enabled). */
export function toUnitState(
  unit: string,
  properties: ReadonlyMap<string, string>,
  further: { readonly sysvEnabled: boolean; readonly startedAt: number | undefined },
): UnitState {
  const get = (name: string): string => properties.get(name) ?? "";
  const load = get("LoadState");
  const fileState = get("UnitFileState");
  const active = get("ActiveState");
  const sub = get("SubState");
  // Between two attempts of a crashing service nothing runs, although systemd calls it activating.
  const running = ["active", "activating", "reloading", "refreshing"].includes(active) && sub !== "auto-restart";
  const started = further.startedAt ?? toSeconds(get("ExecMainStartTimestamp")) ?? toSeconds(get("ActiveEnterTimestamp"));
  const failure = get("Result") !== "" && get("Result") !== "success" && active === "failed" ? `, ${get("Result")}` : "";
  const unmet = get("ConditionResult") === "no" && active === "inactive" && toSeconds(get("StateChangeTimestamp")) !== null;
  return {
    unit,
    id: get("Id") || unit,
    exists: load !== "not-found" && load !== "",
    masked: load === "masked" || fileState.startsWith("masked"),
    running,
    description: `${active} (${sub}${failure}${unmet ? ", a condition of the unit is not met" : ""})`,
    enabled: enabledOf(fileState, further.sysvEnabled),
    enabledIsCertain: fileState !== "indirect",
    startedAt: running ? started : null,
    needsReload: get("NeedDaemonReload") === "yes",
    ephemeral: get("Type") === "oneshot" && get("RemainAfterExit") === "no",
    error: load === "error" || load === "bad-setting" ? get("LoadError").replace(/^\S+\s+"?(.*?)"?$/, "$1") || load : null,
    status: statusOf(properties),
  };
}

function enabledOf(fileState: string, sysvEnabled: boolean): boolean | null {
  switch (fileState) {
    case "enabled":
    case "enabled-runtime":
    case "alias":
      return true;
    case "disabled":
    case "linked":
    case "linked-runtime":
    case "indirect":
    case "masked":
    case "masked-runtime":
    case "bad":
      return false;
    case "generated":
      return sysvEnabled;
    default:
      return null;
  }
}

/** "Mon 2026-11-23 23:50:06.123456 UTC" as seconds since 1970; null for "n/a", "" and times in another zone. */
function toSeconds(time: string): number | null {
  const match = /^\S+ (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? UTC$/.exec(time);
  if (match === null) return null;
  return Date.parse(`${match[1]}T${match[2]}Z`) / 1000 + Number(match[3] ?? 0);
}

function statusOf(properties: ReadonlyMap<string, string>): JsonObject {
  return Object.fromEntries([...properties].filter(([name]) => !name.startsWith("K3")));
}
