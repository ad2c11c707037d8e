import { type Key, Secret, type Value, type ValueMap } from "./value.ts";

const PREFIX = "ansible_";
// A host must not be able to say how it is reached or as whom: Ansible drops the same names from what it injects.
const NOT_FROM_HOSTS =
  /^ansible_(?:become(?:_.*)?|ssh_(?!host_key_).*|connection|host|port|user|password|remote_tmp|shell_type|shell_executable|timeout|(?:.*_)?interpreter|winrm_.*|docker_.*|facts)$/;

/** The facts of one host: as the mapping `ansible_facts`, without the prefix, and under their full names. */
export class HostFacts {
  readonly #namespaced = new Map<Key, Value>();
  readonly #injected = new Map<Key, Value>([["ansible_facts", this.#namespaced]]);

  add(facts: ValueMap): void {
    for (const [key, value] of facts) {
      const name = String(key);
      this.#namespaced.set(name !== "ansible_local" && name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name, value);
      if (!NOT_FROM_HOSTS.test(name)) this.#injected.set(name, value);
    }
  }

  clear(): void {
    this.#namespaced.clear();
    this.#injected.clear();
    this.#injected.set("ansible_facts", this.#namespaced);
  }

  /** The variables that facts make. */
  get vars(): ValueMap {
    return this.#injected;
  }
}

/** The mapping in a value, whether or not it is a secret as a whole. */
export function mappingIn(value: Value): ValueMap | undefined {
  const inner = value instanceof Secret ? value.value : value;
  if (!(inner instanceof Map)) return undefined;
  return value instanceof Secret ? new Map([...inner].map(([key, member]): [Key, Value] => [key, new Secret(member)])) : inner;
}
