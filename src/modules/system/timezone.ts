import { joinSh, sh } from "../../sh.ts";
import {
  type Apply,
  type Change,
  type Difference,
  MissingPrerequisite,
  ModuleFailure,
  type ProbeContext,
  type Question,
  type Questions,
  stateModule,
} from "../contract.ts";
import { choice, type ParametersOf, parameters, str } from "../parameters.ts";
import type { Plan } from "../support/files/apply-plans.ts";
import { differencesOf, predictPlans } from "../support/files/apply-plans.ts";
import { followed } from "../support/files/file-fields.ts";
import { type FileInput, fileStateQuestions, planFileState } from "../support/files/file-states.ts";
import { type FileStep, predictStep, stepScript } from "../support/files/file-steps.ts";
import { questionSet } from "../support/files/known.ts";
import { type PathState, pathQuestion } from "../support/files/path-collector.ts";
import { applySettings, Known, planSettings, settingsQuestions, settingsText } from "../support/files/settings-file.ts";
import { adjtimeAfter, clockOf, confdAfter } from "../support/system/hardware-clock.ts";

const LOCALTIME = "/etc/localtime";
const ZONEINFO = "/usr/share/zoneinfo";
const TIMEZONE = "/etc/timezone";
const ADJTIME = "/etc/adjtime";
const CONFD = "/etc/conf.d/hwclock";

const params = parameters(
  {
    name: { ...str(), description: "The zone, by its name in the time zone database: Europe/Vienna, Etc/UTC." },
    hwclock: {
      ...choice("UTC", "local"),
      aliases: ["rtc"],
      description: "What the hardware clock shows: UTC, or the local time.",
    },
  },
  { requiredOneOf: [["name", "hwclock"]] },
  ({ name }) => {
    if (name !== undefined && !/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/.test(name)) {
      throw new ModuleFailure(`"${name}" is no name of a time zone; it is one like Europe/Vienna`);
    }
  },
);
type Params = ParametersOf<typeof params>;
type Data = { readonly steps: readonly FileStep[]; readonly plans: readonly Plan[]; readonly clock: boolean };

export const timezone = stateModule<Params, Params, Questions, Data>({
  name: "timezone",
  aliases: ["community.general.timezone"],
  summary: "Sets the time zone, and what the hardware clock shows.",
  description: [
    "/etc/localtime becomes a link into /usr/share/zoneinfo, and /etc/timezone follows where it is there or the host is Debian's kin. The files are written directly, so neither D-Bus nor timedatectl is needed.",
    "Services that run keep the zone they started with; restart those that matter (cron).",
    "hwclock is kept in /etc/adjtime (and /etc/conf.d/hwclock where that is there); the clock itself is set by `hwclock --systohc` where the host has one.",
  ],
  parameters: params,
  example: `- name: Tell the time as everybody does
  timezone:
    name: Etc/UTC
`,
  returns: { name: "As given.", hwclock: "As given." },

  probe: (given, context) => {
    const questions: Question<unknown>[] = [];
    const add = (more: Questions): void => void questions.push(...Object.values(more));
    if (given.name !== undefined) {
      questions.push(pathQuestion(`${ZONEINFO}/${given.name}`), pathQuestion(ZONEINFO));
      add(fileStateQuestions(linkTo(given.name), context));
      add(settingsQuestions(TIMEZONE, context));
    }
    if (given.hwclock !== undefined) for (const path of [ADJTIME, CONFD]) add(settingsQuestions(path, context));
    return questionSet(questions);
  },
  plan(state, given, context): Change<Data> | undefined {
    const known = new Known(state);
    const differences: Difference[] = [];
    const steps: FileStep[] = [];
    const plans: Plan[] = [];
    const write = (path: string, text: string): void => {
      if (text !== settingsText(path, known)) plans.push(...(planSettings(path, text, known, context)?.data ?? []));
    };
    if (given.name !== undefined) {
      requireZone(given.name, known);
      const current = zoneOf(known.path(LOCALTIME));
      if (current !== given.name) {
        differences.push({ kind: "field", subject: "timezone", name: "zone", before: current ?? null, after: given.name });
        steps.push(...planFileState(linkTo(given.name), known, context));
      }
      if (keepsTimezoneFile(known, context)) write(TIMEZONE, timezoneText(settingsText(TIMEZONE, known), given.name));
    }
    const adjtime = given.hwclock === undefined ? "" : settingsText(ADJTIME, known);
    if (given.hwclock !== undefined) {
      write(ADJTIME, adjtimeAfter(adjtime, given.hwclock));
      const confd = settingsText(CONFD, known);
      if (confd !== "") write(CONFD, confdAfter(confd, given.hwclock));
    }
    differences.push(...differencesOf(plans));
    if (differences.length === 0) return undefined;
    const clock = given.hwclock !== undefined && clockOf(adjtime) !== given.hwclock;
    return { differences, data: { steps, plans, clock } };
  },
  apply({ data }, given, { traits }): Apply {
    const written = applySettings(data.plans, traits);
    const steps = data.steps.map((step) => stepScript(step, traits));
    const set = sh`if { [ -e /dev/rtc ] || [ -e /dev/rtc0 ]; } && command -v hwclock >/dev/null 2>&1; then
hwclock ${given.hwclock === "local" ? "--localtime" : "--utc"} --systohc || exit
fi`;
    return { ...written, script: joinSh([...steps, written.script, ...(data.clock ? [set] : [])]) };
  },
  predict: ({ data }, _state, _given, { traits }) => [
    ...data.steps.flatMap((step) => predictStep(step, traits)),
    ...predictPlans(data.plans, traits),
  ],
  result: (_state, given) => ({
    ...(given.name === undefined ? {} : { name: given.name }),
    ...(given.hwclock === undefined ? {} : { hwclock: given.hwclock }),
  }),
});

const linkTo = (zone: string): FileInput => ({
  path: LOCALTIME,
  state: "link",
  src: `${ZONEINFO}/${zone}`,
  recurse: false,
  force: true,
  follow: false,
  wanted: {},
  modification: undefined,
  access: undefined,
});

/** The name that a link holds, be it absolute or (as timedatectl writes it) relative; a copied file has none. */
function zoneOf(localtime: PathState): string | undefined {
  if (localtime.kind === "absent" || localtime.link === undefined) return undefined;
  return /(?:^|\/)usr\/share\/zoneinfo\/(.+)$/.exec(localtime.link.target)?.[1];
}

function requireZone(zone: string, known: Known): void {
  const file = `${ZONEINFO}/${zone}`;
  if (followed(known.path(file))?.kind === "file") return;
  if (known.path(ZONEINFO).kind === "absent") {
    throw new MissingPrerequisite(
      `path:${ZONEINFO}`,
      `the host has no time zone database (${ZONEINFO}); install the package tzdata`,
    );
  }
  // Debian has the zones of old names (US/Eastern) in a package of their own.
  throw new MissingPrerequisite(`path:${file}`, `the host's time zone database has no zone "${zone}" (${file})`);
}

function keepsTimezoneFile(known: Known, { traits }: ProbeContext): boolean {
  return known.path(TIMEZONE).kind !== "absent" || traits.osFamily.includes("debian");
}

function timezoneText(before: string, zone: string): string {
  const lines = before.split("\n");
  const index = lines.findIndex((line) => !/^\s*(#|$)/.test(line));
  if (index < 0) return `${before === "" || before.endsWith("\n") ? before : `${before}\n`}${zone}\n`;
  return lines[index]?.trim() === zone ? before : lines.with(index, zone).join("\n");
}
