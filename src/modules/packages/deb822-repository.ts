import { joinSh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { newInode } from "../support/files/attributes.ts";
import { Known } from "../support/files/known.ts";
import { absent, pathQuestion } from "../support/files/path-collector.ts";
import { type Deb822Params, deb822Parameters, deb822Text, slugOf } from "../support/packages/deb822.ts";
import {
  applyFileChange,
  type FileChange,
  planRemoval,
  planRepositoryFile,
  predictFileChange,
  providedByChange,
  repositoryFileQuestions,
} from "../support/packages/repository-file.ts";
import { armouredKey, downloadKey, isArmoured, keyFunctions } from "../support/packages/signing-key.ts";

type Key =
  | { readonly kind: "none" }
  | { readonly kind: "inline"; readonly text: string }
  /** A key ring that is on the host, or a fingerprint of a key that apt trusts already. */
  | { readonly kind: "path" | "fingerprints"; readonly text: string }
  | { readonly kind: "url"; readonly url: string };
type Input = Deb822Params & { readonly path: string; readonly ring: string; readonly key: Key };
type Data = { readonly files: FileChange; readonly fetches: boolean };

const KEYRINGS = "/etc/apt/keyrings";

export const deb822Repository = stateModule<Deb822Params, Input, Questions, Data>({
  name: "deb822_repository",
  summary: "Adds and removes sources of packages in apt's deb822 format, with the key that signs them.",
  description: [
    "The source is /etc/apt/sources.list.d/NAME.sources. The package lists are not fetched: let `apt` do that with `update_cache`, which notices that the sources are newer.",
    "`signed_by`: an armoured key is put into the source itself; a URL is fetched by the host to /etc/apt/keyrings/NAME.gpg (in binary form) when that file is missing, and not again: remove it to have a new key fetched; a path must be on the host.",
    "`state: absent` removes that key as well.",
  ],
  parameters: deb822Parameters,
  example: `- name: Backports
  deb822_repository:
    name: backports
    uris: http://deb.debian.org/debian
    suites: bookworm-backports
    components: main
    signed_by: /usr/share/keyrings/debian-archive-keyring.gpg
`,
  returns: {
    dest: "The file of the source.",
    repo: "What it says.",
    key_filename: "The file of the key, where one was fetched.",
  },
  prepare: (given) => {
    const slug = slugOf(given.name);
    const key = keyOf(given.signed_by);
    const input: Input = { ...given, path: `/etc/apt/sources.list.d/${slug}.sources`, ring: `${KEYRINGS}/${slug}.gpg`, key };
    if (given.state === "present") textOf(input);
    return Promise.resolve(input);
  },
  probe: (input, context) =>
    repositoryFileQuestions(input.path, { mode: input.mode }, context, [
      pathQuestion(input.ring),
      ...(input.key.kind === "path" ? [pathQuestion(input.key.text)] : []),
    ]),
  plan: (state, input, context) => {
    const known = new Known(state);
    if (input.state === "absent") {
      const parts = [planRemoval(input.path, known), planRemoval(input.ring, known)];
      const differences = parts.flatMap((part) => part.differences);
      if (differences.length === 0) return undefined;
      return {
        differences,
        data: { files: { differences, plans: [], removed: parts.flatMap((part) => part.removed) }, fetches: false },
      };
    }
    if (input.key.kind === "path" && known.path(input.key.text).kind === "absent")
      throw new MissingPrerequisite(`path:${input.key.text}`, `the key ring ${input.key.text} of "signed_by" does not exist`);
    const files = planRepositoryFile(input.path, textOf(input), { mode: input.mode }, known, context);
    const fetches = input.key.kind === "url" && known.path(input.ring).kind === "absent";
    const fetched: Difference[] = fetches
      ? [{ kind: "field", subject: input.ring, name: "state", before: "absent", after: "file" }]
      : [];
    const differences = [...fetched, ...files.differences];
    return differences.length === 0 ? undefined : { differences, data: { files, fetches } };
  },
  apply: ({ data }, input, context) => {
    const files = applyFileChange(data.files, context);
    if (!data.fetches || input.key.kind !== "url") return files;
    const fetch = joinSh([
      keyFunctions,
      downloadKey(input.key.url),
      sh`mkdir -p ${KEYRINGS} && k3_ring=$(mktemp ${`${KEYRINGS}/.k3sprov.XXXXXXXX`}) && cat "$k3_key/binary" > "$k3_ring" && chmod 0644 "$k3_ring" && mv -f "$k3_ring" ${input.ring} || exit`,
    ]);
    return { ...files, script: joinSh([fetch, files.script]) };
  },
  predict: ({ data }, _state, input, context) => [
    ...predictFileChange(data.files, context),
    ...(data.fetches ? [{ question: pathQuestion(input.ring), answer: newInode("file", 0o644, context.traits) }] : []),
    ...(data.files.removed.includes(input.ring) ? [{ question: pathQuestion(input.ring), answer: absent }] : []),
  ],
  provides: ({ data }, input) => [...providedByChange(data.files), ...(data.fetches ? [`path:${input.ring}` as const] : [])],
  result: (_state, input) => ({
    dest: input.path,
    repo: input.state === "absent" ? "" : textOf(input),
    key_filename: input.key.kind === "url" ? input.ring : null,
  }),
});

function keyOf(signedBy: string | undefined): Key {
  const text = signedBy?.trim() ?? "";
  if (text === "") return { kind: "none" };
  if (isArmoured(text)) return { kind: "inline", text: armouredKey(text, "signed_by") };
  if (/^(https?|file|ftp):/.test(text)) return { kind: "url", url: text };
  if (/^\/\S+$/.test(text)) return { kind: "path", text };
  if (/^([0-9A-Fa-f]{40}!?)(\s*,?\s*[0-9A-Fa-f]{40}!?)*$/.test(text)) return { kind: "fingerprints", text };
  throw new ModuleFailure(
    `"signed_by: ${text.slice(0, 60)}" is neither a URL (https:, http:, file:), nor an absolute path, nor an armoured key, nor a fingerprint of 40 digits`,
  );
}

function textOf(input: Input): string {
  const { key } = input;
  const signedBy = key.kind === "none" ? undefined : key.kind === "url" ? input.ring : key.text;
  return deb822Text(input, signedBy);
}
