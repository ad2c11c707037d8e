/** What belongs together in help texts; a command takes whole groups. */
export const optionGroups = {
  playbook: "Playbook",
  inventory: "Inventory and variables",
  vault: "Vault",
  connection: "Connection",
  become: "Privileges",
  run: "Run",
  output: "Output",
  common: "Everywhere",
} as const;
export type OptionGroup = keyof typeof optionGroups;

/** One flag, in all the places where it can be set. */
export type OptionDefinition = {
  readonly group: OptionGroup;
  readonly kind: "text" | "list" | "number" | "boolean" | "count" | "choice";
  readonly short?: string;
  /** Other long spellings, without dashes. */
  readonly aliases?: readonly string[];
  /** Name of the value in help texts; absent for booleans and counts. */
  readonly argument?: string;
  readonly choices?: readonly string[];
  readonly default?: string | number | boolean;
  /** Where being silent is not the same as naming a value: what applies then, for help texts. The value stays undefined. */
  readonly otherwise?: string;
  /** `boolean`s only: undefined when nobody said anything; has a `--no-` form. */
  readonly tristate?: true;
  /** What environment variables put between members of a list. */
  readonly separator?: "," | ":";
  /** Relative paths in k3sprov.yaml start at its folder. */
  readonly path?: true;
  /** Ansible's variables, read when nothing of ours says anything. `inverted`: true there is false here. */
  readonly ansible?: readonly { readonly name: string; readonly inverted?: true }[];
  /** Words that mean a choice: false -> off. */
  readonly words?: Readonly<Record<string, string>>;
  /** Smallest number allowed; 1 unless told. */
  readonly minimum?: number;
  /** Makes no sense as a standing setting: flag only. */
  readonly flagOnly?: true;
  /** What is completed: names of hosts and groups, tags, files; choices complete themselves. */
  readonly completes?: "hosts" | "tags" | "files";
  readonly help: string;
};

export type OptionTable = Readonly<Record<string, OptionDefinition>>;

/** The type of an option's value. */
export type ValueOf<D extends OptionDefinition> = D extends { readonly kind: "list" }
  ? readonly string[]
  : D extends { readonly kind: "boolean" }
    ? D extends { readonly tristate: true }
      ? boolean | undefined
      : boolean
    : D extends { readonly kind: "count" }
      ? number
      : D extends { readonly kind: "number" }
        ? D extends { readonly default: number }
          ? number
          : number | undefined
        : D extends { readonly kind: "choice"; readonly choices: readonly (infer C)[] }
          ? D extends { readonly default: string }
            ? C
            : C | undefined
          : string | undefined;

/** `K3SPROV_HOST_KEY_CHECKING` for `host-key-checking`. */
export function environmentName(name: string): string {
  return `K3SPROV_${name.toUpperCase().replaceAll("-", "_")}`;
}
