import { type JsonObject, type Prediction, type Question, stateModule } from "../contract.ts";
import { type GroupAccount, groupQuestion, type UserAccount, userQuestion } from "../support/accounts/accounts-collector.ts";
import { applyUser } from "../support/accounts/user-apply.ts";
import { type UserParams, userParameters } from "../support/accounts/user-parameters.ts";
import { planUser, type UserChange, type UserState } from "../support/accounts/user-plan.ts";
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
import { newInode } from "../support/files/attributes.ts";
import { pathQuestion } from "../support/files/path-collector.ts";
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
};
type UserQuestions = Fixed & Groups;
type UserAnswers = Omit<UserState, "groups"> & { readonly [key: `group ${string}`]: GroupAccount | null };

export const user = stateModule<UserParams, UserParams, UserQuestions, UserChange>({
  name: "user",
  summary: "Creates, changes and removes users.",
  description: [
    "A password is given as a hash and reaches the host's `chpasswd` on its standard input; it is never on a command line, and never shown.",
    "Where there are no `useradd` and `usermod` (Alpine), busybox's `adduser` makes users; number, home, shell and comment of a user that exists cannot be changed there.",
  ],
  parameters: userParameters,
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
  },
  probe: (params) => questions(params),
  plan: (state, params) => planUser(collect(state, params), params),
  apply: (change, params, context) => applyUser(change.data, params, context.traits),
  predict: (change, state, params, context) => {
    const all = predictions(change.data, collect(state, params), params);
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
  result: (state, params) => resultOf(collect(state, params), params),
});

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
  ].some((one) => one !== undefined);
  const groups: Record<`group ${string}`, Question<GroupAccount | null>> = {};
  if (isPresent) for (const name of namedGroups(params)) groups[`group ${name}`] = groupQuestion(name);
  return {
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
    mode: defaults.homeMode ?? 0o777 & ~umask,
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
