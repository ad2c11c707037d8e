import { MissingPrerequisite, ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { type ParametersOf, parameters, path } from "../parameters.ts";
import { CONTENT_LIMIT, contentQuestion } from "../support/files/content-collector.ts";
import { followed } from "../support/files/file-fields.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { pathQuestion } from "../support/files/path-collector.ts";

const params = parameters({
  src: { ...path(), required: true, aliases: ["path"], description: "The file on the host." },
});
type Params = ParametersOf<typeof params>;

export const slurp = stateModule<Params, Params, Questions, undefined>({
  name: "slurp",
  summary: "Reads a file of the host into a variable.",
  description: [
    `Changes nothing. The content comes base64-encoded: read it with the filter b64decode. Files up to ${CONTENT_LIMIT >> 20} MiB.`,
  ],
  parameters: params,
  example: `- name: Read the machine's name
  slurp:
    src: /etc/hostname
  register: hostname_file
- name: Show it
  debug:
    msg: "{{ hostname_file.content | b64decode }}"`,
  returns: { content: "the content, base64-encoded", encoding: "base64", source: "path of the file" },

  probe({ src }, { traits }) {
    const path = hostPath(src, traits);
    return questionSet([pathQuestion(path), contentQuestion(path)]);
  },
  readsOnly: true,
  plan(state, { src }, { traits }) {
    const path = hostPath(src, traits);
    const known = new Known(state);
    const content = known.content(path);
    if (content.kind === "none") throw new MissingPrerequisite(`path:${path}`, `file not found: ${path}`);
    if (content.kind === "other") {
      const kind = followed(known.path(path))?.kind ?? "device";
      throw new ModuleFailure(`source is a ${kind} and must be a file: ${path}`);
    }
    if (content.kind === "too-large") {
      const limit = `at most ${CONTENT_LIMIT} can be read into a variable`;
      throw new ModuleFailure(`${path} has ${content.size} bytes, ${limit}; fetch brings a file of any size to the control node`);
    }
    return undefined;
  },
  apply: () => {
    throw new Error("bug: slurp has nothing to apply");
  },
  result(state, { src }, { traits }) {
    const content = new Known(state).content(hostPath(src, traits));
    return { content: content.kind === "file" ? content.base64 : "", encoding: "base64", source: src };
  },
});
