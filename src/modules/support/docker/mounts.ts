import { ModuleFailure } from "../../contract.ts";
import { toBoolean } from "../../parameters.ts";
import { at, canonical, type Fields, fieldsAt, listAt, textAt } from "../cluster/data.ts";
import { bytesOfSize } from "./sizes.ts";

const KNOWN = new Set(
  "target type source read_only propagation no_copy volume_driver volume_options labels tmpfs_size tmpfs_mode consistency".split(
    " ",
  ),
);

type Mount = {
  readonly target: string;
  readonly type: string;
  readonly source: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly noCopy: boolean;
  readonly driver: string;
  readonly options: Fields;
  readonly labels: Fields;
  readonly size: number;
  readonly mode: number;
};

/** What `--mount` is given for each, and the same as texts to compare. */
export function wantedMounts(given: readonly Fields[]): { readonly args: readonly string[]; readonly set: readonly string[] } {
  const mounts = given.map(mountOf);
  return { args: mounts.map(argument), set: mounts.map(canonical) };
}

export function mountsOf(container: unknown): readonly string[] {
  return listAt(container, "HostConfig", "Mounts").map((one) =>
    canonical({
      target: textAt(one, "Target"),
      type: textAt(one, "Type"),
      source: textAt(one, "Source"),
      readOnly: at(one, "ReadOnly") === true,
      propagation: textAt(one, "BindOptions", "Propagation"),
      noCopy: at(one, "VolumeOptions", "NoCopy") === true,
      driver: textAt(one, "VolumeOptions", "DriverConfig", "Name"),
      options: fieldsAt(one, "VolumeOptions", "DriverConfig", "Options"),
      labels: fieldsAt(one, "VolumeOptions", "Labels"),
      size: numberAt(one, "TmpfsOptions", "SizeBytes"),
      mode: numberAt(one, "TmpfsOptions", "Mode"),
    } satisfies Mount),
  );
}

const numberAt = (value: unknown, ...path: readonly string[]): number => {
  const found = at(value, ...path);
  return typeof found === "number" ? found : 0;
};

function mountOf(given: Fields, index: number): Mount {
  const wrong = (text: string): ModuleFailure => new ModuleFailure(`docker_container: mounts[${index}] ${text}`);
  const unknown = Object.keys(given).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw wrong(`has no key "${unknown}"; it knows ${[...KNOWN].join(", ")}`);
  const text = (name: string): string => {
    const value = given[name];
    if (value === undefined || value === null) return "";
    if (typeof value === "object") throw wrong(`"${name}" must be text`);
    return String(value);
  };
  const mapping = (name: string): Fields =>
    Object.fromEntries(Object.entries(fieldsAt(given, name)).map(([key, value]) => [key, String(value)]));
  const flag = (name: string): boolean => toBoolean(given[name] ?? false) ?? false;
  const type = text("type") || "volume";
  if (text("target") === "") throw wrong('needs "target", the path in the container');
  if (!["bind", "volume", "tmpfs", "npipe"].includes(type))
    throw wrong(`"type" is "${type}", but must be one of bind, volume, tmpfs`);
  if (type === "bind" && text("source") === "") throw wrong('of type bind needs "source", a path on the host');
  return {
    target: text("target"),
    type,
    source: text("source"),
    readOnly: flag("read_only"),
    propagation: text("propagation"),
    noCopy: flag("no_copy"),
    driver: text("volume_driver"),
    options: mapping("volume_options"),
    labels: mapping("labels"),
    size: text("tmpfs_size") === "" ? 0 : bytesOfSize(`mounts[${index}].tmpfs_size`, text("tmpfs_size")),
    mode: text("tmpfs_mode") === "" ? 0 : Number.parseInt(text("tmpfs_mode"), 8),
  };
}

function argument(mount: Mount): string {
  const fields: string[] = [`type=${mount.type}`, `target=${mount.target}`];
  if (mount.source !== "") fields.push(`source=${mount.source}`);
  if (mount.readOnly) fields.push("readonly");
  if (mount.propagation !== "") fields.push(`bind-propagation=${mount.propagation}`);
  if (mount.noCopy) fields.push("volume-nocopy");
  if (mount.driver !== "") fields.push(`volume-driver=${mount.driver}`);
  for (const [key, value] of Object.entries(mount.options)) fields.push(`volume-opt=${key}=${value}`);
  for (const [key, value] of Object.entries(mount.labels)) fields.push(`volume-label=${key}=${value}`);
  if (mount.size > 0) fields.push(`tmpfs-size=${mount.size}`);
  if (mount.mode > 0) fields.push(`tmpfs-mode=${mount.mode.toString(8)}`);
  // Docker reads it as a line of comma-separated values.
  return fields.map((one) => (/[",]/.test(one) ? `"${one.replaceAll('"', '""')}"` : one)).join(",");
}
