import { type Answers, MissingPrerequisite, ModuleFailure, type ProbeContext, type Question, stateModule } from "../contract.ts";
import { type Fields, isFields, listAt, textAt, toJson } from "../support/cluster/data.ts";
import { type ContainerParameters, containerParameters } from "../support/docker/container-parameters.ts";
import {
  type Comparisons,
  type ContainerWork,
  NEW_SUFFIX,
  OLD_SUFFIX,
  planContainer,
  policyOf,
  predictedContainer,
  pulledImage,
  STARTED,
} from "../support/docker/container-plan.ts";
import { checkFiles, containerScript } from "../support/docker/container-script.ts";
import { type Inspected, inspectQuestion } from "../support/docker/docker-collector.ts";
import { parseEnvFile } from "../support/docker/environment.ts";
import { wantedNetworks } from "../support/docker/networks.ts";
import { type Setting, settingsOf } from "../support/docker/settings.ts";
import { bytesOf, type Content, contentQuestion, noContent } from "../support/files/content-collector.ts";
import { hostPath } from "../support/files/host-path.ts";
import { type ChangedPath, newestPaths, wouldChangeBelow } from "../support/files/newest-paths.ts";
import { nothing } from "../support/question.ts";

type Input = ContainerParameters;
type Asked = {
  readonly container: Question<Inspected>;
  readonly image: Question<Inspected>;
  readonly left: Question<Inspected>;
  readonly older: Question<Inspected>;
  readonly network: Question<Inspected>;
  readonly pid: Question<Inspected>;
  readonly ipc: Question<Inspected>;
  readonly environment: Question<Content>;
  readonly newest: Question<readonly ChangedPath[]>;
};

const COMPATIBLE = {
  auto_remove: false,
  init: false,
  interactive: false,
  memory: "0",
  privileged: false,
  read_only: false,
  tty: false,
};

export const dockerContainer = stateModule<ContainerParameters, Input, Asked, ContainerWork>({
  name: "docker_container",
  aliases: ["community.docker.docker_container", "community.general.docker_container"],
  summary: "Manages Docker containers, through the docker command of the host.",
  description: [
    "Only what is given is compared with the container that is there, and the id of the image, as far as the host has that. A difference makes a new container; a new restart policy and networks are changed in the one that is there.",
    "A new container is made beside the old one first, which runs on; then the old one is stopped and the new one started. When it cannot be started, the old one comes back. Data outside of volumes and mounts goes with the old container, as with Ansible. With `state: present`, what ran before runs again.",
    "Environment variables and labels reach docker through private files, so that no list of processes shows them. Differences of variables are shown without values, and results do not hold the values that come from an `env_file`.",
    'An image is never pulled in check mode. With `pull: always` only an apply can tell whether there is a newer one: check mode says "may change". `recreate`, `restart` and `detach: false` are actions: each run changes something.',
    "`restart_when_changed` compares the ctime of what the container reads from the host with the time at which it was started. Mount directories rather than files: a file that is replaced by rename is another one than that which was mounted.",
    "Differences to Ansible: no Python library is needed; lists for `healthcheck.test` are run by the image's shell, which is all that docker's command line knows; networks are never left but with `comparisons: {networks: strict}`.",
  ],
  parameters: { ...containerParameters, check },
  example: `- name: Run a registry
  docker_container:
    name: registry
    image: registry:2
    restart_policy: unless-stopped
    published_ports: ["127.0.0.1:5000:5000"]
    volumes: ["registry:/var/lib/registry"]
    env:
      REGISTRY_LOG_LEVEL: warn
`,
  returns: {
    container: "What docker inspect says of the container; empty when there is none.",
    status: "With `detach: false`: its exit status.",
    output: "With `detach: false`: what it printed.",
  },
  async prepare(params) {
    const given = Object.entries(params).filter(([, value]) => value !== undefined);
    const full: Input =
      params.container_default_behavior === "compatibility" ? { ...params, ...COMPATIBLE, ...Object.fromEntries(given) } : params;
    return full;
  },
  probe: (input, { traits }) => {
    const ask = (type: "container" | "image", name: string): Question<Inspected> =>
      inspectQuestion(type, name, input.docker_host);
    const shared = (mode: string | undefined): Question<Inspected> =>
      mode?.startsWith("container:") === true ? ask("container", mode.slice(10)) : nothing({ kind: "absent" as const });
    return {
      container: ask("container", input.name),
      left: ask("container", `${input.name}${NEW_SUFFIX}`),
      older: ask("container", `${input.name}${OLD_SUFFIX}`),
      image:
        input.image === undefined || input.state === "absent" ? nothing({ kind: "absent" as const }) : ask("image", input.image),
      network: shared(input.network_mode),
      pid: shared(input.pid_mode),
      ipc: shared(input.ipc_mode),
      environment: input.env_file === undefined ? noContent : contentQuestion(hostPath(input.env_file, traits)),
      newest: newestPaths(input.restart_when_changed.map((one) => hostPath(one, traits))),
    };
  },
  plan: (state, input, context) =>
    planContainer(
      state,
      input,
      settingsIn(state, input, context),
      networksOf(input),
      comparisonsOf(input),
      staleness(state, input, context),
    ),
  apply: (change, input) => containerScript(change.data, input, networksOf(input)),
  predict: ({ data }, state, input) => {
    const absent: Inspected = { kind: "absent" };
    const ask = (name: string): Question<Inspected> => inspectQuestion("container", name, input.docker_host);
    return [
      { question: ask(input.name), answer: predictedContainer(data, state, input, networksOf(input)) },
      { question: ask(`${input.name}${NEW_SUFFIX}`), answer: absent },
      { question: ask(`${input.name}${OLD_SUFFIX}`), answer: absent },
      ...(data.pull && state.image.kind === "absent" && input.image !== undefined
        ? [{ question: inspectQuestion("image", input.image, input.docker_host), answer: pulledImage }]
        : []),
    ];
  },
  result: (state, input, context) => ({
    container:
      state.container.kind === "found" ? toJson(withoutSecrets(state.container.object, fromFile(state, input, context))) : {},
  }),
  applied: (output, input): { readonly [name: string]: number | string } =>
    input.detach ? {} : { status: output.rc, output: output.stdout.toString("utf8") },
  turnedOut: (before, after, input) => {
    const image = (state: typeof before): string =>
      state.container.kind === "found" ? textAt(state.container.object, "Image") : "";
    if (image(before) === image(after)) return [];
    return [{ kind: "field", subject: input.name, name: "image", before: image(before), after: image(after) }];
  },
});

/** Why a container that runs does not go by what its files say now; undefined: it does. */
function staleness({ container, newest }: Answers<Asked>, input: Input, context: ProbeContext): string | undefined {
  if (input.restart_when_changed.length === 0 || container.kind !== "found") return undefined;
  const predicted = container.overlay?.[STARTED];
  const paths = input.restart_when_changed.map((one) => hostPath(one, context.traits));
  const changing = wouldChangeBelow(paths, context, typeof predicted === "number" ? predicted : 0);
  if (changing.length > 0) return `started before the change of ${changing.join(", ")}`;
  if (predicted !== undefined) return undefined;
  // Docker has nanoseconds, of which Date takes what it knows.
  const startedAt = Date.parse(textAt(container.object, "State", "StartedAt")) / 1000;
  const newer = newest.filter((one) => one.ctime > startedAt);
  const instant = (seconds: number): string => new Date(seconds * 1000).toISOString();
  return newer.length === 0
    ? undefined
    : `started ${instant(startedAt)}, before ${newer.map((one) => `${one.path} was changed (${instant(one.ctime)})`).join(", ")}`;
}

function check(params: ContainerParameters): void {
  policyOf(params.pull);
  comparisonsOf(params);
  if (/[^a-zA-Z0-9_.-]/.test(params.name) || !/^[a-zA-Z0-9]/.test(params.name)) {
    throw new ModuleFailure(
      `"name" is "${params.name}", but must begin with a letter or digit, and hold no more than those and _ . -`,
    );
  }
  if (!params.detach && params.state !== "started") throw new ModuleFailure("detach: false needs state: started");
  // Where the home directory is does not matter here.
  checkFiles(settingsOf(params, { fromFile: {}, idOf: () => undefined, traits: { home: "/" } }));
  wantedNetworks(params.networks?.filter(isFields) ?? []);
}

const networksOf = (input: Input): ReturnType<typeof wantedNetworks> => wantedNetworks(input.networks?.filter(isFields) ?? []);

function fromFile(state: Answers<Asked>, input: Input, { traits }: ProbeContext): Readonly<Record<string, string>> {
  if (input.env_file === undefined || input.state === "absent") return {};
  const path = hostPath(input.env_file, traits);
  const bytes = bytesOf(state.environment);
  if (bytes === undefined) return {};
  return parseEnvFile(path, bytes.toString("utf8"));
}

function settingsIn(state: Answers<Asked>, input: Input, context: ProbeContext): readonly Setting[] {
  if (input.env_file !== undefined && input.state !== "absent" && state.environment.kind !== "file") {
    const path = hostPath(input.env_file, context.traits);
    throw new MissingPrerequisite(`path:${path}`, `docker_container: there is no file ${path} (env_file)`);
  }
  const ids = new Map(
    [state.network, state.pid, state.ipc].flatMap((one) =>
      one.kind === "found" ? [[textAt(one.object, "Name").slice(1), textAt(one.object, "Id")] as const] : [],
    ),
  );
  const settings = settingsOf(input, {
    fromFile: fromFile(state, input, context),
    idOf: (name) => ids.get(name),
    traits: context.traits,
  });
  checkFiles(settings);
  return settings;
}

function withoutSecrets(container: Fields, hidden: Readonly<Record<string, string>>): Fields {
  const config = container["Config"];
  if (!isFields(config)) return container;
  const env = listAt(config, "Env").map((one) => {
    const name = String(one).split("=")[0] ?? "";
    return Object.hasOwn(hidden, name) ? `${name}=********` : one;
  });
  return { ...container, Config: { ...config, ...(env.length === 0 ? {} : { Env: env }) } };
}

const ALIASES: Readonly<Record<string, string>> = {
  ports: "published_ports",
  exposed: "exposed_ports",
  expose: "exposed_ports",
  cap_add: "capabilities",
  dns: "dns_servers",
  log_opt: "log_options",
};
const ORDERED = new Set(["command", "entrypoint", "dns_servers", "dns_search_domains"]);
const LISTS = new Set(
  "env labels published_ports exposed_ports volumes mounts tmpfs devices capabilities cap_drop groups security_opts dns_opts ulimits sysctls log_options etc_hosts networks".split(
    " ",
  ),
);

/** Ansible's rule: without a word, what has no order may hold more than was asked for. */
function comparisonsOf(params: ContainerParameters): Comparisons {
  const given = new Map<string, string>();
  for (const [key, value] of Object.entries(params.comparisons)) {
    const name = ALIASES[key] ?? key;
    const wrong = (text: string): ModuleFailure => new ModuleFailure(`docker_container: comparisons ${text}`);
    if (name !== "*" && !Object.hasOwn(containerParameters.parameters, name))
      throw wrong(`names "${key}", which is no parameter`);
    if (typeof value !== "string" || !["ignore", "strict", "allow_more_present"].includes(value)) {
      throw wrong(`has ${JSON.stringify(value)} for "${key}", but must be one of ignore, strict, allow_more_present`);
    }
    if (value === "allow_more_present" && !LISTS.has(name)) {
      throw wrong(
        `has allow_more_present for "${key}", which is ${ORDERED.has(name) ? "an ordered list" : "no list or mapping"}; use ignore or strict`,
      );
    }
    given.set(name, value);
  }
  return { of: (name) => given.get(name) ?? given.get("*") ?? (LISTS.has(name) ? "allow_more_present" : "strict") };
}
