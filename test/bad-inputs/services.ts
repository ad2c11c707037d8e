import { type Family, NO_FREE_FORM } from "./rows.ts";

export const services: Family = {
  alternatives: {
    refused: [
      ["alternatives: { path: /usr/bin/vim }", 'alternatives needs the parameter "name"'],
      ["alternatives: { name: editor }", 'alternatives needs one of "path" or "family"'],
      [
        "alternatives: { name: editor, path: /usr/bin/vim, state: «select» }",
        'alternatives: "state" is "select", but must be one of present, selected, absent, auto; did you mean "selected"?',
      ],
      [
        "alternatives: { name: editor, path: /usr/bin/vim, priority: «high» }",
        'alternatives: "priority" is "high", but must be a whole number',
      ],
      [
        "alternatives: { name: editor, path: /usr/bin/vim, subcommands: [«{» name: editor.1.gz }] }",
        'alternatives: "subcommands.0" must be a mapping of "name", "path" and "link", the last two absolute paths, and nothing else',
      ],
      [
        "alternatives: { name: editor, path: /usr/bin/vim, subcommands: [«{» name: a, path: b, link: /c }] }",
        'alternatives: "subcommands.0" must be a mapping of "name", "path" and "link", the last two absolute paths, and nothing else',
        { help: "k3sprov doc alternatives" },
      ],
      [
        "alternatives: { name: editor, path: /usr/bin/vim, «lnik»: /usr/bin/editor }",
        'alternatives has no parameter "lnik"; did you mean "link"?',
      ],
    ],
  },
  cron: {
    refused: [
      [
        "cron: { name: A, job: b, env: true, insertafter: B, insertbefore: C }",
        'cron: "insertafter" and "insertbefore" exclude each other; give one of them',
      ],
      ['cron: { name: "a\\nb", job: ls }', "cron: the name of a job is one line"],
      ["cron: { job: ls }", 'cron needs the parameter "name"'],
      ["cron: { name: backup }", 'cron: a job needs "job", the command'],
      ["cron: { name: MAILTO, env: true }", 'cron: a variable needs "value"'],
      [
        "cron: { name: backup, job: ls, special_time: daily, hour: 3 }",
        'cron: "special_time" stands for all of "minute", "hour", "day", "month" and "weekday"; give one or the other',
      ],
      [
        "cron: { name: backup, job: ls, special_time: «dayly» }",
        'cron: "special_time" is "dayly", but must be one of annually, daily, hourly, monthly, reboot, weekly, yearly; did you mean "daily"?',
      ],
      [
        "cron: { name: backup, job: ls, cron_file: backup }",
        'cron: "cron_file" needs "user": lines of such a file say who runs the job',
      ],
      ["cron: { name: backup, job: ls, insertafter: MAILTO }", 'cron: "insertafter" and "insertbefore" go with env: true only'],
      ["cron: { name: MAIL TO, job: root, env: true }", 'cron: "name" is "MAIL TO", which is no name of an environment variable'],
      ['cron: { name: backup, job: "ls\\nrm x" }', "cron: a job is one line; cron would take each line break for the next job"],
      [
        "cron: { name: backup, job: ls, minute: 1 2 }",
        'cron: "minute" is "1 2", but must be * or a number from 0 to 59, a range (1-5), a list (1,3) or a step (*/2) of them',
      ],
      [
        "cron: { name: backup, job: ls, minute: 61 }",
        'cron: "minute" is "61", but must be * or a number from 0 to 59, a range (1-5), a list (1,3) or a step (*/2) of them',
      ],
      ["cron: { name: backup, job: ls, «minutes»: 1 }", 'cron has no parameter "minutes"; did you mean "minute"?'],
    ],
  },
  service: {
    refused: [
      ["service: { state: started }", 'service needs the parameter "name"'],
      ["service: { name: cron }", 'service needs one of "state", "enabled" or "restart_when_changed"'],
      [
        "service: { name: cron, state: «running» }",
        'service: "state" is "running", but must be one of started, stopped, restarted, reloaded',
      ],
      ["service: { name: cron, enabled: «always» }", 'service: "enabled" is "always", but must be a boolean (true or false)'],
      [
        "service: { name: cron, state: started, use: upstart }",
        'service: "use" is "upstart", but must be one of auto, systemd, openrc, sysvinit',
      ],
      [
        'service: { name: cron, state: started, arguments: "it\'s" }',
        'service: "arguments" is no command line: a quotation is not closed: it\'s',
      ],
      [
        "service: { name: cron, state: stopped, restart_when_changed: [/etc/crontab] }",
        'service: "restart_when_changed" needs a "name", and goes with "state: started" or with no state',
      ],
      ["service: { name: cron, state: restarted, sleep: -1 }", 'service: "sleep" is -1, but must not be negative'],
      [
        "service: { name: getty@, state: started }",
        'service: "getty@" is a template; name an instance of it, such as "getty@main"',
      ],
    ],
  },
  service_facts: {
    refused: [
      ["service_facts: { «filter»: cron }", 'service_facts has no parameter "filter"'],
      ["service_facts: { «gather_subset»: [a] }", 'service_facts has no parameter "gather_subset"'],
      ["service_facts: «cron»", 'service_facts takes no free-form text, but has "cron"', NO_FREE_FORM],
      [
        "service_facts: «[»cron]",
        "the parameters of service_facts must be a mapping, but are a list",
        { help: 'write "name: value" lines without dashes' },
      ],
      ["service_facts: { «name»: a }", 'service_facts has no parameter "name"'],
    ],
  },
  systemd: {
    refused: [
      [
        "systemd: {}",
        'systemd needs one of "name", "state", "enabled", "masked", "daemon_reload", "daemon_reexec" or "restart_when_changed"',
      ],
      ["systemd: { state: started }", 'systemd: "state", "enabled" and "masked" need a "name"'],
      [
        "systemd: { name: cron, state: started, masked: true }",
        'systemd: "masked: true" and "state: started" exclude each other: a masked unit can neither be started nor enabled',
      ],
      [
        "systemd: { name: cron, enabled: true, masked: true }",
        'systemd: "masked: true" and "enabled: true" exclude each other: a masked unit can neither be started nor enabled',
      ],
      [
        "systemd: { name: cron, state: started, scope: global }",
        'systemd: with "scope: global" there is no systemd that could start or stop something; "enabled" and "masked" work',
      ],
      [
        "systemd: { name: cron, scope: «session», enabled: true }",
        'systemd: "scope" is "session", but must be one of system, user, global',
      ],
      [
        "systemd: { name: getty@, state: started }",
        'systemd: "getty@" is a template; name an instance of it, such as "getty@main"',
      ],
      [
        "systemd: { name: cron, state: stopped, restart_when_changed: [/etc/crontab] }",
        'systemd: "restart_when_changed" needs a "name", and goes with "state: started" or with no state',
      ],
      [
        "systemd: { name: cron, «daemon_relaod»: true }",
        'systemd has no parameter "daemon_relaod"; did you mean "daemon_reload"?',
      ],
      [
        "systemd: { name: cron, state: «reload» }",
        'systemd: "state" is "reload", but must be one of started, stopped, restarted, reloaded; did you mean "reloaded"?',
      ],
    ],
  },
  sysvinit: {
    refused: [
      [
        "sysvinit: { name: cron, state: started, arguments: it's }",
        'sysvinit: "arguments" is no command line: a quotation is not closed: it\'s',
      ],
      ["sysvinit: { name: cron }", 'sysvinit needs one of "state" or "enabled"'],
      ["sysvinit: { state: started }", 'sysvinit needs the parameter "name"'],
      ["sysvinit: { name: cron.d/x, state: started }", 'sysvinit: "cron.d/x" is no name of an init script'],
      [
        "sysvinit: { name: cron, enabled: true, runlevels: [6] }",
        'sysvinit: "runlevels" has "6", in which no services start; those are 1 to 5 and S',
      ],
      ["sysvinit: { name: cron, state: restarted, sleep: «long» }", 'sysvinit: "sleep" is "long", but must be a whole number'],
      ["sysvinit: { name: cron, state: restarted, sleep: -2 }", 'sysvinit: "sleep" is -2, but must not be negative'],
      [
        "sysvinit: { name: cron, state: «start» }",
        'sysvinit: "state" is "start", but must be one of started, stopped, restarted, reloaded',
      ],
      [
        "sysvinit: { name: cron, state: started, «demonize»: true }",
        'sysvinit has no parameter "demonize"; did you mean "daemonize"?',
      ],
    ],
  },
};
