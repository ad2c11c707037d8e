import type { Family } from "./rows.ts";

export const network: Family = {
  firewalld: {
    refused: [
      ["firewalld: { service: https }", 'firewalld needs the parameter "state"'],
      [
        "firewalld: { state: enabled }",
        "firewalld: it needs a setting, such as service or port; or a zone and state: present or absent",
      ],
      [
        "firewalld: { service: https, port: 443/tcp, state: enabled }",
        'firewalld: "port" and "service" exclude each other; give one of them',
      ],
      [
        "firewalld: { port: 443, state: enabled }",
        'firewalld: "port" is "443", but must be PORT/PROTOCOL or FIRST-LAST/PROTOCOL, such as "8080/tcp"',
      ],
      [
        "firewalld: { service: https, state: present }",
        "firewalld: state: present is for zones; for a setting of a zone it is enabled",
      ],
      ["firewalld: { zone: dmz, state: present }", "firewalld: zones and their targets are permanent: set permanent: true"],
      ["firewalld: { interface: eth0, state: enabled }", 'firewalld: "interface" needs "zone"'],
      ["firewalld: { service: https, state: enabled, timeout: -1 }", 'firewalld: "timeout" is -1, but must not be negative'],
      [
        "firewalld: { service: https, state: enabled, timeout: 5, permanent: true }",
        'firewalld: "timeout" is for changes that are not permanent',
      ],
      [
        "firewalld: { service: https, state: enabled, zone: a zone }",
        'firewalld: "zone" is "a zone", but must be a word of at most 17 letters, digits, "_", "-" and "/"',
      ],
      [
        "firewalld: { port_forward: [{ port: 80 }], state: enabled }",
        'firewalld: "port_forward" needs "port", "proto" and "toport"',
      ],
      [
        "firewalld: { masquerade: perhaps, state: enabled }",
        'firewalld: "masquerade" is "perhaps", but must be a boolean (true or false)',
      ],
    ],
  },
  iptables: {
    refused: [
      ["iptables: { jump: ACCEPT }", 'iptables: with flush: false it needs "chain"'],
      ["iptables: { chain: IN PUT, jump: ACCEPT }", 'iptables: "chain" is "IN PUT", but must be a word of at most 29 characters'],
      ["iptables: { chain: INPUT, jump: ACCEPT, rule_num: 1 }", 'iptables: "rule_num" needs action: insert'],
      [
        "iptables: { chain: INPUT, jump: ACCEPT, action: insert, rule_num: first }",
        'iptables: "rule_num" is "first", but must be a number from 1 on',
      ],
      [
        "iptables: { chain: INPUT, jump: ACCEPT, goto: OTHER }",
        'iptables: "jump" and "goto" exclude each other; give one of them',
      ],
      ["iptables: { chain: INPUT, jump: ACCEPT, log_prefix: x }", 'iptables: "log_prefix" and "log_level" need jump: LOG'],
      [
        "iptables: { chain: INPUT, jump: ACCEPT, destination_ports: [80] }",
        'iptables: "destination_ports" needs "protocol" to be one that has ports: tcp, udp, udplite, dccp or sctp',
      ],
      ["iptables: { chain: INPUT, jump: TEE }", 'iptables: with jump: TEE it needs "gateway"'],
      [
        "iptables: { chain: INPUT, flush: true, policy: DROP }",
        'iptables: "flush" and "policy" exclude each other; give one of them',
      ],
      [
        "iptables: { chain: INPUT, policy: «DENY» }",
        'iptables: "policy" is "DENY", but must be one of ACCEPT, DROP, QUEUE, RETURN',
      ],
      ["iptables: { chain: INPUT, match_set: x, jump: DROP }", 'iptables: "match_set" and "match_set_flags" need each other'],
      ["iptables: { chain: INPUT, jump: DROP, «dport»: 80 }", 'iptables has no parameter "dport"'],
    ],
  },
  ufw: {
    refused: [
      ["ufw: {}", 'ufw needs one of "state", "default", "rule" or "logging"'],
      ["ufw: { port: 22 }", 'ufw needs one of "state", "default", "rule" or "logging"'],
      ["ufw: { rule: «accept», port: 22 }", 'ufw: "rule" is "accept", but must be one of allow, deny, limit, reject'],
      ["ufw: { rule: allow, name: OpenSSH, proto: tcp }", 'ufw: "name" and "proto" exclude each other; give one of them'],
      ["ufw: { rule: allow, interface: eth0 }", 'ufw: "interface" needs "direction"'],
      ["ufw: { rule: allow, direction: routed }", "ufw: direction: routed is for default; for a rule it is route: true"],
      ["ufw: { state: enabled, direction: in }", 'ufw: "direction" needs "default" or "rule"'],
      [
        "ufw: { rule: allow, interface_in: a, interface_out: b }",
        "ufw: only rules with route: true have both interface_in and interface_out",
      ],
      [
        "ufw: { rule: allow, from_ip: 10.0.0.0/8 10.1.0.0/16 }",
        'ufw: "from_ip" is "10.0.0.0/8 10.1.0.0/16", but must be one word',
      ],
      ['ufw: { rule: allow, port: 22, comment: it\'s "me" }', 'ufw: "comment" must not hold quotes or line breaks'],
      [
        "ufw: { state: «enable» }",
        'ufw: "state" is "enable", but must be one of enabled, disabled, reloaded, reset; did you mean "enabled"?',
      ],
    ],
  },
};
