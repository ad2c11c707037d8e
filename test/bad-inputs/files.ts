import type { Family } from "./rows.ts";

export const files: Family = {
  assemble: {
    refused: [
      ["assemble: { src: /srv/parts }", 'assemble needs the parameter "dest"'],
      [
        "assemble: { src: «none», dest: /srv/x, remote_src: false }",
        'there is no file "none" for assemble on the control node',
        { help: "looked in files, {{ here }}" },
      ],
      [
        "assemble: { src: /srv/parts, dest: /srv/x, «delimeter»: '--' }",
        'assemble has no parameter "delimeter"; did you mean "delimiter"?',
      ],
      [
        "assemble: { src: /srv/parts, dest: /srv/x, regexp: '(' }",
        'assemble: regexp "(" is not a regular expression that can be used: unterminated group',
      ],
      ["assemble: { src: /srv/parts, dest: /srv/x, validate: visudo -c }", "assemble: validate must contain %s: visudo -c"],
      [
        "assemble: { src: /srv/parts, dest: /srv/x, ignore_hidden: «perhaps» }",
        'assemble: "ignore_hidden" is "perhaps", but must be a boolean (true or false)',
      ],
      ["assemble: { src: /srv/parts, dest: /srv/x, mode: preserve }", 'assemble: mode "preserve" is for copy and template only'],
    ],
    here: [
      ["assemble: { src: '{{ here }}/none', dest: '{{ here }}/x' }", "Source ({{ here }}/none) does not exist"],
      ["assemble: { src: '{{ here }}/file', dest: '{{ here }}/x' }", "Source ({{ here }}/file) is not a directory"],
      [
        "assemble: { src: '{{ here }}/dir', dest: '{{ here }}/dir' }",
        "dest {{ here }}/dir is a directory; assemble writes a file",
      ],
      ["assemble: { src: '{{ here }}/dir', dest: '{{ here }}/none/x' }", "Destination directory {{ here }}/none does not exist"],
    ],
  },
  blockinfile: {
    refused: [
      [
        "blockinfile: { path: /srv/x, block: x, marker: '# here' }",
        'blockinfile: marker "# here" must contain {mark}, so that the two markers differ',
      ],
      ["blockinfile: { block: x }", 'blockinfile needs the parameter "path"'],
      [
        "blockinfile: { path: /srv/x, block: x, insertafter: a, insertbefore: b }",
        'blockinfile: "insertbefore" and "insertafter" exclude each other; give one of them',
      ],
      [
        "blockinfile: { path: /srv/x, block: x, insertafter: '[' }",
        'blockinfile: insertafter "[" is not a regular expression that can be used: a [ is not closed',
      ],
      [
        "blockinfile: { path: /srv/x, block: x, «markers»: '# {mark}' }",
        'blockinfile has no parameter "markers"; did you mean "marker"?',
      ],
      [
        "blockinfile: { path: /srv/x, state: «absnet» }",
        'blockinfile: "state" is "absnet", but must be one of present, absent; did you mean "absent"?',
      ],
      [
        "blockinfile: { path: /srv/x, block: x, mode: «0999» }",
        'blockinfile: "mode" is "0999", but must be a file mode such as "0644" or "u=rw,go=r"',
      ],
      [
        "blockinfile: { path: /srv/x, block: x, create: true, validate: 'sshd -t \"%s' }",
        'blockinfile: validate is no command line: a quotation is not closed: sshd -t "%s',
      ],
    ],
    here: [
      ["blockinfile: { path: '{{ here }}/none', block: x }", "Path {{ here }}/none does not exist !"],
      ["blockinfile: { path: '{{ here }}/dir', block: x }", "Path {{ here }}/dir is a directory !"],
      [
        "blockinfile: { path: '{{ here }}/file', block: x, owner: nobody-here }",
        "chown failed: failed to look up user nobody-here",
      ],
    ],
  },
  copy: {
    refused: [
      ["copy: { dest: /srv/x, content: y, «modde»: '0644' }", 'copy has no parameter "modde"; did you mean "mode"?'],
      ["copy: { dest: /srv/x, src: a, content: y }", 'copy: "src" and "content" exclude each other; give one of them'],
      ["copy: { dest: /srv/x }", 'copy needs one of "src" or "content"'],
      [
        "copy: { dest: /srv/x, src: «missing.conf» }",
        'there is no file "missing.conf" for copy on the control node',
        { help: "looked in files, {{ here }}" },
      ],
      [
        "copy: { dest: /srv/x, content: y, mode: «644» }",
        'copy: "mode" is the decimal number 644 (octal 01204); write "0644"',
        { help: "YAML reads digits without a leading zero as a decimal number; a file mode is octal" },
      ],
      [
        "copy: { dest: /srv/x, content: y, mode: «rw-r--r--» }",
        'copy: "mode" is "rw-r--r--", but must be a file mode such as "0644" or "u=rw,go=r"',
      ],
      [
        "copy: { dest: /srv/x, content: y, mode: preserve }",
        'copy: mode "preserve" is that of a file: it needs "src", not "content"',
      ],
      ["copy: { dest: /srv/x, content: y, validate: visudo -c }", "copy: validate must contain %s: visudo -c"],
      [
        "copy: { dest: /srv/x, content: y, checksum: abc }",
        'copy: "checksum" is "abc", but must be a SHA-1 of 40 hexadecimal digits',
      ],
      [
        "copy: { dest: /srv/x, content: y, backup: «sometimes» }",
        'copy: "backup" is "sometimes", but must be a boolean (true or false)',
      ],
      ["copy: { dest: «[»/srv/x, /srv/y], content: y }", 'copy: "dest" is ["/srv/x","/srv/y"], but must be a path'],
    ],
    here: [
      ["copy: { dest: '{{ here }}/none/x', content: y }", "Destination directory {{ here }}/none does not exist"],
      ["copy: { dest: '{{ here }}/file/x', content: y }", "{{ here }}/file is a file, not a directory"],
      [
        "copy: { dest: '{{ here }}/dir', content: y }",
        "can not use content with a dir as dest: {{ here }}/dir; give the path of the file",
      ],
      ["copy: { dest: '{{ here }}/x', content: y, owner: nobody-here }", "chown failed: failed to look up user nobody-here"],
      ["copy: { dest: '{{ here }}/x', content: y, group: nogroup-here }", "chgrp failed: failed to look up group nogroup-here"],
      ["copy: { dest: '{{ here }}/x', src: '{{ here }}/none', remote_src: true }", "Source {{ here }}/none not found"],
      [
        "copy: { dest: '{{ here }}/x', src: file, checksum: '0000000000000000000000000000000000000000' }",
        "the source does not match the expected checksum 0000000000000000000000000000000000000000; its SHA-1 is 6bfa09d82ce3e898ad4641ae13dd4fdb9cf0d76b",
      ],
    ],
  },
  fetch: {
    refused: [
      ["fetch: { src: /etc/hostname }", 'fetch needs the parameter "dest"'],
      [
        "fetch: { src: «[»/etc/hostname, /etc/hosts], dest: fetched }",
        'fetch: "src" is ["/etc/hostname","/etc/hosts"], but must be a path',
      ],
      ["fetch: { src: /etc/hostname, dest: fetched, «flatten»: true }", 'fetch has no parameter "flatten"'],
      [
        "fetch: { src: /etc/../etc/hostname, dest: fetched }",
        'fetch: "src" is /etc/../etc/hostname, but must not lead upwards with "..", since it becomes a path below dest',
      ],
      [
        "fetch: { src: /etc/hostname, dest: fetched, flat: «maybe» }",
        'fetch: "flat" is "maybe", but must be a boolean (true or false)',
      ],
    ],
    here: [
      ["fetch: { src: '{{ here }}/none', dest: fetched }", "the remote file does not exist: {{ here }}/none"],
      ["fetch: { src: '{{ here }}/dir', dest: fetched }", "{{ here }}/dir is a directory, which fetch does not bring over"],
      ["fetch: { src: /dev/null, dest: fetched }", "/dev/null is a character, not a regular file"],
      [
        "fetch: { src: '{{ here }}/file', dest: '{{ here }}/dir', flat: true }",
        "dest is an existing directory; with a slash at its end the file goes into it: {{ here }}/dir",
      ],
    ],
  },
  file: {
    refused: [
      ["file: { path: /srv/x, mode: preserve }", 'file: mode "preserve" is for copy and template only'],
      ["file: { state: directory }", 'file needs the parameter "path"'],
      [
        "file: { path: /srv/x, state: «folder» }",
        'file: "state" is "folder", but must be one of absent, directory, file, hard, link, touch',
      ],
      ["file: { path: /srv/x, state: hard }", 'file: with state: hard it needs "src"'],
      [
        "file: { path: /srv/x, state: touch, recurse: true }",
        'file: "recurse" goes with state: directory only, and state is touch',
      ],
      [
        "file: { path: /srv/x, state: directory, src: /srv/y }",
        'file: "src" goes with state: link or hard only, and state is directory',
      ],
      ["file: { path: /srv/x, src: /srv/y }", 'file: "src" goes with state: link or hard only, and state is not given'],
      ["file: { path: /srv/x, dest: «/srv/y» }", 'file: "dest" and "path" are the same parameter; give one of them'],
      [
        "file: { path: /srv/x, state: touch, modification_time: yesterday }",
        "file: Error while obtaining timestamp for time yesterday using format %Y%m%d%H%M.%S",
      ],
      [
        "file: { path: /srv/x, mode: «'u+w,g'» }",
        'file: "mode" is "u+w,g", but must be a file mode such as "0644" or "u=rw,go=r"',
      ],
      ["file: { path: /srv/x, mode: «true» }", 'file: "mode" is true, but must be a file mode such as "0644" or "u=rw,go=r"'],
      ["file: { path: /srv/x, «onwer»: root }", 'file has no parameter "onwer"; did you mean "owner"?'],
    ],
    here: [
      ["file: { path: '{{ here }}/none', state: file }", "file ({{ here }}/none) is absent, cannot continue"],
      ["file: { path: '{{ here }}/dir', state: file }", "file ({{ here }}/dir) is directory, cannot continue"],
      ["file: { path: '{{ here }}/file', state: directory }", "{{ here }}/file already exists as a file"],
      ["file: { path: '{{ here }}/file/x', state: directory }", "{{ here }}/file is a file, not a directory"],
      ["file: { path: '{{ here }}/none/x', state: touch }", "the directory {{ here }}/none does not exist"],
      ["file: { path: '{{ here }}/x', state: link }", "src is required for creating new symlinks"],
      [
        "file: { path: '{{ here }}/x', src: '{{ here }}/none', state: link }",
        'src file does not exist, use "force=yes" if you really want to create the link: {{ here }}/none',
      ],
      [
        "file: { path: '{{ here }}/file', src: '{{ here }}/dir', state: link }",
        "refusing to convert from file to symlink for {{ here }}/file",
      ],
      [
        "file: { path: '{{ here }}/dir', src: '{{ here }}/file', state: link, force: true }",
        "the directory {{ here }}/dir is not empty, refusing to convert it",
      ],
      ["file: { path: '{{ here }}/x', src: '{{ here }}/none', state: hard }", "src does not exist: {{ here }}/none"],
      [
        "file: { path: '{{ here }}/x', src: '{{ here }}/dir', state: hard }",
        "{{ here }}/dir is a directory; only a regular file can have another name",
      ],
      ["file: { path: '{{ here }}/file', owner: nobody-here }", "chown failed: failed to look up user nobody-here"],
      ["file: { path: '{{ here }}/file', group: nogroup-here }", "chgrp failed: failed to look up group nogroup-here"],
      ["file: { path: /, state: absent }", "refusing to remove /"],
    ],
  },
  find: {
    refused: [
      ["find: { paths: /srv, limit: 0 }", 'find: "limit" is 0, but must be at least 1; leave it out to be told everything'],
      ["find: { patterns: '*.gz' }", 'find needs the parameter "paths"'],
      ["find: { paths: /srv, age: old }", 'find: age "old" must be a number, with one of s, m, h, d, w behind it if need be'],
      [
        "find: { paths: /srv, size: 3 loaves }",
        'find: size "3 loaves" must be a number, with one of b, k, m, g, t behind it if need be',
      ],
      [
        "find: { paths: /srv, patterns: '(', use_regex: true }",
        'find: patterns "(" is not a regular expression that can be used: unterminated group',
      ],
      [
        "find: { paths: /srv, contains: '*' }",
        'find: contains "*" is not a regular expression that can be used: nothing to repeat',
      ],
      ["find: { paths: /srv, file_type: «dir» }", 'find: "file_type" is "dir", but must be one of any, directory, file, link'],
      [
        "find: { paths: /srv, recurse: true, depth: -1 }",
        'find: "depth" is -1, but must be at least 1; leave it out to search all levels',
      ],
      ["find: { paths: /srv, limit: «few» }", 'find: "limit" is "few", but must be a whole number'],
      [
        "find: { paths: /srv, checksum_algorithm: «sha265» }",
        'find: "checksum_algorithm" is "sha265", but must be one of md5, sha1, sha224, sha256, sha384, sha512; did you mean "sha256"?',
      ],
    ],
  },
  ini_file: {
    refused: [
      [
        "ini_file: { path: /srv/x.ini, section: a, option: b, value: c, section_has_values: [{ value: d }] }",
        'ini_file: section_has_values: "option" is needed, as a string: {"value":"d"}',
      ],
      ["ini_file: { section: a, option: b, value: c }", 'ini_file needs the parameter "path"'],
      [
        "ini_file: { path: /srv/x.ini, section: a, option: b }",
        'ini_file: with state: present it needs "value" or "values", or allow_no_value: true',
      ],
      [
        "ini_file: { path: /srv/x.ini, section: a, option: b, value: c, values: [d] }",
        'ini_file: "value" and "values" exclude each other; give one of them',
      ],
      ["ini_file: { path: /srv/x.ini, state: absent }", 'ini_file: with state: absent it needs "section" or "option"'],
      [
        'ini_file: { path: /srv/x.ini, section: a, option: b, value: "c\\nd" }',
        'ini_file: an .ini file has one line for each option, but this has more: "c\\nd"',
      ],
      [
        "ini_file: { path: /srv/x.ini, option: b, value: c, section_has_values: [{ option: d }] }",
        'ini_file: "section_has_values" needs "section"',
      ],
      [
        "ini_file: { path: /srv/x.ini, section: a, option: b, value: c, section_has_values: [{ name: d }] }",
        'ini_file: section_has_values: there is no "name", only option, value and values: {"name":"d"}',
      ],
      [
        "ini_file: { path: /srv/x.ini, section: a, option: b, value: «{» c: d } }",
        'ini_file: "value" is {"c":"d"}, but must be a string',
      ],
      ["ini_file: { path: /srv/x.ini, section: a, «key»: b, value: c }", 'ini_file has no parameter "key"'],
    ],
    here: [
      [
        "ini_file: { path: '{{ here }}/none', section: a, option: b, value: c, create: false }",
        "Destination {{ here }}/none does not exist !",
      ],
      ["ini_file: { path: '{{ here }}/dir', section: a, option: b, value: c }", "Path {{ here }}/dir is a directory !"],
      ["ini_file: { path: '{{ here }}/file/x', section: a, option: b, value: c }", "{{ here }}/file is a file, not a directory"],
      ["ini_file: { path: /dev/null, section: a, option: b, value: c }", "/dev/null is a character, not a regular file"],
    ],
  },
  lineinfile: {
    refused: [
      [
        "lineinfile: { path: /srv/x, line: x, regexp: '' }",
        `lineinfile: "regexp" is empty, which every line has; write regexp: '^' if that is meant`,
      ],
      ["lineinfile: { line: x }", 'lineinfile needs the parameter "path"'],
      ["lineinfile: { path: /srv/x, regexp: a }", 'lineinfile: with state: present it needs "line"'],
      [
        "lineinfile: { path: /srv/x, state: absent }",
        'lineinfile: with state: absent it needs one of "line", "regexp" or "search_string"',
      ],
      ["lineinfile: { path: /srv/x, line: x, backrefs: true }", 'lineinfile: with backrefs: true it needs "regexp"'],
      [
        "lineinfile: { path: /srv/x, line: x, regexp: a, search_string: b }",
        'lineinfile: "regexp" and "search_string" exclude each other; give one of them',
      ],
      [
        "lineinfile: { path: /srv/x, line: x, insertafter: a, insertbefore: b }",
        'lineinfile: "insertbefore" and "insertafter" exclude each other; give one of them',
      ],
      [
        "lineinfile: { path: /srv/x, line: x, regexp: '(a' }",
        'lineinfile: regexp "(a" is not a regular expression that can be used: unterminated group',
      ],
      [
        "lineinfile: { path: /srv/x, line: '\\2', regexp: (a), backrefs: true }",
        'lineinfile: line "\\2" cannot be filled from a match: there is no group 2',
      ],
      ["lineinfile: { path: /srv/x, line: x, «regex_p»: a }", 'lineinfile has no parameter "regex_p"; did you mean "regexp"?'],
      [
        "lineinfile: { path: /srv/x, line: x, regexp: a, regex: «b» }",
        'lineinfile: "regex" and "regexp" are the same parameter; give one of them',
      ],
      ["lineinfile: { path: /srv/x, line: «[»x, y] }", 'lineinfile: "line" is ["x","y"], but must be a string'],
      ["lineinfile: { path: /srv/x, line: x, validate: visudo -cf }", "lineinfile: validate must contain %s: visudo -cf"],
    ],
    here: [
      ["lineinfile: { path: '{{ here }}/none', line: x }", "Destination {{ here }}/none does not exist !"],
      ["lineinfile: { path: '{{ here }}/dir', line: x }", "Path {{ here }}/dir is a directory !"],
      [
        "lineinfile: { path: '{{ here }}/file', line: x, regexp: line, owner: nobody-here }",
        "chown failed: failed to look up user nobody-here",
      ],
      ["lineinfile: { path: '{{ here }}/file/x', line: x, create: true }", "{{ here }}/file is a file, not a directory"],
    ],
  },
  replace: {
    refused: [
      [
        "replace: { path: /srv/x, regexp: a, replace: '\\g<no>' }",
        'replace: replace "\\g<no>" cannot be filled from a match: there is no group no',
      ],
      [
        "replace: { path: /srv/x, regexp: a, replace: '\\q' }",
        'replace: replace "\\q" cannot be filled from a match: bad escape \\q',
      ],
      [
        "replace: { path: /srv/x, regexp: a, before: a++ }",
        'replace: before "a++" is not a regular expression that can be used: ++ is not supported',
      ],
      ["replace: { path: /srv/x }", 'replace needs the parameter "regexp"'],
      [
        "replace: { path: /srv/x, regexp: '[' }",
        'replace: regexp "[" is not a regular expression that can be used: a [ is not closed',
      ],
      [
        "replace: { path: /srv/x, regexp: a, replace: '\\1' }",
        'replace: replace "\\1" cannot be filled from a match: there is no group 1',
      ],
      [
        "replace: { path: /srv/x, regexp: a, encoding: ebcdic }",
        'replace: encoding "ebcdic" is not supported; there are utf-8, latin-1, ascii, utf-16-le and utf-16-be',
      ],
      [
        "replace: { path: /srv/x, regexp: a, after: '(' }",
        'replace: after "(" is not a regular expression that can be used: unterminated group',
      ],
      ["replace: { path: /srv/x, regexp: a, «with»: b }", 'replace has no parameter "with"'],
      ["replace: { path: /srv/x, regexp: a, backup: «2» }", 'replace: "backup" is 2, but must be a boolean (true or false)'],
    ],
    here: [
      ["replace: { path: '{{ here }}/none', regexp: a }", "Path {{ here }}/none does not exist !"],
      ["replace: { path: '{{ here }}/dir', regexp: a }", "Path {{ here }}/dir is a directory !"],
      [
        "replace: { path: '{{ here }}/file', regexp: i, replace: ii }",
        'regexp "i" finds something again in what replace "ii" makes of {{ here }}/file, so that every run would change the file; write an expression that does not match its own result',
      ],
    ],
  },
  slurp: {
    refused: [
      ["slurp: {}", 'slurp needs the parameter "src"'],
      ["slurp: { src: «[»/etc/hostname] }", 'slurp: "src" is ["/etc/hostname"], but must be a path'],
      ["slurp: { src: /etc/hostname, «dest»: here }", 'slurp has no parameter "dest"'],
      ["slurp: { src: «''» }", 'slurp: "src" is "", but must be a path'],
      ["slurp: { src: /etc/hostname, path: «/etc/hosts» }", 'slurp: "path" and "src" are the same parameter; give one of them'],
    ],
    here: [
      ["slurp: { src: '{{ here }}/none' }", "file not found: {{ here }}/none"],
      ["slurp: { src: '{{ here }}/dir' }", "source is a directory and must be a file: {{ here }}/dir"],
      ["slurp: { src: /dev/null }", "source is a character and must be a file: /dev/null"],
    ],
  },
  stat: {
    refused: [
      ["stat: {}", 'stat needs the parameter "path"'],
      ["stat: { path: «{» a: b } }", 'stat: "path" is {"a":"b"}, but must be a path'],
      ["stat: { path: /srv, follow: «links» }", 'stat: "follow" is "links", but must be a boolean (true or false)'],
      [
        "stat: { path: /srv, checksum_algorithm: «crc32» }",
        'stat: "checksum_algorithm" is "crc32", but must be one of md5, sha1, sha224, sha256, sha384, sha512',
      ],
      ["stat: { path: /srv, «get_cheksum»: false }", 'stat has no parameter "get_cheksum"; did you mean "get_checksum"?'],
      ["stat: { path: /srv, name: «/srv» }", 'stat: "name" and "path" are the same parameter; give one of them'],
    ],
  },
  tempfile: {
    refused: [
      ["tempfile: { state: «dir» }", 'tempfile: "state" is "dir", but must be one of file, directory'],
      ["tempfile: { prefix: a/b }", 'tempfile: "prefix" is "a/b", but must be a part of a name, without a slash'],
      ["tempfile: { suffix: /etc }", 'tempfile: "suffix" is "/etc", but must be a part of a name, without a slash'],
      ["tempfile: { path: «[»] }", 'tempfile: "path" is [], but must be a path'],
      ["tempfile: { «dir»: /tmp }", 'tempfile has no parameter "dir"'],
    ],
  },
  template: {
    refused: [
      ["template: { dest: /srv/x }", 'template needs the parameter "src"'],
      [
        "template: { src: «missing.j2», dest: /srv/x }",
        'there is no file "missing.j2" for template on the control node',
        { help: "looked in templates, {{ here }}" },
      ],
      [
        "template: { src: undefined.j2, dest: /srv/x, output_encoding: ebcdic }",
        'template: encoding "ebcdic" is not supported; there are utf-8, latin-1, ascii, utf-16-le and utf-16-be',
      ],
      [
        "template: { src: undefined.j2, dest: /srv/x, newline_sequence: «crlf» }",
        'template: "newline_sequence" is "crlf", but must be one of \\n, \\r, \\r\\n, "\\n", "\\r", "\\r\\n"',
      ],
      ["template: { src: undefined.j2, dest: /srv/x, validate: nginx -t }", "template: validate must contain %s: nginx -t"],
      [
        "template: { src: undefined.j2, dest: /srv/x, mode: «0o9» }",
        'template: "mode" is "0o9", but must be a file mode such as "0644" or "u=rw,go=r"',
      ],
      [
        "template: { src: undefined.j2, dest: /srv/x, «varaible_start_string»: '[[' }",
        'template has no parameter "varaible_start_string"; did you mean "variable_start_string"?',
      ],
      ["template: { src: undefined.j2, dest: /srv/x, «content»: y }", 'template has no parameter "content"'],
    ],
    here: [
      ["template: { src: undefined.j2, dest: '{{ here }}/x' }", '"nobody_set_this" is undefined'],
      ["template: { src: dir, dest: '{{ here }}/x' }", "the template {{ here }}/dir is a directory"],
      ["template: { src: file, dest: '{{ here }}/none/x' }", "Destination directory {{ here }}/none does not exist"],
      ["template: { src: file, dest: '{{ here }}/file/x' }", "{{ here }}/file is a file, not a directory"],
      ["template: { src: file, dest: '{{ here }}/x', owner: nobody-here }", "chown failed: failed to look up user nobody-here"],
    ],
  },
};
