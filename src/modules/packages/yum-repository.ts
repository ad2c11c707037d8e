import { ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { type WantedAttributes, wantedAttributes } from "../support/files/attributes.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known } from "../support/files/known.ts";
import { type Section, withoutSection, withSection } from "../support/packages/repo-sections.ts";
import {
  applyFileChange,
  type FileChange,
  planRepositoryFile,
  predictFileChange,
  providedByChange,
  repositoryFileQuestions,
  repositoryText,
} from "../support/packages/repository-file.ts";
import { type YumRepositoryParams, yumRepositoryParameters, yumSection } from "../support/packages/yum-repository-parameters.ts";

type Input = {
  readonly name: string;
  readonly path: string;
  readonly state: "present" | "absent";
  readonly section: Section;
  readonly wanted: WantedAttributes;
};

export const yumRepository = stateModule<YumRepositoryParams, Input, Questions, FileChange>({
  name: "yum_repository",
  summary: "Adds and removes repositories of dnf and yum.",
  description: [
    "The section of the repository says what the task says and nothing else; other sections of the file, and their comments, stay as they are. The file goes with its last section.",
    "Nothing is fetched: dnf does that when it needs the repository, the keys of `gpgkey` included, which it then trusts without asking. To say which key is meant, use `rpm_key` with `fingerprint` before, and give dnf no `gpgkey`, or one of a `file:` address.",
  ],
  parameters: yumRepositoryParameters,
  example: `- name: Extra packages
  yum_repository:
    name: epel
    description: Extra Packages for Enterprise Linux
    metalink: https://mirrors.fedoraproject.org/metalink?repo=epel-9&arch=$basearch
    gpgkey: https://dl.fedoraproject.org/pub/epel/RPM-GPG-KEY-EPEL-9
    gpgcheck: true
    enabled: false
`,
  returns: { repo: "Id of the repository.", dest: "The file.", state: "Whether it is there." },
  prepare: (given, _control, context) => {
    const { name, baseurl, metalink, mirrorlist } = given;
    if (/[[\]\n/]/.test(name)) throw new ModuleFailure(`"name: ${name}" is no id of a repository`);
    const file = (given.file ?? name).replace(/\.repo$/, "");
    if (file === "" || file.includes("/"))
      throw new ModuleFailure(`"file: ${file}" must be a name without directories; the directory is "reposdir"`);
    if (given.state === "present" && (baseurl ?? []).length === 0 && metalink === undefined && mirrorlist === undefined)
      throw new ModuleFailure(`yum_repository: one of "baseurl", "metalink" and "mirrorlist" must say where ${name} is`);
    const path = `${hostPath(given.reposdir, context.traits)}/${file}.repo`;
    return Promise.resolve({ name, path, state: given.state, section: yumSection(given), wanted: wantedAttributes(given) });
  },
  probe: (input, context) => repositoryFileQuestions(input.path, input.wanted, context),
  plan: (state, input, context) => {
    const known = new Known(state);
    const before = repositoryText(input.path, known);
    const isAbsent = input.state === "absent";
    if (isAbsent && before === undefined) return undefined;
    const after = isAbsent ? withoutSection(before ?? "", input.name) : withSection(before ?? "", input.name, input.section);
    if (isAbsent && after === before) return undefined;
    const change = planRepositoryFile(input.path, after, isAbsent ? {} : input.wanted, known, context);
    return change.differences.length === 0 ? undefined : { differences: change.differences, data: change };
  },
  apply: ({ data }, _input, context) => applyFileChange(data, context),
  predict: ({ data }, _state, _input, context) => predictFileChange(data, context),
  provides: ({ data }) => providedByChange(data),
  result: (_state, input) => ({ repo: input.name, dest: input.path, state: input.state }),
});
