import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { authoritiesBelow, newRoot } from "./authorities.ts";
import { k3sprov } from "./cli.ts";
import { playbooks } from "./play.ts";
import { refusals } from "./refusals.ts";
import { repository, runFolder } from "./run.ts";

type Variables = Readonly<Record<string, unknown>>;
type Case = { readonly vars: Variables; readonly texts: readonly string[] };
type Part = "certificates" | "tokens" | "rotate-ca";

/** All of them in one run: each case is a play of its own, with a server in a group of its own. */
async function said(part: Part, cases: readonly Case[]): Promise<readonly string[]> {
  const groups = cases.map(({ vars }, index) => [`case${index}`, { vars, hosts: { [`case${index}-0`]: {} } }] as const);
  const work =
    part === "rotate-ca"
      ? "  tasks:\n    - import_role: { name: certificates, tasks_from: rotate-ca-check }\n"
      : `  roles: [${part}]\n`;
  const plays = cases.map(
    (_, index) =>
      `- hosts: case${index}\n  gather_facts: false\n  vars: { k3s_host_agent_group: nobody, k3s_host_cluster: "{{ groups['case${index}'] }}" }\n${work}`,
  );
  const children = Object.fromEntries(
    groups.map(([name, group]) => [name, { ...group, vars: { k3s_host_server_group: name, ...group.vars } }]),
  );
  return refusals(JSON.stringify({ all: { children } }), plays.join(""), {}, { each: true });
}

const expected = (cases: readonly Case[]): readonly string[] =>
  cases.flatMap(({ texts }, index) => texts.map((text) => `case${index}-0: ${text}`)).sort();

/** A complete set, but for what a test does to it. */
function broken(damage: (folder: string) => void): string {
  const folder = authoritiesBelow(newRoot("root"));
  damage(folder);
  return folder;
}

const incomplete = broken((folder) => {
  rmSync(join(folder, "etcd/peer-ca.key"));
  rmSync(join(folder, "service.key"));
});
const locked = broken((folder) => {
  const key = readFileSync(join(folder, "client-ca.key"), "utf8");
  writeFileSync(join(folder, "client-ca.key"), key.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n"));
});
const empty = mkdtempSync(join(runFolder(), "no-authorities-"));

const CERTIFICATES: readonly Case[] = [
  ...[0, 121].map((days) => ({
    vars: { certificates_renew_within_days: days },
    texts: [
      `certificates_renew_within_days is ${days}; it must be 1 to 120, since K3s renews no certificate more than 120 days before its end`,
    ],
  })),
  {
    vars: { certificates_rotate: "once more" },
    texts: ['certificates_rotate is "once more"; it must be one word of letters, digits and .:_-, such as 2026-11-26'],
  },
  {
    vars: { certificates_custom_ca_dir: incomplete },
    texts: ["etcd/peer-ca.key", "service.key"].map(
      (name) => `${incomplete} has no ${name}; K3s needs the whole set, that of etcd too`,
    ),
  },
  {
    vars: { certificates_custom_ca_dir: locked },
    texts: [`${locked}/client-ca.key has a password, which K3s cannot ask for; take it off with openssl pkey`],
  },
];

const ROTATE = { certificates_rotate_ca: "2026-11-26" };
const names = ["server-ca", "client-ca", "request-header-ca", "etcd/peer-ca", "etcd/server-ca"];
const ROTATIONS: readonly Case[] = [
  {
    vars: { certificates_rotate_ca: "../../tls" },
    texts: ['certificates_rotate_ca is "../../tls"; it must be one word of letters, digits and ._-, such as 2026-11-26'],
  },
  {
    vars: { ...ROTATE, k3s_host_server_group: "none" },
    texts: ["the group none is empty, and authorities are replaced on a server"],
  },
  {
    vars: { ...ROTATE, certificates_rotate_ca_days: 300 },
    texts: [
      "certificates_rotate_ca_days is 300 and certificates_rotate_ca_min_days is 366; the first must be more than the second, and that at least 1",
    ],
  },
  {
    vars: { ...ROTATE, certificates_rotate_ca_dir: empty },
    texts: names.flatMap((name) =>
      [".crt", ".key"].map((ending) => `${empty} has no ${name}${ending}; all five authorities are replaced, those of etcd too`),
    ),
  },
  {
    vars: { ...ROTATE, certificates_rotate_ca_dir: locked },
    texts: [`${locked}/client-ca.key has a password, which K3s cannot ask for; take it off with openssl pkey`],
  },
  {
    vars: { ...ROTATE, k3s_server_token: `K10${"a".repeat(64)}::server:a-long-password` },
    texts: [
      "k3s_server_token has the secure form, whose hash is that of the authority that goes; put the password alone into the inventory, what stands behind the last colon, and the hash of the new one before it afterwards if you like",
    ],
  },
];

const FORM = "whose token is not six characters, a dot and sixteen more of a-z and 0-9, or whose ttl is not like 24h or 0";
const TOKENS: readonly Case[] = [
  {
    vars: { k3s_host_server_group: "none" },
    texts: ["the group none is empty, and tokens are changed on a server"],
  },
  ...["short", `K10${"a".repeat(64)}::server:a-long-password`, "a password of words", "with:colon-and-length"].map((token) => ({
    vars: { tokens_rotate_to: token },
    texts: [
      "tokens_rotate_to must be one word of 16 or more printable characters without colons, and without the K10 and hash that K3s puts before it",
    ],
  })),
  {
    vars: { tokens_rotate_to: "abcdef.0123456789abcdef" },
    texts: [
      "tokens_rotate_to looks like a bootstrap token (6 characters, a dot, 16 characters), which lets no server in; take another one",
    ],
  },
  {
    vars: {
      tokens_bootstrap: [
        { token: "ABCDEF.0123456789abcdef", description: "the new rack" },
        { token: "abcdef.0123456789abcdef", ttl: "1 day" },
      ],
    },
    texts: [
      `tokens_bootstrap has an entry (the new rack) ${FORM}`,
      `tokens_bootstrap has an entry (without description) ${FORM}`,
    ],
  },
];

it.each<[Part, readonly Case[]]>([
  ["certificates", CERTIFICATES],
  ["rotate-ca", ROTATIONS],
  ["tokens", TOKENS],
])("refuses, before any host is touched, what cannot be of %s", async (part, cases) => {
  expect([...(await said(part, cases))].sort()).toEqual(expected(cases));
});

it("refuses to replace authorities that nobody has asked for", async () => {
  const playbook = playbooks("rotate-ca");
  const inventory = { all: { children: { server: { hosts: { one: {} } }, agent: { hosts: { two: {} } } } } };
  expect(await refusals(JSON.stringify(inventory), playbook)).toEqual([
    "?: this replaces the certificate authorities of the whole cluster, restarts each of its nodes, and makes kubeconfigs and tokens with the old hash useless; if that is meant, name the rotation, -e certificates_rotate_ca=2026-11-26",
  ]);
});

it("refuses to leave nodes out of a rotation", async () => {
  const folder = mkdtempSync(join(runFolder(), "limited-"));
  const inventory = join(folder, "inventory.yaml");
  const hosts = { server: { hosts: { one: {} } }, agent: { hosts: { two: {}, three: {} } } };
  writeFileSync(inventory, JSON.stringify({ all: { children: hosts } }));
  const playbook = join(repository, "playbooks", "rotate-ca.yaml");
  const args = ["-i", inventory, playbook, "--limit", "one", "-e", "certificates_rotate_ca=x"];
  const { rc, stderr } = await k3sprov(["apply", ...args]);
  expect(stderr).toContain(
    "error: the authorities of a cluster are replaced on all its nodes, and --limit leaves out two, three; run without --limit\n",
  );
  expect(rc).toBe(3);
});

it("refuses to change a token that a host of the cluster takes from a file", async () => {
  const playbook = playbooks("tokens");
  const file = { "token-file": "/etc/token" };
  const servers = { one: {}, two: { k3s_server_config: file }, three: { k3s_server_env: { K3S_TOKEN_FILE: "/etc/token" } } };
  const agents = { four: { k3s_agent_config: file }, five: { k3s_agent_env: { K3S_TOKEN_FILE: "/etc/token" } }, six: {} };
  const inventory = (vars: Variables) =>
    JSON.stringify({ all: { vars, children: { server: { hosts: servers }, agent: { hosts: agents } } } });
  expect(await refusals(inventory({ tokens_rotate_to: "a-new-and-long-token" }), playbook)).toEqual([
    "one: two has token-file in k3s_server_config, three has K3S_TOKEN_FILE in k3s_server_env, four has token-file in k3s_agent_config, five has K3S_TOKEN_FILE in k3s_agent_env; what is in the file overrides the token that is written into config.yaml, so K3s would start with the old one, and no server takes that any more. Say it as k3s_server_token, and for agents as k3s_agent_token, in the place of the file, apply the roles k3s-server and k3s-agent, and change the token then",
  ]);
});
