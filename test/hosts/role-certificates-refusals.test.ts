import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { authoritiesBelow, newRoot } from "./authorities.ts";
import { apply, type RunReport } from "./cli.ts";
import type { TestHost } from "./host.ts";
import { failuresOf } from "./messages.ts";
import { playbooks } from "./play.ts";
import { freshHosts, pairOf } from "./pool.ts";
import { refusals } from "./refusals.ts";

const ROTATE = playbooks("rotate-ca");
const WHOLE = ["host1 Ready=True EtcdIsVoter=True", "host2 Ready=True EtcdIsVoter="];
const REFUSED = "CA certificates and keys are the same as the current ones";

/** A program that says of the cluster what a file says, and takes no authorities. */
const PROGRAM = `#!/bin/sh
case "$*" in
--version) cat /srv/version ;;
*readyz*) printf ok ;;
*"get nodes"*) cat /srv/nodes ;;
*rotate-ca*) echo 'the server does not take them' >&2; exit 1 ;;
esac
`;
const write = (path: string, content: Buffer | string): string =>
  `mkdir -p "$(dirname ${path})" && echo ${Buffer.from(content).toString("base64")} | base64 -d >${path}`;

it("does not keep what comes after the role certificates from being refused before a host is touched", async () => {
  const inventory = `all:
  vars: { k3s_server_version: 1.36.3 }
  children:
    k3s_cluster: { children: { server: { hosts: { a: {} } }, agent: { hosts: { b: {} } } } }
    certificates: { hosts: { a: {}, b: {} } }
`;
  const site = playbooks("site");
  expect(await refusals(inventory, site)).toEqual([
    'a: k3s_server_version is "1.36.3"; write it with all its parts, such as v1.36.3+k3s1',
    'b: k3s_agent_version is "1.36.3"; write it with all its parts, such as v1.36.3+k3s1',
  ]);
});

describe("what a rotation of authorities refuses on a cluster", () => {
  const hosts = freshHosts(2);
  const rotate = async (nodes: readonly string[], vars: Readonly<Record<string, unknown>> = {}): Promise<RunReport> => {
    const [one, two] = pairOf(hosts());
    await one.read(write("/srv/nodes", `${nodes.join("\n")}\n`));
    return apply([one, two], ROTATE, {
      groups: { server: [one], agent: [two] },
      vars: { certificates_rotate_ca: "one", ...vars },
      rc: 2,
    });
  };
  const refused = async (nodes: readonly string[]): Promise<readonly string[]> => {
    const report = await rotate(nodes);
    expect(report.changes).toEqual({});
    return failuresOf(report);
  };
  const place = async (folder: string): Promise<void> => {
    const [one, two] = pairOf(hosts());
    const files = execFileSync("tar", ["-C", folder, "-cz", "."]);
    const unpack = (below: string): string =>
      `${write("/tmp/authorities.tar.gz", files)} && mkdir -p ${below} && tar -C ${below} -xzf /tmp/authorities.tar.gz`;
    await one.read(
      `${unpack("/var/lib/rancher/k3s/server/tls")}; ${write("/usr/local/bin/k3s", PROGRAM)}; chmod 755 /usr/local/bin/k3s`,
    );
    await two.read(unpack("/var/lib/rancher/k3s/agent"));
  };

  it("where K3s has never been started", async () => {
    expect(await refused(WHOLE)).toEqual([
      "K3s has never been started here, so there is nothing to replace; apply k3s-server.yaml first",
      "K3s has never been started here, so there is nothing to replace; apply k3s-agent.yaml first",
    ]);
  });

  it("while it is not whole, or has what the inventory has not", async () => {
    await place(authoritiesBelow(newRoot("a root")));
    expect(await refused(["host1 Ready=True EtcdIsVoter=False", "host2 Ready=Unknown EtcdIsVoter="])).toEqual([
      "these nodes are not ready, or no voters of etcd: host1, host2; mend them first, since each node is restarted and must come back",
    ]);
    expect(await refused([...WHOLE, "host3 Ready=True EtcdIsVoter="])).toEqual([
      "the cluster has nodes that the inventory has not: host3; they would be left with the old authorities, so add them, or delete them",
    ]);
  });

  it("of a K3s that does not start afterwards, or whose servers hand the old ones to one another", async () => {
    const [one, two] = pairOf(hosts());
    const said = async (version: string, server: readonly TestHost[]): Promise<readonly string[]> => {
      await one.read(write("/srv/version", `k3s version ${version} (0123abcd)\ngo version go1.23.6\n`));
      return failuresOf(
        await apply([one, two], ROTATE, { groups: { server, agent: [] }, vars: { certificates_rotate_ca: "one" }, rc: 2 }),
      );
    };
    await two.read("mkdir /var/lib/rancher/k3s/server && cp -r /var/lib/rancher/k3s/agent /var/lib/rancher/k3s/server/tls");
    try {
      for (const version of ["v1.31.1+k3s1", "v1.30.14+k3s1", "v1.9.0+k3s1"]) {
        expect(await said(version, [one])).toContain(
          `K3s ${version.replace("+k3s1", "")} does not start any more when its authorities have been replaced; upgrade it first, to v1.31.2 at least`,
        );
      }
      const handing = (version: string) =>
        `a server with K3s ${version} takes the old authorities of another server when it starts, and not the new ones of the datastore; upgrade all 2 servers first, to v1.31.7, v1.32.3 or later`;
      for (const version of ["v1.31.6", "v1.32.2"]) {
        expect(await said(`${version}+k3s1`, [one, two])).toContain(handing(version));
        expect((await said(`${version}+k3s1`, [one])).join("\n")).not.toContain("upgrade");
      }
      for (const version of ["v1.31.7", "v1.32.3-rc1", "v1.33.0"])
        expect((await said(`${version}+k3s1`, [one, two])).join("\n")).not.toContain("upgrade");
    } finally {
      await one.read("rm /srv/version");
    }
  });

  it("without openssl", async () => {
    const [one] = pairOf(hosts());
    await one.read("mv /usr/bin/openssl /usr/bin/openssl.away");
    try {
      expect(await refused(WHOLE)).toEqual([
        "the first server has no openssl, which makes the authorities and works out the hash of the token; install it there",
      ]);
    } finally {
      await one.read("mv /usr/bin/openssl.away /usr/bin/openssl");
    }
  });

  it("when K3s itself does, with what its log says", async () => {
    const [one] = pairOf(hosts());
    // Without a description systemd's own "Started …" has the message too, before or after it.
    await one.read(`systemd-run --quiet --wait --unit k3s --description K3s echo 'level=error msg="${REFUSED}"'`);
    const report = await rotate(WHOLE, {
      certificates_rotate_ca_dir: authoritiesBelow(newRoot("another root")),
      certificates_rotate_ca_force: true,
    });
    expect(failuresOf(report)).toEqual([
      `K3s does not take the new authorities, and goes on with the old ones: level=error msg="${REFUSED}" the server does not take them`,
    ]);
    expect(Object.keys(report.changes)).toEqual(["host1"]);
    expect(report.changes["host1"]).not.toContain("certificates : Restart K3s, which takes the new authorities");
  });
});
