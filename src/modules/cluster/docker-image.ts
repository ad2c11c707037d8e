import { joinSh, type Sh, sh } from "../../sh.ts";
import { MissingPrerequisite, ModuleFailure, type Payload, type Question, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { toJson } from "../support/cluster/data.ts";
import { pulledImage } from "../support/docker/container-plan.ts";
import { absentInspected, type Inspected, inspectQuestion, present } from "../support/docker/docker-collector.ts";
import { hostPath } from "../support/files/host-path.ts";
import { localSource, payloadOf } from "../support/files/local-source.ts";
import { absent, type PathState, pathQuestion } from "../support/files/path-collector.ts";
import { nothing } from "../support/question.ts";

const params = parameters(
  {
    name: {
      ...str(),
      required: true,
      description: "The image, with its tag unless `tag` has that: `busybox:1.36`, `registry.example:5000/app`.",
    },
    tag: { ...str(), description: "Its tag; `latest` when neither names one." },
    state: { ...choice("present", "absent"), default: "present", description: "Whether the host has it." },
    source: {
      ...choice("pull", "load", "local"),
      description: "Where it comes from when the host lacks it: a registry, an archive, or nowhere (`local`: the task fails).",
    },
    load_path: {
      ...path(),
      aliases: ["archive"],
      description: "With `load`: what `docker save` wrote, plain or packed, on the control node; with `remote_src` on the host.",
    },
    remote_src: { ...bool(), default: false, description: "`load_path` is on the host. Ours." },
    force_absent: {
      ...bool(),
      default: false,
      description: "With `absent`: also one that containers which do not run were made from.",
    },
    docker_host: {
      ...str(),
      default: "",
      aliases: ["docker_url"],
      description: "Docker's address, as of `docker -H`, seen from the host.",
    },
  },
  { requiredIf: [["source", "load", ["load_path"]]] },
  (given) => {
    nameOf(given);
    if (given.state === "present" && given.source === undefined)
      throw new ModuleFailure('"source" is missing: pull, load or local');
    if (given.source !== "load" && given.load_path !== undefined) throw new ModuleFailure('"load_path" needs "source: load"');
  },
);
type Params = ParametersOf<typeof params>;
type Input = {
  readonly given: Params;
  readonly image: string;
  /** An archive of the control node. */
  readonly archive: Payload | undefined;
};
type Asked = { readonly image: Question<Inspected>; readonly file: Question<PathState> };
type Work = "pull" | "load" | "remove";

/** Nobody but root may look into it, and it is on a disk. */
const STAGE = "/var/lib";

export const dockerImage = stateModule<Params, Input, Asked, Work>({
  name: "docker_image",
  aliases: ["community.docker.docker_image", "community.general.docker_image"],
  summary: "Brings Docker images to a host, from a registry or from an archive, and removes them.",
  description: [
    "An image that the host has by that name is left as it is, whatever a registry or the archive has by now: name versions, not `latest`.",
    "An archive of the control node travels only to a host that lacks the image, and does not stay there. Afterwards the host must have the image by its name: an archive that has others is refused by what it has.",
    "Differences to Ansible: no Python library is needed; images are not built, tagged, pushed or saved; with `source: load` the archive is on the control node, unless `remote_src` says otherwise.",
  ],
  parameters: params,
  example: `- name: Bring an image to a host without a network
  docker_image:
    name: registry:2
    source: load
    load_path: /srv/images/registry.tar
    remote_src: true
`,
  returns: { image: "What docker inspect says of the image; empty when there is none." },

  async prepare(given, control) {
    const image = nameOf(given);
    if (given.state === "absent" || given.source !== "load" || given.remote_src || given.load_path === undefined)
      return { given, image, archive: undefined };
    const found = control.find(given.load_path, "files");
    const { kind, size } = await control.inspect(found);
    if (kind !== "file") throw new ModuleFailure(`docker_image: ${found} is a directory, not an archive`);
    const source = await localSource(found, size, { readUpTo: 0, decrypt: false }, control);
    return { given, image, archive: payloadOf(source, STAGE) };
  },
  probe: ({ given, image }, { traits }) => ({
    image: inspectQuestion("image", image, given.docker_host),
    file:
      given.state === "present" && given.remote_src && given.load_path !== undefined
        ? pathQuestion(hostPath(given.load_path, traits))
        : nothing(absent),
  }),
  plan: (state, { given, image }, { traits }) => {
    const found = present(state.image);
    const change = (before: string, after: string, data: Work) => ({
      differences: [{ kind: "field" as const, subject: image, name: "image", before, after }],
      data,
    });
    if (given.state === "absent") return found === undefined ? undefined : change("present", "absent", "remove");
    if (found !== undefined) return undefined;
    if (given.source === "local")
      throw new MissingPrerequisite(`image:${image}`, `docker_image: the host has no image "${image}", and source is "local"`);
    if (given.source === "pull") return change("absent", "pulled", "pull");
    const path = given.load_path ?? "";
    if (given.remote_src && state.file.kind === "absent")
      throw new MissingPrerequisite(`path:${hostPath(path, traits)}`, `docker_image: there is no file ${path} on the host`);
    return change("absent", `loaded from ${path}`, "load");
  },
  apply: ({ data }, { given, image, archive }, { traits }) => {
    const docker = sh`docker ${given.docker_host === "" ? [] : ["-H", given.docker_host]}`;
    if (data === "pull") return { script: sh`${docker} pull -q ${image} >/dev/null` };
    if (data === "remove") return { script: sh`${docker} image rm ${given.force_absent ? ["-f"] : []} ${image} >/dev/null` };
    if (archive === undefined)
      return { script: loaded(docker, sh`${docker} load -i ${hostPath(given.load_path ?? "", traits)}`, given, image) };
    const script = joinSh([
      sh`k3_file=$(umask 077; mktemp ${`${STAGE}/.k3sprov.XXXXXXXX`}) || exit
trap 'rm -f "$k3_file"' EXIT
trap 'exit 1' HUP INT TERM
payload_into archive "$k3_file" || exit`,
      loaded(docker, sh`${docker} load -i "$k3_file"`, given, image),
    ]);
    return { script, payloads: { archive } };
  },
  predict: ({ data }, _state, { given, image }) => [
    { question: inspectQuestion("image", image, given.docker_host), answer: data === "remove" ? absentInspected : pulledImage },
  ],
  result: (state) => ({ image: state.image.kind === "found" ? toJson(state.image.object) : {} }),
});

function loaded(docker: Sh, load: Sh, given: Params, image: string): Sh {
  return sh`k3_said=$(${load}) || exit
${docker} image inspect ${image} >/dev/null 2>&1 || { echo ${`${given.load_path} has no image ${image};`} "docker says: $k3_said" >&2; exit 1; }`;
}

function nameOf(given: Params): string {
  const { name, tag } = given;
  const bad = (why: string): ModuleFailure => new ModuleFailure(`docker_image: ${why}`);
  if (!/^[a-z0-9][a-z0-9._:/@+-]*$/i.test(name)) throw bad(`name is "${name}", which is no name of an image`);
  const last = name.slice(name.lastIndexOf("/") + 1);
  if (tag !== undefined && /[:@]/.test(last)) throw bad(`name is "${name}" and tag is "${tag}"; give the tag once`);
  const full = tag !== undefined ? `${name}:${tag}` : /[:@]/.test(last) ? name : `${name}:latest`;
  const wanted = full.includes("@") ? undefined : full.slice(full.lastIndexOf(":") + 1);
  if (wanted !== undefined && !/^\w[\w.-]{0,127}$/.test(wanted))
    throw bad(`the tag is "${wanted}", but may have letters, digits and _ . - only`);
  return full;
}
