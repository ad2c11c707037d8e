import type { Family } from "./rows.ts";

export const security: Family = {
  authorized_key: {
    refused: [
      ["authorized_key: { user: ada }", 'authorized_key needs the parameter "key"'],
      ["authorized_key: { user: a:b, key: ssh-ed25519 AAAA }", 'authorized_key: "a:b" is no name of a user'],
      [
        "authorized_key: { user: ada, key: https://github.com/ada.keys }",
        "authorized_key: keys are not downloaded (https://github.com/ada.keys); hand over their text: key: \"{{ lookup('file', 'ada.pub') }}\"",
      ],
      [
        "authorized_key: { user: ada, key: no key at all }",
        'authorized_key: invalid key specified: no key at all (a line is: [options] type key [comment], such as "ssh-ed25519 AAAA… name")',
      ],
      [
        "authorized_key: { user: ada, key: ssh-ed25519 AAAAB3 }",
        "authorized_key: invalid key specified: ssh-ed25519 AAAAB3 (it says ssh-ed25519, but what follows is no base64 of a key)",
      ],
      ['authorized_key: { user: ada, key: x, comment: "a\\nb" }', 'authorized_key: "comment" must be one line'],
      [
        "authorized_key: { user: ada, key: x, state: «gone» }",
        'authorized_key: "state" is "gone", but must be one of present, absent',
      ],
      ["authorized_key: { user: ada, key: x, «options»: no-pty }", 'authorized_key has no parameter "options"'],
    ],
  },
  known_hosts: {
    refused: [
      ["known_hosts: { name: node1 }", 'known_hosts: with state: present it needs "key"'],
      ["known_hosts: { key: node1 ssh-ed25519 AAAA }", 'known_hosts needs the parameter "name"'],
      [
        "known_hosts: { name: 'node1,node2', key: x }",
        'known_hosts: "name" is "node1,node2", but must be one name or address, or [name]:port',
      ],
      [
        "known_hosts: { name: node1, key: node1 ssh-ed25519 }",
        'known_hosts: invalid host key: node1 ssh-ed25519 (a line is: name type key, such as "node1 ssh-ed25519 AAAA…")',
      ],
      [
        "known_hosts: { name: node1, key: node2 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        'known_hosts: the key is one of node2, and "name" is node1: they must be the same host',
      ],
      [
        "known_hosts: { name: node1, key: x, hash_host: «md5» }",
        'known_hosts: "hash_host" is "md5", but must be a boolean (true or false)',
      ],
      ["known_hosts: { name: node1, key: x, «file»: /root/.ssh/known_hosts }", 'known_hosts has no parameter "file"'],
    ],
  },
  seboolean: {
    refused: [
      ["seboolean: { state: true }", 'seboolean needs the parameter "name"'],
      ["seboolean: { name: httpd_can_network_connect }", 'seboolean needs the parameter "state"'],
      [
        "seboolean: { name: httpd_can_network_connect, state: «enabled» }",
        'seboolean: "state" is "enabled", but must be a boolean (true or false)',
      ],
      [
        "seboolean: { name: httpd can, state: true }",
        'seboolean: "name" is "httpd can", but must be a name of the policy: letters, digits, "_", "." and "-"',
      ],
      [
        "seboolean: { name: a, state: true, ignore_selinux_state: true }",
        "seboolean: ignore_selinux_state needs persistent: true, since there is no other value where SELinux is disabled",
      ],
      ["seboolean: { name: a, state: true, «permanent»: true }", 'seboolean has no parameter "permanent"'],
    ],
  },
  sefcontext: {
    refused: [
      ["sefcontext: { setype: etc_t }", 'sefcontext needs the parameter "target"'],
      ["sefcontext: { target: /srv/x }", 'sefcontext: with state: present it needs "setype" or "substitute"'],
      [
        "sefcontext: { target: srv/x, setype: etc_t }",
        'sefcontext: "target" is "srv/x", but must begin with "/" and hold no blanks; "\\s" stands for one',
      ],
      [
        "sefcontext: { target: /srv/x, setype: etc t }",
        'sefcontext: "setype" is "etc t", but must be a name of the policy: letters, digits, "_", "." and "-"',
      ],
      [
        "sefcontext: { target: /srv/x, setype: etc_t, substitute: /srv/y }",
        'sefcontext: "setype" and "substitute" exclude each other; give one of them',
      ],
      [
        "sefcontext: { target: /srv/x/, substitute: /srv/y }",
        'sefcontext: "target" is "/srv/x/", but with "substitute" must be an absolute path without "/" at its end',
      ],
      [
        "sefcontext: { target: /srv/x, setype: etc_t, ftype: «file» }",
        'sefcontext: "ftype" is "file", but must be one of a, b, c, d, f, l, p, s',
      ],
      [
        "sefcontext: { target: /srv/x, setype: etc_t, selevel: s0 s1 }",
        'sefcontext: "selevel" is "s0 s1", but must be a level or range such as s0 or s0-s0:c0.c1023',
      ],
    ],
  },
  selinux: {
    refused: [
      ["selinux: {}", 'selinux needs the parameter "state"'],
      ["selinux: { state: enforcing }", 'selinux: with state: enforcing it needs "policy"'],
      [
        "selinux: { state: «permisive», policy: targeted }",
        'selinux: "state" is "permisive", but must be one of enforcing, permissive, disabled; did you mean "permissive"?',
      ],
      [
        "selinux: { state: enforcing, policy: ../targeted }",
        'selinux: "policy" is "../targeted", but must be a name of the policy: letters, digits, "_", "." and "-"',
      ],
      [
        "selinux: { state: disabled, update_kernel_param: «later» }",
        'selinux: "update_kernel_param" is "later", but must be a boolean (true or false)',
      ],
      ["selinux: { state: disabled, «config»: /etc/selinux/config }", 'selinux has no parameter "config"; did you mean "conf"?'],
    ],
  },
  seport: {
    refused: [
      ["seport: { proto: tcp, setype: http_port_t }", 'seport needs the parameter "ports"'],
      ["seport: { ports: [], proto: tcp, setype: http_port_t }", 'seport: "ports" is empty'],
      [
        "seport: { ports: 70000, proto: tcp, setype: http_port_t }",
        'seport: "ports" has "70000", but must have ports or ranges from 1 to 65535, such as 8080 or 8000-8010',
      ],
      [
        "seport: { ports: 90-80, proto: tcp, setype: http_port_t }",
        'seport: "ports" has "90-80", but must have ports or ranges from 1 to 65535, such as 8080 or 8000-8010',
      ],
      ["seport: { ports: 80, proto: «icmp», setype: http_port_t }", 'seport: "proto" is "icmp", but must be one of tcp, udp'],
      [
        "seport: { ports: 80, proto: tcp, setype: http port }",
        'seport: "setype" is "http port", but must be a name of the policy: letters, digits, "_", "." and "-"',
      ],
      [
        "seport: { ports: 80, «port»: 81, proto: tcp, setype: http_port_t }",
        'seport has no parameter "port"; did you mean "ports"?',
      ],
    ],
  },
};
