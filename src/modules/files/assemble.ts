import {
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type ProbeContext,
  type Questions,
  stateModule,
} from "../contract.ts";
import { bool, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { applyPlans, type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { validationCommand, writtenFields } from "../support/files/atomic-write.ts";
import { attributeParameters, wantedAttributes } from "../support/files/attributes.ts";
import { sha1 } from "../support/files/content-difference.ts";
import { followed } from "../support/files/file-fields.ts";
import { type Fragment, fragmentQuestion, joinFragments } from "../support/files/fragments.ts";
import { hostPath, joinPath } from "../support/files/host-path.ts";
import { Known } from "../support/files/known.ts";
import { pathQuestion } from "../support/files/path-collector.ts";
import { bytesSource } from "../support/files/place-file.ts";
import { planSingleFile, type SingleFile, singleFileQuestions, singleFileResult } from "../support/files/single-file.ts";
import { pythonRegex } from "../support/python-regex.ts";

const params = parameters(
  {
    src: { ...path(), required: true, description: "The directory with the fragments." },
    dest: { ...path(), required: true, description: "The file that is made of them." },
    delimiter: {
      ...str(),
      description: "What is put between two fragments; \\n in it is a newline. It ends its line in any case.",
    },
    regexp: { ...str(), description: "Only files in whose name this is found." },
    ignore_hidden: { ...bool(), default: false, description: "Leave files out whose name begins with a dot." },
    remote_src: { ...bool(), default: true, description: "src is on the host; false: on the control node." },
    decrypt: { ...bool(), default: true, description: "Decrypt fragments of the control node that Ansible Vault encrypted." },
    backup: { ...bool(), default: false, description: "Keep the old file beside the new one, with the time in its name." },
    validate: { ...str(), description: "Command that checks the new file before it is put in place; %s stands for its path." },
    ...attributeParameters,
  },
  {},
  (given) => {
    if (given.validate !== undefined) validationCommand(given.validate);
    if (given.regexp !== undefined) pythonRegex("regexp", given.regexp, { form: "text" });
    wantedAttributes(given);
  },
);

type Input = {
  readonly file: SingleFile;
  readonly src: string;
  /** undefined: they are on the host. */
  readonly fragments: readonly Fragment[] | undefined;
  readonly delimiter: string | undefined;
  readonly isWanted: (name: string) => boolean;
};

export const assemble = stateModule<ParametersOf<typeof params>, Input, Questions, readonly Plan[]>({
  name: "assemble",
  summary: "Makes one file of the files in a directory.",
  description: [
    "Fragments are put together in the order of their names; directories among them are left out. One that does not end its last line is ended " +
      "before the next one follows.",
    "The old file is there until the new one is complete. Fragments of the host come over to be put together: up to 10 MiB each.",
  ],
  parameters: params,
  example: `- name: Put the settings together
  assemble:
    src: /etc/profile.d
    dest: /etc/example.sh
    regexp: '\\.sh$'
    mode: "0644"`,
  returns: {
    dest: "path of the file",
    src: "path of the directory",
    checksum: "SHA-1 of the content",
    msg: "OK",
    mode: 'permissions, like "0644"',
    owner: "user that owns it",
    group: "group that owns it",
    uid: "number of the user",
    gid: "number of the group",
    size: "size in bytes",
    state: "file",
    backup_file: "path of the backup, if one was made",
  },

  async prepare(given, control) {
    const regex = given.regexp === undefined ? undefined : pythonRegex("regexp", given.regexp, { form: "text" }).regex;
    const isWanted = (name: string): boolean =>
      (regex === undefined || regex.test(name)) && !(given.ignore_hidden && name.startsWith("."));
    const file: SingleFile = {
      dest: given.dest,
      name: undefined,
      wanted: wantedAttributes(given),
      directoryMode: undefined,
      options: {
        force: true,
        backup: given.backup,
        validate: given.validate,
        follow: false,
        unsafeWrites: given.unsafe_writes,
        isSecret: false,
      },
    };
    const common = { file, delimiter: given.delimiter, isWanted };
    if (given.remote_src) return { ...common, src: given.src, fragments: undefined };
    const src = control.find(given.src, "files");
    if ((await control.inspect(src)).kind !== "directory") throw new ModuleFailure(`Source (${src}) is not a directory`);
    const fragments: Fragment[] = [];
    for (const { path: name } of await control.walk(src)) {
      if (name.includes("/") || !isWanted(name)) continue;
      fragments.push({ name, bytes: await control.read(joinPath(src.replace(/\/$/, ""), name), { decrypt: given.decrypt }) });
    }
    return { ...common, src, fragments };
  },

  probe(input, context) {
    const src = hostPath(input.src, context.traits);
    const more = input.fragments === undefined ? [pathQuestion(src), fragmentQuestion(src)] : [];
    return singleFileQuestions(input.file, context, more);
  },

  plan(state, input, context) {
    const known = new Known(state);
    const dest = hostPath(input.file.dest, context.traits);
    if (followed(known.path(dest))?.kind === "directory")
      throw new ModuleFailure(`dest ${dest} is a directory; assemble writes a file`, { dest });
    const change = planSingleFile(input.file, bytesSource(assembled(known, input, context)), state, context);
    const maybe = input.fragments === undefined ? changedFragments(input.src, context) : undefined;
    // A file that is not there yet is made whatever it will hold.
    if (maybe === undefined || (change !== undefined && known.path(dest).kind === "absent")) return change;
    return { differences: [], data: [], maybe: `an earlier task would change ${maybe}` };
  },
  apply: ({ data }, _input, { traits }) => applyPlans(data, traits),
  predict: ({ data }, _state, _input, { traits }) => predictPlans(data, traits),
  provides: ({ data }) => providedBy(data),
  result(state, input, context): JsonObject {
    const fields = { src: input.src, msg: "OK" };
    const there =
      input.fragments !== undefined || new Known(state).of(fragmentQuestion(hostPath(input.src, context.traits))) !== null;
    const checksum = there ? { checksum: sha1(assembled(new Known(state), input, context)) } : {};
    return { ...singleFileResult(input.file, state, context), ...fields, ...checksum };
  },
  applied: writtenFields,
});

function assembled(known: Known, input: Input, { traits }: ProbeContext): Uint8Array {
  if (input.fragments !== undefined) return joinFragments(input.fragments, input.delimiter);
  const src = hostPath(input.src, traits);
  const there = followed(known.path(src));
  if (there === undefined) throw new MissingPrerequisite(`path:${src}`, `Source (${src}) does not exist`);
  if (there.kind !== "directory") throw new ModuleFailure(`Source (${src}) is not a directory`);
  const found = known.of(fragmentQuestion(src)) ?? [];
  const wanted = found.filter(({ name }) => input.isWanted(name));
  const refused = wanted.find((one) => typeof one.base64 !== "string");
  if (refused !== undefined) throw new ModuleFailure(`${joinPath(src, refused.name)} cannot be read: ${refused.problem}`);
  const fragments = wanted.map(({ name, base64 = "" }) => ({ name, bytes: Buffer.from(base64, "base64") }));
  return joinFragments(fragments, input.delimiter);
}

// What a fragment would hold after a task that was not run cannot be asked.
function changedFragments(src: string, { checkMode, wouldChange, traits }: ProbeContext): string | undefined {
  if (!checkMode || wouldChange === undefined) return undefined;
  const directory = hostPath(src, traits);
  return [...wouldChange.keys()].find((one) => one.startsWith(`${directory}/`));
}
