import { ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { attributeParameters } from "../support/files/attributes.ts";
import { blockEdit } from "../support/files/block-edit.ts";
import { type Edit, type EditChange, type EditInput, editedFile, editing, editParameters } from "../support/files/edited-file.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known } from "../support/files/known.ts";

const params = parameters(
  {
    path: { ...path(), required: true, aliases: ["dest", "destfile", "name"], description: "The file." },
    state: { ...choice("present", "absent"), default: "present", description: "Whether the block shall be there." },
    block: {
      ...str(),
      default: "",
      aliases: ["content"],
      description: "The lines between the markers. An empty one removes block and markers.",
    },
    marker: {
      ...str(),
      default: "# {mark} ANSIBLE MANAGED BLOCK",
      description: "The marker lines; {mark} stands for marker_begin or marker_end.",
    },
    marker_begin: { ...str(), default: "BEGIN", description: "What {mark} is before the block." },
    marker_end: { ...str(), default: "END", description: "What {mark} is after the block." },
    insertafter: {
      ...str(),
      description: "Where a new block goes: after the last line in which this is found, or EOF. The default is EOF.",
    },
    insertbefore: { ...str(), description: "Where a new block goes: before the last line in which this is found, or BOF." },
    create: { ...bool(), default: false, description: "Make the file, and the directories above it, where they are missing." },
    append_newline: { ...bool(), default: false, description: "Put an empty line after the block where none is." },
    prepend_newline: { ...bool(), default: false, description: "Put an empty line before the block where none is." },
    ...editParameters,
    ...attributeParameters,
  },
  { mutuallyExclusive: [["insertbefore", "insertafter"]] },
  (given) => {
    refuseMarker(given.marker, given.marker_begin, given.marker_end);
    editedFile(given);
    editOf(given);
  },
);
type Params = ParametersOf<typeof params>;

type Input = EditInput & { readonly isAbsent: boolean };

export const blockinfile = stateModule<Params, Input, Questions, EditChange>({
  name: "blockinfile",
  isLight: true,
  summary: "Manages a block of lines in a file, between two marker lines.",
  description: [
    "Several blocks in one file need different markers. A marker without {mark}, with the same word at both ends, or of several lines is " +
      "refused: Ansible puts such a block in once more with every run.",
    "A marker in the last line counts though no newline ends it; Ansible does not see it and appends the block once more.",
    "The file is replaced in one step, with its owner, mode, ACL, SELinux context and all that copy keeps; where path is a symbolic link, what it leads to.",
  ],
  parameters: params,
  example: `- name: Names of the cluster's hosts
  blockinfile:
    path: /etc/example.hosts
    create: true
    mode: "0644"
    marker: "# {mark} cluster"
    block: |
      192.0.2.10 node1
      192.0.2.11 node2`,
  returns: {
    path: "the file",
    msg: "Block inserted, Block removed, File created; empty when there was nothing to do",
    backup_file: "path of the backup, if one was made",
  },

  async prepare(given) {
    const create = given.create && given.state === "present";
    const file = { ...editedFile(given), create, needed: !given.create, noun: "Path" };
    return { file, edit: editOf(given), isAbsent: given.state === "absent" };
  },

  ...editing,
  result(state, input, context) {
    const fields = editing.result(state, input, context);
    const isMissing = new Known(state).path(hostPath(input.file.path, context.traits)).kind === "absent";
    return input.isAbsent && isMissing ? { ...fields, msg: `File ${input.file.path} not present` } : fields;
  },
});

// Such markers could not be found again, or not be told apart.
function refuseMarker(marker: string, begin: string, end: string): void {
  if (!marker.includes("{mark}"))
    throw new ModuleFailure(`marker "${marker}" must contain {mark}, so that the two markers differ`);
  if (begin === end) throw new ModuleFailure(`marker_begin and marker_end are both "${begin}"; they must differ`);
  if (/[\r\n]/.test(`${marker}${begin}${end}`))
    throw new ModuleFailure(`a marker is one line, but this has more: ${JSON.stringify(marker)}`);
}

function editOf(given: Params): Edit {
  return blockEdit({
    state: given.state,
    block: given.block,
    marker: given.marker,
    markerBegin: given.marker_begin,
    markerEnd: given.marker_end,
    insertAfter: given.insertafter,
    insertBefore: given.insertbefore,
    appendNewline: given.append_newline,
    prependNewline: given.prepend_newline,
  });
}
