import { type JsonObject, ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { bool, mode, type ParametersOf, parameters, path, raw, str } from "../parameters.ts";
import { applyPlans, type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { validationCommand, writtenFields } from "../support/files/atomic-write.ts";
import { attributeParameters, wantedAttributes } from "../support/files/attributes.ts";
import { type CopyInput, copyInput } from "../support/files/copy-input.ts";
import { hostCopyQuestions, hostCopyResult, planHostCopy, predictHostCopy } from "../support/files/copy-on-host.ts";
import { planTree, treeQuestions, treeResult } from "../support/files/copy-tree.ts";
import { planSingleFile, singleFileQuestions, singleFileResult } from "../support/files/single-file.ts";

const params = parameters(
  {
    src: {
      ...str(),
      description:
        "File or directory on the control node (looked for in the role's files/ and beside the task file), or on the host with remote_src. " +
        "Of a directory with a slash at its end the contents are copied, without one the directory itself.",
    },
    content: { ...raw(), description: "What the file shall hold, instead of src. A mapping or list is written as JSON." },
    dest: {
      ...path(),
      required: true,
      description:
        "Where to. An existing directory, or a path with a slash at its end (made where it is missing), gets the file under its own name.",
    },
    ...attributeParameters,
    mode: { ...attributeParameters.mode, description: `${attributeParameters.mode.description} "preserve": that of the source.` },
    directory_mode: { ...mode(), description: "Permissions of directories that are copied or made." },
    backup: { ...bool(), default: false, description: "Keep the old file beside the new one, with the time in its name." },
    force: { ...bool(), default: true, aliases: ["thirsty"], description: "false: write only where no file is yet." },
    follow: { ...bool(), default: false, description: "Follow a symbolic link at dest; otherwise it is replaced by a file." },
    local_follow: {
      ...bool(),
      default: true,
      description: "Symbolic links in a source directory are followed; false: they are copied as links.",
    },
    remote_src: { ...bool(), default: false, description: "src is on the host." },
    checksum: { ...str(), description: "SHA-1 that the source must have." },
    validate: { ...str(), description: "Command that checks the new file before it is put in place; %s stands for its path." },
    decrypt: { ...bool(), default: true, description: "Decrypt a source that Ansible Vault encrypted." },
  },
  { mutuallyExclusive: [["src", "content"]], requiredOneOf: [["src", "content"]] },
  (given) => {
    if (given.validate !== undefined) validationCommand(given.validate);
    if (given.content !== undefined && (given.mode === "preserve" || given.directory_mode === "preserve")) {
      throw new ModuleFailure('mode "preserve" is that of a file: it needs "src", not "content"');
    }
    if (given.checksum !== undefined && !/^[0-9a-f]{40}$/i.test(given.checksum)) {
      throw new ModuleFailure(`"checksum" is "${given.checksum}", but must be a SHA-1 of 40 hexadecimal digits`);
    }
    wantedAttributes({ ...given, mode: undefined });
  },
);

export type CopyParams = ParametersOf<typeof params>;

export const copy = stateModule<CopyParams, CopyInput, Questions, readonly Plan[]>({
  name: "copy",
  summary: "Copies files and directories, or a given text, to the host.",
  description: [
    "The old file is there until the new one is complete: the content goes into a temporary file in the same directory, gets its owner, mode, " +
      "ACL and SELinux context, is validated, and then takes the old one's place in one step. A full disk or a lost connection leaves the old file.",
    "Whatever else the old file had is kept as well: flags of chattr and extended attributes, among them the capabilities of a program, which Ansible " +
      "loses. That takes lsattr and a cp that knows of them, GNU's or uutils'; busybox' does not, and there they are lost. Where they cannot be kept, " +
      "and where the old file is immutable, nothing is changed.",
    "Contents are compared by digest and travel only when they differ, never as an argument of a command. A large file is streamed in pieces, " +
      "compressed where that pays, goes on where it was after a lost connection, and is verified before it takes the old one's place. " +
      "A file that Ansible Vault encrypted is decrypted in memory.",
    "A symbolic link that somebody else made in a directory everybody can write to is not followed.",
    "Where Ansible gives up the owner of a replaced file without a word because it may not set it, this fails.",
  ],
  parameters: params,
  example: `- name: Write the settings
  copy:
    dest: /etc/example.conf
    content: |
      answer = 42
    owner: root
    group: root
    mode: "0644"`,
  returns: {
    dest: "path of the file or directory",
    src: "path of the source",
    checksum: "SHA-1 of the content",
    mode: 'permissions, like "0644"',
    owner: "user that owns it",
    group: "group that owns it",
    uid: "number of the user",
    gid: "number of the group",
    size: "size in bytes",
    state: "file or directory",
    backup_file: "path of the backup, if one was made",
  },

  async prepare(given, control, context) {
    if (given.validate !== undefined) validationCommand(given.validate);
    return copyInput(given, control, context);
  },

  probe(input, context) {
    switch (input.kind) {
      case "file":
        return singleFileQuestions(input.file, context);
      case "tree":
        return treeQuestions(input, context);
      case "host":
        return hostCopyQuestions(input, context);
    }
  },
  plan(state, input, context) {
    switch (input.kind) {
      case "file":
        return planSingleFile(input.file, input.source, state, context);
      case "tree":
        return planTree(input, state, context);
      case "host":
        return planHostCopy(input, state, context);
    }
  },
  apply: ({ data }, _input, { traits }) => applyPlans(data, traits),
  predict({ data }, state, input, context) {
    const predictions = predictPlans(data, context.traits);
    return input.kind === "host" ? [...predictions, ...predictHostCopy(input, predictions, state, context)] : predictions;
  },
  provides: ({ data }) => providedBy(data),
  result(state, input, context): JsonObject {
    switch (input.kind) {
      case "file": {
        const src = input.src === undefined ? {} : { src: input.src };
        return { ...singleFileResult(input.file, state, context), ...src, checksum: input.checksum };
      }
      case "tree":
        return treeResult(input, state, context);
      case "host":
        return hostCopyResult(input, state, context);
    }
  },
  applied: writtenFields,
});
