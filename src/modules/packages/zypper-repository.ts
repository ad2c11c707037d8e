import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Difference, ModuleFailure, type ProbeContext, type Question, type Questions, stateModule } from "../contract.ts";
import { bool, choice, int, type ParametersOf, parameters, str } from "../parameters.ts";
import { newInode } from "../support/files/attributes.ts";
import { Known } from "../support/files/known.ts";
import { type PathState, pathQuestion } from "../support/files/path-collector.ts";
import { isSameSection, type Section, sectionOf, withoutSection, withSection } from "../support/packages/repo-sections.ts";
import {
  applyFileChange,
  type FileChange,
  planRepositoryFile,
  predictFileChange,
  providedByChange,
  repositoryFileQuestions,
  repositoryText,
} from "../support/packages/repository-file.ts";

const params = parameters({
  name: { ...str(), description: "Alias of the repository, which also names its file." },
  repo: { ...str(), description: "Where the repository is." },
  state: { ...choice("present", "absent"), default: "present", description: "Whether it is there." },
  description: { ...str(), description: "What people call it; the alias when not given." },
  disable_gpg_check: { ...bool(), default: false, description: "Do not check signatures." },
  autorefresh: { ...bool(), default: true, aliases: ["refresh"], description: "Fetch its lists by itself when they are old." },
  enabled: { ...bool(), default: true, description: "Whether it is used." },
  priority: { ...int(), description: "1 (first) to 99; zypper's default is 99." },
  overwrite_multiple: { ...bool(), default: false, description: "Remove other repositories of the same address." },
  auto_import_keys: {
    ...bool(),
    default: false,
    description: "Fetch its lists, and trust the key that signs them. Whoever serves the repository then serves the key.",
  },
  runrefresh: { ...bool(), default: false, description: "Fetch its lists after a change, and when they were never fetched." },
});
type Input = ParametersOf<typeof params> & { readonly alias: string; readonly path: string; readonly section: Section };
type Data = { readonly files: FileChange; readonly refresh: boolean };

export const zypperRepository = stateModule<ParametersOf<typeof params>, Input, Questions, Data>({
  name: "zypper_repository",
  aliases: ["community.general.zypper_repository"],
  summary: "Adds and removes repositories of zypper.",
  description: [
    "The file /etc/zypp/repos.d/NAME.repo is written, in one step and with a difference to look at, as zypper itself writes it.",
    "A `repo` that is the address of a .repo file is refused: put that file into /etc/zypp/repos.d with `get_url`. So is removal by address alone: the alias says which.",
  ],
  parameters: params,
  example: `- name: A repository
  zypper_repository:
    name: devel-tools
    repo: https://download.opensuse.org/repositories/devel:/tools/15.6/
    enabled: false
`,
  returns: { name: "The alias.", repo: "Where it is." },
  prepare: (given) => {
    const { name, repo } = given;
    if (name === undefined || !/^[^\s/[\]]+$/.test(name))
      throw new ModuleFailure(
        `zypper_repository: "name" must be an alias without blanks and slashes, but is ${name === undefined ? "missing" : `"${name}"`}`,
      );
    if (given.state === "present" && repo === undefined)
      throw new ModuleFailure(`zypper_repository: "repo" must say where ${name} is`);
    if (repo !== undefined && /\.repo$/.test(repo))
      throw new ModuleFailure(`"repo: ${repo}" is the address of a .repo file; put it into /etc/zypp/repos.d with get_url`);
    if (repo !== undefined && !/^[a-z][a-z0-9+.-]*:/.test(repo))
      throw new ModuleFailure(`"repo: ${repo}" is no URI; it begins with https:, dir: or the like`);
    if (given.priority !== undefined && (given.priority < 1 || given.priority > 200))
      throw new ModuleFailure(`"priority" is ${given.priority}, but must be 1 to 200`);
    return Promise.resolve({ ...given, alias: name, path: `/etc/zypp/repos.d/${name}.repo`, section: sectionFor(given, name) });
  },
  probe: (input, context) => repositoryFileQuestions(input.path, {}, context, [rawLists(input)]),
  plan: (state, input, context) => {
    const known = new Known(state);
    const files = planFiles(input, known, context);
    const isOutdated = files.differences.length > 0 || known.of(rawLists(input)).kind === "absent";
    const refresh = input.state === "present" && input.enabled && (input.runrefresh || input.auto_import_keys) && isOutdated;
    const fetched: Difference[] = refresh
      ? [{ kind: "field", subject: input.alias, name: "lists", before: "old", after: "fetched" }]
      : [];
    const differences = [...files.differences, ...fetched];
    return differences.length === 0 ? undefined : { differences, data: { files, refresh } };
  },
  apply: ({ data }, input, context) => {
    const written = applyFileChange(data.files, context);
    return { ...written, script: joinSh([written.script, ...(data.refresh ? [refreshScript(input)] : [])]) };
  },
  predict: ({ data }, _state, input, context) => [
    ...predictFileChange(data.files, context),
    ...(data.refresh ? [{ question: rawLists(input), answer: newInode("directory", 0o755, context.traits) }] : []),
  ],
  provides: ({ data }) => providedByChange(data.files),
  result: (_state, input) => ({ name: input.alias, repo: input.repo ?? "", state: input.state }),
});

// zypper keeps what it fetched of a repository in a directory named after the alias.
const rawLists = (input: Input): Question<PathState> => pathQuestion(`/var/cache/zypp/raw/${input.alias}`);

function sectionFor(given: ParametersOf<typeof params>, alias: string): Section {
  return new Map<string, string>([
    ...(given.description === undefined ? [] : ([["name", given.description]] as const)),
    ["enabled", given.enabled ? "1" : "0"],
    ["autorefresh", given.autorefresh ? "1" : "0"],
    ["baseurl", (given.repo ?? alias).replace(/^file:\/\/(?=\/)/, "file:")],
    ...(given.priority === undefined ? [] : ([["priority", String(given.priority)]] as const)),
    ...(given.disable_gpg_check ? ([["gpgcheck", "0"]] as const) : []),
  ]);
}

function planFiles(input: Input, known: Known, context: ProbeContext): FileChange {
  const before = repositoryText(input.path, known);
  if (input.state === "absent") {
    const left = before === undefined ? undefined : withoutSection(before, input.alias);
    return left === before ? planNothing : planRepositoryFile(input.path, left, {}, known, context);
  }
  // What zypper adds by itself when it looks at a repository, and what a task cannot say.
  const found = before === undefined ? undefined : sectionOf(before, input.alias);
  const spoken = new Map(
    [...(found ?? [])].filter(
      ([name]) => !["type", "path", "keeppackages"].includes(name) && (name !== "name" || input.section.has("name")),
    ),
  );
  if (found !== undefined && isSameSection(spoken, input.section)) return planNothing;
  return planRepositoryFile(input.path, withSection(before ?? "", input.alias, input.section), {}, known, context);
}

const planNothing: FileChange = { differences: [], plans: [], removed: [] };

function refreshScript(input: Input): Sh {
  return sh`ZYPP_LOCK_TIMEOUT=60; export ZYPP_LOCK_TIMEOUT
zypper --quiet --non-interactive ${input.auto_import_keys ? ["--gpg-auto-import-keys"] : []} refresh --force ${input.alias} </dev/null || exit`;
}
