import { joinSh } from "../../sh.ts";
import { type JsonObject, ModuleFailure, type ProbeContext, type Questions, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { attributeParameters, wantedAttributes } from "../support/files/attributes.ts";
import { fileFields, followed, stateName } from "../support/files/file-fields.ts";
import { type FileInput, fileStateQuestions, planFileState } from "../support/files/file-states.ts";
import { type FileStep, predictStep, stepProvides, stepScript } from "../support/files/file-steps.ts";
import { baseName, hostPath, joinPath, shownPath } from "../support/files/host-path.ts";
import { Known } from "../support/files/known.ts";
import { timeStamp } from "../support/files/times.ts";

const time = "now, preserve, or a time of the host's time zone in the format beside it";
const params = parameters(
  {
    path: { ...path(), required: true, aliases: ["dest", "name"], description: "The file, directory or link." },
    state: {
      ...choice("absent", "directory", "file", "hard", "link", "touch"),
      description:
        "directory: made with all above it. file: must be there already. link, hard: leads to src. touch: made empty where it is missing, its " +
        "times set. absent: removed with everything in it. What is there, or file, when not given; directory with recurse.",
    },
    src: {
      ...str(),
      description:
        "What a link leads to. A relative path starts at the link's directory (at the home directory with state: hard).",
    },
    recurse: {
      ...bool(),
      default: false,
      description:
        "Set owner, group, mode, SELinux context and attributes of everything below, too. Symbolic links are not followed; times are the " +
        "directory's own.",
    },
    force: {
      ...bool(),
      default: false,
      description: "Make a link though src is missing, or in the place of a file or an empty directory.",
    },
    follow: { ...bool(), default: true, description: "Attributes go to what a symbolic link leads to." },
    modification_time: {
      ...str(),
      description: `Time of the last modification: ${time}. Default: now with touch, else preserve.`,
    },
    modification_time_format: {
      ...str(),
      default: "%Y%m%d%H%M.%S",
      description: "Format of modification_time: %Y %m %d %H %M %S.",
    },
    access_time: { ...str(), description: `Time of the last access: ${time}. Default: now with touch, else preserve.` },
    access_time_format: { ...str(), default: "%Y%m%d%H%M.%S", description: "Format of access_time: %Y %m %d %H %M %S." },
    ...attributeParameters,
  },
  { requiredIf: [["state", "hard", ["src"]]] },
  (given) => {
    const { recurse, state, src } = given;
    if (recurse && state !== undefined && state !== "directory") {
      throw new ModuleFailure(`"recurse" goes with state: directory only, and state is ${state}`);
    }
    if (src !== undefined && state !== "link" && state !== "hard") {
      throw new ModuleFailure(`"src" goes with state: link or hard only, and state is ${state ?? "not given"}`);
    }
    wantedAttributes(given);
    times(given);
  },
);
type Params = ParametersOf<typeof params>;

export const file = stateModule<Params, FileInput, Questions, readonly FileStep[]>({
  name: "file",
  isLight: true,
  summary: "Makes, changes and removes files, directories and links, and sets their attributes.",
  description: [
    "With recurse, the host searches for what deviates and tells only that: a large tree that is as it should be costs one find.",
    "state: touch, and times that are `now`, are a change each time, as in Ansible; give modification_time and access_time `preserve` to be " +
      "told only when something is missing.",
    "A link is replaced by renaming a new one, so that there is always one. `/` is never removed.",
  ],
  parameters: params,
  example: `- name: A directory for the settings
  file:
    path: /etc/example.d
    state: directory
    owner: root
    group: root
    mode: "0755"
- name: A link to the current release
  file:
    path: /opt/example
    src: /opt
    state: link`,
  returns: {
    path: "the path (state absent, directory, file)",
    dest: "the path (state hard, link, touch)",
    src: "what a link leads to",
    state: "what is there: absent, directory, file, hard or link",
    mode: 'permissions, like "0644"',
    owner: "user that owns it",
    group: "group that owns it",
    uid: "number of the user",
    gid: "number of the group",
    size: "size in bytes",
  },

  async prepare(given) {
    const { recurse, state, src } = given;
    return {
      path: given.path,
      state: recurse ? "directory" : state,
      src,
      recurse,
      force: given.force,
      follow: given.follow,
      wanted: wantedAttributes(given),
      ...times(given),
    };
  },

  probe: (input, context) => fileStateQuestions(input, context),
  plan(state, input, context) {
    const steps = planFileState(input, new Known(state), context);
    if (steps.length === 0) return undefined;
    const isRepeated = input.modification === "now" || input.access === "now";
    const change = { differences: steps.flatMap((step) => step.differences), data: steps };
    return isRepeated ? { ...change, verify: false } : change;
  },
  apply: ({ data }, _input, { traits }) => ({ script: joinSh(data.map((step) => stepScript(step, traits))) }),
  predict: ({ data }, _state, _input, { traits }) => data.flatMap((step) => predictStep(step, traits)),
  provides: ({ data }) => data.flatMap(stepProvides),
  result: (state, input, context) => fileResult(state, input, context),
});

function times(given: Params): Pick<FileInput, "modification" | "access"> {
  const setting = (text: string | undefined, format: string): FileInput["modification"] => {
    const wanted = text ?? (given.state === "touch" ? "now" : "preserve");
    return wanted === "preserve" ? undefined : wanted === "now" ? "now" : { stamp: timeStamp(wanted, format) };
  };
  return {
    modification: setting(given.modification_time, given.modification_time_format),
    access: setting(given.access_time, given.access_time_format),
  };
}

function fileResult(state: Readonly<Record<string, unknown>>, input: FileInput, context: ProbeContext): JsonObject {
  const known = new Known(state);
  const asked = hostPath(input.path, context.traits);
  const inside = input.state === "hard" && input.src !== undefined ? joinPath(asked, baseName(input.src)) : asked;
  // A hard link to a file "in" a directory is made there.
  const isInside = inside !== asked && followed(known.path(asked))?.kind === "directory";
  const path = isInside ? inside : shownPath(input.path, context.traits);
  const there = known.path(isInside ? inside : asked);
  if (input.state === "absent" || there.kind === "absent") return { path, state: "absent" };
  const isFollowed = input.follow && (input.state === "directory" || input.state === "file");
  const shown = isFollowed ? (followed(there) ?? there) : there;
  const where = isFollowed && there.link !== undefined ? there.link.path : path;
  const isNamed = input.state === "touch" || input.state === "directory" || input.state === "file";
  const named = isNamed ? input.state : stateName(shown);
  const src = input.src ?? (isNamed ? undefined : shown.link?.target);
  const isDest = named === "link" || named === "hard" || named === "touch";
  return { ...(isDest ? { dest: where } : { path: where }), ...(src === undefined ? {} : { src }), ...fileFields(shown) };
}
