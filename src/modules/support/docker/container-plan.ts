import { type Change, type Difference, type Json, MissingPrerequisite, ModuleFailure } from "../../contract.ts";
import { at, canonical, fieldsAt, listAt, textAt, toJson } from "../cluster/data.ts";
import { moment } from "../moment.ts";
import type { ContainerParameters } from "./container-parameters.ts";
import { type Inspected, present } from "./docker-collector.ts";
import { missingNetworks, type Network, surplusNetworks } from "./networks.ts";
import { isMet, type Setting } from "./settings.ts";

/** What is done, in this order. `create` makes a new container, in the place of one that is there. */
export type ContainerWork = {
  readonly pull: boolean;
  /** Pull, and make the container anew only if that brought another image. */
  readonly refresh: boolean;
  readonly remove: boolean;
  readonly create: boolean;
  readonly update: readonly string[];
  readonly disconnect: readonly string[];
  readonly connect: readonly Network[];
  readonly start: boolean;
  readonly stop: boolean;
  readonly restart: boolean;
  readonly settings: readonly Setting[];
  /** Of an earlier run that was cut off. */
  readonly leftovers: readonly string[];
};

export type ContainerState = {
  readonly container: Inspected;
  readonly image: Inspected;
  readonly left: Inspected;
  readonly older: Inspected;
};

export type Comparisons = { readonly of: (name: string) => string };

/** In an overlay: when a dry run would have started the container, in ms. */
export const STARTED = "(started)";
export const NEW_SUFFIX = ".k3sprov-new";
export const OLD_SUFFIX = ".k3sprov-old";

export function planContainer(
  state: ContainerState,
  params: ContainerParameters,
  settings: readonly Setting[],
  networks: readonly Network[],
  comparisons: Comparisons,
  /** Why a container that runs on has to be restarted, if it has to. */
  stale?: string,
): Change<ContainerWork> | undefined {
  const container = present(state.container);
  const image = present(state.image);
  const differences: Difference[] = [];
  const differs = (name: string, before: Json, after: Json): void => {
    differences.push({ kind: "field", subject: params.name, name, before, after });
  };
  const leftovers = [state.left, state.older].flatMap((one) =>
    one.kind === "found" ? [textAt(one.object, "Name").slice(1)] : [],
  );
  for (const name of leftovers) differs("left by a run that was cut off", name, "absent");
  const nothing = {
    pull: false,
    refresh: false,
    remove: false,
    create: false,
    update: [],
    disconnect: [],
    connect: [],
    start: false,
    stop: false,
    restart: false,
    settings,
    leftovers,
  } satisfies ContainerWork;
  const isRunning = at(container?.object, "State", "Running") === true;
  const now = container === undefined ? "absent" : isRunning ? "running" : "stopped";

  if (params.state === "absent") {
    if (container !== undefined) differs("state", now, "absent");
    return differences.length === 0 ? undefined : { differences, data: { ...nothing, remove: container !== undefined } };
  }

  const pullPolicy = policyOf(params.pull);
  let create = container === undefined;
  const update: Setting[] = [];
  if (container !== undefined) {
    for (const setting of settings) {
      const current = settingNow(setting, container);
      if (isMet(setting, current, image?.object, comparisons.of(setting.name))) continue;
      if (setting.hidden === true) hiddenDifferences(setting, current, differs);
      else differs(setting.name, toJson(current), toJson(setting.wanted));
      if (setting.update === undefined) create = true;
      else update.push(setting);
    }
    const [have, want] = [textAt(container.object, "Image"), textAt(image?.object, "Id")];
    if (params.image !== undefined && comparisons.of("image") !== "ignore" && have !== want) {
      differs("image", have, want === "" ? params.image : want);
      create = true;
    }
    if (params.recreate && !create) {
      differs("recreate", false, true);
      create = true;
    }
  } else if (params.image === undefined) {
    throw new ModuleFailure(`docker_container: there is no container "${params.name}", and to make one it needs "image"`);
  }

  const ignoresNetworks = comparisons.of("networks") === "ignore";
  const missing = container === undefined || create || ignoresNetworks ? [] : missingNetworks(networks, container.object);
  const surplus =
    container === undefined || create || comparisons.of("networks") !== "strict" || networks.length === 0
      ? []
      : surplusNetworks(networks, container.object);
  for (const { network, isIn } of missing)
    differs(`network ${network.name}`, isIn ? "connected otherwise" : "not connected", "connected");
  for (const name of surplus) differs(`network ${name}`, "connected", "not connected");

  const runs = params.state === "started" || (params.state === "present" && isRunning);
  const goal =
    container === undefined ? (runs ? "running" : "stopped") : params.state === "present" ? now : runs ? "running" : "stopped";
  if (now !== goal) differs("state", now, goal);
  const runsOn = !create && runs && isRunning;
  const isRestarted = params.restart && runsOn;
  const isStale = runsOn && stale !== undefined;
  if (isRestarted) differs("restart", false, true);
  else if (isStale) differs("state", stale, "restarted");
  if (!params.detach && !create && runs) create = container !== undefined;

  const isLacking = image === undefined && params.image !== undefined && create;
  if (isLacking && pullPolicy === "never") {
    const message = `docker_container: the host has no image "${params.image}", and pull is "never"`;
    throw new MissingPrerequisite(`image:${params.image}`, message);
  }
  if (isLacking) differs("image", "not on the host", "pulled");
  const refresh = pullPolicy === "always" && params.image !== undefined && comparisons.of("image") !== "ignore" && !isLacking;
  const data: ContainerWork = {
    ...nothing,
    pull: isLacking || refresh,
    refresh: refresh && !create,
    create,
    update: create ? [] : update.flatMap((one) => one.update ?? []),
    disconnect: [...missing.filter((one) => one.isIn).map((one) => one.network.name), ...surplus],
    connect: missing.map((one) => one.network),
    start: runs && (create || !isRunning),
    stop: !create && params.state === "stopped" && isRunning,
    restart: isRestarted || isStale,
  };
  if (differences.length === 0 && !refresh && params.detach) return undefined;
  if (params.recreate || isRestarted || !params.detach) return { differences, data, verify: false };
  return refresh
    ? { differences, data, maybe: "only pulling the image tells whether the registry has a newer one" }
    : { differences, data };
}

export function policyOf(pull: unknown): "missing" | "always" | "never" {
  if (pull === true || pull === "always" || pull === "true" || pull === "yes") return "always";
  if (pull === "never") return "never";
  if (pull === false || pull === "missing" || pull === "not_present" || pull === "false" || pull === "no") return "missing";
  throw new ModuleFailure(`docker_container: pull is ${JSON.stringify(pull)}, but must be one of missing, always, never`);
}

export function settingNow(setting: Setting, container: Extract<Inspected, { kind: "found" }>): unknown {
  const { overlay, object } = container;
  return overlay !== undefined && Object.hasOwn(overlay, setting.name) ? overlay[setting.name] : setting.read(object);
}

/** Names only: the value that is there now may be a secret that nobody has told us. */
function hiddenDifferences(setting: Setting, current: unknown, differs: (name: string, before: Json, after: Json) => void): void {
  const [want, have] = [fieldsAt(setting.wanted), fieldsAt(current)];
  for (const key of Object.keys(want)) {
    if (!Object.hasOwn(have, key)) differs(`${setting.name}.${key}`, "absent", "as given");
    else if (have[key] !== want[key]) differs(`${setting.name}.${key}`, "another value", "as given");
  }
  const rest = Object.keys(have).filter((key) => !Object.hasOwn(want, key));
  if (Object.keys(want).every((key) => have[key] === want[key]))
    for (const key of rest) differs(`${setting.name}.${key}`, "set", "the image's");
}

/** The container as it will be, for the tasks that follow in a dry run. */
export function predictedContainer(
  work: ContainerWork,
  state: ContainerState,
  params: ContainerParameters,
  networks: readonly Network[],
): Inspected {
  if (work.remove) return { kind: "absent" };
  const container = state.container.kind === "found" ? state.container : undefined;
  const image = state.image.kind === "found" ? state.image.object : undefined;
  const before = container?.object ?? {};
  const wasRunning = at(before, "State", "Running") === true;
  const runs = work.start || (!work.stop && (wasRunning || work.restart) && !(work.create && params.state === "stopped"));
  const connected = Object.fromEntries(
    (work.create ? networks : work.connect).map((one) => [
      one.name,
      { Aliases: one.aliases, Links: one.links, IPAMConfig: { IPv4Address: one.ipv4, IPv6Address: one.ipv6 } },
    ]),
  );
  const kept = Object.entries(work.create ? {} : fieldsAt(before, "NetworkSettings", "Networks")).filter(
    ([name]) => !work.disconnect.includes(name),
  );
  return {
    kind: "found",
    object: {
      ...before,
      Name: `/${params.name}`,
      Image: work.create && params.image !== undefined ? textAt(image, "Id") || PULLED : textAt(before, "Image"),
      State: { ...fieldsAt(before, "State"), Running: runs, Status: runs ? "running" : wasRunning ? "exited" : "created" },
      NetworkSettings: { ...fieldsAt(before, "NetworkSettings"), Networks: { ...Object.fromEntries(kept), ...connected } },
    },
    overlay: {
      ...container?.overlay,
      ...(work.start || work.restart ? { [STARTED]: moment() } : {}),
      ...Object.fromEntries(work.settings.map((one) => [one.name, overlaid(one, container, image, work.create)])),
    },
  };
}

const PULLED = "(the pulled image)";

/** An image that a dry run would have pulled. */
export const pulledImage: Inspected = { kind: "found", object: { Id: PULLED } };

function overlaid(setting: Setting, container: ContainerState["container"] | undefined, image: unknown, isNew: boolean): unknown {
  const base = isNew || container?.kind !== "found" ? setting.image?.(image) : settingNow(setting, container);
  if (setting.kind === "dict") return { ...fieldsAt(base), ...fieldsAt(setting.wanted) };
  if (setting.kind !== "set") return setting.wanted;
  const all = new Map([...listAt(base), ...listAt(setting.wanted)].map((one) => [canonical(one), one]));
  return [...all.values()];
}
