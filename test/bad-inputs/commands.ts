import { type Family, NO_FREE_FORM } from "./rows.ts";

export const commands: Family = {
  command: {
    refused: [
      ["command: {}", 'command needs one of "cmd" or "argv"'],
      ["command: { cmd: ls, argv: [ls] }", 'command: "cmd" and "argv" exclude each other; give one of them'],
      ["command: { cmd: echo it's }", "command: the command cannot be split into words: a quotation is not closed: echo it's"],
      ["command: { cmd: ' ' }", "command: no command given"],
      ["command: { argv: [] }", 'command: "argv" must begin with the name of a program'],
      ["command: { argv: [ls, «{» a: b }] }", 'command: "argv.1" is {"a":"b"}, but must be a string'],
      ["command: { cmd: ls, «create»: /srv/x }", 'command has no parameter "create"; did you mean "creates"?'],
      ["command: { cmd: ls, stdin: «[»a] }", 'command: "stdin" is ["a"], but must be a string'],
    ],
    here: [
      ["command: no-such-program --now", "[Errno 2] No such file or directory: b'no-such-program'"],
      [
        "command: { cmd: ls, chdir: '{{ here }}/none' }",
        "Unable to change directory before execution: no such directory, or no permission: '{{ here }}/none'",
      ],
      [
        "command: { cmd: ls, chdir: '{{ here }}/file' }",
        "Unable to change directory before execution: no such directory, or no permission: '{{ here }}/file'",
      ],
      ["command: '{{ here }}/file'", "[Errno 13] Permission denied: b'{{ here }}/file'"],
      ["command: 'false'", "non-zero return code"],
    ],
  },
  ping: {
    refused: [
      ["ping: { data: «[»a] }", 'ping: "data" is ["a"], but must be a string'],
      ["ping: { data: «{» a: b } }", 'ping: "data" is {"a":"b"}, but must be a string'],
      ["ping: { «date»: x }", 'ping has no parameter "date"; did you mean "data"?'],
      ["ping: «pong»", 'ping takes no free-form text, but has "pong"', NO_FREE_FORM],
      ["ping: { data: a, «count»: 3 }", 'ping has no parameter "count"'],
    ],
    here: [["ping: { data: crash }", "boom"]],
  },
  raw: {
    refused: [
      ["raw: {}", 'raw needs the parameter "free_form"'],
      ["raw: ' '", 'raw needs the parameter "free_form"'],
      ["raw: { cmd: ls, executable: «[»sh] }", 'raw: "executable" is ["sh"], but must be a path'],
      ["raw: { cmd: ls, «chdir»: /srv }", 'raw has no parameter "chdir"'],
      ["raw: { cmd: «[»ls] }", 'raw: "cmd" is ["ls"], but must be a string'],
    ],
    here: [
      ["raw: { cmd: ls, executable: /no/such/shell }", "[Errno 2] No such file or directory: b'/no/such/shell'"],
      ["raw: exit 3", "non-zero return code"],
    ],
  },
  reboot: {
    refused: [
      ["reboot: { reboot_timeout: «soon» }", 'reboot: "reboot_timeout" is "soon", but must be a whole number'],
      ["reboot: { reboot_timeout: -1 }", 'reboot: "reboot_timeout" is -1, but must not be negative'],
      [
        "reboot: { pre_reboot_delay: 5, pre_reboot_delay_sec: «6» }",
        'reboot: "pre_reboot_delay_sec" and "pre_reboot_delay" are the same parameter; give one of them',
      ],
      ["reboot: { test_command: '' }", 'reboot: "test_command" is empty'],
      ["reboot: { search_paths: [sbin] }", 'reboot: "search_paths" has "sbin", but must have absolute paths'],
      ["reboot: { «timeout»: 60 }", 'reboot has no parameter "timeout"'],
    ],
  },
  script: {
    refused: [
      ["script: {}", 'script needs the parameter "cmd"'],
      [
        "script: «missing.sh --now»",
        'there is no file "missing.sh" for script on the control node',
        { help: "looked in files, {{ here }}" },
      ],
      ['script: { cmd: file "a }', 'script: "cmd" cannot be split into words: a quotation is not closed: file "a'],
      ["script: { cmd: file, executable: '' }", 'script: "executable" is empty'],
      ["script: { cmd: file, chdir: «[»/srv] }", 'script: "chdir" is ["/srv"], but must be a path'],
      ["script: { cmd: file, «create»: /srv/x }", 'script has no parameter "create"; did you mean "creates"?'],
    ],
    here: [
      ["script: dir", "the script {{ here }}/dir is a directory"],
      [
        "script: { cmd: file, chdir: '{{ here }}/none' }",
        "Unable to change directory before execution: no such directory, or no permission: '{{ here }}/none'",
      ],
      ["script: { cmd: file, executable: /no/such/interpreter }", "[Errno 2] No such file or directory: b'/no/such/interpreter'"],
    ],
  },
  shell: {
    refused: [
      ["shell: {}", 'shell needs the parameter "cmd"'],
      ["shell: { cmd: ' ' }", "shell: no command given"],
      ["shell: { cmd: ls, executable: «true» }", 'shell: "executable" is true, but must be a path'],
      ["shell: { cmd: ls, «creats»: /srv/x }", 'shell has no parameter "creats"; did you mean "creates"?'],
      [
        "shell: { cmd: ls, strip_empty_ends: «both» }",
        'shell: "strip_empty_ends" is "both", but must be a boolean (true or false)',
      ],
    ],
    here: [
      ["shell: { cmd: ls, executable: /no/such/shell }", "[Errno 2] No such file or directory: b'/no/such/shell'"],
      [
        "shell: { cmd: ls, chdir: '{{ here }}/none' }",
        "Unable to change directory before execution: no such directory, or no permission: '{{ here }}/none'",
      ],
      ["shell: exit 4", "non-zero return code"],
    ],
  },
  wait_for: {
    refused: [
      ["wait_for: { port: 22, path: /srv/x }", 'wait_for: "port" and "path" exclude each other; give one of them'],
      ["wait_for: { port: «ssh» }", 'wait_for: "port" is "ssh", but must be a whole number'],
      ["wait_for: { port: 70000 }", 'wait_for: "port" is 70000, but must be from 1 to 65535'],
      ["wait_for: { path: /srv/x, state: drained }", 'wait_for: state: drained needs "port"'],
      [
        "wait_for: { port: 22, exclude_hosts: [192.0.2.1] }",
        'wait_for: "exclude_hosts" goes with state: drained only, and state is started',
      ],
      [
        "wait_for: { port: 22, state: drained, exclude_hosts: [node1] }",
        'wait_for: "node1" in "exclude_hosts" must be an IP address',
      ],
      [
        "wait_for: { port: 22, state: stopped, search_regex: x }",
        'wait_for: with state: stopped a port says nothing that "search_regex" could be looked for in',
      ],
      ["wait_for: { search_regex: x }", 'wait_for: "search_regex" needs "path" or "port"'],
      [
        "wait_for: { port: 22, state: drained, active_connection_states: [OPEN] }",
        'wait_for: "active_connection_states" has "OPEN", but must have some of ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING',
      ],
      ["wait_for: { path: /srv/x, timeout: -1 }", 'wait_for: "timeout" is -1, but must not be negative'],
    ],
    here: [
      ["wait_for: { path: '{{ here }}/none', timeout: 0 }", "Timeout when waiting for file {{ here }}/none"],
      ["wait_for: { path: '{{ here }}/file', state: absent, timeout: 0, msg: still there }", "still there"],
    ],
  },
  wait_for_connection: {
    refused: [
      ["wait_for_connection: { timeout: «long» }", 'wait_for_connection: "timeout" is "long", but must be a whole number'],
      ["wait_for_connection: { timeout: -5 }", 'wait_for_connection: "timeout" is -5, but must not be negative'],
      ["wait_for_connection: { sleep: -1 }", 'wait_for_connection: "sleep" is -1, but must not be negative'],
      [
        "wait_for_connection: { «conect_timeout»: 5 }",
        'wait_for_connection has no parameter "conect_timeout"; did you mean "connect_timeout"?',
      ],
      ["wait_for_connection: { delay: «1.5» }", 'wait_for_connection: "delay" is 1.5, but must be a whole number'],
    ],
  },
};
