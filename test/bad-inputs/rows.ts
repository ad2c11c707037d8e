/**
 * A task that is refused before a host is touched, in YAML, and what is wrong with it. «…» stand around what the error points at;
 * without them it is the module's name. The help is `k3sprov doc MODULE` unless given, `undefined`: none.
 */
export type Refused = readonly [
  task: string,
  message: string,
  rest?: { readonly help?: string | undefined; readonly context?: string },
];

/** A task that fails once a host is looked at, and the whole message. `{{ here }}` is a folder of this machine; see `HERE`. */
export type Failing = readonly [task: string, message: string];

export type BadInputs = {
  readonly refused: readonly Refused[];
  /** Run by the engine on this machine; nothing may come of it but the message. */
  readonly here?: readonly Failing[];
};

/** Module -> what is wrong with tasks of it. */
export type Family = Readonly<Record<string, BadInputs>>;

/** What is in the folder `{{ here }}`. */
export const HERE: Readonly<Record<string, string>> = {
  file: "line\n",
  "dir/inside": "x\n",
  "broken.j2": "{% if %}\n",
  "undefined.j2": "{{ nobody_set_this }}\n",
  "vars/list.yaml": "- a\n- b\n",
  "vars/broken.yaml": "a: [1\n",
  "vars/notes.txt": "no variables\n",
  "objects.yaml": "kind: [\n",
};

export const NO_FREE_FORM = { help: "write its parameters as a mapping, one to a line" } as const;
export const VARIABLE_NAME = { help: "use letters, digits and underscores, and begin with a letter or an underscore" } as const;
/** An error of the template language. */
export const NO_HELP = { help: undefined } as const;
/** The task's own words, known before it is its turn: the hosts they are about stand in the place of play and task. */
export const TOLD_BEFORE = { help: undefined, context: "host one" } as const;
