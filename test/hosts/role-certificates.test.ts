import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { authoritiesBelow, newRoot } from "./authorities.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { publishK3s } from "./k3s-release.ts";
import { installed } from "./k3s-steps.ts";
import { playbooks } from "./play.ts";
import { freshHost } from "./pool.ts";
import { diffSnapshots } from "./snapshot-diff.ts";
import { isBelievedBy, strayPlaces } from "./trust.ts";

const VERSION = "v1.34.3+k3s3";
const FOUND = "- hosts: all\n  become: true\n  roles: [certificates, k3s-server]\n";
const ROTATE = playbooks("rotate-ca");
const titled = (...titles: readonly string[]) => titles.map((title) => `certificates : ${title}`);

describe("authorities of one's own", () => {
  const host = freshHost();
  const artifacts = withArtifactServer();
  const root = newRoot("the root of the house");
  const first = authoritiesBelow(root);

  const run = (playbook: string, more: ApplyOptions = {}): Promise<RunReport> =>
    apply(host(), playbook, {
      groups: { server: [host()], agent: [] },
      timeoutMs: 200_000,
      // The authorities are looked at on the control node, where other tests are at work as well.
      args: ["--lock-timeout", "60"],
      ...more,
      vars: {
        k3s_server_version: VERSION,
        k3s_server_download_url: `${publishK3s(artifacts(), [VERSION]).base}/download`,
        ...more.vars,
      },
    });
  const rotate = (word: string, vars: Readonly<Record<string, unknown>>, more: ApplyOptions = {}) =>
    run(ROTATE, { ...more, vars: { certificates_rotate_ca: word, ...vars } });

  it("are looked at before anything is changed", { timeout: 100_000 }, async () => {
    const bad = authoritiesBelow(root);
    const ended = authoritiesBelow(root, 0.5);
    const put = (name: string, text: string): void => writeFileSync(join(bad, name), text);
    put("server-ca.key", readFileSync(join(bad, "client-ca.key"), "utf8"));
    put("client-ca.crt", "no certificate\n");
    put("etcd/peer-ca.crt", readFileSync(join(ended, "etcd/peer-ca.crt"), "utf8"));
    put("etcd/peer-ca.key", readFileSync(join(ended, "etcd/peer-ca.key"), "utf8"));
    put("service.key", "no key\n");
    const before = await host().snapshot();
    const refused = await run(FOUND, { vars: { certificates_custom_ca_dir: bad }, rc: 2 });
    for (const line of [
      "server-ca.key is not the key of server-ca.crt",
      "client-ca.crt is no certificate",
      "etcd/peer-ca.crt has ended",
      "service.key is no key",
    ])
      expect(refused.stdout).toContain(`${bad}/${line}`);
    expect(refused.stdout).not.toContain(`${bad}/request-header-ca`);
    expect(refused.changes).toEqual({});
    expect(diffSnapshots(before, await host().snapshot(), { by: "state" })).toEqual([]);
  });

  it("are what a new cluster is founded with, and never written over those of one that lives", { timeout: 200_000 }, async () => {
    const own: ApplyOptions = { vars: { certificates_custom_ca_dir: first } };
    const changes = {
      fresh1: [...titled("Make the directories of the authorities", "Write the authorities"), ...installed()],
    };
    expect((await run(FOUND, { ...own, check: true })).changes).toEqual(changes);
    expect((await run(FOUND, own)).changes).toEqual(changes);
    expect((await run(FOUND, own)).changes).toEqual({});
    expect(await strayPlaces(host(), host())).toEqual([]);
    expect(await isBelievedBy(host(), root.certificate)).toBe(true);
    expect(await host().read("stat -c '%a' /var/lib/rancher/k3s/server/tls/etcd/peer-ca.key")).toBe("600");
    const other = await run(FOUND, { vars: { certificates_custom_ca_dir: authoritiesBelow(root) }, rc: 2 });
    expect(other.stdout).toContain(
      "this server has a cluster whose authorities are others; they are replaced by playbooks/rotate-ca.yaml, and never by writing files",
    );
  });

  it("stay where only services get new keys, each of them named", { timeout: 100_000 }, async () => {
    const play = "- hosts: all\n  become: true\n  roles: [certificates]\n";
    const keys =
      "cd /var/lib/rancher/k3s/server/tls && sha256sum client-ca.key client-scheduler.key client-admin.key client-supervisor.key";
    const before = (await host().read(keys)).split("\n");
    const { changes } = await run(play, {
      vars: { certificates_rotate: "once", certificates_rotate_services: ["admin", "supervisor"] },
    });
    const titles = ["Stop K3s", "Have new keys made", "Start K3s", "Write down that they were made"];
    expect(changes).toEqual({ fresh1: titled(...titles) });
    const after = (await host().read(keys)).split("\n");
    expect(after.map((line, index) => line === before[index])).toEqual([true, true, false, false]);
  });

  it("are replaced by others below the same root, and only by force by those of another", { timeout: 300_000 }, async () => {
    const stranger = newRoot("a stranger");
    const foreign = authoritiesBelow(stranger);
    const before = await host().read("sha256sum /var/lib/rancher/k3s/server/tls/*.crt; ls /var/lib/rancher/k3s/server");
    const refused = await rotate("two", { certificates_rotate_ca_dir: foreign }, { rc: 2 });
    for (const name of ["server-ca", "client-ca", "request-header-ca", "etcd/peer-ca", "etcd/server-ca"])
      expect(refused.stdout).toContain(`${foreign}/${name}.crt does not lead to the root that the cluster has`);
    expect(refused.stdout).toContain(
      `${foreign}/service.key has not the key behind its own that service accounts are signed with now`,
    );
    const short = authoritiesBelow(root, 200);
    writeFileSync(join(short, "service.key"), readFileSync(join(first, "service.key"), "utf8"));
    const soon = await rotate("two", { certificates_rotate_ca_dir: short }, { rc: 2 });
    expect(soon.stdout).toContain(`${short}/server-ca.crt ends within 366 days, sooner than what it is to sign`);
    expect(await host().read("sha256sum /var/lib/rancher/k3s/server/tls/*.crt; ls /var/lib/rancher/k3s/server")).toBe(before);

    const next = authoritiesBelow(root);
    writeFileSync(
      join(next, "service.key"),
      `${readFileSync(join(next, "service.key"), "utf8")}${readFileSync(join(first, "service.key"), "utf8")}`,
    );
    const changes = {
      fresh1: titled(
        "Have a place for the new authorities",
        "Make the directories of the new authorities",
        "Copy the new authorities",
        "Put the new authorities into the datastore",
        "Restart K3s, which takes the new authorities",
        "Remove the second copy of the authorities' keys",
      ),
    };
    const same = { certificates_rotate_ca_dir: next };
    expect((await rotate("two", same, { check: true })).changes).toEqual(changes);
    expect((await rotate("two", same)).changes).toEqual(changes);
    expect((await rotate("two", same)).changes).toEqual({});
    expect(await strayPlaces(host(), host())).toEqual([]);

    // A token is also in a file whose name says nothing.
    const tokenFile = "/srv/how-to-join";
    await host().read(`echo 'K10${"0".repeat(64)}::server:password' >${tokenFile}`);
    await rotate("three", {
      certificates_rotate_ca_dir: foreign,
      certificates_rotate_ca_force: true,
      k3s_server_config: { "token-file": tokenFile },
    });
    const [hash = ""] = (await host().read("cat /var/lib/rancher/k3s/server/token")).split("::");
    expect(await host().read(`cat ${tokenFile}`)).toBe(`${hash}::server:password`);
    expect(await strayPlaces(host(), host())).toEqual([]);
    expect(await isBelievedBy(host(), stranger.certificate)).toBe(true);
    expect(await isBelievedBy(host(), root.certificate)).toBe(false);
    expect(await host().read("find /var/lib/rancher/k3s/server/rotate-ca -name '*.key'")).toBe("");
  });
});
