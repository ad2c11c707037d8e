import { joinSh, type Sh, sh } from "../../sh.ts";
import {
  type Apply,
  type Change,
  type Difference,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type ProbeContext,
  type Questions,
  stateModule,
} from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import {
  environmentNames,
  isEmpty,
  jobLine,
  jobNames,
  type Lines,
  linesOf,
  textOf,
  withJob,
  withoutJob,
  withoutVariable,
  withVariable,
} from "../support/cron/crontab-text.ts";
import { TIME_FIELDS, timeFieldProblem } from "../support/cron/time-field.ts";
import { backupCrontab, installCrontab, userCrontab } from "../support/cron/user-crontab.ts";
import { type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { writtenFields } from "../support/files/atomic-write.ts";
import { type FileStep, predictStep, stepScript } from "../support/files/file-steps.ts";
import { hostPath } from "../support/files/host-path.ts";
import { questionSet } from "../support/files/known.ts";
import { applySettings, Known, planSettings, settingsQuestions, settingsText } from "../support/files/settings-file.ts";

const time = (what: string) => ({ ...str(), default: "*", description: what });

const params = parameters(
  {
    name: { ...str(), required: true, description: "The job's name, kept in a comment before it; with `env` the variable's." },
    job: { ...str(), aliases: ["value"], description: "The command; with `env` the variable's value." },
    state: { ...choice("present", "absent"), default: "present", description: "Whether it is to be there." },
    user: { ...str(), description: "Whose crontab. The task's own user unless given; needed with `cron_file`." },
    cron_file: {
      ...path(),
      description:
        "A file like those of /etc/cron.d, instead of a user's crontab; relative ones are there. Needs no `crontab` command.",
    },
    minute: time("Minute: 0-59, *, */2 and the like."),
    hour: time("Hour: 0-23, *."),
    day: { ...time("Day of the month: 1-31, *."), aliases: ["dom"] },
    month: time("Month: 1-12, *."),
    weekday: { ...time("Day of the week: 0-6 for Sunday to Saturday, *."), aliases: ["dow"] },
    special_time: {
      ...choice("annually", "daily", "hourly", "monthly", "reboot", "weekly", "yearly"),
      description: "A time with a name, instead of minute to weekday.",
    },
    disabled: { ...bool(), default: false, description: "Comment the job out." },
    env: { ...bool(), default: false, description: "A variable of the crontab instead of a job." },
    insertafter: { ...str(), description: "With `env`: put a new variable after this one." },
    insertbefore: { ...str(), description: "With `env`: put a new variable before this one." },
    backup: { ...bool(), default: false, description: "Keep what was there; the result says where." },
  },
  { mutuallyExclusive: [["insertafter", "insertbefore"]] },
  (given) => {
    checkJob(given);
  },
);
type Params = ParametersOf<typeof params>;
type Input = Params & { readonly file: string | undefined };
type Data = { readonly plans: readonly Plan[]; readonly steps: readonly FileStep[]; readonly text: string | undefined };

export const cron = stateModule<Params, Input, Questions, Data>({
  name: "cron",
  summary: "Manages jobs and variables of crontabs.",
  description: [
    "A job is known by the comment `#Ansible: NAME` before it, so crontabs that Ansible wrote are understood. The rest of the crontab stays as it is.",
    "A file of /etc/cron.d that holds nothing any more is removed, and so is a user's crontab (Ansible leaves an empty one).",
    "Where Ansible only warns of a job with line breaks, which cron would take for several, it is refused.",
  ],
  parameters: params,
  example: `- name: Clean up every night
  cron:
    name: clean up
    user: root
    cron_file: example-clean-up
    minute: "17"
    hour: "3"
    job: find /var/tmp -name 'example-*' -mtime +7 -delete
`,
  returns: {
    jobs: "Names of the jobs in the crontab.",
    envs: "Names of its variables.",
    cron_file: "As given.",
    state: "As given.",
    backup_file: "Where the old crontab is, with `backup`.",
  },

  prepare: async (given, _control, context) => inputOf(given, context),
  probe: (input, context) =>
    input.file === undefined ? questionSet([userCrontab(input.user)]) : settingsQuestions(input.file, context),
  plan(state, input, context): Change<Data> | undefined {
    const known = new Known(state);
    const before = currentText(known, input);
    const after = edited(linesOf(before), input);
    const text = textOf(after);
    if (text === before || (isEmpty(after) && before === "")) return undefined;
    return input.file === undefined
      ? { differences: [difference(input, before, text)], data: { plans: [], steps: [], text } }
      : fileChange(input.file, after, known, input, context);
  },
  apply({ data }, input, { traits }): Apply {
    if (data.text === undefined) {
      const written = applySettings(data.plans, traits);
      const backup = input.backup ? data.steps.map(({ path: file }) => backupFile(file)) : [];
      return { ...written, script: joinSh([written.script, ...backup, ...data.steps.map((step) => stepScript(step, traits))]) };
    }
    return {
      script: joinSh([
        ...(input.backup ? [backupCrontab(input.user)] : []),
        installCrontab(input.user, "crontab", isEmpty(linesOf(data.text))),
        sh`:`,
      ]),
      payloads: { crontab: { content: new TextEncoder().encode(data.text) } },
    };
  },
  predict: ({ data }, _state, input, { traits }) => [
    ...predictPlans(data.plans, traits),
    ...data.steps.flatMap((step) => predictStep(step, traits)),
    ...(data.text === undefined
      ? []
      : [{ question: userCrontab(input.user), answer: { kind: "text", text: isEmpty(linesOf(data.text)) ? "" : data.text } }]),
  ],
  provides: ({ data }) => providedBy(data.plans),
  result(state, input): JsonObject {
    const known = new Known(state);
    const lines = linesOf(currentText(known, input));
    return {
      jobs: jobNames(lines),
      envs: environmentNames(lines),
      state: input.state,
      ...(input.cron_file === undefined ? {} : { cron_file: input.cron_file }),
    };
  },
  applied: writtenFields,
});

function inputOf(given: Params, context: ProbeContext): Input {
  return {
    ...given,
    job: given.job?.replace(/[\r\n]+$/, ""),
    file: given.cron_file === undefined ? undefined : cronFile(given.cron_file, context),
  };
}

function checkJob(given: Params): void {
  const isPresent = given.state === "present";
  if (given.special_time !== undefined && TIME_FIELDS.some((field) => given[field] !== "*"))
    throw new ModuleFailure(
      '"special_time" stands for all of "minute", "hour", "day", "month" and "weekday"; give one or the other',
    );
  if (isPresent && given.cron_file !== undefined && given.user === undefined)
    throw new ModuleFailure('"cron_file" needs "user": lines of such a file say who runs the job');
  if (isPresent && given.job === undefined)
    throw new ModuleFailure(given.env ? 'a variable needs "value"' : 'a job needs "job", the command');
  if ((given.insertafter !== undefined || given.insertbefore !== undefined) && !given.env)
    throw new ModuleFailure('"insertafter" and "insertbefore" go with env: true only');
  if (given.env && !/^\w+$/.test(given.name))
    throw new ModuleFailure(`"name" is "${given.name}", which is no name of an environment variable`);
  if (/[\r\n]/.test(given.name)) throw new ModuleFailure("the name of a job is one line");
  const job = given.job?.replace(/[\r\n]+$/, "");
  if (job !== undefined && /[\r\n]/.test(job))
    throw new ModuleFailure("a job is one line; cron would take each line break for the next job");
  for (const field of TIME_FIELDS) {
    const problem = timeFieldProblem(field, given[field]);
    if (problem !== undefined) throw new ModuleFailure(problem);
  }
}

function cronFile(name: string, { traits }: ProbeContext): string {
  if (name.startsWith("/")) return hostPath(name, traits);
  // Debian's cron passes over files with a dot or the like in their names (cron(8)), in silence.
  if (!/^[A-Za-z0-9_-]+$/.test(name) && traits.osFamily.includes("debian"))
    throw new ModuleFailure(
      `cron reads no file "${name}" of /etc/cron.d: names hold letters, digits, underscores and hyphens only`,
    );
  return `/etc/cron.d/${name}`;
}

function currentText(known: Known, input: Input): string {
  if (input.file !== undefined) return settingsText(input.file, known);
  const crontab = known.of(userCrontab(input.user));
  switch (crontab.kind) {
    case "text":
      return crontab.text;
    case "no-command":
      throw new MissingPrerequisite("command:crontab", 'the host has no "crontab" command; install cron, or use cron_file');
    case "no-user":
      throw new MissingPrerequisite(`user:${input.user ?? ""}`, `the host has no user "${input.user}"`);
  }
}

function edited(lines: Lines, input: Input): Lines {
  const { name, job = "" } = input;
  if (input.env) {
    if (input.state === "absent") return withoutVariable(lines, name);
    return withVariable(lines, name, `${name}="${job}"`, { after: input.insertafter, before: input.insertbefore });
  }
  if (input.state === "absent") return withoutJob(lines, name);
  const { minute, hour, day, month, weekday, special_time: special } = input;
  const schedule = special === undefined ? [minute, hour, day, month, weekday].join(" ") : `@${special}`;
  const user = input.file === undefined ? undefined : input.user;
  return withJob(lines, name, jobLine({ schedule, command: job, user, disabled: input.disabled }));
}

const backupFile = (file: string): Sh => sh`k3_backup=${file}.$$.$(date +%Y-%m-%d@%H:%M:%S)~
cp -p ${file} "$k3_backup" || exit
printf 'backup_file=%s\\0' "$k3_backup"`;

const difference = ({ user }: Input, before: string, after: string): Difference => ({
  kind: "text",
  subject: `crontab${user === undefined ? "" : ` of ${user}`}`,
  before,
  after,
});

function fileChange(file: string, after: Lines, known: Known, input: Input, context: ProbeContext): Change<Data> | undefined {
  if (input.state === "absent" && isEmpty(after)) {
    const differences: Difference[] = [{ kind: "field", subject: file, name: "state", before: "file", after: "absent" }];
    return { differences, data: { plans: [], steps: [{ kind: "remove", path: file, differences }], text: undefined } };
  }
  const change = planSettings(file, textOf(after), known, context, { backup: input.backup });
  return change === undefined ? undefined : { ...change, data: { plans: change.data, steps: [], text: undefined } };
}
