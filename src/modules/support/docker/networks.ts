import { ModuleFailure } from "../../contract.ts";
import { type Fields, fieldsAt, textAt, textsAt } from "../cluster/data.ts";

export type Network = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  readonly ipv4: string;
  readonly ipv6: string;
};

const KNOWN = ["name", "aliases", "links", "ipv4_address", "ipv6_address"];

export function wantedNetworks(given: readonly Fields[]): readonly Network[] {
  return given.map((one, index) => {
    const unknown = Object.keys(one).find((key) => !KNOWN.includes(key));
    if (unknown !== undefined)
      throw new ModuleFailure(`docker_container: networks[${index}] has no key "${unknown}"; it knows ${KNOWN.join(", ")}`);
    const name = textAt(one, "name");
    if (name === "") throw new ModuleFailure(`docker_container: networks[${index}] needs "name"`);
    return {
      name,
      aliases: textsAt(one, "aliases"),
      links: textsAt(one, "links"),
      ipv4: textAt(one, "ipv4_address"),
      ipv6: textAt(one, "ipv6_address"),
    };
  });
}

/** Words for `docker network connect`; with "--network" before them partly those of `docker create`. */
export function connectWords(network: Network): readonly string[] {
  return [
    ...network.aliases.map((one) => `--alias=${one}`),
    ...network.links.map((one) => `--link=${one}`),
    ...(network.ipv4 === "" ? [] : [`--ip=${network.ipv4}`]),
    ...(network.ipv6 === "" ? [] : [`--ip6=${network.ipv6}`]),
  ];
}

/** Words of `docker create` for the first network. */
export function createWords(network: Network): readonly string[] {
  return [`--network=${network.name}`, ...connectWords(network).map((one) => one.replace(/^--alias=/, "--network-alias="))];
}

/** Networks in which a container is not, or not as wanted; those it is in are told by `docker inspect`. */
type Missing = { readonly network: Network; readonly isIn: boolean };

export function missingNetworks(wanted: readonly Network[], container: unknown): readonly Missing[] {
  const all = fieldsAt(container, "NetworkSettings", "Networks");
  return wanted.flatMap((network): readonly Missing[] => {
    const found = Object.hasOwn(all, network.name) ? all[network.name] : undefined;
    if (found === undefined) return [{ network, isIn: false }];
    const has = (key: string, list: readonly string[]): boolean => {
      const there = new Set(textsAt(found, key));
      return list.every((one) => there.has(one) || there.has(`${one}:${one}`));
    };
    const same =
      has("Aliases", network.aliases) &&
      has("Links", network.links) &&
      (network.ipv4 === "" || textAt(found, "IPAMConfig", "IPv4Address") === network.ipv4) &&
      (network.ipv6 === "" || textAt(found, "IPAMConfig", "IPv6Address") === network.ipv6);
    return same ? [] : [{ network, isIn: true }];
  });
}

/** Networks that nobody asked for. */
export function surplusNetworks(wanted: readonly Network[], container: unknown): readonly string[] {
  return Object.keys(fieldsAt(container, "NetworkSettings", "Networks")).filter(
    (name) => !wanted.some((one) => one.name === name),
  );
}
