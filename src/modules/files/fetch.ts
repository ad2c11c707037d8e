import { sh } from "../../sh.ts";
import {
  type ControlNode,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type ProbeContext,
  type Questions,
  stateModule,
} from "../contract.ts";
import { bool, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { CONTENT_LIMIT, type Content, contentOf, contentQuestion } from "../support/files/content-collector.ts";
import { contentDifference } from "../support/files/content-difference.ts";
import { digestQuestion } from "../support/files/digest-collector.ts";
import { followed } from "../support/files/file-fields.ts";
import { baseName, hostPath } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { pathQuestion } from "../support/files/path-collector.ts";

const params = parameters(
  {
    src: { ...path(), required: true, description: "The file on the host; no directory." },
    dest: {
      ...str(),
      required: true,
      description:
        "Directory on the control node; the file goes to dest/HOST/src below it. A relative path starts at the playbook's folder.",
    },
    flat: {
      ...bool(),
      default: false,
      description: "dest is the file itself or, with a slash at its end, the directory that it goes to under its own name.",
    },
    fail_on_missing: { ...bool(), default: true, description: "false: a file that is not there is left out." },
    validate_checksum: {
      ...bool(),
      default: true,
      description: "Fail when what arrived is not what the host has, because the file changed meanwhile.",
    },
  },
  {},
  (given) => {
    if (!given.flat && given.src.split("/").includes("..")) {
      throw new ModuleFailure(`"src" is ${given.src}, but must not lead upwards with "..", since it becomes a path below dest`);
    }
    if (given.dest === "") throw new ModuleFailure('"dest" is empty');
  },
);
type Params = ParametersOf<typeof params>;

type Local = { readonly sha1: string; readonly sha256: string; readonly md5: string };
type Input = {
  readonly src: string;
  readonly dest: string;
  readonly failOnMissing: boolean;
  readonly validateChecksum: boolean;
  /** What is at dest now. */
  readonly local: Local | undefined;
  readonly content: Content;
};

export const fetch = stateModule<
  Params,
  Input,
  Questions,
  { readonly from: string; readonly size: number; readonly digest: string }
>({
  name: "fetch",
  summary: "Brings a file of the host to the control node.",
  description: [
    "The old file is there until the new one is complete. A large file is streamed in pieces, compressed where that pays, and goes on where it was " +
      "after a lost connection. Only digests are compared, so a file that is here already does not travel.",
    "A new file gets the permissions that the control node's umask gives; an old one keeps its own.",
    "With flat, several hosts write to one file: the last one wins.",
  ],
  parameters: params,
  example: `- name: Bring the machine's name here
  fetch:
    src: /etc/hostname
    dest: "{{ playbook_dir }}/fetched"`,
  returns: {
    src: "path on the host",
    file: "the same",
    dest: "path on the control node",
    checksum: "SHA-1 of the file here",
    md5sum: "MD5 of the file here",
    remote_checksum: "SHA-1 of the file on the host",
    remote_md5sum: "nothing, as in Ansible",
  },

  prepare: (given, control, context) => prepare(given, control, context),
  probe({ src }, { diff }) {
    return questionSet([
      pathQuestion(src),
      digestQuestion(src),
      digestQuestion(src, "sha1"),
      ...(diff ? [contentQuestion(src)] : []),
    ]);
  },
  plan(state, input, { diff }) {
    const known = new Known(state);
    const { src, dest, local } = input;
    const there = followed(known.path(src));
    const fields = { file: src };
    if (there === undefined) {
      if (!input.failOnMissing) return undefined;
      throw new MissingPrerequisite(`path:${src}`, `the remote file does not exist: ${src}`);
    }
    if (there.kind === "directory") throw new ModuleFailure(`${src} is a directory, which fetch does not bring over`, fields);
    const digest = known.digest(src);
    if (digest === null) throw new ModuleFailure(`${src} is a ${there.kind}, not a regular file`, fields);
    if (digest === local?.sha256) return undefined;
    const after = diff ? known.content(src) : undefined;
    const difference = contentDifference(
      dest,
      { before: local?.sha256 ?? null, after: digest },
      { diff, before: input.content, ...(after?.kind === "file" ? { after: Buffer.from(after.base64, "base64") } : {}) },
    );
    return { differences: [difference], data: { from: src, size: there.size, digest } };
  },
  apply: ({ data: { from, size, digest } }, { dest, validateChecksum }) => ({
    script: sh`:`,
    receives: [{ from, to: dest, size, ...(validateChecksum ? { digest } : {}) }],
  }),
  result(state, input): JsonObject {
    const known = new Known(state);
    if (followed(known.path(input.src)) === undefined) {
      return { msg: "the remote file does not exist, not transferring, ignored", file: input.src };
    }
    const { local } = input;
    return {
      src: input.src,
      file: input.src,
      dest: input.dest,
      ...(local === undefined ? {} : { checksum: local.sha1, md5sum: local.md5 }),
      remote_checksum: known.digest(input.src, "sha1"),
      remote_md5sum: null,
    };
  },
});

async function prepare(given: Params, control: ControlNode, context: ProbeContext): Promise<Input> {
  const src = hostPath(given.src, context.traits);
  const dest = await destination(given, src, control);
  const isThere = (await kindOf(dest, control)) === "file";
  const shown = isThere && context.diff && (await control.inspect(dest)).size <= CONTENT_LIMIT;
  return {
    src,
    dest,
    failOnMissing: given.fail_on_missing,
    validateChecksum: given.validate_checksum,
    local: isThere ? await control.digests(dest, ["sha1", "sha256", "md5"]) : undefined,
    content: shown ? contentOf(await control.read(dest, { decrypt: false })) : { kind: "none" },
  };
}

async function destination(given: Params, src: string, control: ControlNode): Promise<string> {
  if (!given.flat) {
    if (src.split("/").includes("..")) {
      throw new ModuleFailure(`src must not lead upwards with "..", since it becomes a path below dest: ${given.src}`);
    }
    return `${control.path(given.dest)}/${control.host}${src}`;
  }
  if (given.dest.endsWith("/")) return `${control.path(given.dest)}/${baseName(src)}`.replace(/^\/\//, "/");
  const dest = control.path(given.dest);
  if ((await kindOf(dest, control)) === "directory") {
    throw new ModuleFailure(`dest is an existing directory; with a slash at its end the file goes into it: ${given.dest}`, {
      dest,
    });
  }
  return dest;
}

/** Undefined where nothing is. */
async function kindOf(path: string, control: ControlNode): Promise<"file" | "directory" | undefined> {
  return control.exists(path) ? (await control.inspect(path)).kind : undefined;
}
