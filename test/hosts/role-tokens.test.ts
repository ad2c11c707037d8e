import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { failuresOf } from "./messages.ts";
import { playbooks } from "./play.ts";
import { freshHost } from "./pool.ts";
import { refusals } from "./refusals.ts";
import { repository } from "./run.ts";
import { startK3s } from "./start-k3s.ts";

const PLAYBOOK = playbooks("tokens");
const MAKE = "tokens : Make bootstrap tokens";
const REMOVE = "tokens : Remove bootstrap tokens";

const RACK = "abcdef.0123456789abcdef";
const EVER = "fedcba.fedcba9876543210";

/** A Secret of the cluster, decoded. */
type Listed = { readonly token: string; readonly expires?: string; readonly description?: string };

const secrets = z.object({ items: z.array(z.object({ data: z.record(z.string(), z.string()) })) });

describe("bootstrap tokens", () => {
  const host = freshHost();
  const run = (tokens: readonly unknown[], more: ApplyOptions = {}): Promise<RunReport> =>
    apply(host(), PLAYBOOK, { groups: { server: [host()], agent: [] }, vars: { tokens_bootstrap: tokens }, ...more });
  const listed = async (): Promise<readonly Listed[]> => {
    const { items } = secrets.parse(
      JSON.parse(
        await host().read("k3s kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o json"),
      ),
    );
    const found = items.map(({ data }) => {
      const { expiration, description, ...others } = Object.fromEntries(
        Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]),
      );
      return {
        token: `${others["token-id"]}.${others["token-secret"]}`,
        ...(expiration === undefined ? {} : { expires: expiration }),
        ...(description === undefined ? {} : { description }),
      };
    });
    return found.toSorted((a, b) => (a.token < b.token ? -1 : 1));
  };
  /** Whether an agent comes in with it. */
  const letsIn = async (token: string): Promise<boolean> =>
    (await host().read(
      `curl -sk -o /dev/null -w '%{http_code}' -u '${token.replace(".", ":")}' https://127.0.0.1:6443/v1-k3s/config`,
    )) === "200";
  const hoursLeft = ({ expires = "" }: Listed): number => (new Date(expires).getTime() - Date.now()) / 3_600_000;

  it("are made, replaced where they are others, and removed", { timeout: 200_000 }, async () => {
    await startK3s(host(), "server", { token: "a-token-of-the-servers" });
    const wanted = [
      { token: RACK, ttl: "2h", description: "the new rack" },
      { token: EVER, ttl: "0" },
    ];
    const made = { fresh1: [MAKE] };
    expect((await run(wanted, { check: true })).changes).toEqual(made);
    expect(await listed()).toEqual([]);
    const applied = await run(wanted, { args: ["-vvv", "--diff"] });
    expect(applied.changes).toEqual(made);
    const [first, second] = await listed();
    expect(first).toMatchObject({ token: RACK, description: "the new rack" });
    expect(hoursLeft(first as Listed)).toBeCloseTo(2, 1);
    expect(second?.expires).toBeUndefined();
    expect(await host().read("k3s token list -o json")).toContain('"token":{}');
    expect(await letsIn(RACK)).toBe(true);
    for (const secret of [RACK, EVER].map((token) => token.slice(7))) {
      expect(applied.stdout + applied.stderr).not.toContain(secret);
      expect(await host().read(`journalctl -o cat --no-pager | grep -c ${secret} || true`)).toBe("0");
    }
    expect((await run(wanted)).changes).toEqual({});

    // One that has ended, and one of the same name whose secret is another one and which ends.
    const ended = Buffer.from(new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z$/, "Z")).toString("base64");
    await host().read(`k3s kubectl -n kube-system patch secret bootstrap-token-abcdef --type merge -p '{"data":{"expiration":"${ended}"}}'
k3s token delete fedcba && k3s token create --ttl 5h fedcba.0000000000000000`);
    expect(await letsIn(RACK)).toBe(false);
    const replaced = { fresh1: [REMOVE, MAKE] };
    expect((await run(wanted, { check: true })).changes).toEqual(replaced);
    expect((await run(wanted)).changes).toEqual(replaced);
    expect((await listed()).map(({ token, expires }) => [token, expires === undefined])).toEqual([
      [RACK, false],
      [EVER, true],
    ]);
    expect(await letsIn(RACK)).toBe(true);

    const gone = wanted.map((one) => ({ ...one, state: "absent" }));
    expect((await run(gone)).changes).toEqual({ fresh1: [REMOVE] });
    expect(await listed()).toEqual([]);
    expect((await run(gone)).changes).toEqual({});
  });

  it("are not what a cluster's data are encrypted with: that token is changed, once", { timeout: 100_000 }, async () => {
    const play = "- hosts: server\n  become: true\n  roles: [tokens]\n";
    const wanted = "another-token-of-the-servers";
    const change = (check = false, rc = 0): Promise<RunReport> =>
      apply(host(), play, { groups: { server: [host()] }, vars: { tokens_rotate_to: wanted }, args: ["-vvv"], check, rc });
    const changed = { fresh1: ["tokens : Encrypt the cluster's data with the new token"] };
    expect((await change(true)).changes).toEqual(changed);

    // As K3s fails: what it has written before it encrypts is there.
    const files = "cd /var/lib/rancher/k3s/server && cat token cred/passwd && stat -c '%a %U' token cred/passwd";
    const before = await host().read(files);
    await host().read(`mv /usr/local/bin/k3s /usr/local/bin/k3s.whole; cat >/usr/local/bin/k3s <<'END'
#!/bin/sh
[ "$1 $2" = "token rotate" ] || exec /usr/local/bin/k3s.whole "$@"
cd /var/lib/rancher/k3s/server && echo "$*" | sed 's/.*--new-token /K10::server:/' | tee token >cred/passwd
echo "Error: see server log for details: https://127.0.0.1:6443/v1-k3s/token: 500 Internal Server Error" >&2; exit 1
END
chmod 755 /usr/local/bin/k3s`);
    const failing = await change(false, 2);
    await host().read("mv /usr/local/bin/k3s.whole /usr/local/bin/k3s");
    expect(failuresOf(failing).at(-1)).toBe(
      "fresh1 could not encrypt the cluster's data with the new token, and all nodes go on with the old one: Error: see server log for details: https://127.0.0.1:6443/v1-k3s/token: 500 Internal Server Error; mend that, and run the playbook again",
    );
    for (const secret of [wanted, "a-token-of-the-servers"]) expect(failing.stdout + failing.stderr).not.toContain(secret);
    expect(await host().read(files)).toBe(before);

    // Nobody knows what K3s has done since, so nothing is put back.
    await host().read(
      `mv /usr/local/bin/k3s /usr/local/bin/k3s.whole; printf '%s\\n' '#!/bin/sh' '[ "$1 $2" = "token rotate" ] || exec /usr/local/bin/k3s.whole "$@"' 'echo "Error: context deadline exceeded" >&2; exit 1' >/usr/local/bin/k3s; chmod 755 /usr/local/bin/k3s`,
    );
    const unsure = await change(false, 2);
    await host().read("mv /usr/local/bin/k3s.whole /usr/local/bin/k3s");
    expect(unsure.changes).toEqual({});
    expect(failuresOf(unsure).at(-1)).toBe(
      'fresh1 did not say whether the cluster\'s data are encrypted with the new token, and its files may have it: Error: context deadline exceeded; look into its log, since the next run takes what the files have: with "created bootstrap key" it is done, otherwise put the old token back into the file',
    );

    const applied = await change();
    expect(applied.changes).toEqual(changed);
    expect(await host().read("sed 's/.*://' /var/lib/rancher/k3s/server/token")).toBe(wanted);
    expect((await change()).changes).toEqual({});
    for (const secret of [wanted, "a-token-of-the-servers"]) expect(applied.stdout + applied.stderr).not.toContain(secret);
    await host().read(`echo '{"token": "${wanted}"}' >/etc/rancher/k3s/config.yaml; systemctl restart k3s`);
    expect(await host().read("k3s kubectl get --raw /readyz")).toBe("ok");
  });
});

describe("an agent, when the servers' token is another one", () => {
  const OLD = "the-old-token-of-the-servers";
  const NEW = "the-new-token-of-the-servers";
  const AGENTS = "a-token-for-agents-only";
  const SECURE = `K10${"a".repeat(64)}::`;
  const { vars = {} } =
    z
      .array(z.looseObject({ name: z.string(), vars: z.record(z.string(), z.union([z.string(), z.boolean()])).optional() }))
      .parse(parse(readFileSync(join(repository, "playbooks", "tokens.yaml"), "utf8")))
      .find(({ name }) => name === "Tell the agents") ?? {};

  type Variables = Readonly<Record<string, unknown>>;
  type Case = readonly [all: Variables, server: Variables, agent: Variables, expected: string];
  it.each<Case>([
    [{}, {}, {}, NEW],
    [{}, { k3s_server_token: OLD }, {}, NEW],
    [{ k3s_server_token: OLD }, {}, {}, NEW],
    [{}, { k3s_server_token: OLD }, { k3s_agent_token: OLD }, NEW],
    [{}, {}, { k3s_agent_token: `${SECURE}server:${OLD}` }, NEW],
    [{}, {}, { k3s_agent_token: RACK }, RACK],
    [{}, {}, { k3s_agent_token: `${SECURE}${RACK}` }, `${SECURE}${RACK}`],
    [{ k3s_server_agent_token: AGENTS }, {}, {}, AGENTS],
    [{}, { k3s_server_agent_token: AGENTS, k3s_server_token: OLD }, {}, AGENTS],
    [{}, { k3s_server_agent_token: AGENTS }, { k3s_agent_token: `${SECURE}node:${AGENTS}` }, `${SECURE}node:${AGENTS}`],
    [{}, { k3s_server_agent_token: AGENTS, k3s_server_token: OLD }, { k3s_agent_token: `${SECURE}server:${OLD}` }, NEW],
    // As the role k3s-agent would: it is told the servers' token, and not the other one.
    [{ k3s_server_token: OLD }, { k3s_server_agent_token: AGENTS }, {}, NEW],
    [{}, { k3s_server_config: { "agent-token-file": "/etc/agent-token" } }, {}, ""],
    [{}, { k3s_server_config: { "agent-token-file": "/etc/agent-token" } }, { k3s_agent_token: AGENTS }, AGENTS],
  ])("where all say %j, servers %j and it %j, joins with %j", async (all, server, agent, expected) => {
    const children = { server: { vars: server, hosts: { one: {} } }, agent: { hosts: { two: agent } } };
    const inventory = { all: { vars: { ...all, tokens_rotate_to: NEW }, children } };
    const assert = { that: `k3s_agent_token != '${expected}'`, fail_msg: "as it is to be" };
    const play = { hosts: "agent", gather_facts: false, vars, tasks: [{ assert }] };
    expect(await refusals(JSON.stringify(inventory), JSON.stringify([play]))).toEqual(["two: as it is to be"]);
  });
});
