import { type Questions, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { validationCommand } from "../support/files/atomic-write.ts";
import { attributeParameters, wantedAttributes } from "../support/files/attributes.ts";
import { blockEdit } from "../support/files/block-edit.ts";
import {
  applyEdit,
  type Edit,
  type EditChange,
  type EditedFile,
  editedFields,
  editQuestions,
  editResult,
  planEdit,
} from "../support/files/edited-file.ts";

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
    backup: { ...bool(), default: false, description: "Keep the old file beside the new one, with the time in its name." },
    append_newline: { ...bool(), default: false, description: "Put an empty line after the block where none is." },
    prepend_newline: { ...bool(), default: false, description: "Put an empty line before the block where none is." },
    validate: { ...str(), description: "Command that checks the new file before it is put in place; %s stands for its path." },
    ...attributeParameters,
  },
  { mutuallyExclusive: [["insertbefore", "insertafter"]] },
);

type Input = { readonly file: EditedFile; readonly edit: Edit };

export const blockinfile = stateModule<ParametersOf<typeof params>, Input, Questions, EditChange>({
  name: "blockinfile",
  summary: "Manages a block of lines in a file, between two marker lines.",
  description: [
    "Several blocks in one file need different markers.",
    "A marker in the last line counts though no newline ends it; Ansible does not see it and appends the block once more.",
    "The file is replaced in one step, with its owner, mode, ACL and SELinux context; where path is a symbolic link, what it leads to.",
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
    if (given.validate !== undefined) validationCommand(given.validate);
    const edit = blockEdit({
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
    const isPresent = given.state === "present";
    const file: EditedFile = {
      path: given.path,
      create: given.create && isPresent,
      backup: given.backup,
      validate: given.validate,
      unsafeWrites: given.unsafe_writes,
      wanted: wantedAttributes(given),
      needed: !given.create,
      noun: "Path",
    };
    return { file, edit };
  },

  probe: ({ file }, context) => editQuestions(file, context),
  plan: (state, { file, edit }, context) => planEdit(file, edit, state, context),
  apply: (change, _input, context) => applyEdit(change, context),
  predict: ({ data }, _state, _input, { traits }) => predictPlans(data.plans, traits),
  provides: ({ data }) => providedBy(data.plans),
  result: (state, { file }, context) => editResult(file, state, context),
  applied: editedFields,
});
