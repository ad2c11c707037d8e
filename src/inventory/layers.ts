import type { LayerId } from "../vars/precedence.ts";
import type { LayeredVars } from "../vars/scopes.ts";
import type { ValueMap } from "../vars/value.ts";
import type { Inventory } from "./model.ts";

/** Everything that is written about a host outside of plays: the strongest of each layer first. */
export function hostLayers(inventory: Inventory, name: string, playbookFolder: string | undefined): readonly LayeredVars[] {
  const found: LayeredVars[] = [];
  const add = (layer: LayerId, label: string, maps: readonly ValueMap[]): void => {
    for (const vars of maps) if (vars.size > 0) found.push({ layer, label, vars });
  };
  const beside = inventory.folders.map((folder) => inventory.varsBeside(folder)).toReversed();
  const playbook = playbookFolder === undefined ? undefined : inventory.varsBeside(playbookFolder);
  const host = inventory.host(name);
  if (host !== undefined) add("inventory-host", `host ${name}`, host.vars.toReversed());
  for (const folder of beside) add("inventory-host-vars", `host ${name}`, folder.ofHost(name));
  if (playbook !== undefined) add("playbook-host-vars", `host ${name}`, playbook.ofHost(name));
  for (const group of inventory.groupsOf(name).toReversed()) {
    const label = `group ${group.name}`;
    add("inventory-group", label, group.vars.toReversed());
    if (playbook !== undefined) add("playbook-group-vars", label, playbook.ofGroup(group.name));
  }
  // Of several inventory folders the later one wins, whatever its group's rank.
  for (const folder of beside) {
    for (const group of inventory.groupsOf(name).toReversed())
      add("inventory-group-vars", `group ${group.name}`, folder.ofGroup(group.name));
  }
  add("inventory-group-all", "group all", inventory.group("all").vars.toReversed());
  for (const folder of beside) add("inventory-group-vars-all", "group all", folder.ofGroup("all"));
  if (playbook !== undefined) add("playbook-group-vars-all", "group all", playbook.ofGroup("all"));
  return found;
}
