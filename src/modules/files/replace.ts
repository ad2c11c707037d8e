import { type Questions, stateModule } from "../contract.ts";
import { type ParametersOf, parameters, path, str } from "../parameters.ts";
import { attributeParameters } from "../support/files/attributes.ts";
import { bytesOf } from "../support/files/content-collector.ts";
import { type EditChange, type EditInput, editedFile, editing, editParameters } from "../support/files/edited-file.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known } from "../support/files/known.ts";
import { type ReplaceEdit, replaceEdit } from "../support/files/replace-edit.ts";

const params = parameters(
  {
    path: { ...path(), required: true, aliases: ["dest", "destfile", "name"], description: "The file; it must be there." },
    regexp: {
      ...str(),
      required: true,
      description: "What is replaced wherever it is found. It is searched in the whole text; ^ and $ are the ends of each line.",
    },
    replace: {
      ...str(),
      default: "",
      description:
        "What is put in its place; \\1 and \\g<name> stand for groups of regexp. What is found is removed when not given.",
    },
    after: { ...str(), description: "Only what follows the first place where this expression is found is changed." },
    before: {
      ...str(),
      description:
        "Only what stands before this expression is changed: the first place after `after`; without `after` the last in the file.",
    },
    encoding: {
      ...str(),
      default: "utf-8",
      description: "How the file is encoded: utf-8, latin-1, ascii, utf-16-le, utf-16-be.",
    },
    ...editParameters,
    ...attributeParameters,
  },
  {},
  (given) => {
    editedFile(given);
    replaceEdit({ ...given, replacement: given.replace });
  },
);

type Input = EditInput & { readonly note: ReplaceEdit["note"] };

export const replace = stateModule<ParametersOf<typeof params>, Input, Questions, EditChange>({
  name: "replace",
  isLight: true,
  summary: "Replaces everything in a file that a regular expression finds.",
  description: [
    "Regular expressions are Python's, as far as JavaScript's can stand for them; what they cannot is refused before the host is touched. " +
      "In after and before, a dot matches newlines as well.",
    "A replacement whose result is found once more is repeated until nothing is found. Where that has no end, as with `regexp: a` and " +
      "`replace: aa`, the task fails and the file stays as it is; Ansible changes such a file a little more with every run.",
    "The file is replaced in one step, with its owner, mode, ACL, SELinux context and all that copy keeps; where path is a symbolic link, what it leads to.",
  ],
  parameters: params,
  example: `- name: Close new home directories to others
  replace:
    path: /etc/login.defs
    regexp: '^(UMASK\\s+)022$'
    replace: '\\g<1>027'`,
  returns: {
    path: "the file",
    msg: "N replacements made; empty when there was nothing to do",
    rc: "0",
    backup_file: "path of the backup, if one was made",
  },

  async prepare(given) {
    const { edit, note } = replaceEdit({ ...given, replacement: given.replace });
    return { file: { ...editedFile(given), noun: "Path" }, edit, note };
  },

  ...editing,
  result(state, input, context) {
    const bytes = bytesOf(new Known(state).content(hostPath(input.file.path, context.traits)));
    return { ...editing.result(state, input, context), rc: 0, msg: bytes === undefined ? "" : input.note(bytes) };
  },
});
