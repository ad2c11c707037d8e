import { type Change, type Difference, type Json, MissingPrerequisite, ModuleFailure } from "../../contract.ts";
import type { Plan } from "../files/apply-plans.ts";
import type { GroupAccount, UserAccount } from "./accounts-collector.ts";
import type { UserParams } from "./user-parameters.ts";
import type { AccountDefaults, Shadow, SshKey } from "./user-questions.ts";

export type UserState = {
  readonly user: UserAccount | null;
  readonly memberships: readonly string[];
  readonly shadow: Shadow | null;
  readonly home: "present" | "missing";
  readonly key: SshKey | null;
  readonly defaults: AccountDefaults;
  /** Whoever has the wanted number. */
  readonly holder: UserAccount | null;
  /** Groups that are named in the parameters, and the one named like the user. */
  readonly groups: ReadonlyMap<string, GroupAccount | null>;
};

/** What has to be done. Each field is there only when it has to be changed. */
export type UserChange = {
  readonly kind: "create" | "change" | "remove";
  readonly uid?: number;
  readonly group?: string;
  readonly addGroups?: readonly string[];
  readonly leaveGroups?: readonly string[];
  readonly comment?: string;
  readonly home?: string;
  readonly shell?: string;
  readonly password?: string;
  readonly lock?: boolean;
  /** "YYYY-MM-DD", or "" for never. */
  readonly expires?: string;
  readonly minDays?: number;
  readonly maxDays?: number;
  readonly warnDays?: number;
  readonly inactiveDays?: number;
  readonly makeHome?: true;
  readonly makeKey?: true;
  /** A group of the user's own name is there already, so that useradd must not make one. */
  readonly ownGroupExists?: boolean;
  /** Files of ranges of numbers that have to be written. */
  readonly subIds?: readonly Plan[];
};

const HIDDEN = "********";
const DAY = 86_400;

/** Ranges of numbers that differ: their files' plans, and the differences. */
export type SubIdChange = { readonly plans: readonly Plan[]; readonly differences: readonly Difference[] };

export function planUser(state: UserState, params: UserParams, subIds: SubIdChange): Change<UserChange> | undefined {
  const differences: Difference[] = [];
  const differs = (name: string, before: Json, after: Json): void => {
    differences.push({ kind: "field", subject: params.name, name, before, after });
  };
  if (params.state === "absent") {
    if (state.user === null) return undefined;
    differs("state", "present", "absent");
    return { differences, data: { kind: "remove" } };
  }
  refuseMissingGroups(state, params);
  if (state.holder !== null && state.holder.name !== params.name && state.user?.uid !== params.uid) {
    throw new ModuleFailure(
      `UID ${params.uid} already belongs to the user "${state.holder.name}" (non_unique: true would allow it)`,
    );
  }
  const before = state.user;
  const isNew = before === null;
  if (isNew) differs("state", "absent", "present");
  let change: UserChange = { kind: isNew ? "create" : "change" };
  const set = (more: Omit<UserChange, "kind">, name: string, old: Json, now: Json): void => {
    change = { ...change, ...more };
    differs(name, old, now);
  };
  if (params.uid !== undefined && before?.uid !== params.uid) set({ uid: params.uid }, "uid", before?.uid ?? null, params.uid);
  if (params.group !== undefined && !isPrimary(before, params.group, state))
    set({ group: params.group }, "group", before?.gid ?? null, params.group);
  if (params.comment !== undefined && before?.comment !== params.comment)
    set({ comment: params.comment }, "comment", before?.comment ?? null, params.comment);
  if (params.home !== undefined && before?.home !== params.home)
    set({ home: params.home }, "home", before?.home ?? null, params.home);
  if (params.shell !== undefined && before?.shell !== params.shell)
    set({ shell: params.shell }, "shell", before?.shell ?? null, params.shell);
  planGroups(state, params, set);
  planShadow(state, params, isNew, set);
  if (!isNew && params.create_home && state.home === "missing") set({ makeHome: true }, "home directory", "absent", "present");
  if (params.generate_ssh_key && state.key === null) set({ makeKey: true }, "ssh key", "absent", "present");
  if (subIds.plans.length > 0) {
    change = { ...change, subIds: subIds.plans };
    differences.push(...subIds.differences);
  }
  if (differences.length === 0) return undefined;
  return { differences, data: isNew ? { ...change, ownGroupExists: (state.groups.get(params.name) ?? null) !== null } : change };
}

type Setter = (more: Omit<UserChange, "kind">, name: string, old: Json, now: Json) => void;

function planGroups(state: UserState, params: UserParams, set: Setter): void {
  if (params.groups === undefined) return;
  const names = params.groups.map((one) => state.groups.get(one)?.name ?? one).filter((one) => one !== "");
  // Being a member of one's primary group needs no entry.
  const primary = [...state.groups.values()].find(
    (one) => one !== null && state.user !== null && one.gid === state.user.gid,
  )?.name;
  const missing = names.filter((one) => !state.memberships.includes(one) && one !== (params.group ?? primary));
  const surplus = params.append ? [] : state.memberships.filter((one) => !names.includes(one));
  if (missing.length === 0 && surplus.length === 0) return;
  const after = [...state.memberships.filter((one) => !surplus.includes(one)), ...missing];
  set({ addGroups: missing, leaveGroups: surplus }, "groups", [...state.memberships], after);
}

function planShadow(state: UserState, params: UserParams, isNew: boolean, set: Setter): void {
  const now = state.shadow;
  if (params.password !== undefined && (isNew || params.update_password === "always")) {
    const current = now?.password.replace(/^!(?=.)/, "");
    // A password that is "!" or "*" itself is compared as it stands.
    if (isNew || (current !== params.password.replace(/^!(?=.)/, "") && now?.password !== params.password)) {
      set({ password: params.password }, "password", HIDDEN, `${HIDDEN} (new)`);
    }
  }
  if (params.password_lock !== undefined) {
    const isLocked = now?.password.startsWith("!") ?? true;
    // Unlocking what has no password at all would let anyone in; passwd and usermod refuse it too.
    const canUnlock = !isNew || params.password !== undefined;
    if (params.password_lock !== isLocked && (params.password_lock || canUnlock)) {
      set({ lock: params.password_lock }, "password locked", isLocked, params.password_lock);
    }
  }
  if (params.expires !== undefined) {
    const days = params.expires < 0 ? null : Math.floor(params.expires / DAY);
    if ((now?.expires ?? null) !== days)
      set({ expires: dateOf(days) }, "expires", dateOf(now?.expires ?? null) || "never", dateOf(days) || "never");
  }
  for (const [field, key, wanted] of [
    ["password_expire_min", "minDays", params.password_expire_min],
    ["password_expire_max", "maxDays", params.password_expire_max],
    ["password_expire_warn", "warnDays", params.password_expire_warn],
    ["password_expire_account_disable", "inactiveDays", params.password_expire_account_disable],
  ] as const) {
    // chage writes -1 as an empty field.
    if (wanted !== undefined && (now?.[key] ?? -1) !== wanted) set({ [key]: wanted }, field, now?.[key] ?? null, wanted);
  }
}

function dateOf(days: number | null): string {
  return days === null ? "" : new Date(days * DAY * 1000).toISOString().slice(0, 10);
}

function isPrimary(user: UserAccount | null, group: string, state: UserState): boolean {
  if (user === null) return false;
  const account = state.groups.get(group);
  // In predictions numbers may be missing; then the name must do.
  if (account?.gid === null || user.gid === null) return user.gid === (account?.gid ?? null);
  return account?.gid === user.gid || account?.formerGid === user.gid;
}

function refuseMissingGroups(state: UserState, params: UserParams): void {
  const named = [...(params.group === undefined ? [] : [params.group]), ...(params.groups ?? [])].filter((one) => one !== "");
  for (const name of named) {
    if ((state.groups.get(name) ?? null) === null) throw new MissingPrerequisite(`group:${name}`, `Group ${name} does not exist`);
  }
}
