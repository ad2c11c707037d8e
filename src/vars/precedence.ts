/**
 * The layers of variables, from the weakest to the strongest: the order of Ansible's manual, "Understanding variable precedence".
 * Its first entry, values of the command line such as `-u`, is left out, for those are not variables. `number` is the manual's.
 */
export const layers = [
  { number: 2, id: "role-defaults", title: "role defaults" },
  { number: 3, id: "inventory-group-all", title: "group all in the inventory" },
  { number: 3, id: "inventory-group", title: "group in the inventory" },
  { number: 4, id: "inventory-group-vars-all", title: "group_vars/all beside the inventory" },
  { number: 5, id: "playbook-group-vars-all", title: "group_vars/all beside the playbook" },
  { number: 6, id: "inventory-group-vars", title: "group_vars beside the inventory" },
  { number: 7, id: "playbook-group-vars", title: "group_vars beside the playbook" },
  { number: 8, id: "inventory-host", title: "host in the inventory" },
  { number: 9, id: "inventory-host-vars", title: "host_vars beside the inventory" },
  { number: 10, id: "playbook-host-vars", title: "host_vars beside the playbook" },
  { number: 11, id: "facts", title: "facts" },
  { number: 12, id: "play-vars", title: "play vars" },
  { number: 13, id: "play-prompt", title: "play vars_prompt" },
  { number: 14, id: "play-files", title: "play vars_files" },
  { number: 15, id: "role-vars", title: "role vars" },
  { number: 16, id: "block-vars", title: "block vars" },
  { number: 17, id: "task-vars", title: "task vars" },
  { number: 18, id: "include-vars", title: "include_vars" },
  { number: 19, id: "set-facts", title: "set_fact and registered" },
  { number: 20, id: "role-parameters", title: "role parameters" },
  { number: 21, id: "include-parameters", title: "include parameters" },
  { number: 22, id: "extra-vars", title: "extra vars" },
  // Beyond the manual's list: nothing overrides what the engine itself says.
  { number: 23, id: "magic", title: "magic variable" },
] as const;

export type LayerId = (typeof layers)[number]["id"];

/** Layer ids, the strongest first: the order in which a name is looked up. */
export const strongestFirst: readonly LayerId[] = layers.map((layer) => layer.id).toReversed();

/** How a layer is called in a trace. */
export function layerTitle(id: LayerId): string {
  return layers.find((layer) => layer.id === id)?.title ?? id;
}
