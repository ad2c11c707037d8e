import type { LayeredVars } from "./scopes.ts";
import type { ValueMap } from "./value.ts";

/** What variables need to know of an inventory. */
export interface HostInventory {
  /** Moves whenever hosts or groups are added. */
  readonly revision: number;
  /** The sources as given, made absolute where they are files. */
  readonly sources: readonly string[];
  hostNames(): readonly string[];
  hasHost(name: string): boolean;
  /** Names of the groups of a host, sorted, without `all`. */
  groupNamesOf(host: string): readonly string[];
  /** Group name -> list of host names. */
  groupMap(): ValueMap;
  /** File that the host stands in, when it is a file. */
  fileOf(host: string): string | undefined;
  /** Everything the inventory and the folders beside it and beside the playbook say about a host, strongest of a layer first. */
  varsOf(host: string, playbookFolder: string | undefined): readonly LayeredVars[];
}
