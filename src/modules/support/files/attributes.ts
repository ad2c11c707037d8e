import { z } from "zod";
import type { Difference, HostTraits, Question } from "../../contract.ts";
import { MissingPrerequisite, ModuleFailure } from "../../contract.ts";
import { bool, mode, str } from "../../parameters.ts";
import { type GroupAccount, groupQuestion, type UserAccount, userQuestion } from "../accounts/accounts-collector.ts";
import {
  type FlagChange,
  type FlagState,
  flagChange,
  flagQuestions,
  flagsType,
  planFlags,
  type WantedFlags,
  wantedFlags,
} from "./file-flags.ts";
import type { Inode } from "./path-collector.ts";
import { contextAfter, contextQuestion, type WantedContext } from "./selinux-context.ts";
import { modeFrom, octal } from "./symbolic-mode.ts";

/** The parameters that every module has which writes files. */
export const attributeParameters = {
  mode: {
    ...mode(),
    description:
      'Permissions: octal, best quoted ("0644"), or symbolic ("u=rwx,go=rX"). Kept, or 0644 for something new, when not given.',
  },
  owner: { ...str(), description: "User that owns it, by name or number. Kept when not given." },
  group: { ...str(), description: "Group that owns it, by name or number. Kept when not given." },
  seuser: { ...str(), description: "User part of the SELinux context. Ignored where SELinux is off." },
  serole: { ...str(), description: "Role part of the SELinux context." },
  setype: { ...str(), description: "Type part of the SELinux context." },
  selevel: { ...str(), description: "Level (MLS/MCS) part of the SELinux context." },
  attributes: {
    ...flagsType,
    aliases: ["attr"],
    description:
      'Flags of chattr: "+i" sets them, "-i" clears them, "=i" or "i" means these and no others, but for those that the file system ' +
      "sees to itself. A file that is immutable is changed only by a task that names that flag: it is lifted for the change.",
  },
  unsafe_writes: {
    ...bool(),
    default: false,
    description:
      "Write into the old file where it cannot be replaced (a file mounted into a container). A reader may then see a part of it.",
  },
} as const;

/** The same for modules that set no flags. */
export const parametersWithoutFlags = {
  ...attributeParameters,
  attributes: {
    type: z.custom<undefined>(
      () => false,
      "is not supported here; set flags with a task of the module file, with recurse if need be",
    ),
    typeName: "str",
    aliases: ["attr"],
    description: "Flags of chattr. Refused: a task of the module file sets them.",
  },
} as const;

/** Parsed values of `attributeParameters`. */
export type AttributeParams = {
  readonly mode: string | undefined;
  readonly owner: string | undefined;
  readonly group: string | undefined;
  readonly seuser: string | undefined;
  readonly serole: string | undefined;
  readonly setype: string | undefined;
  readonly selevel: string | undefined;
  readonly attributes?: string | undefined;
};

/** What a task asks of an inode. Missing fields stay as they are. */
export type WantedAttributes = {
  readonly mode?: string;
  readonly owner?: string;
  readonly group?: string;
  readonly context?: WantedContext;
  readonly flags?: WantedFlags;
};

/** What has to be set, resolved to numbers. */
export type AttributeSet = {
  readonly mode?: number;
  readonly owner?: AccountId;
  readonly group?: AccountId;
  readonly context?: string;
  readonly flags?: FlagChange;
};
/** What is known of an inode beside what stat says: its SELinux context ("" where nobody asked) and, where asked, its flags. */
export type Labels = { readonly context: string; readonly flags: FlagState | undefined };

/** `id` is null when an earlier task would make the account (check mode). */
export type AccountId = { readonly name: string; readonly id: number | null };

export type Accounts = { readonly owner: UserAccount | null; readonly group: GroupAccount | null };
export type AccountQuestions = { readonly owner: Question<UserAccount | null>; readonly group: Question<GroupAccount | null> };

export function wantedAttributes(params: AttributeParams): WantedAttributes {
  if (params.mode === "preserve") throw new ModuleFailure('mode "preserve" is for copy and template only');
  const context = {
    ...(params.seuser === undefined ? {} : { user: params.seuser }),
    ...(params.serole === undefined ? {} : { role: params.serole }),
    ...(params.setype === undefined ? {} : { type: params.setype }),
    ...(params.selevel === undefined ? {} : { level: params.selevel }),
  };
  if (Object.values(context).includes("_default")) {
    throw new ModuleFailure('"_default" is not supported for parts of an SELinux context; leave the parameter out');
  }
  return {
    ...(params.mode === undefined ? {} : { mode: params.mode }),
    ...(params.owner === undefined ? {} : { owner: params.owner }),
    ...(params.group === undefined ? {} : { group: params.group }),
    ...(Object.keys(context).length === 0 ? {} : { context }),
    ...(params.attributes === undefined ? {} : { flags: wantedFlags(params.attributes) }),
  };
}

// root is 0 everywhere and a number needs no look-up: most tasks ask nothing.
const needsLookup = (name: string | undefined): name is string => name !== undefined && name !== "root" && !/^\d+$/.test(name);

/** Asks for the accounts that `wanted` names; questions that need no answer cost nothing. */
export function accountQuestions(wanted: WantedAttributes): AccountQuestions {
  return {
    owner: userQuestion(needsLookup(wanted.owner) ? wanted.owner : ""),
    group: groupQuestion(needsLookup(wanted.group) ? wanted.group : ""),
  };
}

/** Asks for the labels that `wanted` is about. */
export function labelQuestions(path: string, wanted: WantedAttributes, traits: HostTraits): Question<unknown>[] {
  return [contextQuestion(path, wanted.context, traits), ...flagQuestions(path, wanted.flags)];
}

function ownerId(name: string, accounts: Accounts): AccountId {
  if (!needsLookup(name)) return { name, id: name === "root" ? 0 : Number(name) };
  if (accounts.owner === null) throw new MissingPrerequisite(`user:${name}`, `chown failed: failed to look up user ${name}`);
  return { name, id: accounts.owner.uid };
}

function groupId(name: string, accounts: Accounts): AccountId {
  if (!needsLookup(name)) return { name, id: name === "root" ? 0 : Number(name) };
  if (accounts.group === null) throw new MissingPrerequisite(`group:${name}`, `chgrp failed: failed to look up group ${name}`);
  return { name, id: accounts.group.gid };
}

const isSame = (name: string, id: number | null, wanted: AccountId): boolean =>
  name === wanted.name || (id !== null && id === wanted.id);

const NO_LABELS: Labels = { context: "", flags: undefined };

/**
 * What of `wanted` an inode lacks: the differences to show, and the set to apply. Undefined when nothing is lacking. Throws
 * MissingPrerequisite for an account that is not there.
 */
export function planAttributes(
  subject: string,
  current: Inode,
  wanted: WantedAttributes,
  accounts: Accounts,
  { context, flags }: Labels = NO_LABELS,
): { readonly differences: readonly Difference[]; readonly set: AttributeSet } | undefined {
  const differences: Difference[] = [];
  const differs = (name: string, before: string, after: string): void => {
    differences.push({ kind: "field", subject, name, before, after });
  };
  let set: AttributeSet = {};
  const wantedSet = resolveAttributes(wanted, accounts, current.mode, current.kind === "directory");
  // A symbolic link has no mode of its own on Linux.
  if (wantedSet.mode !== undefined && current.kind !== "link" && wantedSet.mode !== current.mode) {
    set = { ...set, mode: wantedSet.mode };
    differs("mode", octal(current.mode), octal(wantedSet.mode));
  }
  if (wantedSet.owner !== undefined && !isSame(current.owner, current.uid, wantedSet.owner)) {
    set = { ...set, owner: wantedSet.owner };
    differs("owner", current.owner, wantedSet.owner.name);
  }
  if (wantedSet.group !== undefined && !isSame(current.group, current.gid, wantedSet.group)) {
    set = { ...set, group: wantedSet.group };
    differs("group", current.group, wantedSet.group.name);
  }
  const contextWanted = wanted.context === undefined || context === "" ? undefined : contextAfter(context, wanted.context);
  if (contextWanted !== undefined) {
    set = { ...set, context: contextWanted };
    differs("context", context, contextWanted);
  }
  if (wanted.flags !== undefined) {
    if (current.kind === "link") throw new ModuleFailure(`${subject} is a symbolic link, which has no attributes to set`);
    const planned = planFlags(subject, wanted.flags, flags, differences.length > 0);
    if (planned !== undefined) {
      set = { ...set, flags: planned.change };
      differences.push(...planned.differences);
    }
  }
  return differences.length === 0 ? undefined : { differences, set };
}

/** Everything that is wanted, for something that has `baseMode` now or, being new, would be made with it. Flags as of something new. */
export function resolveAttributes(
  wanted: WantedAttributes,
  accounts: Accounts,
  baseMode: number,
  isDirectory: boolean,
): AttributeSet {
  return {
    ...(wanted.mode === undefined ? {} : { mode: modeFrom(wanted.mode, baseMode, isDirectory) }),
    ...(wanted.owner === undefined ? {} : { owner: ownerId(wanted.owner, accounts) }),
    ...(wanted.group === undefined ? {} : { group: groupId(wanted.group, accounts) }),
    ...(wanted.flags === undefined ? {} : { flags: flagChange("", "", wanted.flags) }),
  };
}

/** An inode as it will be once `set` is applied. For predictions. */
export function withAttributes<I extends Inode>(inode: I, set: AttributeSet): I {
  return {
    ...inode,
    ...(set.mode === undefined ? {} : { mode: set.mode }),
    ...(set.owner === undefined ? {} : { owner: set.owner.name, uid: set.owner.id }),
    ...(set.group === undefined ? {} : { group: set.group.name, gid: set.group.id }),
  };
}

/** An inode that is not there yet, as it will be when the user of the session makes it. For predictions. */
export function newInode(kind: Inode["kind"], mode: number, traits: Pick<HostTraits, "userId">, size = 0): Inode {
  const id = Number.isFinite(traits.userId) ? traits.userId : 0;
  const name = id === 0 ? "root" : String(id);
  return {
    kind,
    mode,
    uid: id,
    gid: id,
    owner: name,
    group: name,
    size,
    links: kind === "directory" ? 2 : 1,
    inode: 0,
    device: 0,
    rawDevice: [0, 0],
    atime: 0,
    mtime: 0,
    ctime: 0,
  };
}
