import { sh } from "../../sh.ts";
import { type Change, type Difference, ModuleFailure, type Question, stateModule } from "../contract.ts";
import { bool, choice, dict, listOf, type ParametersOf, parameters, str } from "../parameters.ts";
import { at, canonical, fieldsAt, listAt, textAt, toJson } from "../support/cluster/data.ts";
import { absentInspected, type Inspected, inspectQuestion, present } from "../support/docker/docker-collector.ts";

const params = parameters(
  {
    name: { ...str(), required: true, aliases: ["network_name"], description: "The network." },
    state: { ...choice("present", "absent"), default: "present", description: "Whether it is there." },
    driver: { ...str(), default: "bridge", description: "What makes it, such as `macvlan`." },
    driver_options: { ...dict(), default: {}, description: "Options of that driver. Quote numbers and booleans." },
    subnet: { ...str(), description: "Its addresses, `10.89.0.0/24`; Docker chooses unless given. Ours." },
    internal: { ...bool(), default: false, description: "Nothing in it reaches anything outside." },
    labels: { ...dict(), default: {}, description: "Labels." },
    keep_used: {
      ...bool(),
      default: false,
      description: "With `absent`: a network that running containers are in stays, and that is no failure. Ours.",
    },
    connected: {
      ...listOf(str()),
      default: [],
      description:
        "With `keep_used`: containers that do not count. An earlier task has removed them, which a dry run cannot see here.",
    },
    docker_host: {
      ...str(),
      default: "",
      aliases: ["docker_url"],
      description: "Docker's address, as of `docker -H`, seen from the host.",
    },
  },
  {},
  (given) => {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(given.name))
      throw new ModuleFailure(
        `"name" is "${given.name}", but must begin with a letter or digit, and hold no more than those and _ . -`,
      );
    if (["bridge", "host", "none"].includes(given.name))
      throw new ModuleFailure(`"${given.name}" is a network of Docker's own, which is always there`);
    for (const name of ["driver_options", "labels"] as const) texts(name, given[name]);
    if (given.subnet !== undefined && !/^[0-9a-fA-F.:]+\/\d{1,3}$/.test(given.subnet))
      throw new ModuleFailure(`"subnet" is "${given.subnet}", but must be a network, like 10.89.0.0/24`);
    if (given.connected.length > 0 && !given.keep_used) throw new ModuleFailure('"connected" needs "keep_used: true"');
  },
);
type Params = ParametersOf<typeof params>;
type Asked = { readonly network: Question<Inspected> };
type Work = { readonly remove: boolean; readonly create: boolean };

export const dockerNetwork = stateModule<Params, Params, Asked, Work>({
  name: "docker_network",
  aliases: ["community.docker.docker_network", "community.general.docker_network"],
  summary: "Manages Docker networks.",
  description: [
    "Docker cannot change a network: one that differs is made anew, which Docker refuses while containers are in it. Only what is given is compared.",
    "Differences to Ansible: no Python library is needed; containers are neither put in nor taken out, see `networks` of docker_container; one subnet, by `subnet`.",
  ],
  parameters: params,
  example: `- name: A network in which containers find one another by name
  docker_network:
    name: back
`,
  returns: { network: "What docker inspect says of the network; empty when there is none." },

  probe: (given) => ({ network: inspectQuestion("network", given.name, given.docker_host) }),
  plan: (state, given): Change<Work> | undefined => {
    const network = present(state.network)?.object;
    const differences: Difference[] = [];
    const differs = (name: string, before: unknown, after: unknown): void => {
      differences.push({ kind: "field", subject: given.name, name, before: toJson(before), after: toJson(after) });
    };
    if (given.state === "absent") {
      if (network === undefined || (given.keep_used && usersOf(network, given.connected).length > 0)) return undefined;
      differs("state", "present", "absent");
      return { differences, data: { remove: true, create: false } };
    }
    if (network === undefined) {
      differs("state", "absent", "present");
      return { differences, data: { remove: false, create: true } };
    }
    if (textAt(network, "Driver") !== given.driver) differs("driver", textAt(network, "Driver"), given.driver);
    if ((at(network, "Internal") === true) !== given.internal) differs("internal", !given.internal, given.internal);
    const subnets = listAt(network, "IPAM", "Config").map((one) => textAt(one, "Subnet"));
    if (given.subnet !== undefined && !subnets.includes(given.subnet)) differs("subnet", subnets.join(", "), given.subnet);
    for (const [name, key] of [
      ["driver_options", "Options"],
      ["labels", "Labels"],
    ] as const) {
      const have = fieldsAt(network, key);
      for (const [option, value] of Object.entries(texts(name, given[name])))
        if (canonical(have[option]) !== canonical(value)) differs(`${name}.${option}`, have[option] ?? null, value);
    }
    return differences.length === 0 ? undefined : { differences, data: { remove: true, create: true } };
  },
  apply: ({ data }, given) => {
    const docker = sh`docker ${given.docker_host === "" ? [] : ["-H", given.docker_host]}`;
    const pairs = (option: string, values: Readonly<Record<string, string>>): readonly string[] =>
      Object.entries(values).map(([name, value]) => `${option}=${name}=${value}`);
    const words = [
      `--driver=${given.driver}`,
      ...(given.internal ? ["--internal"] : []),
      ...(given.subnet === undefined ? [] : [`--subnet=${given.subnet}`]),
      ...pairs("--opt", texts("driver_options", given.driver_options)),
      ...pairs("--label", texts("labels", given.labels)),
    ];
    return {
      script: sh`${data.remove ? sh`${docker} network rm ${given.name} >/dev/null || exit` : sh`:`}
${data.create ? sh`${docker} network create ${words} ${given.name} >/dev/null || exit` : sh`:`}`,
    };
  },
  predict: ({ data }, _state, given) => [
    {
      question: inspectQuestion("network", given.name, given.docker_host),
      answer: data.create ? { kind: "found", object: madeOf(given) } : absentInspected,
    },
  ],
  result: (state) => ({ network: state.network.kind === "found" ? toJson(state.network.object) : {} }),
});

const madeOf = (given: Params): { readonly [key: string]: unknown } => ({
  Name: given.name,
  Driver: given.driver,
  Internal: given.internal,
  IPAM: { Config: given.subnet === undefined ? [] : [{ Subnet: given.subnet }] },
  Options: texts("driver_options", given.driver_options),
  Labels: texts("labels", given.labels),
  Containers: {},
});

/** Names of the running containers in it, but for some. */
const usersOf = (network: unknown, but: readonly string[]): readonly string[] =>
  Object.values(fieldsAt(network, "Containers"))
    .map((one) => textAt(one, "Name"))
    .filter((name) => !but.includes(name));

function texts(parameter: string, given: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      if (typeof value !== "string")
        throw new ModuleFailure(
          `docker_network: ${parameter} has ${JSON.stringify(value)} for "${name}", which could be written in several ways; put it in quotes`,
        );
      return [name, value];
    }),
  );
}
