import { type Difference, type Prediction, stateModule } from "../contract.ts";
import { bool, choice, int, mode, type ParametersOf, parameters, str } from "../parameters.ts";
import { newInode } from "../support/files/attributes.ts";
import { absent, pathQuestion } from "../support/files/path-collector.ts";
import { modeFrom, octal } from "../support/files/symbolic-mode.ts";
import { apt } from "../support/packages/apt.ts";
import {
  editLists,
  hasSource,
  type ListEdit,
  listPath,
  MAIN_LIST,
  type Source,
  type SourceList,
  sourceLists,
  wantedSource,
  withoutSource,
  withSource,
} from "../support/packages/apt-sources.ts";
import { freshLists, packagesResult } from "../support/packages/package-task.ts";

const params = parameters({
  repo: {
    ...str(),
    required: true,
    description: "The source, as apt's one-line format has it: `deb [options] URI suite component`.",
  },
  state: { ...choice("present", "absent"), default: "present", description: "Whether apt uses it." },
  filename: {
    ...str(),
    description: "Name of the file in /etc/apt/sources.list.d, without `.list`; made from the address when not given.",
  },
  mode: { ...mode(), description: "Permissions of that file; 0644 for a new one." },
  update_cache: {
    ...bool(),
    default: true,
    aliases: ["update-cache"],
    description: "Fetch the package lists after a change; when that fails, the change is undone.",
  },
  update_cache_retries: { ...int(), default: 5, description: "How often to try again when a server cannot be reached." },
  update_cache_retry_max_delay: { ...int(), default: 12, description: "The longest pause before trying again, in seconds." },
  lock_timeout: { ...int(), default: 60, description: "Seconds to wait for the lock of the package lists (not in Ansible)." },
  validate_certs: {
    ...bool(),
    default: true,
    description: "Accepted; it is about personal package archives, which are refused.",
  },
  codename: { ...str(), description: "Accepted; it is about personal package archives, which are refused." },
  install_python_apt: { ...bool(), default: true, description: "Accepted; nothing on the host is needed." },
});
type Input = ParametersOf<typeof params> & { readonly source: Source; readonly path: string };
type Questions = { readonly lists: typeof sourceLists };

export const aptRepository = stateModule<ParametersOf<typeof params>, Input, Questions, readonly ListEdit[]>({
  name: "apt_repository",
  summary: "Adds and removes sources of packages in apt's one-line format.",
  description: [
    "A source counts as present in whichever file of /etc/apt it stands, so long as it is not commented out. For new things prefer `deb822_repository`, which brings the key along.",
    "`ppa:` addresses are refused: their key would have to be looked up at a third place.",
    "When the package lists cannot be fetched afterwards, the files are put back as they were.",
  ],
  parameters: params,
  example: `- name: Backports
  apt_repository:
    repo: deb http://deb.debian.org/debian bookworm-backports main
    filename: backports
    update_cache: false
`,
  returns: {
    repo: "The source as it was given.",
    sources_added: "Files that were made.",
    sources_removed: "Files that were removed.",
  },
  prepare: (given) => {
    const source = wantedSource(given.repo);
    return Promise.resolve({ ...given, source, path: listPath(source, given.filename) });
  },
  probe: () => ({ lists: sourceLists }),
  plan: ({ lists }, input) => {
    const edits = input.state === "present" ? added(lists, input) : removed(lists, input);
    if (edits.length === 0) return undefined;
    return { differences: edits.flatMap(differencesOf), data: edits };
  },
  apply: (change, input, { traits }) => {
    const retries = { times: input.update_cache_retries, mostSeconds: input.update_cache_retry_max_delay };
    return editLists(
      change.data,
      fetchesLists(change.data, input) ? { ...retries, lockSeconds: input.lock_timeout } : undefined,
      traits,
    );
  },
  predict: (change, { lists }, input, { traits }) => {
    const predictions: Prediction[] = [];
    const after = new Map(lists.map((list) => [list.path, list]));
    for (const { path, before, text, mode: wantedMode } of change.data) {
      const size = Buffer.byteLength(text ?? "");
      const base = before?.inode ?? newInode("file", 0o644, traits, size);
      const inode = { ...base, size, mode: wantedMode ?? base.mode };
      if (text === undefined) after.delete(path);
      else after.set(path, { path, inode, text });
      predictions.push({ question: pathQuestion(path), answer: text === undefined ? absent : inode });
    }
    const fetched = fetchesLists(change.data, input) ? [freshLists(apt)] : [];
    return [...predictions, ...fetched, { question: sourceLists, answer: [...after.values()] }];
  },
  provides: (change) => change.data.map((edit) => `path:${edit.path}` as const),
  result: (_state, input) => ({ repo: input.repo, state: input.state }),
  applied: (output) => ({ cache_updated: packagesResult(output)["cache_updated"] ?? false }),
});

const fetchesLists = (edits: readonly ListEdit[], input: Input): boolean =>
  input.update_cache && edits.some((edit) => edit.text !== edit.before?.text);

function added(lists: readonly SourceList[], input: Input): ListEdit[] {
  const own = lists.find((list) => list.path === input.path);
  const isThere = lists.some((list) => hasSource(list.text, input.source));
  const wanted = input.mode === undefined ? undefined : modeFrom(input.mode, own?.inode.mode ?? 0o644, false);
  const isModeOff = own !== undefined && wanted !== undefined && wanted !== own.inode.mode;
  if (isThere && !isModeOff) return [];
  const text = isThere ? (own?.text ?? "") : withSource(own?.text ?? "", input.source);
  return [{ path: input.path, before: own, text, mode: wanted }];
}

function removed(lists: readonly SourceList[], input: Input): ListEdit[] {
  return lists
    .filter((list) => hasSource(list.text, input.source))
    .map((list) => {
      const left = withoutSource(list.text, input.source);
      const isEmpty = left.trim() === "" && list.path !== MAIN_LIST;
      return { path: list.path, before: list, text: isEmpty ? undefined : left, mode: undefined };
    });
}

function differencesOf({ path, before, text, mode: wanted }: ListEdit): Difference[] {
  const differences: Difference[] = [];
  if (text !== before?.text) differences.push({ kind: "text", subject: path, before: before?.text ?? "", after: text ?? "" });
  if (wanted !== undefined && before !== undefined && wanted !== before.inode.mode)
    differences.push({ kind: "field", subject: path, name: "mode", before: octal(before.inode.mode), after: octal(wanted) });
  return differences;
}
