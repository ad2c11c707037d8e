import { ModuleFailure, type ProbeContext, type Questions, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { type WantedLine, wantedLines, withHostKeys, withoutHostKeys } from "../support/accounts/host-keys.ts";
import { applyPlans, differencesOf, makes, type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { bytesOf } from "../support/files/content-collector.ts";
import { followed } from "../support/files/file-fields.ts";
import { baseName, hostPath, parentOf } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { pathQuestion } from "../support/files/path-collector.ts";
import { planOneDirectory } from "../support/files/place-directory.ts";
import { bytesSource, fileQuestions, planFile } from "../support/files/place-file.ts";

const params = parameters(
  {
    name: {
      ...str(),
      required: true,
      aliases: ["host"],
      description: "The host, as ssh looks for it: `[host]:2222` for other ports.",
    },
    key: {
      ...str(),
      description:
        "Its public key, or several, one a line, each as in the file: `name type key`. With `absent`: remove these only.",
    },
    path: { ...path(), default: "~/.ssh/known_hosts", description: "The file." },
    hash_host: { ...bool(), default: false, description: "Write the name as a hash, and hash names that stand there in clear." },
    state: { ...choice("present", "absent"), default: "present", description: "Whether the host is to be known." },
  },
  { requiredIf: [["state", "present", ["key"]]] },
  (given) => {
    if (!/^(\[[^\s,[\]]+\]:\d+|[^\s,|*?![\]]+)$/.test(given.name)) {
      throw new ModuleFailure(`"name" is "${given.name}", but must be one name or address, or [name]:port`);
    }
    wantedOf(given);
  },
);

type Params = ParametersOf<typeof params>;
type Input = Params & { readonly file: string; readonly wanted: readonly WantedLine[] | undefined };

export const knownHosts = stateModule<Params, Input, Questions, readonly Plan[]>({
  name: "known_hosts",
  summary: "Makes the keys of other hosts known to ssh.",
  description: [
    "A key of the same type that is there is replaced; keys of other types stay. Names that are hashed are found.",
    "Lines with patterns, `@cert-authority` or `@revoked` are left alone. A line of several names loses only the one that the task is about.",
    "A line of `key` may lack the name, like those in `/etc/ssh/*.pub`.",
  ],
  parameters: params,
  example: `- name: Know the host that backups go to
  known_hosts:
    name: backup.example.com
    key: backup.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl
    hash_host: true
`,
  returns: { name: "The host.", key: "As given.", path: "The file.", hash_host: "As given.", state: "As given." },

  // The salts of hashed names come from here: `plan` must not be another one each time.
  prepare: (given, _control, context) => Promise.resolve(inputOf(given, context)),
  probe: (input, context) =>
    questionSet([...fileQuestions(input.file, {}, context.traits, true), pathQuestion(parentOf(parentOf(input.file)))]),
  plan(state, input, context) {
    const known = new Known(state);
    const content = known.content(input.file);
    const bytes = content.kind === "none" ? Buffer.alloc(0) : bytesOf(content);
    if (bytes === undefined) throw new ModuleFailure(`${input.file} is not a file of keys`);
    const before = bytes.toString("latin1");
    const { wanted } = input;
    const after =
      input.state === "absent"
        ? withoutHostKeys(
            before,
            input.name,
            wanted?.map((one) => one.key),
          )
        : withHostKeys(before, input.name, wanted ?? [], input.hash_host);
    if (after === before) return undefined;
    const directory = parentOf(input.file);
    const exists = (one: string): boolean => followed(known.path(one))?.kind === "directory";
    // Elsewhere a directory that is missing is a mistake in the path.
    const isOwn = baseName(directory) === ".ssh" && !exists(directory);
    const directories = isOwn ? planOneDirectory(directory, { mode: "0700" }, known, exists) : [];
    const source = bytesSource(Buffer.from(after, "latin1"));
    const options = { force: true, backup: false, validate: undefined, follow: true, unsafeWrites: false, isSecret: false };
    const plan = planFile(input.file, source, {}, options, known, { ...context, diff: true }, makes(directories));
    const plans: readonly Plan[] = plan === undefined ? directories : [...directories, plan];
    return plans.length === 0 ? undefined : { differences: differencesOf(plans), data: plans };
  },
  apply: ({ data }, _input, { traits }) => applyPlans(data, traits),
  predict: ({ data }, _state, _input, { traits }) => predictPlans(data, traits),
  provides: ({ data }) => providedBy(data),
  result: (_state, { name, key, file, hash_host, state }) => ({ name, key: key ?? null, path: file, hash_host, state }),
});

const inputOf = (given: Params, context: ProbeContext): Input => ({
  ...given,
  file: hostPath(given.path, context.traits),
  wanted: wantedOf(given),
});

function wantedOf(given: Params): readonly WantedLine[] | undefined {
  const key = given.key === undefined ? undefined : Buffer.from(given.key, "utf8").toString("latin1");
  return key === undefined ? undefined : wantedLines(key, given.name, given.hash_host);
}
