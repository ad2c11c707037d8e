import { engineModule, ModuleFailure } from "../contract.ts";
import { bool, choice, dict, int, listOf, parameters, path, raw, str } from "../parameters.ts";
import { pythonRegex } from "../support/python-regex.ts";

/** Modules that act on the run itself. Only their parameters are here; the engine carries them out. */

export const meta = engineModule({
  name: "meta",
  summary: "Tells the run itself to do something.",
  freeForm: "free_form",
  parameters: parameters({
    free_form: {
      ...choice(
        "flush_handlers",
        "refresh_inventory",
        "noop",
        "clear_facts",
        "clear_host_errors",
        "end_play",
        "end_host",
        "end_batch",
        "end_role",
        "reset_connection",
      ),
      required: true,
      description: "What to do.",
    },
  }),
  example: `- name: Run the handlers that have been notified so far
  meta: flush_handlers
`,
});

export const setFact = engineModule({
  name: "set_fact",
  summary: "Sets variables of the host for the rest of the run.",
  parameters: parameters(
    {
      cacheable: { ...bool(), default: false, description: "Set them as facts too (`ansible_facts`)." },
    },
    { openNames: true },
    (given) => {
      if (Object.keys(given).every((name) => name === "cacheable"))
        throw new ModuleFailure("it needs a variable to set, and its value");
    },
  ),
  description: ["Each other parameter is the name of a variable and its value."],
  example: `- name: Compute the address
  set_fact:
    api_url: "https://{{ inventory_hostname }}:6443"
`,
  returns: { ansible_facts: "The variables and their values." },
});

export const includeVars = engineModule({
  name: "include_vars",
  summary: "Loads variables from files of the control node.",
  freeForm: "file",
  parameters: parameters(
    {
      file: { ...path(), description: "A YAML or JSON file; looked for in the role's `vars/`, then beside the task file." },
      dir: { ...path(), description: "A folder whose files are all loaded, in alphabetical order." },
      name: { ...str(), description: "Put the variables into one dictionary of this name." },
      depth: { ...int(), default: 0, description: "How deep to go into `dir`; 0 is all the way." },
      files_matching: { ...str(), description: "Only file names of `dir` that match this regular expression." },
      ignore_files: { ...listOf(str()), description: "File names of `dir` to leave out (regular expressions)." },
      extensions: {
        ...listOf(str()),
        default: ["yaml", "yml", "json"],
        description: "File name extensions of `dir` to load.",
      },
      ignore_unknown_extensions: { ...bool(), default: false, description: "Pass over other files of `dir` instead of failing." },
      hash_behaviour: { ...choice("replace", "merge"), description: "Merge dictionaries with those that are there already." },
    },
    { mutuallyExclusive: [["file", "dir"]], requiredOneOf: [["file", "dir"]] },
    (given) => {
      for (const name of ["files_matching", "ignore_files"] as const) {
        if (given.file !== undefined && given[name] !== undefined) throw new ModuleFailure(`"${name}" goes with "dir" only`);
      }
      if (given.depth < 0) throw new ModuleFailure(`"depth" is ${given.depth}, but must not be negative`);
      for (const [name, expressions] of [
        ["files_matching", given.files_matching === undefined ? [] : [given.files_matching]],
        ["ignore_files", given.ignore_files ?? []],
      ] as const) {
        for (const one of expressions) pythonRegex(name, one, { form: "text" });
      }
    },
  ),
  example: `- name: Load the settings of this distribution
  include_vars:
    file: "{{ ansible_facts['distribution'] | lower }}.yaml"
  when: false
`,
  returns: { ansible_facts: "The variables.", ansible_included_var_files: "The files that were loaded." },
});

export const addHost = engineModule({
  name: "add_host",
  summary: "Adds a host to the inventory of this run.",
  parameters: parameters(
    {
      name: {
        ...str(),
        required: true,
        aliases: ["host", "hostname"],
        description: "The name of the host; `name:port` sets the port.",
      },
      groups: {
        ...listOf(str()),
        aliases: ["group", "groupname"],
        description: "Groups to put it into; made when there is none.",
      },
    },
    { openNames: true },
    ({ name }) => {
      if (!/^\S+$/.test(name)) throw new ModuleFailure(`"name" is "${name}", but must be one word`);
    },
  ),
  description: [
    "Each other parameter becomes a variable of the host.",
    "It never counts as a change, as it does in Ansible: no host is any different, and a second run would report it again.",
  ],
  example: `- name: Add the machine that was just made
  add_host:
    name: node9
    groups: agents
    ansible_host: 192.0.2.9
`,
  returns: { add_host: "`host_name`, `groups` and `host_vars`." },
});

export const groupBy = engineModule({
  name: "group_by",
  summary: "Puts hosts into groups by a value.",
  description: [
    "It never counts as a change, as it does in Ansible: no host is any different, and a second run would report it again.",
  ],
  parameters: parameters(
    {
      key: { ...str(), required: true, description: "Name of the group; usually a template over facts." },
      parents: { ...listOf(str()), default: ["all"], description: "Groups that the group becomes a child of." },
    },
    {},
    ({ key, parents }) => {
      if (key.trim() === "") throw new ModuleFailure('"key" is empty');
      if (parents.includes(key)) throw new ModuleFailure(`"parents" has "${key}", but no group is its own parent`);
    },
  ),
  example: `- name: Group by distribution
  group_by:
    key: "os_{{ ansible_facts['distribution'] | default('unknown') }}"
`,
});

export const pause = engineModule({
  name: "pause",
  summary: "Waits, for a time or for a person.",
  parameters: parameters(
    {
      seconds: { ...int(), description: "How long." },
      minutes: { ...int(), description: "How long." },
      prompt: { ...str(), description: "What to ask; the answer is `user_input`." },
      echo: { ...bool(), default: true, description: "Show what is typed." },
    },
    { mutuallyExclusive: [["seconds", "minutes"]] },
    (given) => {
      for (const name of ["seconds", "minutes"] as const) {
        if ((given[name] ?? 0) < 0) throw new ModuleFailure(`"${name}" is ${given[name]}, but must not be negative`);
      }
    },
  ),
  example: `- name: Give the service a moment
  pause:
    seconds: 1
`,
  returns: {
    user_input: "What was typed.",
    start: "When it began.",
    stop: "When it ended.",
    delta: "Seconds.",
    echo: "As given.",
  },
});

export const validateArgumentSpec = engineModule({
  name: "validate_argument_spec",
  summary: "Checks variables against an argument specification.",
  parameters: parameters({
    argument_spec: { ...dict(), required: true, description: "The options, as in `meta/argument_specs.yml`." },
    provided_arguments: { ...dict(), description: "The values to check; the host's variables when not given." },
    validate_args_context: { ...raw(), description: "Where the specification is from, for messages." },
  }),
  example: `- name: Check the settings
  validate_argument_spec:
    argument_spec:
      http_port:
        type: int
        default: 80
    provided_arguments:
      http_port: 8080
`,
  returns: { argument_errors: "What is wrong.", argument_spec_data: "The specification." },
});
