import { ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { attributeParameters } from "../support/files/attributes.ts";
import { type Edit, type EditChange, type EditInput, editedFile, editing, editParameters } from "../support/files/edited-file.ts";
import { followed } from "../support/files/file-fields.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known } from "../support/files/known.ts";
import { lineEdit } from "../support/files/line-edit.ts";

const params = parameters(
  {
    path: { ...path(), required: true, aliases: ["dest", "destfile", "name"], description: "The file." },
    state: { ...choice("present", "absent"), default: "present", description: "Whether the line shall be there." },
    line: { ...str(), aliases: ["value"], description: "The line, without its end." },
    regexp: {
      ...str(),
      aliases: ["regex"],
      description: "The last line in which this is found is replaced (absent: every one is removed).",
    },
    search_string: { ...str(), description: "Like regexp, but a text that is found as it stands." },
    backrefs: {
      ...bool(),
      default: false,
      description: "Fill \\1 and \\g<name> in line from the match of regexp; nothing is done where it is not found.",
    },
    insertafter: {
      ...str(),
      description: "Where a new line goes: after the last line in which this is found, or EOF. The default is EOF.",
    },
    insertbefore: { ...str(), description: "Where a new line goes: before the last line in which this is found, or BOF." },
    firstmatch: {
      ...bool(),
      default: false,
      description: "The first line that is found, instead of the last, for all three of them.",
    },
    create: { ...bool(), default: false, description: "Make the file, and the directories above it, where they are missing." },
    ...editParameters,
    ...attributeParameters,
  },
  {
    mutuallyExclusive: [
      ["insertbefore", "insertafter"],
      ["regexp", "search_string"],
      ["backrefs", "search_string"],
    ],
    requiredIf: [
      ["state", "present", ["line"]],
      ["backrefs", true, ["regexp"]],
    ],
  },
  (given) => {
    if (given.state === "absent" && (given.line ?? given.regexp ?? given.search_string) === undefined) {
      throw new ModuleFailure('with state: absent it needs one of "line", "regexp" or "search_string"');
    }
    for (const name of ["regexp", "search_string"] as const) {
      if (given[name] === "")
        throw new ModuleFailure(`"${name}" is empty, which every line has; write regexp: '^' if that is meant`);
    }
    editedFile(given);
    editOf(given);
  },
);
type Params = ParametersOf<typeof params>;

type Input = EditInput & { readonly isAbsent: boolean };

export const lineinfile = stateModule<Params, Input, Questions, EditChange>({
  name: "lineinfile",
  isLight: true,
  summary: "Sees to it that a file has a line, has it changed, or does not have it.",
  description: [
    "Regular expressions are Python's, as far as JavaScript's can stand for them; what they cannot is refused before the host is touched. " +
      "They are searched in each line by itself.",
    "An empty regexp or search_string, which every line has, is refused: it comes of a variable that is empty, and Ansible would then " +
      "replace the last line of the file, or remove them all.",
    "A last line that no newline ends is ended before a line is put behind it; some versions of Ansible glue the two together.",
    "The file is replaced in one step, with its owner, mode, ACL, SELinux context and all that copy keeps; where path is a symbolic link, what it leads to.",
  ],
  parameters: params,
  example: `- name: Forward IPv4
  lineinfile:
    path: /etc/sysctl.conf
    regexp: '^#?net\\.ipv4\\.ip_forward='
    line: net.ipv4.ip_forward=1
    create: true
    mode: "0644"`,
  returns: {
    path: "the file",
    msg: "line added, line replaced, N line(s) removed; empty when there was nothing to do",
    found: "how many lines were removed, with state: absent",
    backup: "path of the backup; empty when none was made",
    backup_file: "the same",
  },

  async prepare(given) {
    const isPresent = given.state === "present";
    const file = { ...editedFile(given), create: given.create && isPresent, needed: isPresent };
    return { file, edit: editOf(given), isAbsent: !isPresent };
  },

  ...editing,
  result(state, input, context) {
    const fields = { ...editing.result(state, input, context), backup: "" };
    if (!input.isAbsent) return fields;
    const there = followed(new Known(state).path(hostPath(input.file.path, context.traits)));
    return there === undefined ? { ...fields, msg: "file not present" } : { ...fields, found: 0 };
  },
  applied(output) {
    const fields = editing.applied(output);
    const found = /^(\d+) line\(s\) removed/.exec(String(fields["msg"] ?? ""))?.[1];
    return { ...fields, ...(found === undefined ? {} : { found: Number(found) }), backup: fields["backup_file"] ?? "" };
  },
});

function editOf(given: Params): Edit {
  return lineEdit({
    state: given.state,
    line: given.line,
    regexp: given.regexp,
    searchString: given.search_string,
    insertAfter: given.insertafter ?? (given.insertbefore === undefined ? "EOF" : undefined),
    insertBefore: given.insertbefore,
    backrefs: given.backrefs,
    firstMatch: given.firstmatch,
  });
}
