import type { RunCommand } from "./invocation.ts";
import type { OptionGroup } from "./option-types.ts";

export type ArgumentDefinition = {
  readonly name: string;
  readonly help: string;
  readonly required: boolean;
  readonly variadic?: true;
  readonly choices?: readonly string[];
  readonly completes?: "hosts" | "files" | "documented";
};

/** A flag of one command only; shared ones are in options.ts. */
export type OwnOption = {
  readonly name: string;
  readonly short?: string;
  readonly argument?: string;
  readonly completes?: "files";
  readonly help: string;
};

export type CommandDefinition = {
  readonly name: string;
  readonly summary: string;
  readonly description?: readonly string[];
  readonly arguments: readonly ArgumentDefinition[];
  readonly groups: readonly OptionGroup[];
  readonly own?: readonly OwnOption[];
  /** Lines to paste; each works as it stands. */
  readonly examples: readonly string[];
  /** Not in help texts. */
  readonly hidden?: true;
  readonly load: () => Promise<{ readonly run: RunCommand }>;
};

const playbooks: ArgumentDefinition = {
  name: "playbook",
  help: "playbook files, run one after the other",
  required: true,
  variadic: true,
  completes: "files",
};
const pattern = (required: boolean): ArgumentDefinition => ({
  name: "pattern",
  help: `hosts, as in "web:&staging:!db1"${required ? "" : "; all unless told"}`,
  required,
  completes: "hosts",
});

const everything: readonly OptionGroup[] = ["playbook", "inventory", "vault", "connection", "become", "run", "output", "common"];
const adHoc: readonly OptionGroup[] = ["inventory", "vault", "connection", "become", "run", "output", "common"];

/** All commands, in the order of the help text. */
export const commands: readonly CommandDefinition[] = [
  {
    name: "apply",
    summary: "make hosts what playbooks say",
    description: [
      "Looks at each host with read-only probes, computes what differs from the playbook, applies only that, and looks again to prove it. With --check it stops after the difference.",
    ],
    arguments: [playbooks],
    groups: everything,
    examples: [
      "k3sprov apply -i inventory.yaml playbooks/site.yaml",
      "k3sprov apply -i inventory.yaml -l 'agent:!agent03.example.com' -t proxy playbooks/site.yaml",
    ],
    load: () => import("./commands/apply.ts"),
  },
  {
    name: "check",
    summary: "tell what an apply would change, and how: apply --check --diff",
    arguments: [playbooks],
    groups: everything,
    examples: [
      "k3sprov check -i inventory.yaml playbooks/site.yaml",
      "k3sprov check --detailed-exitcode -q -i inventory.yaml playbooks/site.yaml",
    ],
    load: () => import("./commands/check.ts"),
  },
  {
    name: "lint",
    summary: "read playbooks and tell every mistake; with an inventory, what roles refuse too; no host is contacted",
    arguments: [playbooks],
    groups: ["playbook", "inventory", "vault", "output", "common"],
    examples: ["k3sprov lint playbooks/site.yaml -i inventory.yaml", "k3sprov lint --format json playbooks/*.yaml"],
    load: () => import("./commands/lint.ts"),
  },
  {
    name: "list",
    summary: "show the inventory: its groups, hosts, or variables",
    description: ["Variables are shown as they are written, before any template is rendered; what is encrypted stays hidden."],
    arguments: [
      {
        name: "what",
        help: "graph (the default), hosts, groups or vars",
        required: false,
        choices: ["graph", "hosts", "groups", "vars"],
      },
      pattern(false),
    ],
    groups: ["inventory", "vault", "output", "common"],
    examples: [
      "k3sprov list -i inventory.yaml",
      "k3sprov list vars node1 -i inventory.yaml",
      "k3sprov list --format json -i inventory.yaml",
    ],
    load: () => import("./commands/list.ts"),
  },
  {
    name: "ping",
    summary: "log in to hosts and see whether they can be worked on",
    arguments: [pattern(false)],
    groups: adHoc,
    examples: ["k3sprov ping -i inventory.yaml", "k3sprov ping agent -b -K -i inventory.yaml"],
    load: () => import("./commands/ping.ts"),
  },
  {
    name: "facts",
    summary: "show what is known about hosts: the variables that begin with ansible_",
    arguments: [pattern(false)],
    groups: adHoc,
    own: [{ name: "filter", argument: "GLOB", help: "only facts whose name matches, such as ansible_distribution*" }],
    examples: ["k3sprov facts node1 -i inventory.yaml", "k3sprov facts --filter 'ansible_mem*' -i inventory.yaml"],
    load: () => import("./commands/facts.ts"),
  },
  {
    name: "exec",
    summary: "run a command on hosts",
    description: [
      "One word after -- is given to the shell of the host: quote it, and pipes work. Several words are run as they are, without a shell. With --check nothing runs.",
    ],
    arguments: [pattern(true), { name: "command", help: "what to run, after --", required: true, variadic: true }],
    groups: [...adHoc, "playbook"],
    examples: [
      "k3sprov exec all -i inventory.yaml -- uptime",
      "k3sprov exec agent -b -i inventory.yaml -- 'journalctl -u k3s-agent | tail -n 20'",
    ],
    load: () => import("./commands/exec.ts"),
  },
  {
    name: "kubeconfig",
    summary: "fetch the kubeconfig of a cluster from one of its servers, for use from here",
    description: [
      'Asks HOST, or all servers of the inventory and takes the first that answers: the hosts of the group that the variable k3s_host_server_group names, "server" unless told. The file is read as root; it is /etc/rancher/k3s/k3s.yaml, or what k3s_server_config says for write-kubeconfig.',
      "On the server the file says 127.0.0.1. That becomes what --server gives, else the variable k3s_server_registration_address, else k3s_node_ip, else ansible_host, else the host's name. The port stays unless one is given.",
      'Cluster, user and context get one name: --name, else the variable k3s_cluster_name. Without either, names that K3s was told (write-kubeconfig-name) stay, and its "default" becomes the name of the first server in the inventory, whichever answers.',
      "Without --output and --merge the kubeconfig goes to standard output. A file gets the permissions 0600, is replaced as a whole, and is never written over when it holds other clusters: --merge adds to it. Entries of the same name that say something else are refused unless --force is given; after K3s has renewed its certificate, that is what it takes.",
    ],
    arguments: [
      { name: "host", help: "host, or a pattern for several; the servers unless told", required: false, completes: "hosts" },
    ],
    groups: ["inventory", "vault", "connection", "become", "common"],
    own: [
      {
        name: "server",
        argument: "ADDRESS",
        help: "address of the API from here: a URL, a name or an IP address, with or without a port",
      },
      { name: "name", argument: "NAME", help: "name of cluster, user and context" },
      { name: "output", short: "o", argument: "FILE", completes: "files", help: "write to this file" },
      { name: "merge", help: "put it beside the clusters of --output, or of $KUBECONFIG's first file, or of ~/.kube/config" },
      { name: "set-context", help: "with --merge: make it the current context" },
      { name: "force", help: "replace what has the same name, or a file that holds other clusters" },
    ],
    examples: [
      "k3sprov kubeconfig -i inventory.yaml -o cluster.kubeconfig",
      "k3sprov kubeconfig server1 -i inventory.yaml --server k3s.example.com --name production --merge --set-context",
    ],
    load: () => import("./commands/kubeconfig.ts"),
  },
  {
    name: "doc",
    summary: "show what a module or role does and takes; without a name, list them",
    arguments: [
      {
        name: "name",
        help: "module or role; role NAME or module NAME where both have that name",
        required: false,
        variadic: true,
        completes: "documented",
      },
    ],
    groups: ["playbook", "common"],
    examples: ["k3sprov doc", "k3sprov doc copy", "k3sprov doc role proxy"],
    load: () => import("./commands/doc.ts"),
  },
  {
    name: "completion",
    summary: "print the completion script of a shell",
    arguments: [{ name: "shell", help: "bash, zsh or fish", required: true, choices: ["bash", "zsh", "fish"] }],
    groups: ["common"],
    examples: ["source <(k3sprov completion bash)", "k3sprov completion fish > ~/.config/fish/completions/k3sprov.fish"],
    load: () => import("./commands/completion.ts"),
  },
  {
    name: "__complete",
    summary: "candidates for the last of the words; called by the scripts of `completion`",
    arguments: [{ name: "word", help: "words of the command line", required: false, variadic: true }],
    groups: [],
    examples: [],
    hidden: true,
    load: () => import("./commands/complete.ts"),
  },
];
