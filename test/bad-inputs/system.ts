import type { Family } from "./rows.ts";

export const system: Family = {
  getent: {
    refused: [
      ["getent: { key: root }", 'getent needs the parameter "database"'],
      ["getent: { database: -s }", 'getent: "database" is "-s", but must be a word such as passwd, group or hosts'],
      ["getent: { database: passwd, key: '' }", 'getent: "key" is empty; leave it out to read all entries'],
      [
        "getent: { database: passwd, key: root, split: '' }",
        'getent: "split" is empty, but must be what stands between two fields',
      ],
      [
        "getent: { database: passwd, key: root, fail_key: «often» }",
        'getent: "fail_key" is "often", but must be a boolean (true or false)',
      ],
      ["getent: { database: «[»passwd, group] }", 'getent: "database" is ["passwd","group"], but must be a string'],
      ["getent: { database: passwd, «name»: root }", 'getent has no parameter "name"'],
    ],
    here: [
      [
        "getent: { database: passwd, key: nobody-here }",
        'One or more supplied key could not be found in the database: passwd has no "nobody-here"',
      ],
      [
        "getent: { database: group, key: nogroup-here }",
        'One or more supplied key could not be found in the database: group has no "nogroup-here"',
      ],
    ],
  },
  group: {
    refused: [
      ["group: { gid: 2000 }", 'group needs the parameter "name"'],
      ["group: { name: a b }", 'group: "a b" is no name of a group'],
      ["group: { name: a, gid: «first» }", 'group: "gid" is "first", but must be a whole number'],
      ["group: { name: a, gid: -1 }", 'group: "gid" is -1, but must not be negative'],
      ["group: { name: a, non_unique: true }", 'group: "non_unique" needs "gid"'],
      ["group: { name: a, gid_min: 2000, gid_max: 1000 }", 'group: "gid_min" (2000) is more than "gid_max" (1000)'],
      [
        "group: { name: a, state: «presnet» }",
        'group: "state" is "presnet", but must be one of present, absent; did you mean "present"?',
      ],
      ["group: { name: a, «members»: [b] }", 'group has no parameter "members"'],
    ],
    here: [
      ["group: { name: nogroup-here, gid: 0 }", 'GID 0 already belongs to the group "root" (non_unique: true would allow it)'],
    ],
  },
  hostname: {
    refused: [
      ["hostname: {}", 'hostname needs the parameter "name"'],
      ["hostname: { name: node_1. }", 'hostname: "node_1." is no host name: a part of it is empty'],
      [
        "hostname: { name: -node }",
        'hostname: "-node" is no host name: "-node" must hold letters, digits and hyphens only, and begin and end without a hyphen',
      ],
      [
        "hostname: { name: a23456789a23456789a23456789a23456789a23456789a23456789a23456789a2345 }",
        'hostname: "a23456789a23456789a23456789a23456789a23456789a23456789a23456789a2345" is no host name: it has more than 64 characters',
      ],
      [
        "hostname: { name: node1, use: «solaris» }",
        'hostname: "use" is "solaris", but must be one of systemd, debian, alpine, sles, redhat, openrc, generic',
      ],
      ["hostname: { name: «[»node1] }", 'hostname: "name" is ["node1"], but must be a string'],
      [
        "hostname: { name: node 1 }",
        'hostname: "node 1" is no host name: "node 1" must hold letters, digits and hyphens only, and begin and end without a hyphen',
      ],
    ],
  },
  mount: {
    refused: [
      ["mount: { state: mounted, src: tmpfs, fstype: tmpfs }", 'mount needs the parameter "path"'],
      ["mount: { path: /srv/x }", 'mount needs the parameter "state"'],
      ["mount: { path: /srv/x, state: mounted }", 'mount: with state: mounted it needs "src" and "fstype"'],
      [
        "mount: { path: /srv/x, state: «mount», src: tmpfs, fstype: tmpfs }",
        'mount: "state" is "mount", but must be one of absent, absent_from_fstab, mounted, present, unmounted, remounted, ephemeral',
      ],
      [
        "mount: { path: none, state: mounted, src: /dev/sdb1, fstype: swap }",
        "mount: a swap area has no path to be mounted; state: present puts it into fstab, and swapon turns it on",
      ],
      [
        "mount: { path: /srv/x, state: present, src: /dev/sdb1, fstype: swap }",
        "mount: a swap area has no path: write path: none, not /srv/x",
      ],
      [
        "mount: { path: /srv/x, state: present, src: tmpfs, fstype: tmpfs, opts: 'ro, noexec' }",
        'mount: "opts" is "ro, noexec", but must be one word without blanks',
      ],
      [
        "mount: { path: /srv/x, state: present, src: tmpfs, fstype: tmpfs, passno: last }",
        'mount: "passno" is "last", but must be a number',
      ],
      [
        "mount: { path: /srv/x, state: present, src: srv/y, fstype: none, opts: bind }",
        'mount: "src" is "srv/y", but a bind mount needs the absolute path of a directory',
      ],
      ["mount: { path: /srv/x, state: present, src: '', fstype: tmpfs }", 'mount: "src" is empty'],
      ["mount: { path: /srv/x, state: present, src: tmpfs, fstype: tmpfs, «type»: tmpfs }", 'mount has no parameter "type"'],
    ],
  },
  pam_limits: {
    refused: [
      ["pam_limits: { limit_type: soft, limit_item: nofile, value: 1024 }", 'pam_limits needs the parameter "domain"'],
      [
        "pam_limits: { domain: '*', limit_type: «firm», limit_item: nofile, value: 1024 }",
        'pam_limits: "limit_type" is "firm", but must be one of hard, soft, -',
      ],
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: «nofiles», value: 1024 }",
        'pam_limits: "limit_item" is "nofiles", but must be one of core, data, fsize, memlock, nofile, rss, stack, cpu, nproc, as, maxlogins, maxsyslogins, priority, locks, sigpending, msgqueue, nice, rtprio, chroot; did you mean "nofile"?',
      ],
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nofile, value: many }",
        'pam_limits: "value" is "many", but must be a number, unlimited, infinity or -1',
      ],
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nice, value: 20 }",
        'pam_limits: "value" is "20", but a niceness goes from -20 to 19',
      ],
      [
        "pam_limits: { domain: '* soft', limit_type: soft, limit_item: nofile, value: 1 }",
        'pam_limits: "domain" is "* soft", but must be one word',
      ],
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nofile, value: 1, use_min: true, use_max: true }",
        'pam_limits: "use_min" and "use_max" exclude each other; give one of them',
      ],
      [
        'pam_limits: { domain: "*", limit_type: soft, limit_item: nofile, value: 1, comment: "a\\nb" }',
        'pam_limits: "comment" must be one line',
      ],
    ],
  },
  setup: {
    refused: [
      [
        "setup: { gather_subset: [netwrok] }",
        'setup: "gather_subset" has "netwrok", but must have some of all, all_ipv4_addresses, all_ipv6_addresses, apparmor, caps, cmdline, date_time, default_ipv4, default_ipv6, devices, distribution, dmi, dns, env, facter, fips, hardware, interfaces, local, lsb, memory, memtotal_mb, min, mounts, network, ohai, pkg_mgr, platform, processor, python, selinux, service_mgr, ssh_pub_keys, user, virtual, virtualization_role, virtualization_type, with ! in front to leave one out; did you mean "network"?',
      ],
      ["setup: { gather_subset: [«{» a: b }] }", 'setup: "gather_subset.0" is {"a":"b"}, but must be a string'],
      ["setup: { gather_timeout: «soon» }", 'setup: "gather_timeout" is "soon", but must be a whole number'],
      ["setup: { «filters»: ansible_os* }", 'setup has no parameter "filters"; did you mean "filter"?'],
      ["setup: { fact_path: «[»/etc] }", 'setup: "fact_path" is ["/etc"], but must be a path'],
    ],
  },
  timezone: {
    refused: [
      ["timezone: {}", 'timezone needs one of "name" or "hwclock"'],
      [
        "timezone: { name: Europe/../Vienna }",
        'timezone: "Europe/../Vienna" is no name of a time zone; it is one like Europe/Vienna',
      ],
      [
        "timezone: { name: /usr/share/zoneinfo/UTC }",
        'timezone: "/usr/share/zoneinfo/UTC" is no name of a time zone; it is one like Europe/Vienna',
      ],
      ["timezone: { hwclock: «GMT» }", 'timezone: "hwclock" is "GMT", but must be one of UTC, local'],
      ["timezone: { name: UTC, «clock»: UTC }", 'timezone has no parameter "clock"'],
      [
        "timezone: { name: UTC, hwclock: UTC, rtc: «local» }",
        'timezone: "rtc" and "hwclock" are the same parameter; give one of them',
      ],
    ],
  },
  user: {
    refused: [
      ["user: { uid: 2000 }", 'user needs the parameter "name"'],
      ["user: { name: a:b }", 'user: "a:b" is no name of a user'],
      ["user: { name: a, uid: «first» }", 'user: "uid" is "first", but must be a whole number'],
      ["user: { name: a, uid: -1 }", 'user: "uid" is -1, but must not be negative'],
      ["user: { name: a, non_unique: true }", 'user: "non_unique" needs "uid"'],
      [
        "user: { name: a, password: secret }",
        'user: "password" is no hash, and with it nobody could log in; make one with: "{{ the_password | password_hash(\'sha512\') }}"',
      ],
      ["user: { name: a, umask: '099' }", 'user: "umask" is "099", but must be octal, such as "077"'],
      ["user: { name: a, umask: '077', local: true }", 'user: "local" and "umask" exclude each other; give one of them'],
      [
        "user: { name: a, password_expire_min: 9, password_expire_max: 8 }",
        'user: "password_expire_min" (9) is more than "password_expire_max" (8): the password could never be changed',
      ],
      ["user: { name: a, comment: 'a:b' }", 'user: "comment" must not hold a colon or a line break'],
      [
        "user: { name: a, subuid_ranges: [100000] }",
        'user: "subuid_ranges" has "100000", but must be START:COUNT such as "100000:65536", or auto',
      ],
      ["user: { name: a, subuid_ranges: ['100000:10', '100005:10'] }", 'user: "subuid_ranges": 100000:10 and 100005:10 overlap'],
      ["user: { name: a, move_home: true }", 'user: "move_home" needs "home", the new place'],
      ["user: { name: a, remove: true }", 'user: "remove" goes with state: absent only'],
      [
        "user: { name: a, generate_ssh_key: true, ssh_key_type: rsa2 }",
        'user: "ssh_key_type" is "rsa2", but must be one of rsa, dsa, ecdsa, ed25519, ecdsa-sk, ed25519-sk',
      ],
      ["user: { name: a, uid_min: 2000, uid_max: 1000 }", 'user: "uid_min" (2000) is more than "uid_max" (1000)'],
      ["user: { name: a, groups: [«{» b: c }] }", 'user: "groups.0" is {"b":"c"}, but must be a string'],
      ["user: { name: a, «grops»: [b] }", 'user has no parameter "grops"; did you mean "groups"?'],
    ],
    here: [
      ["user: { name: nobody-here, uid: 0 }", 'UID 0 already belongs to the user "root" (non_unique: true would allow it)'],
      ["user: { name: nobody-here, group: nogroup-here }", "Group nogroup-here does not exist"],
      ["user: { name: nobody-here, groups: [nogroup-here] }", "Group nogroup-here does not exist"],
    ],
  },
};
