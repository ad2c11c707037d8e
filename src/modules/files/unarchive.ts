import { randomBytes } from "node:crypto";
import { sh } from "../../sh.ts";
import { guards, reasonToSkip } from "../commands/command.ts";
import {
  type ControlNode,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type Output,
  type Prediction,
  type ProbeContext,
  type Question,
  type Questions,
  stateModule,
  Unknown,
} from "../contract.ts";
import { bool, int, listOf, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { extraOptions, type Keeps } from "../support/archives/extra-options.ts";
import { listScript, type Member, readListing } from "../support/archives/list-archive.ts";
import { partsOf, type Selection, selectMembers } from "../support/archives/selection.ts";
import { planMember, type Step, unpackScript } from "../support/archives/unpack-plan.ts";
import { type Found, foundScript, readFound } from "../support/archives/unpacked-state.ts";
import {
  accountQuestions,
  newInode,
  parametersWithoutFlags,
  wantedAttributes,
  withAttributes,
} from "../support/files/attributes.ts";
import { fileFields, followed } from "../support/files/file-fields.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { localSource, payloadOf } from "../support/files/local-source.ts";
import { pathQuestion } from "../support/files/path-collector.ts";
import type { FileSource } from "../support/files/place-file.ts";
import { ask } from "../support/question.ts";

const params = parameters(
  {
    src: {
      ...str(),
      required: true,
      description: "The archive on the control node (looked for in the role's files/), or on the host with remote_src. No URL.",
    },
    dest: { ...path(), required: true, description: "Directory of the host to unpack into; it must be there." },
    remote_src: { ...bool(), default: false, description: "src is on the host." },
    copy: { ...bool(), description: "The opposite of remote_src, in Ansible's old spelling." },
    creates: { ...path(), description: "A path or pattern; when something there exists, nothing is unpacked." },
    include: {
      ...listOf(str()),
      default: [],
      description: "Members to unpack, as patterns; a directory stands for what is in it.",
    },
    exclude: {
      ...listOf(str()),
      default: [],
      description: "Members to leave out, as patterns of whole parts anywhere in the name, as tar has it.",
    },
    keep_newer: {
      ...bool(),
      default: false,
      description:
        "Leave a file that is newer than the archive's, whatever it holds, with its owner and mode. busybox' unzip makes files as new as the unpacking.",
    },
    list_files: { ...bool(), default: false, description: "Give the names of the members in the result." },
    extra_opts: {
      ...listOf(str()),
      default: [],
      description:
        "Options of tar; --strip-components=N, --exclude=PATTERN, --keep-newer-files, --skip-old-files, --overwrite, --wildcards and --no-same-owner are understood, all else is refused.",
    },
    decrypt: {
      ...bool(),
      default: true,
      description: "An archive that Ansible Vault has encrypted is refused; false takes it as it is.",
    },
    validate_certs: { ...bool(), default: true, description: "Accepted; it is about URLs, which are refused." },
    io_buffer_size: { ...int(), description: "Accepted and ignored: archives are streamed." },
    ...parametersWithoutFlags,
    mode: {
      ...parametersWithoutFlags.mode,
      description:
        "Permissions of the files; directories can be entered besides where they can be read. Those of the archive when not given.",
    },
  },
  {
    mutuallyExclusive: [
      ["include", "exclude"],
      ["copy", "remote_src"],
    ],
  },
);
type Params = ParametersOf<typeof params>;

/** What the host says: what is in its archive (where it has it), and what is there of each member. */
type Answer = { readonly members: readonly Member[]; readonly found: ReadonlyMap<string, Found>; readonly isMissing: boolean };
type Input = {
  readonly given: Params;
  readonly dest: string;
  readonly src: string;
  readonly selection: Selection;
  readonly keeps: Keeps;
  /** An archive of the control node. */
  readonly local: { readonly source: FileSource; readonly members: readonly Member[] } | undefined;
  /** The private directory that it is unpacked in. */
  readonly stage: string;
};

export const unarchive = stateModule<Params, Input, Questions, { readonly steps: readonly Step[] }>({
  name: "unarchive",
  summary: "Unpacks an archive of the control node or of the host.",
  description: [
    "Understands tar, plain or packed by gzip, bzip2, xz or zstd, and zip, by their content, with the tar and unzip of GNU, Info-ZIP or busybox. " +
      "The members are listed on the machine that has the archive, without unpacking them; each is compared with what is on the host by its " +
      "SHA-256, its permissions and its link's target, so only what differs is written, and a second run finds nothing.",
    "Everything is unpacked into a private directory inside dest first, and what differs is then put in place file by file, each in one step. A full " +
      "disk or a broken archive changes nothing; a run that is interrupted while files are put in place leaves each file old or new, and the " +
      "next one goes on. The files as a whole are not replaced in one step.",
    "Refused, before anything is written: absolute paths, `..`, links that lead out of dest or that other members lie below, devices and pipes.",
    "Owners are those given, else the user of the session: the archive's are not taken over, unlike Ansible's. A URL is refused: download with get_url " +
      "(which can check a checksum) and give the path with remote_src.",
  ],
  parameters: params,
  example: `- name: Make an archive
  command:
    cmd: tar -C /etc -czf /var/tmp/example.tar.gz hostname
    creates: /var/tmp/example.tar.gz
- name: Make a place for it
  file:
    path: /var/tmp/example
    state: directory
- name: Unpack it
  unarchive:
    src: /var/tmp/example.tar.gz
    dest: /var/tmp/example
    remote_src: true`,
  returns: {
    dest: "the directory",
    src: "the archive",
    files: "names of the members, with list_files",
    mode: "permissions of the directory",
    owner: "user that owns the directory",
    group: "group that owns the directory",
    uid: "number of the user",
    gid: "number of the group",
    state: "directory",
  },

  prepare: (given, control, context) => prepare(given, control, context),
  probe(input) {
    const { dest, src, given, local } = input;
    const accounts = accountQuestions(wantedAttributes(given));
    const source = local === undefined ? [pathQuestion(src)] : [];
    const list = [pathQuestion(dest), accounts.owner, accounts.group, ...source, archiveQuestion(input)];
    return { ...questionSet(list), ...guards(guardsOf(given)) };
  },
  plan(state, input, context) {
    const { dest, given, src, local } = input;
    if (reasonToSkip(state, guardsOf(given), context) !== undefined) return undefined;
    const known = new Known(state);
    const there = followed(known.path(dest));
    const answer = known.of(archiveQuestion(input));
    if (local === undefined && (answer.isMissing || followed(known.path(src)) === undefined)) {
      throw new MissingPrerequisite(`path:${src}`, `Source '${src}' does not exist`);
    }
    if (there === undefined) throw new MissingPrerequisite(`path:${dest}`, `dest '${dest}' must be an existing dir`);
    if (there.kind !== "directory")
      throw new ModuleFailure(`dest '${dest}' must be an existing dir, but is a ${there.kind}`, { dest });
    const members = local?.members ?? answer.members;
    const selected = selectMembers(members, input.selection, src);
    const wanted = wantedAttributes(given);
    const accounts = known.accounts(wanted);
    const steps = selected.flatMap(({ member, path }) => {
      const one = { path, member: withDigest(member, members) };
      return planMember(one, answer.found.get(path) ?? { kind: "absent" }, dest, wanted, accounts, input.keeps) ?? [];
    });
    return steps.length === 0 ? undefined : { differences: steps.flatMap(({ differences }) => differences), data: { steps } };
  },
  apply({ data: { steps } }, { dest, src, stage, local }) {
    const payload = local === undefined ? undefined : payloadOf(local.source, dest);
    return {
      script: unpackScript(steps, dest, stage, local === undefined ? src : undefined),
      ...(payload === undefined || !steps.some(({ take }) => take) ? {} : { payloads: { archive: payload } }),
      temporary: [stage],
    };
  },
  predict({ data: { steps } }, state, input, { traits }): Prediction[] {
    const question = archiveQuestion(input);
    const answer = new Known(state).of(question);
    const found = new Map(answer.found);
    const paths = steps.map(({ path, member, set }) => {
      const kind = member.kind === "hardlink" || member.kind === "special" ? "file" : member.kind;
      const old = answer.found.get(path);
      const base =
        old?.kind === "there" && old.inode.kind === kind
          ? old.inode
          : newInode(kind, kind === "directory" ? 0o755 : 0o644, traits);
      const inode = withAttributes(base, set);
      const { target, digest } = member;
      found.set(path, {
        kind: "there",
        inode,
        ...(kind === "link" && target !== undefined ? { target } : {}),
        ...(digest === undefined ? {} : { digest }),
      });
      const link = kind === "link" && target !== undefined ? { link: { target, path: "", inode: null } } : {};
      return { question: pathQuestion(`${input.dest}/${path}`), answer: { ...inode, ...link } };
    });
    return [...paths, { question, answer: { ...answer, found } }];
  },
  provides: ({ data: { steps } }, { dest }) => steps.map(({ path }) => `path:${dest}/${path}` as const),
  result(state, input): JsonObject {
    const known = new Known(state);
    const there = known.path(input.dest);
    const members = input.local?.members ?? known.of(archiveQuestion(input)).members;
    const files = input.given.list_files
      ? { files: selectMembers(members, input.selection, input.src).map(({ path }) => path) }
      : {};
    return { dest: input.dest, src: input.src, ...files, ...fileFields(followed(there) ?? there) };
  },
});

const guardsOf = ({ creates }: Params) => ({ creates, removes: undefined, chdir: undefined });

async function prepare(given: Params, control: ControlNode, context: ProbeContext): Promise<Input> {
  if (/^[a-z]+:\/\//i.test(given.src)) {
    throw new ModuleFailure(
      `src is a URL, which unarchive does not download: get it with get_url and give its path with remote_src: true: ${given.src}`,
    );
  }
  const dest = hostPath(given.dest, context.traits);
  const options = extraOptions(given.extra_opts);
  const selection = { include: given.include, exclude: [...given.exclude, ...options.exclude], strip: options.strip };
  const keeps = given.keep_newer && options.keeps === "nothing" ? "newer" : options.keeps;
  const stage = `${dest === "/" ? "" : dest}/.k3sprov.${randomBytes(16).toString("hex")}`;
  const isRemote = given.copy === undefined ? given.remote_src : !given.copy;
  if (isRemote) return { given, dest, src: hostPath(given.src, context.traits), selection, keeps, local: undefined, stage };
  const src = control.find(given.src, "files");
  const { kind, size } = await control.inspect(src);
  if (kind !== "file") throw new ModuleFailure(`the archive ${src} is a directory`);
  if (given.decrypt && (await control.isEncrypted(src))) {
    throw new ModuleFailure(`the archive ${src} is encrypted by Ansible Vault; unarchive does not decrypt it`);
  }
  const source = await localSource(src, size, { readUpTo: -1, decrypt: false }, control);
  const members = await membersOf(src, source.digest, control);
  selectMembers(members, selection, src);
  return { given, dest, src, selection, keeps, local: { source, members }, stage };
}

/** Archives of the control node by their digest: listed once, however many hosts get them. */
const listed = new Map<string, Promise<readonly Member[]>>();

function membersOf(path: string, digest: string, control: ControlNode): Promise<readonly Member[]> {
  const known = listed.get(digest) ?? control.ask(listScript(sh`${path}`)).then((output) => readListing(output, path).members);
  listed.set(digest, known);
  known.catch(() => listed.delete(digest));
  return known;
}

const stripped = (members: readonly Member[], strip: number): string[] =>
  members.map(({ name }) => partsOf(name).slice(strip).join("/"));

/** Asks what is there of each member; of an archive of the host, also for its list. */
function archiveQuestion({ src, dest, selection, local }: Input): Question<Answer> {
  const strip = sh`k3_stripped() { while IFS= read -r k3_n; do
k3_n=\${k3_n%/} k3_n=\${k3_n#./} k3_i=${selection.strip}
while [ "$k3_i" -gt 0 ]; do case $k3_n in */*) k3_n=\${k3_n#*/};; *) k3_n=;; esac; k3_i=$((k3_i - 1)); done
printf '%s\\n' "$k3_n"
done; }`;
  const found = sh`k3_found() { ${foundScript(dest)}
}`;
  if (local !== undefined) {
    const paths = stripped(local.members, selection.strip);
    const script = sh`${found}
printf '%s\\n' ${paths} | k3_found`;
    return ask("unpacked", script, (output) =>
      decoded(output, `cannot look below ${dest}`, () => ({
        members: [],
        found: readFound(output.stdout.toString("utf8"), paths, dest),
        isMissing: false,
      })),
    );
  }
  const script = sh`[ -e ${src} ] || { printf missing; exit 0; }
${found}
${strip}
${listScript(sh`${src}`)}
printf '%s\\n' "$k3_list" | k3_stripped | k3_found`;
  return ask("archive", script, (output) =>
    decoded(output, `cannot list ${src}`, () => {
      if (output.stdout.toString("latin1") === "missing") return { members: [], found: new Map(), isMissing: true };
      const { members, rest } = readListing(output, src);
      return { members, found: readFound(rest, stripped(members, selection.strip), dest), isMissing: false };
    }),
  );
}

function decoded(output: Output, what: string, read: () => Answer): Answer | Unknown {
  if (output.rc !== 0) return new Unknown(`${what}: ${output.stderr.toString("utf8").trim() || `exit status ${output.rc}`}`);
  try {
    return read();
  } catch (error) {
    if (error instanceof ModuleFailure) return new Unknown(error.message);
    throw error;
  }
}

/** A hard link holds what the member holds that it is a link to. */
function withDigest(member: Member, members: readonly Member[]): Member {
  if (member.kind !== "hardlink") return member;
  const digest = members.find(
    ({ name, kind }) => kind === "file" && partsOf(name).join("/") === partsOf(member.target ?? "").join("/"),
  )?.digest;
  if (digest === undefined)
    throw new ModuleFailure(`the archive's hard link "${member.name}" leads to "${member.target ?? ""}", which it does not have`);
  return { ...member, digest };
}
