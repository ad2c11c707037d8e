import { stateModule } from "./contract.ts";
import { bool, choice, parameters, path, str } from "./parameters.ts";
import { applyPlans, type Plan, predictPlans, providedBy } from "./support/apply-plans.ts";
import { attributeParameters, wantedAttributes } from "./support/attributes.ts";
import { validationCommand } from "./support/atomic-write.ts";
import { digestOf } from "./support/content-difference.ts";
import { baseName } from "./support/host-path.ts";
import { bytesSource } from "./support/place-file.ts";
import { planSingleFile, type SingleFile, singleFileQuestions, singleFileResult } from "./support/single-file.ts";
import { writtenFields } from "./support/atomic-write.ts";

const params = parameters({
  src: { ...str(), required: true, description: "Template on the control node, looked for in the role's templates/ and beside the task file." },
  dest: { ...path(), required: true, description: "File to write; a directory gets the file under the template's name." },
  ...attributeParameters,
  mode: { ...attributeParameters.mode, description: `${attributeParameters.mode.description} "preserve": that of the template.` },
  backup: { ...bool(), default: false, description: "Keep the old file beside the new one, with the time in its name." },
  force: { ...bool(), default: true, description: "false: write only where no file is yet." },
  follow: { ...bool(), default: false, description: "Follow a symbolic link at dest; otherwise it is replaced by a file." },
  validate: { ...str(), description: "Command that checks the new file before it is put in place; %s stands for its path." },
  newline_sequence: { ...choice("\\n", "\\r", "\\r\\n", "\n", "\r", "\r\n"), default: "\n", description: "Line ending of the result." },
  trim_blocks: { ...bool(), default: true, description: "Remove the first newline after a block tag." },
  lstrip_blocks: { ...bool(), default: false, description: "Remove blanks between a line's start and a block tag." },
  output_encoding: { ...str(), default: "utf-8", description: "Encoding of the result; utf-8 is the only one." },
  block_start_string: { ...str(), description: "Instead of {%." },
  block_end_string: { ...str(), description: "Instead of %}." },
  variable_start_string: { ...str(), description: "Instead of {{." },
  variable_end_string: { ...str(), description: "Instead of }}." },
  comment_start_string: { ...str(), description: "Instead of {#." },
  comment_end_string: { ...str(), description: "Instead of #}." },
});
