import { joinSh, type Sh, sh } from "../../../sh.ts";
import type { HostTraits } from "../../contract.ts";
import type { AttributeSet, WantedAttributes } from "./attributes.ts";
import { withFlags } from "./file-flags.ts";
import type { WantedContext } from "./selinux-context.ts";

/**
 * Commands that set owner, group, mode and context of `path` (a word of a script: a quoted path or a quoted shell variable), in the
 * order that works: chown clears setuid bits, so chmod follows it; flags that forbid changes are cleared first and set last. `keepMode`: the
 * mode to put back after a chown. A link that has come to be there meanwhile is not followed, unless `follow` says that it is one to be
 * followed; `link`: it is one that is itself meant. `real`: where a link that is followed leads, for chattr, which follows none.
 */
export function attributeCommands(
  path: Sh,
  set: AttributeSet,
  options: { readonly link?: boolean; readonly follow?: boolean; readonly keepMode?: number; readonly real?: Sh } = {},
): Sh {
  const commands: Sh[] = [];
  const noFollow = options.follow === true ? sh`` : sh` -h`;
  const owner = set.owner === undefined ? "" : String(set.owner.id ?? set.owner.name);
  const group = set.group === undefined ? "" : String(set.group.id ?? set.group.name);
  if (owner !== "") commands.push(sh`chown${noFollow} ${group === "" ? owner : `${owner}:${group}`} ${path}`);
  else if (group !== "") commands.push(sh`chgrp${noFollow} ${group} ${path}`);
  const changesOwner = commands.length > 0;
  const keep = changesOwner && ((options.keepMode ?? 0) & 0o6000) !== 0 ? options.keepMode : undefined;
  const mode = set.mode ?? keep;
  if (mode !== undefined && options.link !== true) {
    // chmod knows no -h but in the newest GNU coreutils.
    if (options.follow !== true)
      commands.push(sh`{ [ ! -L ${path} ] || { echo 'it has become a symbolic link:' ${path} >&2; false; }; }`);
    commands.push(chmod(mode, path));
  }
  if (set.context !== undefined) commands.push(sh`chcon${noFollow} ${set.context} ${path}`);
  return withFlags(options.real ?? path, options.link === true ? undefined : set.flags, joinSh(commands, " && "));
}

/** Five digits, because GNU chmod keeps a directory's setgid bit when there are four. */
export function chmod(mode: number, path: Sh): Sh {
  return sh`chmod ${mode.toString(8).padStart(5, "0")} ${path}`;
}

/** Gives something new the wanted parts of an SELinux context; nothing where SELinux is off or nothing is wanted. */
export function chconWanted(path: Sh, wanted: WantedAttributes, traits: HostTraits): Sh | undefined {
  if (!traits.selinux || wanted.context === undefined) return undefined;
  return sh`chcon ${contextFlags(wanted.context)} ${path}`;
}

/** Options of chcon. */
export function contextFlags(wanted: WantedContext): readonly string[] {
  const flags: Readonly<Record<keyof WantedContext, string>> = { user: "-u", role: "-r", type: "-t", level: "-l" };
  return Object.entries(wanted).flatMap(([part, value]) =>
    part === "user" || part === "role" || part === "type" || part === "level" ? [flags[part], value] : [],
  );
}
