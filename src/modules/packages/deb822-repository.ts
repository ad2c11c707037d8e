import { joinSh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { newInode } from "../support/files/attributes.ts";
import { Known } from "../support/files/known.ts";
import { absent, pathQuestion } from "../support/files/path-collector.ts";
import { type Deb822Params, deb822Parameters, deb822Text, slugOf } from "../support/packages/deb822.ts";
import { fetchKey, keyFile, keyUrl, refuseOtherKeys, wantedFingerprints } from "../support/packages/fetch-key.ts";
import {
  applyFileChange,
  type FileChange,
  planRemoval,
  planRepositoryFile,
  predictFileChange,
  providedByChange,
  repositoryFileQuestions,
} from "../support/packages/repository-file.ts";
import { armouredKey, binaryKey, fingerprintsOf, isArmoured } from "../support/packages/signing-key.ts";

type Key =
  | { readonly kind: "none" }
  | { readonly kind: "inline"; readonly text: string }
  /** A key ring that is on the host, or a fingerprint of a key that apt trusts already. */
  | { readonly kind: "path" | "fingerprints"; readonly text: string }
  | { readonly kind: "url"; readonly url: string };
type Input = Deb822Params & {
  readonly path: string;
  readonly ring: string;
  readonly key: Key;
  /** The only ones that the key may have; empty: any. */
  readonly fingerprints: readonly string[];
};
type Data = { readonly files: FileChange; readonly fetches: boolean };

const KEYRINGS = "/etc/apt/keyrings";

export const deb822Repository = stateModule<Deb822Params, Input, Questions, Data>({
  name: "deb822_repository",
  summary: "Adds and removes sources of packages in apt's deb822 format, with the key that signs them.",
  description: [
    "The source is /etc/apt/sources.list.d/NAME.sources. The package lists are not fetched: let `apt` do that with `update_cache`, which notices that the sources are newer.",
    "`signed_by`: an armoured key is put into the source itself; a URL is fetched by the host to /etc/apt/keyrings/NAME.gpg (in binary form) when that file is missing, and not again: remove it to have a new key fetched, or name the key in `signed_by_fingerprint`; a path must be on the host.",
    "Different from Ansible: an `http:` URL needs `signed_by_fingerprint`, since whoever is on the way could give another key, and no redirect is followed from https to http. apt trusts every key of a key ring, so every one must have a fingerprint of those given.",
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
    const fingerprints = wantedFingerprints(given.signed_by_fingerprint, "signed_by_fingerprint");
    const key = keyOf(given.signed_by, fingerprints);
    const path = `/etc/apt/sources.list.d/${slug}.sources`;
    const input: Input = { ...given, path, ring: `${KEYRINGS}/${slug}.gpg`, key, fingerprints };
    if (given.state === "present") textOf(input);
    return Promise.resolve(input);
  },
  probe: (input, context) =>
    repositoryFileQuestions(input.path, { mode: input.mode }, context, [
      pathQuestion(input.ring),
      ...(input.key.kind === "path" ? [pathQuestion(input.key.text)] : []),
      ...(input.fingerprints.length === 0 ? [] : [keyFile(ringOf(input))]),
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
    if (input.key.kind === "path") {
      if (known.path(input.key.text).kind === "absent")
        throw new MissingPrerequisite(`path:${input.key.text}`, `the key ring ${input.key.text} of "signed_by" does not exist`);
      if (input.fingerprints.length > 0)
        refuseOtherKeys(known.of(keyFile(input.key.text)).fingerprints ?? [], input.fingerprints);
    }
    const files = planRepositoryFile(input.path, textOf(input), { mode: input.mode }, known, context);
    const fetched = input.key.kind === "url" ? keyDifferences(input, known) : [];
    const differences = [...fetched, ...files.differences];
    return differences.length === 0 ? undefined : { differences, data: { files, fetches: fetched.length > 0 } };
  },
  apply: ({ data }, input, context) => {
    const files = applyFileChange(data.files, context);
    if (!data.fetches || input.key.kind !== "url") return files;
    const fetched = fetchKey(input.key.url, input.fingerprints);
    const script = joinSh([
      fetched.script,
      sh`mkdir -p ${KEYRINGS} && k3_ring=$(mktemp ${`${KEYRINGS}/.k3sprov.XXXXXXXX`}) && cat "$k3_key/binary" > "$k3_ring" && chmod 0644 "$k3_ring" && mv -f "$k3_ring" ${input.ring} || exit`,
      files.script,
    ]);
    return { ...files, script, payloads: { ...fetched.payloads, ...files.payloads } };
  },
  predict: ({ data }, _state, input, context) => [
    ...predictFileChange(data.files, context),
    ...(data.fetches
      ? [
          { question: pathQuestion(input.ring), answer: newInode("file", 0o644, context.traits) },
          { question: keyFile(input.ring), answer: { fingerprints: input.fingerprints } },
        ]
      : []),
    ...(data.files.removed.includes(input.ring) ? [{ question: pathQuestion(input.ring), answer: absent }] : []),
  ],
  provides: ({ data }, input) => [...providedByChange(data.files), ...(data.fetches ? [`path:${input.ring}` as const] : [])],
  result: (_state, input) => ({
    dest: input.path,
    repo: input.state === "absent" ? "" : textOf(input),
    key_filename: input.key.kind === "url" ? input.ring : null,
  }),
});

function keyOf(signedBy: string | undefined, fingerprints: readonly string[]): Key {
  const text = signedBy?.trim() ?? "";
  if (isArmoured(text)) return inlineKey(armouredKey(text, "signed_by"), fingerprints);
  if (/^[a-z]+:/.test(text)) return { kind: "url", url: keyUrl(text, "signed_by", fingerprints, "signed_by_fingerprint") };
  if (/^\/\S+$/.test(text)) return { kind: "path", text };
  if (fingerprints.length > 0)
    throw new ModuleFailure('"signed_by_fingerprint" goes with a "signed_by" that is a URL, an absolute path or an armoured key');
  if (text === "") return { kind: "none" };
  if (/^([0-9A-Fa-f]{40}!?)(\s*,?\s*[0-9A-Fa-f]{40}!?)*$/.test(text)) return { kind: "fingerprints", text };
  throw new ModuleFailure(
    `"signed_by: ${text.slice(0, 60)}" is neither a URL (https:, http:, file:), nor an absolute path, nor an armoured key, nor a fingerprint of 40 digits`,
  );
}

function inlineKey(text: string, fingerprints: readonly string[]): Key {
  if (fingerprints.length > 0) {
    const found = fingerprintsOf(binaryKey(text));
    if (found === undefined) throw new ModuleFailure('"signed_by" is no public key of OpenPGP (version 4)');
    refuseOtherKeys(found, fingerprints);
  }
  return { kind: "inline", text };
}

/** The key ring that has to hold the key, or nothing but what the fingerprints say. */
const ringOf = ({ key, ring }: Input): string => (key.kind === "path" ? key.text : ring);

function keyDifferences(input: Input, known: Known): Difference[] {
  const { ring, fingerprints } = input;
  if (known.path(ring).kind === "absent")
    return [{ kind: "field", subject: ring, name: "state", before: "absent", after: "file" }];
  const found = fingerprints.length === 0 ? [] : (known.of(keyFile(ring)).fingerprints ?? []);
  if (found.every((one) => fingerprints.includes(one))) return [];
  return [{ kind: "field", subject: ring, name: "key", before: found.join(" "), after: fingerprints.join(" or ") }];
}

function textOf(input: Input): string {
  const { key } = input;
  const signedBy = key.kind === "none" ? undefined : key.kind === "url" ? input.ring : key.text;
  return deb822Text(input, signedBy);
}
