import { type Family, NO_FREE_FORM, NO_HELP, TOLD_BEFORE, VARIABLE_NAME } from "./rows.ts";

export const control: Family = {
  add_host: {
    refused: [
      ["add_host: { groups: agents }", 'add_host needs the parameter "name"'],
      ["add_host: { name: '' }", 'add_host: "name" is "", but must be one word'],
      ["add_host: { name: node 9 }", 'add_host: "name" is "node 9", but must be one word'],
      ["add_host: { name: «[»a, b] }", 'add_host: "name" is ["a","b"], but must be a string'],
      ["add_host: { name: a, hostname: «b» }", 'add_host: "hostname" and "name" are the same parameter; give one of them'],
      ["add_host: { name: a, groups: [«{» b: c }] }", 'add_host: "groups.0" is {"b":"c"}, but must be a string'],
    ],
  },
  assert: {
    refused: [
      ["assert: { msg: no }", 'assert needs the parameter "that"'],
      ["assert: { that: 1 «+» }", "unexpected end of the template; an expression was expected", NO_HELP],
      ["assert: { that: true, quiet: «silently» }", 'assert: "quiet" is "silently", but must be a boolean (true or false)'],
      ["assert: { that: true, «fail_message»: no }", 'assert has no parameter "fail_message"; did you mean "fail_msg"?'],
      ["assert: { that: true, fail_msg: a, msg: «b» }", 'assert: "msg" and "fail_msg" are the same parameter; give one of them'],
      ["«a»ssert: { that: 1 > 2, fail_msg: one is not more than two }", "one is not more than two", TOLD_BEFORE],
    ],
  },
  debug: {
    refused: [
      ["debug: { msg: a, var: b }", 'debug: "msg" and "var" exclude each other; give one of them'],
      ["debug: { var: a «+» }", "unexpected end of the template; an expression was expected", NO_HELP],
      ["debug: { msg: a, verbosity: «loud» }", 'debug: "verbosity" is "loud", but must be a whole number'],
      ["debug: { «mgs»: a }", 'debug has no parameter "mgs"; did you mean "msg"?'],
      ["debug: { msg: '«{{» a' }", '{{ is not closed; "}}" is missing', NO_HELP],
    ],
  },
  fail: {
    refused: [
      ["fail: { msg: «[»a, b] }", 'fail: "msg" is ["a","b"], but must be a string'],
      ["fail: { «message»: no }", 'fail has no parameter "message"'],
      ["fail: «never»", 'fail takes no free-form text, but has "never"', NO_FREE_FORM],
      ["fail: { msg: '{{ a «b» }}' }", 'unexpected "b"; "}}" was expected', NO_HELP],
      ["«f»ail: { msg: give an odd number of servers }", "give an odd number of servers", TOLD_BEFORE],
    ],
  },
  group_by: {
    refused: [
      ["group_by: {}", 'group_by needs the parameter "key"'],
      ["group_by: { key: '' }", 'group_by: "key" is empty'],
      ["group_by: { key: «[»a] }", 'group_by: "key" is ["a"], but must be a string'],
      ["group_by: { key: a, parents: [a] }", 'group_by: "parents" has "a", but no group is its own parent'],
      ["group_by: { key: a, «parent»: b }", 'group_by has no parameter "parent"; did you mean "parents"?'],
    ],
  },
  include_vars: {
    refused: [
      ["include_vars: {}", 'include_vars needs one of "file" or "dir"'],
      [
        "include_vars: «missing.yaml»",
        'there is no file "missing.yaml" for include_vars on the control node',
        { help: "looked in vars, {{ here }}" },
      ],
      [
        "include_vars: { dir: «missing» }",
        'there is no file "missing" for include_vars on the control node',
        { help: "looked in vars, {{ here }}" },
      ],
      ["include_vars: { file: list.yaml, dir: vars }", 'include_vars: "file" and "dir" exclude each other; give one of them'],
      ["include_vars: { file: list.yaml, files_matching: x }", 'include_vars: "files_matching" goes with "dir" only'],
      [
        "include_vars: { dir: vars, files_matching: '(' }",
        'include_vars: files_matching "(" is not a regular expression that can be used: unterminated group',
      ],
      ["include_vars: { dir: vars, depth: -1 }", 'include_vars: "depth" is -1, but must not be negative'],
      [
        "include_vars: { dir: vars, hash_behaviour: «combine» }",
        'include_vars: "hash_behaviour" is "combine", but must be one of replace, merge',
      ],
    ],
    here: [
      ["include_vars: list.yaml", "{{ here }}/vars/list.yaml must hold a mapping of variables"],
      ["include_vars: broken.yaml", "the [ that was opened before is not closed with ]"],
      [
        "include_vars: { dir: '{{ here }}/vars', ignore_files: [list, broken] }",
        "include_vars: {{ here }}/vars/notes.txt ends in none of yaml, yml, json; name it in ignore_files, or give ignore_unknown_extensions: true",
      ],
    ],
  },
  meta: {
    refused: [
      ["meta: {}", 'meta needs the parameter "free_form"'],
      [
        "meta: «flush_handler»",
        'meta: "free_form" is "flush_handler", but must be one of flush_handlers, refresh_inventory, noop, clear_facts, clear_host_errors, end_play, end_host, end_batch, end_role, reset_connection; did you mean "flush_handlers"?',
      ],
      [
        "meta: «restart»",
        'meta: "free_form" is "restart", but must be one of flush_handlers, refresh_inventory, noop, clear_facts, clear_host_errors, end_play, end_host, end_batch, end_role, reset_connection',
      ],
      [
        "meta: { free_form: «[»noop] }",
        'meta: "free_form" is ["noop"], but must be one of flush_handlers, refresh_inventory, noop, clear_facts, clear_host_errors, end_play, end_host, end_batch, end_role, reset_connection',
      ],
      ["meta: { free_form: noop, «host»: a }", 'meta has no parameter "host"'],
    ],
  },
  pause: {
    refused: [
      ["pause: { seconds: 1, minutes: 1 }", 'pause: "seconds" and "minutes" exclude each other; give one of them'],
      ["pause: { seconds: «soon» }", 'pause: "seconds" is "soon", but must be a whole number'],
      ["pause: { seconds: -1 }", 'pause: "seconds" is -1, but must not be negative'],
      ["pause: { prompt: «[»Go on?] }", 'pause: "prompt" is ["Go on?"], but must be a string'],
      ["pause: { «second»: 1 }", 'pause has no parameter "second"; did you mean "seconds"?'],
    ],
  },
  set_fact: {
    refused: [
      ["set_fact: {}", "set_fact: it needs a variable to set, and its value"],
      ["set_fact: { cacheable: true }", "set_fact: it needs a variable to set, and its value"],
      ["set_fact: { «1st»: a }", 'the variable "1st" is no valid variable name', VARIABLE_NAME],
      ["set_fact: { «api-url»: a }", 'the variable "api-url" is no valid variable name', VARIABLE_NAME],
      ["set_fact: { a: b, cacheable: «always» }", 'set_fact: "cacheable" is "always", but must be a boolean (true or false)'],
      ["set_fact: { a: '«{{» b' }", '{{ is not closed; "}}" is missing', NO_HELP],
      ["set_fact: «a»", 'set_fact takes no free-form text, but has "a"', NO_FREE_FORM],
    ],
  },
  validate_argument_spec: {
    refused: [
      ["validate_argument_spec: {}", 'validate_argument_spec needs the parameter "argument_spec"'],
      [
        "validate_argument_spec: { argument_spec: «[»a] }",
        'validate_argument_spec: "argument_spec" is ["a"], but must be a mapping',
      ],
      [
        "validate_argument_spec: { argument_spec: { a: { type: int } }, provided_arguments: «[»a] }",
        'validate_argument_spec: "provided_arguments" is ["a"], but must be a mapping',
      ],
      [
        "validate_argument_spec: { argument_spec: { a: { type: int } }, «arguments»: { a: 1 } }",
        'validate_argument_spec has no parameter "arguments"',
      ],
    ],
    here: [
      [
        "validate_argument_spec: { argument_spec: { a: { type: int } }, provided_arguments: { a: many } }",
        'Validation of arguments failed:\n"a" is "many", but must be a whole number',
      ],
      [
        "validate_argument_spec: { argument_spec: { a: { required: true } }, provided_arguments: {} }",
        'Validation of arguments failed:\n"a" is required, but not set',
      ],
      [
        "validate_argument_spec: { argument_spec: { a: { type: number } }, provided_arguments: { a: 1 } }",
        'there is no type "number"',
      ],
      [
        "validate_argument_spec: { argument_spec: { a: { choices: [x, y] } }, provided_arguments: { a: z } }",
        'Validation of arguments failed:\n"a" is "z", but must be one of x, y',
      ],
    ],
  },
};
