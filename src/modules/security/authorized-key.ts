import { type Change, MissingPrerequisite, ModuleFailure, type ProbeContext, type Questions, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { type UserAccount, userQuestion } from "../support/accounts/accounts-collector.ts";
import { asPathAnswers, fromPathAnswers, loginFile, loginPaths } from "../support/accounts/login-files.ts";
import { type AuthorizedKey, parseKeys, withKeys, withoutKeys } from "../support/accounts/public-keys.ts";
import { applyPlans, differencesOf, makes, type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { bytesOf } from "../support/files/content-collector.ts";
import { followed } from "../support/files/file-fields.ts";
import { hostPath, parentOf } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { type PathState, pathQuestion } from "../support/files/path-collector.ts";
import { planOneDirectory } from "../support/files/place-directory.ts";
import { bytesSource, fileQuestions, planFile } from "../support/files/place-file.ts";

const params = parameters(
  {
    user: { ...str(), required: true, description: "The user who may log in with the key." },
    key: {
      ...str(),
      required: true,
      description: "The public key, or several, one a line; a line may begin with options. Addresses (`https://…`) are refused.",
    },
    state: { ...choice("present", "absent"), default: "present", description: "Whether the key is to be there." },
    path: { ...path(), description: "The file; `.ssh/authorized_keys` in the user's home otherwise." },
    key_options: { ...str(), description: "Options for all the keys, in the place of those that they come with." },
    comment: { ...str(), description: "Comment for all the keys, in the place of the one that they come with." },
    exclusive: {
      ...bool(),
      default: false,
      description: "Remove all other keys. Takes all that are wanted in one task; a loop would keep the last.",
    },
    manage_dir: {
      ...bool(),
      default: true,
      description:
        "Make the directory of the file, and let it belong to the user alone (mode 0700) when it is in the user's home.",
    },
    follow: {
      ...bool(),
      default: false,
      description: "Change what a symbolic link leads to; otherwise it is replaced by a file.",
    },
    validate_certs: { ...bool(), default: true, description: "Accepted; nothing is downloaded." },
  },
  {},
  (given) => {
    if (given.user === "" || /^-|[:\s/]/.test(given.user)) throw new ModuleFailure(`"${given.user}" is no name of a user`);
    if (/^[a-z]+:\/\//i.test(given.key)) {
      throw new ModuleFailure(
        `keys are not downloaded (${given.key}); hand over their text: key: "{{ lookup('file', 'ada.pub') }}"`,
      );
    }
    for (const name of ["key_options", "comment"] as const) {
      if (/[\r\n]/.test(given[name] ?? "")) throw new ModuleFailure(`"${name}" must be one line`);
    }
    parseKeys(asBytes(given.key), "key");
  },
);

type Input = ParametersOf<typeof params> & { readonly keys: readonly AuthorizedKey[] };
type Data = { readonly plans: readonly Plan[] };

const FILE = "authorized_keys";

export const authorizedKey = stateModule<ParametersOf<typeof params>, Input, Questions, Data>({
  name: "authorized_key",
  aliases: ["ansible.posix.authorized_key"],
  summary: "Lets users log in with SSH keys, or no longer.",
  description: [
    "A key is there once, with exactly the options and the comment that the task has; a second line of the same key, which could allow more, is removed.",
    "`state: absent` removes a key whatever options and comment it has in the file. Ansible leaves a key alone whose options or comment differ, and so allowed.",
    "A new file belongs to the user and has mode 0600. One that is there keeps its mode, but that others may not write to it; outside of the user's home it and its directory keep their owners too. Ansible would make any directory belong to the user, `/etc/ssh` or `/tmp` as well.",
    "As root, symbolic links that the user made are not followed: they could lead to any file of the host.",
    "With `exclusive`, comments stay.",
  ],
  parameters: params,
  example: `- name: Ada may log in
  authorized_key:
    user: root
    key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl ada
    key_options: no-port-forwarding
`,
  returns: {
    user: "The user.",
    keyfile: "The file.",
    key: "As given.",
    path: "As given.",
    state: "As given.",
    exclusive: "As given.",
    key_options: "As given.",
    comment: "As given.",
  },

  async prepare(given) {
    const keys = parseKeys(asBytes(given.key), "key").map((key) => ({
      ...key,
      ...(given.key_options === undefined ? {} : { options: asBytes(given.key_options).trim() }),
      ...(given.comment === undefined ? {} : { comment: asBytes(given.comment).trim() }),
    }));
    return { ...given, keys };
  },

  probe(input, context) {
    if (input.path === undefined) return { login: loginFile(input.user, FILE) };
    const file = hostPath(input.path, context.traits);
    const directory = parentOf(file);
    return questionSet([
      ...fileQuestions(file, {}, context.traits, true),
      pathQuestion(parentOf(directory)),
      userQuestion(input.user),
      userQuestion(""),
    ]);
  },

  plan(state, input, context) {
    const look = lookAt(state, input, context);
    const plans = planKeys(look, input, context);
    return plans.length === 0 ? undefined : ({ differences: differencesOf(plans), data: { plans } } satisfies Change<Data>);
  },
  apply: ({ data }, _input, { traits }) => applyPlans(data.plans, traits),
  predict({ data }, state, input, context) {
    const predictions = predictPlans(data.plans, context.traits);
    if (input.path !== undefined) return predictions;
    const { known, user } = lookAt(state, input, context);
    return [...predictions, fromPathAnswers(known.with(predictions), user, FILE)];
  },
  provides: ({ data }) => providedBy(data.plans),
  result(state, input, context) {
    const login = state["login"];
    const isKnown = input.path !== undefined || (isLogin(login) && login.user !== null);
    const { keys: _, ...given } = input;
    return {
      ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value ?? null])),
      keyfile: isKnown ? lookAt(state, input, context).file : null,
    };
  },
});

// The file is edited as bytes, one character each: comments in another encoding come out as they went in.
const asBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

type Look = {
  readonly known: Known;
  readonly user: UserAccount;
  readonly file: string;
  readonly directory: string;
  readonly isInHome: boolean;
};
type Login = Parameters<typeof asPathAnswers>[0];

// The answers are those of this module's own questions; the engine gives them back untyped, because their number varies.
const isLogin = (answer: unknown): answer is Login => typeof answer === "object" && answer !== null && "directory" in answer;

function lookAt(state: Readonly<Record<string, unknown>>, input: Input, context: ProbeContext): Look {
  const missing = new MissingPrerequisite(`user:${input.user}`, `Failed to lookup user ${input.user}: there is no such user`);
  if (input.path !== undefined) {
    const known = new Known(state);
    const user = known.user(input.user);
    if (user === null) throw missing;
    const file = hostPath(input.path, context.traits);
    const home = loginPaths(user, FILE).home;
    return {
      known,
      user,
      file,
      directory: parentOf(file),
      isInHome: home !== "/" && file.startsWith(`${home}/`) && parentOf(file) !== home,
    };
  }
  const { login } = state;
  if (!isLogin(login) || login.user === null) throw missing;
  const paths = loginPaths(login.user, FILE);
  const known = new Known({}).with(asPathAnswers(login, login.user, FILE));
  if (followed(login.home) === undefined) {
    throw new MissingPrerequisite(`path:${paths.home}`, `the home directory ${paths.home} of ${input.user} does not exist`);
  }
  return { known, user: login.user, file: paths.file, directory: paths.directory, isInHome: true };
}

function planKeys(look: Look, input: Input, context: ProbeContext): readonly Plan[] {
  const { known, user, file, directory, isInHome } = look;
  for (const one of isInHome ? [directory, file] : [file]) refuseUsersLink(one, known.path(one), context);
  const before = textOf(known, file);
  if (input.state === "absent") {
    const after = withoutKeys(before, input.keys);
    return after === before ? [] : placed(look, after, input, context, []);
  }
  const there = followed(known.path(directory));
  const owner = { owner: user.name, ...(user.gid === null ? {} : { group: String(user.gid) }) };
  const isManaged = input.manage_dir && (there === undefined || isInHome);
  const mode = { ...owner, mode: "0700" };
  const exists = (path: string): boolean => followed(known.path(path))?.kind === "directory";
  const directories = isManaged ? planOneDirectory(directory, mode, known, exists) : [];
  const after = withKeys(before, input.keys, input.exclusive);
  return [...directories, ...placed(look, after, input, context, directories)];
}

function placed(look: Look, text: string, input: Input, context: ProbeContext, directories: readonly Plan[]): readonly Plan[] {
  const { known, user, file, isInHome } = look;
  const state = known.path(file);
  const isLink = state.kind === "link";
  // Reading through a link is no reason to replace it.
  if (isLink && textOf(known, file) === text) return [];
  const owner = { owner: user.name, ...(user.gid === null ? {} : { group: String(user.gid) }) };
  const isNew = followed(state) === undefined || (isLink && !input.follow);
  const wanted = isNew ? { ...owner, mode: "0600" } : isInHome && input.state === "present" ? { ...owner, mode: "go-w" } : {};
  const options = {
    force: true,
    backup: false,
    validate: undefined,
    follow: input.follow,
    unsafeWrites: false,
    isSecret: false,
  };
  const plan = planFile(
    file,
    bytesSource(Buffer.from(text, "latin1")),
    wanted,
    options,
    known,
    { ...context, diff: true },
    makes(directories),
  );
  return plan === undefined ? [] : [plan];
}

function textOf(known: Known, file: string): string {
  const content = known.content(file);
  if (content.kind === "none") return "";
  const bytes = bytesOf(content);
  if (bytes === undefined) throw new ModuleFailure(`${file} is not a file of keys`);
  return bytes.toString("latin1");
}

/** What a user may point anywhere must not decide what root reads, writes and gives away. */
function refuseUsersLink(path: string, state: PathState, { traits }: ProbeContext): void {
  if (state.kind !== "link" || traits.userId !== 0 || state.uid === 0) return;
  throw new ModuleFailure(`${path} is a symbolic link that ${state.owner} made; refusing to follow it as root`);
}
