import { z } from "zod";
import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Change, type Difference, MissingPrerequisite, ModuleFailure, type Question, stateModule } from "../contract.ts";
import { choice, int, type ParametersOf, parameters, path, str } from "../parameters.ts";
import {
  type Alternative,
  type AlternativesState,
  alternativesQuestion,
  type Subcommand,
  TOOL,
} from "../support/alternatives/alternatives-question.ts";
import { followed } from "../support/files/file-fields.ts";
import { type PathState, pathQuestion } from "../support/files/path-collector.ts";
import { nothing } from "../support/question.ts";

const subcommandFields = z.strictObject({
  name: z.string().min(1),
  path: z.string().startsWith("/"),
  link: z.string().startsWith("/"),
});
const subcommand = z.custom<Subcommand>(
  (value) => subcommandFields.safeParse(value).success,
  'must be a mapping of "name", "path" and "link", the last two absolute paths, and nothing else',
);

const params = parameters(
  {
    name: { ...str(), required: true, description: "The generic name: editor." },
    path: { ...path(), description: "The program that is meant." },
    link: { ...path(), description: "The link in PATH: /usr/bin/editor. Needed where the name is new to the host." },
    priority: { ...int(), description: "The highest one is taken in automatic mode. A new alternative has 50 unless given." },
    state: {
      ...choice("present", "selected", "absent", "auto"),
      default: "selected",
      description:
        "`present`: it is there. `selected`: it is there and in use. `auto`: it is there and the name follows priorities. `absent`: it is not there.",
    },
    subcommands: {
      type: z.array(subcommand),
      typeName: "list of dict",
      aliases: ["slaves"],
      description: "Further links that go along, each with name, path and link: manual pages.",
    },
    family: { ...str(), description: "Red Hat: a family of alternatives, in the place of a path." },
  },
  { requiredOneOf: [["path", "family"]], requiredIf: [["state", "absent", ["path"]]] },
);
type Params = ParametersOf<typeof params>;

type Step =
  | { readonly kind: "install"; readonly alternative: Alternative; readonly link: string; readonly links: readonly Subcommand[] }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "set"; readonly path: string }
  | { readonly kind: "auto" };
type Data = { readonly steps: readonly Step[]; readonly after: AlternativesState };

type Asked = { readonly alternatives: Question<AlternativesState | "no-command">; readonly path: Question<PathState | null> };

export const alternatives = stateModule<Params, Params, Asked, Data>({
  name: "alternatives",
  aliases: ["community.general.alternatives"],
  summary: "Manages the symbolic links of update-alternatives.",
  description: [
    "Works with Debian's `update-alternatives` and Red Hat's `alternatives`.",
    "`selected` leaves the name in automatic mode when priorities lead to the path already, as in Ansible.",
  ],
  parameters: params,
  example: `- name: Offer the shell's own echo under a name of its own
  alternatives:
    name: example-echo
    link: /usr/local/bin/example-echo
    path: /bin/echo
`,
  probe: ({ name, path: program }) => ({
    alternatives: alternativesQuestion(name),
    path: program === undefined ? nothing(null) : pathQuestion(program),
  }),
  plan(state, given): Change<Data> | undefined {
    if (state.alternatives === "no-command") {
      throw new MissingPrerequisite(
        "command:update-alternatives",
        'the host has neither "update-alternatives" nor "alternatives"',
      );
    }
    return given.state === "absent" ? planAbsent(state.alternatives, given) : planPresent(state.alternatives, state.path, given);
  },
  apply: ({ data }, { name }) => ({ script: joinSh([TOOL, ...data.steps.map((step) => stepScript(step, name))]) }),
  predict: ({ data }, _state, { name }) => [{ question: alternativesQuestion(name), answer: data.after }],
});

const differs = ({ name }: Params, what: string, before: Difference["before"], after: Difference["before"]): Difference => ({
  kind: "field",
  subject: name,
  name: what,
  before,
  after,
});

function planAbsent(found: AlternativesState, given: Params): Change<Data> | undefined {
  const { path: program = "" } = given;
  const gone = found.all.find((one) => one.path === program);
  if (gone === undefined) return undefined;
  const all = found.all.filter((one) => one !== gone);
  const best = bestOf(all)?.path;
  const after: AlternativesState =
    found.current === program ? { ...found, all, mode: all.length === 0 ? undefined : "auto", current: best } : { ...found, all };
  return {
    differences: [differs(given, program, "present", "absent")],
    data: { steps: [{ kind: "remove", path: program }], after },
  };
}

function planPresent(found: AlternativesState, program: PathState | null, given: Params): Change<Data> | undefined {
  const steps: Step[] = [];
  const differences: Difference[] = [];
  let after = found;
  const installed = installation(found, program, given);
  if (installed !== undefined) {
    steps.push(installed.step);
    differences.push(...installed.differences);
    after = withAlternative(found, installed.step);
  }
  const member = chosen(after, given);
  const isChosen =
    after.current !== undefined &&
    (after.current === member?.path || (given.family !== undefined && inFamily(after, after.current) === given.family));
  if (given.state === "selected" && !isChosen) {
    if (member === undefined) throw new ModuleFailure(`${given.name} has no alternative of the family "${given.family}"`);
    steps.push({ kind: "set", path: member.path });
    differences.push(differs(given, "selected", after.current ?? null, member.path));
    after = { ...after, current: member.path, mode: "manual" };
  }
  if (given.state === "auto" && after.mode === "manual") {
    steps.push({ kind: "auto" });
    differences.push(differs(given, "mode", "manual", "auto"));
    after = { ...after, mode: "auto", current: bestOf(after.all)?.path };
  }
  return steps.length === 0 ? undefined : { differences, data: { steps, after } };
}

const inFamily = (found: AlternativesState, current: string): string | undefined =>
  found.all.find((one) => one.path === current)?.family;

function chosen(found: AlternativesState, given: Params): Alternative | undefined {
  if (given.path !== undefined) return found.all.find((one) => one.path === given.path);
  return bestOf(found.all.filter((one) => one.family === given.family));
}

type Installation = { readonly step: Extract<Step, { kind: "install" }>; readonly differences: readonly Difference[] };

/** What is missing of the alternative, and of its subcommands where those are named. */
function installation(found: AlternativesState, program: PathState | null, given: Params): Installation | undefined {
  if (given.path === undefined) return undefined;
  const present = found.all.find((one) => one.path === given.path);
  const priority = given.priority ?? present?.priority ?? 50;
  const wanted = given.subcommands ?? subcommandsOf(present, found);
  const subcommands = Object.fromEntries(wanted.map((one) => [one.name, one.path]));
  const differences: Difference[] = [];
  if (present === undefined) differences.push(differs(given, given.path, "absent", "present"));
  if (present !== undefined && present.priority !== priority)
    differences.push(differs(given, `priority of ${given.path}`, present.priority, priority));
  for (const one of new Set([...Object.keys(present?.subcommands ?? {}), ...Object.keys(subcommands)])) {
    const [before, after] = [present?.subcommands[one], subcommands[one]];
    if (before !== after) differences.push(differs(given, `subcommand ${one}`, before ?? null, after ?? null));
  }
  if (differences.length === 0) return undefined;
  if (program === null || followed(program) === undefined)
    throw new MissingPrerequisite(`path:${given.path}`, `Specified path ${given.path} does not exist`);
  const link = given.link ?? found.link;
  if (link === undefined)
    throw new ModuleFailure(`"link" is needed to install the alternative: the host does not know ${given.name} yet`);
  const alternative: Alternative = { path: given.path, priority, family: given.family, subcommands };
  return { step: { kind: "install", alternative, link, links: wanted }, differences };
}

function subcommandsOf(present: Alternative | undefined, found: AlternativesState): Subcommand[] {
  return Object.entries(present?.subcommands ?? {}).map(([name, program]) => ({
    name,
    path: program,
    link: found.subcommandLinks[name] ?? program,
  }));
}

function withAlternative(found: AlternativesState, step: Installation["step"]): AlternativesState {
  const all = [...found.all.filter((one) => one.path !== step.alternative.path), step.alternative];
  const mode = found.mode ?? "auto";
  const subcommandLinks = { ...found.subcommandLinks, ...Object.fromEntries(step.links.map((one) => [one.name, one.link])) };
  return { link: step.link, subcommandLinks, mode, all, current: mode === "manual" ? found.current : bestOf(all)?.path };
}

function bestOf(all: readonly Alternative[]): Alternative | undefined {
  return all.toSorted((a, b) => b.priority - a.priority)[0];
}

function stepScript(step: Step, name: string): Sh {
  switch (step.kind) {
    case "install": {
      const { path: program, priority, family } = step.alternative;
      const further = step.links.flatMap((one) => ["--slave", one.link, one.name, one.path]);
      return sh`"$k3_alternatives" --install ${step.link} ${name} ${program} ${priority} ${further} ${family === undefined ? [] : ["--family", family]} >/dev/null || exit`;
    }
    case "remove":
      return sh`"$k3_alternatives" --remove ${name} ${step.path} >/dev/null || exit`;
    case "set":
      return sh`"$k3_alternatives" --set ${name} ${step.path} >/dev/null || exit`;
    case "auto":
      return sh`"$k3_alternatives" --auto ${name} >/dev/null || exit`;
  }
}
