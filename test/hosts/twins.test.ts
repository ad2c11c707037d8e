import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { allModules, findModule } from "../../src/modules/registry.ts";
import { freshHost } from "./pool.ts";
import { repository } from "./run.ts";
import { compareTwins, type TwinOptions } from "./twins.ts";

type Family = TwinOptions & {
  readonly name: string;
  /** Where we return otherwise, or less. */
  readonly known?: readonly RegExp[];
};

// What differs wherever it is: texts for people, which are ours to word; MD5, which nobody should rely on.
const KNOWN = [/: (?:results\[\d+\]\.)?msg: theirs .*, ours has no such field$/, /md5sum: theirs /];

// The same YAML under ansible-playbook and under k3sprov, twice each: every task ends alike and returns what people's `register` and
// `when` lines read, and the hosts are alike afterwards.
const families: readonly Family[] = [
  {
    name: "files",
    known: [
      // Ansible ends the path of a copied directory with a slash.
      /^copy (?:contents of )?tree: dest: /,
      // A file without a template's or copy's content changing: its path is in `dest`.
      /^copy content again: path: /,
      // The digest of what was refused is of no use to anybody.
      /^copy (?:refused by validate|into nowhere): checksum: /,
      /^copy refused by validate: (?:exit_status|msg|stderr|stderr_lines): /,
      /^lineinfile create: msg: /,
      // Ours says which, and what to do.
      /^copy content into folder: msg: /,
      // Blocks would cost every `stat` two more fields.
      /^stat [a-z ]+: stat\.block(?:s|_size): /,
    ],
    files: {
      "files/data.txt": "data\n",
      "files/tree/one": "1\n",
      "files/tree/sub/two": "2\n",
      "templates/t.j2":
        "{# gone #}\n{% for n in names %}\n{{ loop.index }}. {{ n }}{{ ',' if not loop.last }}\n{% endfor %}\n{{ map | to_nice_yaml }}{{ map | to_json }}\n{{ map.l }} {{ none }}\n",
      "templates/options.j2": "<# gone #>\n  <% for n in names %>\n<< n >> {{ kept }}\n  <% endfor %>\nend\n",
      "templates/header.j2": "#jinja2: trim_blocks:False, lstrip_blocks:True\n  {% for n in names %}\n{{ n }}\n  {% endfor %}\n",
    },
  },
  {
    name: "text",
    known: [
      // What ssh says when its terminal closes; ours has no terminal.
      /^(?:raw|script): stderr/,
      // How Ansible called which program.
      /^unarchive: (?:extract_results|handler): /,
      /^unarchive refused: msg: /,
      /^tempfile(?: gone)?: path: /,
      // Ansible looks at one level more than it tells about.
      /^find one level: examined: /,
      // Each has a folder of its own.
      /^fetch(?: flat(?: again)?)?: dest: theirs ".*\/(fetched\/\S+)", ours ".*\/\1"$/,
      // Ours says which file; Ansible that it is ignored, which it is not.
      /^fetch nothing: msg: /,
    ],
    // gzip notes the time.
    ignore: ["/srv/text/a.tar.gz"],
    files: { "files/s.sh": '#!/bin/sh\necho "script $1 $2"\n' },
  },
  {
    name: "system",
    // The link is relative where systemd-timedated makes it, which Ansible asks by D-Bus, which leaves Debian's /etc/timezone alone, and goes on running.
    // crontab writes its name and the time above what it is given; what counts is compared by a task.
    // Ansible has systemd-hostnamed give the host a pretty name too, the same as the other, which it has without.
    ignore: [
      ...["/etc/localtime", "/etc/timezone", "systemd-timedated.service", "/var/spool/cron/crontabs/root"],
      ...["/etc/machine-info", "systemd-hostnamed.service"],
    ],
    known: [
      // Ansible's "file" describes the file that it wrote; our state is what was asked for.
      /^known_hosts: (?:[ug]id|group|mode|owner|size|state): /,
      // Each in its own words.
      /^(?:getent nothing|sysctl (?:of nothing|refused by the kernel)): msg: /,
    ],
  },
  {
    name: "downloads",
    // What is there already, its own tasks ask for again.
    once: true,
    known: [
      /: (?:date|last_modified): /,
      /^server (?:runs|stops): status\./,
      /^wait_for text: (?:[ug]id|group|mode|owner|size|state): /,
      // Ours is the new file's, Ansible's the old one's.
      /^get_url.*: checksum_dest: /,
      // Ansible asks for the file when it has changed, and leaves its mode and owner alone when it has not.
      /^get_url again: (?:msg|status_code): /,
      // Ansible says "changed" of a download that it throws away.
      /^get_url with a wrong checksum: (?:changed|checksum_src|dest|msg): /,
      // What the server calls the error, and what the downloader says of it.
      /^(?:get_url of nothing|uri refused|uri without a server|uri of nothing|uri post): (?:dest|msg|response): /,
      // The page of an error that is welcome: it is in `content`, with return_content.
      /^uri (?:of nothing|post): body: /,
      // What the file is like has to be asked with stat.
      /^uri into a file: (?:[ug]id|group|mode|owner|size|state): /,
    ],
  },
  // Ansible's status tells how the unit was before; ours how it is now, and less of it.
  // Its "host" Ansible says of systemd's only.
  { name: "services", known: [/: status\./, /^sysvinit of nothing: msg: /] },
  {
    name: "packages",
    // An empty line at the end; what counts is compared by a task.
    ignore: ["/etc/yum.repos.d/others.repo", "/etc/yum.repos.d/twins.repo"],
    known: [
      // What apt prints depends on the run: percentages, sizes, times.
      /^(?:installed|removed): std(?:out|err)/,
      // Each in its own words.
      /^no such package: msg: /,
    ],
  },
  {
    name: "control",
    once: true,
    known: [
      // Debian's Ansible knows no point release, and not that it is in Docker.
      /^facts: .*ansible_(?:distribution_version|virtualization_type)=/,
      // In another order.
      /^facts: .*ansible_(?:interfaces|cmdline)=/,
      // Ansible adds the owner and mode of the path that it waited for, and calls its kind the state.
      /^wait_for path: (?:[ug]id|group|mode|owner|size|state): /,
      // Each has a folder of its own.
      /^include_vars.*: ansible_included_var_files\[0\]: theirs ".*\/(vars\/\S+\.yaml)", ours ".*\/\1"$/,
      // Each in its own words, and as long as it took.
      /^(?:include_vars of nothing: message|validate_argument_spec refuses: (?:msg|argument_errors\[\d\])|pause: (?:stdout|stop)): /,
    ],
    files: {
      "vars/twins.yaml": "from_file: 1\nlist: [a, b]\n",
      "vars/all/one.yaml": "from_folder: one\n",
      "vars/all/left-out.yaml": "left_out: true\n",
    },
  },
];

const playbookOf = (name: string): string => readFileSync(join(repository, "test", "hosts", "twins", `${name}.yaml`), "utf8");

/** The modules of a playbook's tasks, whatever blocks they are in. */
function modulesIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(modulesIn);
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    if (/^(?:(?:pre_|post_)?tasks|handlers|block|rescue|always)$/.test(key)) return modulesIn(value);
    const module = findModule(key);
    return module === undefined ? [] : [module.name];
  });
}

it("compare as many of Ansible's modules as can run on such hosts", () => {
  const compared = new Set(families.flatMap(({ name }) => modulesIn(parse(playbookOf(name)))));
  const left = allModules()
    .map((module) => module.name)
    .filter((name) => !compared.has(name));
  expect(compared.size).toBeGreaterThanOrEqual(56);
  expect(left.filter((name) => !(name in ELSEWHERE))).toEqual([]);
});

/** Why modules are not compared. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["apk", "dnf", "rpm_key", "zypper", "zypper_repository"].map((name) => [name, "the hosts are Debian's"])),
  ...Object.fromEntries(
    ["firewalld", "iptables", "ufw"].map((name) => [name, "what they need would have to come from a network"]),
  ),
  ...Object.fromEntries(
    ["selinux", "seboolean", "sefcontext", "seport"].map((name) => [name, "they need SELinux, and Python's libraries for it"]),
  ),
  ...Object.fromEntries(
    ["docker_container", "docker_image", "docker_network", "helm", "k8s"].map((name) => [
      name,
      "they need Docker or a cluster, and Python's libraries for it",
    ]),
  ),
  k8s_nodes: "Ansible has none like it",
  deb822_repository: "Debian's Ansible is older than it",
  modprobe: "a container's kernel may know no modules at all, and Ansible fails then",
  reboot: "a container does not come back",
};

const hasAnsible = existsSync("/usr/bin/ansible-playbook");
if (!hasAnsible) console.warn("not compared with Ansible: there is no /usr/bin/ansible-playbook (Debian's package is `ansible`)");

describe.skipIf(!hasAnsible).each(families)("$name", ({ name, known = [], ...options }) => {
  // Of one name, so that whatever shows a name shows the same.
  const theirs = freshHost({ image: "bench", name: "twin" });
  const ours = freshHost({ image: "bench", name: "twin" });

  it("end alike under both tools", { timeout: 900_000 }, async () => {
    const found = await compareTwins(theirs(), ours(), playbookOf(name), options);
    expect(found.statuses, "how tasks ended").toEqual([]);
    const unknown = found.results.filter((text) => ![...KNOWN, ...known].some((pattern) => pattern.test(text)));
    expect(unknown, "what tasks returned").toEqual([]);
    expect(found.hosts, "what the hosts are like").toEqual([]);
  });
});
