import { type JsonObject, ModuleFailure, type ProbeContext, type Questions, stateModule } from "../contract.ts";
import { bool, choice, int, listOf, mode, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { DIGESTS } from "../support/files/digest-collector.ts";
import { type FoundEntry, findQuestion, type Search } from "../support/files/find-collector.ts";
import { type FindWish, findFilter, namesToOpen } from "../support/files/find-filter.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { statFields } from "../support/files/stat-fields.ts";

const params = parameters(
  {
    paths: { ...listOf(path()), required: true, aliases: ["name", "path"], description: "The directories to search." },
    patterns: {
      ...listOf(str()),
      default: [],
      aliases: ["pattern"],
      description: "Names that are wanted: patterns as of the shell, or regular expressions with use_regex. All when not given.",
    },
    excludes: { ...listOf(str()), default: [], aliases: ["exclude"], description: "Names that are not, in the same way." },
    use_regex: {
      ...bool(),
      default: false,
      description: "patterns and excludes are Python's regular expressions, from a name's start on.",
    },
    file_type: { ...choice("any", "directory", "file", "link"), default: "file", description: "What is looked for." },
    recurse: { ...bool(), default: false, description: "Search the directories below, too." },
    depth: { ...int(), description: "With recurse: how many levels down; all when not given, or 0." },
    hidden: { ...bool(), default: false, description: "Tell about names that begin with a dot as well." },
    follow: { ...bool(), default: false, description: "With recurse: go into directories that symbolic links lead to." },
    age: { ...str(), description: "At least this old, or, negative, at most: seconds, or a number with s, m, h, d or w." },
    age_stamp: { ...choice("atime", "ctime", "mtime"), default: "mtime", description: "The time that age is about." },
    size: { ...str(), description: "Files at least this big, or, negative, at most: bytes, or a number with b, k, m, g or t." },
    contains: {
      ...str(),
      description: "Files with a line that this regular expression matches from its start on; anywhere with read_whole_file.",
    },
    read_whole_file: { ...bool(), default: false, description: "Search the text as a whole instead of line by line." },
    mode: { ...mode(), description: "Only what has this mode." },
    exact_mode: { ...bool(), default: true, description: "false: what has any of the mode's bits." },
    get_checksum: { ...bool(), default: false, description: "Tell the checksums of regular files." },
    checksum_algorithm: {
      ...choice(...DIGESTS),
      default: "sha1",
      aliases: ["checksum", "checksum_algo"],
      description: "How they are computed.",
    },
    limit: { ...int(), description: "Tell about so many at most." },
  },
  {},
  (given) => {
    if (given.limit !== undefined && given.limit < 1)
      throw new ModuleFailure(`"limit" is ${given.limit}, but must be at least 1; leave it out to be told everything`);
    if (given.depth !== undefined && given.depth < 0)
      throw new ModuleFailure(`"depth" is ${given.depth}, but must be at least 1; leave it out to search all levels`);
    findFilter(wishOf(given));
  },
);

type Params = ParametersOf<typeof params>;
type Input = { readonly given: Params; readonly wish: FindWish; readonly filter: ReturnType<typeof findFilter> };

export const find = stateModule<Params, Input, Questions, undefined>({
  name: "find",
  summary: "Finds files of the host by name, age, size and content.",
  description: [
    "Changes nothing. Files come sorted by path, so that two runs tell the same; Ansible's order is the file system's.",
    "contains is searched in files of up to 1 MiB; a larger one among those that are wanted otherwise is an error.",
    "A dry run sees the host as it is: files that earlier tasks would make are not found yet.",
  ],
  parameters: params,
  example: `- name: Find old logs
  find:
    paths: /var/log
    patterns: "*.gz,*.[0-9]"
    age: 4w
    recurse: true
  register: old
- name: Tell how many there are
  debug:
    msg: "{{ old.matched }} of {{ old.examined }}"`,
  returns: {
    files: "what was found: path and the fields of stat (mode, size, uid, pw_name, mtime, isreg, …), and checksum if asked for",
    matched: "how many there are",
    examined: "how many there were to choose from",
    skipped_paths: "directories that could not be searched, and why",
    msg: "whether all paths were searched",
  },

  async prepare(given) {
    const wish = wishOf(given);
    return { given, wish, filter: findFilter(wish) };
  },
  probe: (input, context) => questionSet(searches(input, context).map(findQuestion)),
  readsOnly: true,
  plan: () => undefined,
  apply: () => {
    throw new Error("bug: find has nothing to apply");
  },
  result: (state, input, context) => foundFields(new Known(state), input, context),
});

function wishOf(given: Params): FindWish {
  return {
    patterns: given.patterns,
    excludes: given.excludes,
    useRegex: given.use_regex,
    hidden: given.hidden,
    kind: given.file_type,
    age: given.age,
    ageStamp: given.age_stamp,
    size: given.size,
    contains: given.contains,
    readWholeFile: given.read_whole_file,
    mode: given.mode,
    exactMode: given.exact_mode,
  };
}

function searches({ given, wish }: Input, { traits }: ProbeContext): Search[] {
  return given.paths.map((one) => ({
    path: hostPath(one, traits),
    depth: given.recurse ? given.depth || undefined : 1,
    follow: given.follow && given.recurse,
    kind: given.file_type,
    digest: given.get_checksum ? given.checksum_algorithm : undefined,
    contents: namesToOpen(wish),
  }));
}

function foundFields(known: Known, input: Input, context: ProbeContext): JsonObject {
  const skipped: Record<string, string> = {};
  const files: FoundEntry[] = [];
  let examined = 0;
  searches(input, context).forEach((search, index) => {
    const found = known.of(findQuestion(search));
    if (found === null) {
      const asked = input.given.paths[index] ?? search.path;
      skipped[asked] = `'${asked}' is not a directory`;
      return;
    }
    Object.assign(skipped, found.hidden);
    examined += found.examined;
    files.push(...found.entries.filter((entry) => input.filter(entry, found.now)));
  });
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const shown = files.slice(0, input.given.limit ?? files.length);
  const isComplete = Object.keys(skipped).length === 0;
  return {
    files: shown.map(({ path: where, inode, digest }) => ({
      path: where,
      ...statFields(inode),
      ...(digest === undefined ? {} : { checksum: digest }),
    })),
    matched: shown.length,
    examined,
    skipped_paths: skipped,
    msg: isComplete ? "All paths examined" : "Not all paths examined, check warnings for details",
  };
}
