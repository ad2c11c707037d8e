import { type JsonObject, type Prediction, type ProbeContext, type Question, stateModule } from "../contract.ts";
import { type GroupAccount, groupQuestion, type UserAccount, userQuestion } from "../support/accounts/accounts-collector.ts";
import {
  parseRanges,
  planSubIds,
  rangesOf,
  type SubIdFile,
  type SubIdState,
  subIdQuestions,
} from "../support/accounts/sub-ids.ts";
import { applyUser } from "../support/accounts/user-apply.ts";
import { checkUser } from "../support/accounts/user-checks.ts";
import { type UserParams, userParameters } from "../support/accounts/user-parameters.ts";
import { planUser, type SubIdChange, type UserChange, type UserState } from "../support/accounts/user-plan.ts";
import {
  type AccountDefaults,
  accountDefaults,
  homeState,
  memberships,
  type Shadow,
  type SshKey,
  shadow,
  sshKey,
} from "../support/accounts/user-questions.ts";
import { predictPlans } from "../support/files/apply-plans.ts";
import { newInode } from "../support/files/attributes.ts";
import type { Content } from "../support/files/content-collector.ts";
import { type PathState, pathQuestion } from "../support/files/path-collector.ts";
import { isAsked, nothing } from "../support/question.ts";

type Groups = { readonly [key: `group ${string}`]: Question<GroupAccount | null> };
type Fixed = {
  readonly user: Question<UserAccount | null>;
  readonly holder: Question<UserAccount | null>;
  readonly memberships: Question<readonly string[]>;
  readonly shadow: Question<Shadow | null>;
  readonly home: Question<"present" | "missing">;
  readonly key: Question<SshKey | null>;
  readonly defaults: Question<AccountDefaults>;
  readonly subuidPath: Question<PathState>;
  readonly subuidContent: Question<Content>;
  readonly subgidPath: Question<PathState>;
  readonly subgidContent: Question<Content>;
};
type UserQuestions = Fixed & Groups;
type SubIdAnswers = {
  readonly subuidPath: PathState;
  readonly subuidContent: Content;
  readonly subgidPath: PathState;
  readonly subgidContent: Content;
};
type UserAnswers = Omit<UserState, "groups"> & SubIdAnswers & { readonly [key: `group ${string}`]: GroupAccount | null };

export const user = stateModule<UserParams, UserParams, UserQuestions, UserChange>({
  name: "user",
  summary: "Creates, changes and removes users.",
  description: [
    "A password is given as a hash and reaches the host's `chpasswd` on its standard input; it is never on a command line, and never shown.",
    "A password that is no hash is refused; Ansible warns, and writes it where everybody with a backup of /etc/shadow can read it. An SSH key that is there is never replaced, with `force` neither.",
    "`subuid_ranges` and `subgid_ranges`, which rootless containers need, are not in Ansible. Ranges that overlap those of others are refused.",
    "Where there are no `useradd` and `usermod` (Alpine), busybox's `adduser` makes users; number, home, shell and comment of a user that exists cannot be changed there.",
  ],
  parameters: { ...userParameters, check: checkUser },
  example: `- name: Somebody to run the backups
  user:
    name: backup-runner
    system: true
    shell: /usr/sbin/nologin
    home: /var/lib/backup-runner
`,
  returns: {
    name: "The user.",
    state: "`present` or `absent`.",
    uid: "Number.",
    group: "Number of the primary group.",
    home: "Home directory.",
    shell: "Login shell.",
    comment: "GECOS field.",
    groups: "As given, joined by commas.",
    ssh_public_key: "The public key, with `generate_ssh_key`.",
    ssh_fingerprint: "Its fingerprint.",
    ssh_key_file: "Where the key is.",
    subuid_ranges: "The ranges that the user has, with `subuid_ranges`.",
    subgid_ranges: "The same of groups.",
  },
  probe: (params) => questions(params),
  plan: (state, params, context) => planUser(collect(state, params), params, planRanges(state, params, context)),
  apply: (change, params, context) => applyUser(change.data, params, context.traits),
  predict: (change, state, params, context) => {
    const all = [
      ...predictions(change.data, collect(state, params), params),
      ...predictPlans(change.data.subIds ?? [], context.traits),
    ];
    const home = madeHome(change.data, collect(state, params), params);
    if (home === undefined) return all;
    const inode = { ...newInode("directory", home.mode, context.traits), ...ownerOf(home.user, home.group) };
    return [...all, { question: pathQuestion(home.path), answer: inode }];
  },
  provides: (change, params, state) => {
    if (change.data.kind === "remove") return [];
    const home = madeHome(change.data, collect(state, params), params);
    const isNew = change.data.kind === "create";
    return [
      ...(isNew ? [`user:${params.name}` as const] : []),
      ...(isNew && params.group === undefined ? [`group:${params.name}` as const] : []),
      // The skeleton's files come along.
      ...(home === undefined ? [] : [`path:${home.path}/*` as const]),
    ];
  },
  result: (state, params) => ({
    ...resultOf(collect(state, params), params),
    ...(state.user === null || params.subuid_ranges === undefined
      ? {}
      : { subuid_ranges: rangesOf(state.user, state.subuidContent) }),
    ...(state.user === null || params.subgid_ranges === undefined
      ? {}
      : { subgid_ranges: rangesOf(state.user, state.subgidContent) }),
  }),
});

/** Both files, one after the other. */
function planRanges(state: UserAnswers, params: UserParams, context: ProbeContext): SubIdChange {
  if (params.state === "absent") return { plans: [], differences: [] };
  const user = { name: params.name, uid: params.uid ?? state.user?.uid ?? null };
  const of = (file: SubIdFile, given: readonly string[] | undefined, answers: SubIdState, name: string): SubIdChange =>
    given === undefined ? { plans: [], differences: [] } : planSubIds(file, user, parseRanges(name, given), answers, context);
  const uids = of("/etc/subuid", params.subuid_ranges, { path: state.subuidPath, content: state.subuidContent }, "subuid_ranges");
  const gids = of("/etc/subgid", params.subgid_ranges, { path: state.subgidPath, content: state.subgidContent }, "subgid_ranges");
  return { plans: [...uids.plans, ...gids.plans], differences: [...uids.differences, ...gids.differences] };
}

function namedGroups(params: UserParams): string[] {
  const named = [params.name, ...(params.group === undefined ? [] : [params.group]), ...(params.groups ?? [])];
  return [...new Set(named)].filter((one) => one !== "");
}

function questions(params: UserParams): UserQuestions {
  const isPresent = params.state === "present";
  const needsShadow = [
    params.password,
    params.password_lock,
    params.expires,
    params.password_expire_max,
    params.password_expire_min,
    params.password_expire_warn,
    params.password_expire_account_disable,
  ].some((one) => one !== undefined);
  const groups: Record<`group ${string}`, Question<GroupAccount | null>> = {};
  if (isPresent) for (const name of namedGroups(params)) groups[`group ${name}`] = groupQuestion(name);
  const subuid = subIdQuestions("/etc/subuid", isPresent && params.subuid_ranges !== undefined);
  const subgid = subIdQuestions("/etc/subgid", isPresent && params.subgid_ranges !== undefined);
  return {
    subuidPath: subuid.path,
    subuidContent: subuid.content,
    subgidPath: subgid.path,
    subgidContent: subgid.content,
    user: userQuestion(params.name),
    holder: userQuestion(isPresent && params.uid !== undefined && !params.non_unique ? String(params.uid) : ""),
    memberships: isPresent && params.groups !== undefined ? memberships(params.name) : nothing<readonly string[]>([]),
    shadow: isPresent && needsShadow ? shadow(params.name) : nothing<Shadow | null>(null),
    home: isPresent && params.create_home ? homeState(params.name, params.home) : nothing<"present" | "missing">("present"),
    key: isPresent && params.generate_ssh_key ? keyQuestion(params) : nothing<SshKey | null>(null),
    defaults: accountDefaults,
    ...groups,
  };
}

const keyQuestion = (params: UserParams): Question<SshKey | null> =>
  sshKey(params.name, params.home, params.ssh_key_file ?? `.ssh/id_${params.ssh_key_type.replace(/-.*$/, "")}`);

function collect(state: UserAnswers, params: UserParams): UserState {
  const groups = new Map(namedGroups(params).map((name) => [name, state[`group ${name}`] ?? null]));
  return { ...state, groups };
}

function predictions(change: UserChange, state: UserState, params: UserParams): readonly Prediction[] {
  const asked = questions(params);
  if (change.kind === "remove") return [{ question: asked.user, answer: null }];
  const before = state.user;
  const user = accountAfter(state, params);
  const left = change.leaveGroups ?? [];
  const groups = [...state.memberships.filter((one) => !left.includes(one)), ...(change.addGroups ?? [])];
  const all: Prediction[] = [
    { question: asked.user, answer: user },
    { question: asked.memberships, answer: groups },
    { question: asked.home, answer: "present" },
  ];
  if (params.uid !== undefined && !params.non_unique) all.push({ question: asked.holder, answer: user });
  if (before === null && params.group === undefined && (state.groups.get(params.name) ?? null) === null) {
    const own: GroupAccount = { name: params.name, gid: null, members: [] };
    all.push({ question: groupQuestion(params.name), answer: own });
  }
  if (change.makeKey === true) {
    const key: SshKey = { file: params.ssh_key_file ?? "", publicKey: "", fingerprint: "" };
    all.push({ question: asked.key, answer: key });
  }
  all.push({ question: asked.shadow, answer: shadowAfter(change, state, params) });
  return all.filter((one) => isAsked(one.question));
}

/** The home directory that a change makes. */
function madeHome(change: UserChange, state: UserState, params: UserParams) {
  if (!params.create_home || (change.kind !== "create" && change.makeHome !== true)) return undefined;
  const { defaults } = state;
  const umask = params.umask === undefined ? defaults.umask : Number.parseInt(params.umask, 8);
  const user = accountAfter(state, params);
  return {
    path: user.home,
    mode: params.umask === undefined && defaults.homeMode !== null ? defaults.homeMode : 0o777 & ~umask,
    user,
    group: params.group ?? params.name,
  };
}

function ownerOf(user: UserAccount, group: string) {
  return { uid: user.uid, gid: user.gid, owner: user.name, group };
}

function accountAfter(state: UserState, params: UserParams): UserAccount {
  const before = state.user;
  const primary = params.group ?? params.name;
  const isNew = before === null || params.group !== undefined;
  return {
    name: params.name,
    uid: params.uid ?? before?.uid ?? null,
    gid: isNew ? (state.groups.get(primary)?.gid ?? null) : before.gid,
    comment: params.comment ?? before?.comment ?? "",
    home: params.home ?? before?.home ?? `${state.defaults.homes}/${params.name}`,
    shell: params.shell ?? before?.shell ?? state.defaults.shell,
  };
}

function shadowAfter(change: UserChange, state: UserState, params: UserParams): Shadow {
  const before = state.shadow;
  const password = change.password ?? before?.password ?? "!";
  const bare = password.replace(/^!(?=.)/, "");
  const isLocked = change.lock ?? password.startsWith("!");
  const expires = params.expires === undefined || params.expires < 0 ? null : Math.floor(params.expires / 86_400);
  return {
    password: isLocked && bare !== "!" ? `!${bare}` : bare,
    minDays: change.minDays ?? before?.minDays ?? null,
    maxDays: change.maxDays ?? before?.maxDays ?? null,
    warnDays: change.warnDays ?? before?.warnDays ?? null,
    inactiveDays: change.inactiveDays ?? before?.inactiveDays ?? null,
    expires: change.expires === undefined ? (before?.expires ?? null) : expires,
  };
}

function resultOf(state: UserState, params: UserParams): JsonObject {
  const common = { name: params.name, state: params.state };
  if (params.state === "absent") return { ...common, remove: params.remove, force: params.force };
  return {
    ...common,
    uid: state.user?.uid ?? null,
    group: state.user?.gid ?? null,
    home: state.user?.home ?? params.home ?? null,
    shell: state.user?.shell ?? params.shell ?? null,
    comment: state.user?.comment ?? params.comment ?? null,
    create_home: params.create_home,
    move_home: params.move_home,
    append: params.append,
    system: params.system,
    ...(params.groups === undefined ? {} : { groups: params.groups.join(",") }),
    ...(params.password === undefined ? {} : { password: "NOT_LOGGING_PASSWORD" }),
    ...(state.key === null
      ? {}
      : { ssh_public_key: state.key.publicKey, ssh_fingerprint: state.key.fingerprint, ssh_key_file: state.key.file }),
  };
}
