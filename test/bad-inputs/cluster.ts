import type { Family } from "./rows.ts";

export const cluster: Family = {
  docker_image: {
    refused: [
      ["docker_image: { source: pull }", 'docker_image needs the parameter "name"'],
      ["docker_image: { name: busybox }", 'docker_image: "source" is missing: pull, load or local'],
      [
        "docker_image: { name: busybox, source: «build» }",
        'docker_image: "source" is "build", but must be one of pull, load, local',
      ],
      ["docker_image: { name: busybox, source: load }", 'docker_image: with source: load it needs "load_path"'],
      ["docker_image: { name: busybox, source: pull, load_path: x.tar }", 'docker_image: "load_path" needs "source: load"'],
      [
        'docker_image: { name: "busybox:1", tag: "2", source: pull }',
        'docker_image: name is "busybox:1" and tag is "2"; give the tag once',
      ],
      [
        "docker_image: { name: rancher/k3s, tag: v1.36.3+k3s1, source: pull }",
        'docker_image: the tag is "v1.36.3+k3s1", but may have letters, digits and _ . - only',
      ],
      ['docker_image: { name: "a b", source: pull }', 'docker_image: name is "a b", which is no name of an image'],
    ],
  },
  k8s_nodes: {
    refused: [
      ["k8s_nodes: { prune: true }", 'k8s_nodes needs the parameter "nodes"'],
      ["k8s_nodes: { nodes: [{ labels: { a: b } }] }", 'k8s_nodes: nodes[0] needs "name" or "names"'],
      [
        "k8s_nodes: { nodes: [{ name: a, label: { a: b } }] }",
        'k8s_nodes: nodes[0] has no key "label"; it knows name, names, address, with_id, labels, taints',
      ],
      [
        "k8s_nodes: { nodes: [{ name: a, labels: { gpu: true } }] }",
        "k8s_nodes: nodes[0] has true for the label gpu, which could be written in several ways; put it in quotes",
      ],
      [
        "k8s_nodes: { nodes: [{ name: a, taints: [gpu] }] }",
        'k8s_nodes: nodes[0] has the taint "gpu", but must have key=value:Effect or key:Effect; the effect is NoSchedule, PreferNoSchedule or NoExecute',
      ],
      [
        'k8s_nodes: { nodes: [{ name: a, taints: ["a=1:NoExecute", "a=2:NoExecute"] }] }',
        "k8s_nodes: nodes[0] has the taint a:NoExecute twice",
      ],
      [
        "k8s_nodes: { nodes: [{ name: a }], annotation: a b }",
        'k8s_nodes: "annotation" is "a b", which is no name of an annotation',
      ],
    ],
  },
  docker_network: {
    refused: [
      ["docker_network: { driver: bridge }", 'docker_network needs the parameter "name"'],
      [
        "docker_network: { name: a b }",
        'docker_network: "name" is "a b", but must begin with a letter or digit, and hold no more than those and _ . -',
      ],
      ["docker_network: { name: host }", 'docker_network: "host" is a network of Docker\'s own, which is always there'],
      [
        "docker_network: { name: a, subnet: 10.0.0.0 }",
        'docker_network: "subnet" is "10.0.0.0", but must be a network, like 10.89.0.0/24',
      ],
      ["docker_network: { name: a, connected: [b] }", 'docker_network: "connected" needs "keep_used: true"'],
      [
        "docker_network: { name: a, driver_options: { mtu: 1450 } }",
        'docker_network: driver_options has 1450 for "mtu", which could be written in several ways; put it in quotes',
      ],
    ],
  },
  docker_container: {
    refused: [
      ["docker_container: { image: busybox }", 'docker_container needs the parameter "name"'],
      [
        "docker_container: { name: a b, image: busybox }",
        'docker_container: "name" is "a b", but must begin with a letter or digit, and hold no more than those and _ . -',
      ],
      [
        "docker_container: { name: a, image: busybox, state: «running» }",
        'docker_container: "state" is "running", but must be one of started, present, stopped, absent',
      ],
      [
        "docker_container: { name: a, image: busybox, published_ports: [http] }",
        'docker_container: published_ports has "http", but must be like 80, 8080:80 or 127.0.0.1:8080:80/udp',
      ],
      [
        "docker_container: { name: a, image: busybox, published_ports: [90-80] }",
        'docker_container: a port is "90-80", which is no range of ports from 1 to 65535',
      ],
      [
        "docker_container: { name: a, image: busybox, env: { A: 1 } }",
        'docker_container: env has 1 for "A", which could be written in several ways; put it in quotes',
      ],
      [
        "docker_container: { name: a, image: busybox, memory: much }",
        'docker_container: memory is "much", but must be a number of bytes, like 1048576 or 512M',
      ],
      [
        "docker_container: { name: a, image: busybox, pull: sometimes }",
        'docker_container: pull is "sometimes", but must be one of missing, always, never',
      ],
      [
        "docker_container: { name: a, image: busybox, detach: false, state: present }",
        "docker_container: detach: false needs state: started",
      ],
      [
        "docker_container: { name: a, image: busybox, recreate: true, restart: true }",
        'docker_container: "recreate" and "restart" exclude each other; give one of them',
      ],
      [
        "docker_container: { name: a, image: busybox, networks: [{ nmae: b }] }",
        'docker_container: networks[0] has no key "nmae"; it knows name, aliases, links, ipv4_address, ipv6_address',
      ],
      [
        "docker_container: { name: a, image: busybox, mounts: [{ target: /x, type: nfs }] }",
        'docker_container: mounts[0] "type" is "nfs", but must be one of bind, volume, tmpfs',
      ],
      [
        "docker_container: { name: a, image: busybox, healthcheck: { tset: x } }",
        'docker_container: healthcheck has no key "tset"; it knows test, retries, interval, timeout, start_period',
      ],
      [
        "docker_container: { name: a, image: busybox, comparisons: { image: loose } }",
        'docker_container: comparisons has "loose" for "image", but must be one of ignore, strict, allow_more_present',
      ],
      [
        'docker_container: { name: a, image: busybox, command: "it\'s" }',
        'docker_container: command is "it\'s": a quotation is not closed',
      ],
    ],
  },
  helm: {
    refused: [
      ["helm: { namespace: a, chart_ref: b }", 'helm needs the parameter "name"'],
      ["helm: { name: a, namespace: b }", 'helm: with state: present it needs "chart_ref"'],
      [
        "helm: { name: A_b, namespace: b, chart_ref: c }",
        'helm: "name" is "A_b", but must have lower case letters, digits, - and . only, 53 at most',
      ],
      [
        "helm: { name: a, namespace: b, chart_ref: c, timeout: 5 minutes }",
        'helm: "timeout" is "5 minutes", but must be a duration, like 5m0s',
      ],
      [
        "helm: { name: a, namespace: b, chart_ref: c, timeout: 5m, wait_timeout: 5m }",
        'helm: "timeout" and "wait_timeout" exclude each other; give one of them',
      ],
      ["helm: { name: a, namespace: b, chart_ref: c, history_max: -1 }", 'helm: "history_max" is -1, but must not be negative'],
      [
        "helm: { name: a, namespace: b, chart_ref: ./c, chart_repo_url: https://example.org }",
        'helm: "chart_ref" ./c is not looked up in a repository; leave out "chart_repo_url"',
      ],
      ["helm: { name: a, namespace: b, chart_ref: c, values: «[»d] }", 'helm: "values" is ["d"], but must be a mapping'],
      ["helm: { name: a, namespace: b, chart_ref: c, «version»: 1.0.0 }", 'helm has no parameter "version"'],
    ],
  },
  k8s: {
    refused: [
      ["k8s: {}", 'k8s needs one of "definition", "src", "template" or "kind"'],
      [
        "k8s: { src: «none.yaml» }",
        'there is no file "none.yaml" for k8s on the control node',
        { help: "looked in files, {{ here }}" },
      ],
      [
        "k8s: { definition: { kind: Pod }, src: objects.yaml }",
        'k8s: "definition" and "src" exclude each other; give one of them',
      ],
      [
        "k8s: { definition: { kind: Pod, metadata: { name: a } }, state: «applied» }",
        'k8s: "state" is "applied", but must be one of present, absent, patched',
      ],
      ["k8s: { definition: { apiVersion: v1, metadata: { name: a } } }", 'k8s: an object of definition has no "kind"'],
      ["k8s: { kind: Pod }", 'k8s: Pod of definition has no "metadata.name"'],
      ["k8s: { definition: just text }", 'k8s: definition holds "just text", but must hold objects (mappings)'],
      ["k8s: { definition: [1] }", "k8s: definition holds 1, but must hold objects (mappings)"],
      [
        "k8s: { kind: Pod, name: a, kubectl: '' }",
        "k8s: kubectl is empty; name a command, such as kubectl or /usr/local/bin/k3s kubectl",
      ],
      [
        "k8s: { kind: Pod, name: a, server_side_apply: { manager: b } }",
        'k8s: server_side_apply has no key "manager"; it knows field_manager, force_conflicts',
      ],
      [
        "k8s: { kind: Pod, name: a, delete_options: { propagationPolicy: Now } }",
        'k8s: delete_options.propagationPolicy is "Now", but must be one of Foreground, Background, Orphan',
      ],
      [
        "k8s: { kind: Pod, name: a, wait: true, wait_condition: { status: 'True' } }",
        'k8s: wait_condition needs "type", such as Ready',
      ],
      [
        "k8s: { kind: Pod, name: a, merge_type: [«json»] }",
        'k8s: "merge_type.0" is "json", but must be one of strategic-merge, merge',
      ],
      ["k8s: { kind: Pod, name: a, wait_timeout: -1 }", 'k8s: "wait_timeout" is -1, but must not be negative'],
      ["k8s: { remote_src: true, kind: Pod, name: a }", 'k8s: "remote_src" needs "src"'],
      ["k8s: { template: { newline_sequence: x } }", 'k8s: "template" needs "path"'],
    ],
    here: [
      [
        "k8s: { src: objects.yaml }",
        "k8s: objects.yaml is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 2, column 1:",
      ],
    ],
  },
};
