import { ModuleFailure } from "../../contract.ts";
import type { Member } from "./list-archive.ts";

/** Which members are wanted, and how many leading parts their names lose. */
export type Selection = { readonly include: readonly string[]; readonly exclude: readonly string[]; readonly strip: number };

/** A member and its path below the destination. */
export type Selected = { readonly member: Member; readonly path: string };

/** Refuses what must not be unpacked, wanted or not, and gives the rest, each path once (the last member of a name counts). */
export function selectMembers(members: readonly Member[], { include, exclude, strip }: Selection, archive: string): Selected[] {
  const links = new Set(members.filter(({ kind }) => kind === "link").map(({ name }) => partsOf(name).join("/")));
  for (const member of members) refuseUnsafe(member, links, archive);
  const missing = include.find((pattern) => !members.some(({ name }) => matches(pattern, name)));
  if (missing !== undefined) throw new ModuleFailure(`${archive} has no member "${missing}", which include names`);
  const selected = new Map<string, Selected>();
  for (const member of members) {
    if (include.length > 0 && !include.some((pattern) => matches(pattern, member.name))) continue;
    if (exclude.some((pattern) => matches(pattern, member.name, "anywhere"))) continue;
    const path = partsOf(member.name).slice(strip).join("/");
    if (path !== "") selected.set(path, { member, path });
  }
  return [...selected.values()];
}

function refuseUnsafe({ name, kind, target }: Member, links: ReadonlySet<string>, archive: string): void {
  const refuse = (why: string): never => {
    throw new ModuleFailure(`refusing to unpack ${archive}: ${why}`, { archive, member: name });
  };
  if (name.startsWith("/")) refuse(`its member "${name}" has an absolute path`);
  if (name.split("/").includes("..")) refuse(`its member "${name}" leads upwards with ".."`);
  if (kind === "special")
    refuse(`its member "${name}" is a device, a pipe or another thing that is neither file, directory nor link`);
  const parts = partsOf(name);
  const through = parts.map((_, index) => parts.slice(0, index).join("/")).find((above) => links.has(above));
  if (through !== undefined) refuse(`its member "${name}" lies below its link "${through}"`);
  if (target === undefined) return;
  const from = kind === "link" ? partsOf(name).slice(0, -1) : [];
  if (target.startsWith("/") || leadsOut([...from, ...target.split("/")]) || /[^./][^/]*\/+\.\.(\/|$)/.test(target)) {
    refuse(`its link "${name}" leads out of the destination, to "${target}"`);
  }
}

// ".." after a name is not counted on: the name may be a link to somewhere less deep.
function leadsOut(parts: readonly string[]): boolean {
  let depth = 0;
  for (const part of parts) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

export const partsOf = (name: string): string[] => name.split("/").filter((part) => part !== "" && part !== ".");

/** A shell pattern over the whole name, or over that of a directory above it; tar's `--exclude` also begins within a name. */
function matches(pattern: string, name: string, from: "start" | "anywhere" = "start"): boolean {
  const wanted = partsOf(pattern).join("/");
  const text = wanted
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const before = from === "start" ? "" : "(.*/)?";
  return new RegExp(`^${before}${text}(/.*)?$`, "s").test(partsOf(name).join("/"));
}
