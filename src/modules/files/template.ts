import { ModuleFailure, type Questions, stateModule, type TemplateOptions } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { applyPlans, type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { validationCommand, writtenFields } from "../support/files/atomic-write.ts";
import { attributeParameters, wantedAttributes } from "../support/files/attributes.ts";
import { sha1 } from "../support/files/content-difference.ts";
import { baseName } from "../support/files/host-path.ts";
import { bytesSource, type FileSource } from "../support/files/place-file.ts";
import { planSingleFile, type SingleFile, singleFileQuestions, singleFileResult } from "../support/files/single-file.ts";
import { octal } from "../support/files/symbolic-mode.ts";
import { textEncoding } from "../support/files/text-encoding.ts";

const params = parameters(
  {
    src: {
      ...str(),
      required: true,
      description: "Template on the control node, looked for in the role's templates/ and beside the task file.",
    },
    dest: { ...path(), required: true, description: "File to write; a directory gets the file under the template's name." },
    ...attributeParameters,
    mode: {
      ...attributeParameters.mode,
      description: `${attributeParameters.mode.description} "preserve": that of the template.`,
    },
    backup: { ...bool(), default: false, description: "Keep the old file beside the new one, with the time in its name." },
    force: { ...bool(), default: true, description: "false: write only where no file is yet." },
    follow: { ...bool(), default: false, description: "Follow a symbolic link at dest; otherwise it is replaced by a file." },
    validate: { ...str(), description: "Command that checks the new file before it is put in place; %s stands for its path." },
    newline_sequence: {
      ...choice("\\n", "\\r", "\\r\\n", "\n", "\r", "\r\n"),
      default: "\n",
      description: "Line ending of the result.",
    },
    trim_blocks: { ...bool(), default: true, description: "Remove the first newline after a block tag." },
    lstrip_blocks: { ...bool(), default: false, description: "Remove blanks between a line's start and a block tag." },
    output_encoding: {
      ...str(),
      default: "utf-8",
      description: "Encoding of the result: utf-8, latin-1, ascii, utf-16-le, utf-16-be.",
    },
    block_start_string: { ...str(), description: "Instead of {%." },
    block_end_string: { ...str(), description: "Instead of %}." },
    variable_start_string: { ...str(), description: "Instead of {{." },
    variable_end_string: { ...str(), description: "Instead of }}." },
    comment_start_string: { ...str(), description: "Instead of {#." },
    comment_end_string: { ...str(), description: "Instead of #}." },
  },
  {},
  (given) => {
    textEncoding(given.output_encoding);
    if (given.validate !== undefined) validationCommand(given.validate);
    wantedAttributes({ ...given, mode: undefined });
  },
);

type Input = { readonly file: SingleFile; readonly source: FileSource; readonly src: string; readonly checksum: string };

const SEQUENCES: Readonly<Record<string, "\n" | "\r" | "\r\n">> = {
  "\\n": "\n",
  "\\r": "\r",
  "\\r\\n": "\r\n",
  "\r": "\r",
  "\r\n": "\r\n",
};

export const template = stateModule<ParametersOf<typeof params>, Input, Questions, readonly Plan[]>({
  name: "template",
  summary: "Renders a Jinja2 template on the control node and puts the result on the host.",
  description: [
    "The old file is there until the new one is complete: the result goes into a temporary file in the same directory, gets its owner, mode, " +
      "ACL, SELinux context and all that copy keeps, is validated, and then takes the old one's place in one step.",
    "Only a digest is read from the host. The rendered text travels when it differs, never as an argument of a command.",
    "A difference whose text holds a secret is not shown, not even as a digest.",
  ],
  parameters: params,
  example: `- name: Write the message of the day
  template:
    src: motd.j2
    dest: /etc/motd
    owner: root
    group: root
    mode: "0644"`,
  returns: {
    dest: "path of the file",
    src: "path of the template on the control node",
    checksum: "SHA-1 of the rendered text",
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
    const encoding = textEncoding(given.output_encoding);
    const src = control.find(given.src, "templates");
    const found = await control.inspect(src);
    if (found.kind !== "file") throw new ModuleFailure(`the template ${src} is a directory`);
    const { text, secret } = await control.renderTemplate(src, {
      trimBlocks: given.trim_blocks,
      lstripBlocks: given.lstrip_blocks,
      newlineSequence: SEQUENCES[given.newline_sequence] ?? "\n",
      given: given.src,
      destination: given.dest,
      ...delimiters(given),
    });
    const bytes = encoding.encode(text);
    const mode = given.mode === "preserve" ? octal(found.mode) : given.mode;
    return {
      file: {
        dest: given.dest,
        name: baseName(src),
        wanted: wantedAttributes({ ...given, mode }),
        directoryMode: undefined,
        options: {
          force: given.force,
          backup: given.backup,
          validate: given.validate,
          follow: given.follow,
          unsafeWrites: given.unsafe_writes,
          isSecret: secret,
        },
      },
      source: bytesSource(bytes),
      src,
      checksum: sha1(bytes),
    };
  },

  probe: ({ file }, context) => singleFileQuestions(file, context),
  plan: (state, { file, source }, context) => planSingleFile(file, source, state, context),
  apply: ({ data }, _input, { traits }) => applyPlans(data, traits),
  predict: ({ data }, _state, _input, { traits }) => predictPlans(data, traits),
  provides: ({ data }) => providedBy(data),
  result: (state, { file, src, checksum }, context) => ({ ...singleFileResult(file, state, context), src, checksum }),
  applied: writtenFields,
});

function delimiters(given: ParametersOf<typeof params>): Partial<TemplateOptions> {
  return {
    ...(given.block_start_string === undefined ? {} : { blockStart: given.block_start_string }),
    ...(given.block_end_string === undefined ? {} : { blockEnd: given.block_end_string }),
    ...(given.variable_start_string === undefined ? {} : { variableStart: given.variable_start_string }),
    ...(given.variable_end_string === undefined ? {} : { variableEnd: given.variable_end_string }),
    ...(given.comment_start_string === undefined ? {} : { commentStart: given.comment_start_string }),
    ...(given.comment_end_string === undefined ? {} : { commentEnd: given.comment_end_string }),
  };
}
