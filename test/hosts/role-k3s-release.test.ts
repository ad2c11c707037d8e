import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { builtK3s, publishK3s } from "./k3s-release.ts";
import { installed, RUN, step } from "./k3s-steps.ts";
import { failuresOf } from "./messages.ts";
import { playbooks } from "./play.ts";
import { freshHosts, pairOf } from "./pool.ts";
import { runFolder } from "./run.ts";

const OLD = "v1.33.7+k3s3";
const NEW = "v1.34.3+k3s3";
const CLUSTER = playbooks("k3s-server", "k3s-agent");
const ARCH = process.arch === "arm64" ? "arm64" : "amd64";
const ASSET = process.arch === "arm64" ? "k3s-arm64" : "k3s";
const IMAGES = `k3s-airgap-images-${ARCH}.tar`;
const sum = (body: Buffer): string => createHash("sha256").update(body).digest("hex");

describe("the release that a node runs", () => {
  const hosts = freshHosts(2);
  const artifacts = withArtifactServer();
  const folder = () => join(runFolder(), "release");
  const run = (vars: Readonly<Record<string, unknown>>, options: ApplyOptions = {}): Promise<RunReport> => {
    const [server, agent] = pairOf(hosts());
    return apply(hosts(), CLUSTER, {
      groups: { server: [server], agent: [agent] },
      hostVars: (host) => ({ k3s_node_ip: host.internalAddress }),
      timeoutMs: 200_000,
      ...options,
      vars,
    });
  };
  const says = () => Promise.all(hosts().map((host) => host.read("k3s --version | head -n 1 | cut -d ' ' -f 3")));

  it("is what a channel said when the cluster was made, for all nodes", { timeout: 200_000 }, async () => {
    const releases = publishK3s(artifacts(), [OLD, NEW]);
    const vars = {
      k3s_server_download_url: `${releases.base}/download`,
      k3s_server_channel_url: releases.channels,
      k3s_server_channel: "v1.33",
      k3s_server_cache_dir: join(runFolder(), "channel-cache"),
    };
    const check = await run(vars, { check: true });
    artifacts().reset();
    publishK3s(artifacts(), [OLD, NEW]);
    const applied = await run(vars);
    expect([applied.changes, check.changes]).toEqual([{ host1: installed(), host2: installed() }, applied.changes]);
    expect(await says()).toEqual([OLD, OLD]);
    const asked = artifacts().requests.filter(({ path }) => path.includes("/channels/"));
    expect(asked).toHaveLength(1);
    // It has moved on, and the cluster does not.
    expect((await run({ ...vars, k3s_server_channel: "stable" })).changes).toEqual({});
    expect(await says()).toEqual([OLD, OLD]);
  });

  it("is not one that has come otherwise than it was published", { timeout: 200_000 }, async () => {
    const releases = publishK3s(artifacts(), [NEW]);
    artifacts().serve(`${new URL(releases.base).pathname}/download/${NEW}/${ASSET}`, "#!/bin/sh\necho something else\n");
    const [server] = pairOf(hosts());
    const started = "systemctl show -p ExecMainStartTimestampMonotonic k3s";
    const before = await server.read(started);
    const vars = { k3s_server_download_url: `${releases.base}/download`, k3s_server_version: NEW };
    expect(failuresOf(await run(vars, { rc: 2 }))[0]).toMatch(/checksum/i);
    expect([await says(), await server.read(started)]).toEqual([[OLD, OLD], before]);
    // What is said by hand goes before what is published, and holds as well.
    const named = { ...vars, k3s_server_checksum: "0".repeat(64) };
    expect(failuresOf(await run(named, { rc: 2 }))[0]).toContain("0".repeat(64));
    expect(await says()).toEqual([OLD, OLD]);
  });

  it("is compared with its checksum where it lies on the control node, and takes the place of older images", {
    timeout: 300_000,
  }, async () => {
    rmSync(folder(), { recursive: true, force: true });
    mkdirSync(folder(), { recursive: true });
    const program = builtK3s(NEW);
    const write = (name: string, body: Buffer | string) => writeFileSync(join(folder(), name), body);
    const vars = { k3s_server_airgap_dir: folder(), k3s_server_version: NEW };
    expect(failuresOf(await run(vars, { rc: 2 }))).toEqual([
      `k3s_server_airgap_dir ${folder()} has neither ${ASSET} nor k3s-airgap-images-${ARCH}.tar.zst, which this host's processor needs`,
    ]);
    write(ASSET, builtK3s(OLD));
    expect(failuresOf(await run(vars, { rc: 2 }))[0]).toContain(`the program that came says it is "k3s version ${OLD}`);
    // It was there already when this was asked again.
    expect(failuresOf(await run(vars, { rc: 2 }))[0]).toContain(`the program that came says it is "k3s version ${OLD}`);
    write(`sha256sum-${ARCH}.txt`, `${sum(program)}  ${ASSET}\n`);
    expect(failuresOf(await run(vars, { rc: 2 }))).toEqual([
      `${folder()}/${ASSET} has the SHA-256 ${sum(builtK3s(OLD))}, and ${folder()}/sha256sum-${ARCH}.txt says ${sum(program)}`,
    ]);
    expect(await says()).toEqual([OLD, OLD]);
    write(ASSET, program);
    write(`${IMAGES}.gz`, "old");
    const changed = [step("Copy the images"), step("Copy K3s"), RUN];
    expect((await run(vars)).changes).toEqual({ host1: changed, host2: changed });
    expect(await says()).toEqual([NEW, NEW]);
    rmSync(join(folder(), `${IMAGES}.gz`));
    write(`${IMAGES}.zst`, "new");
    const check = await run(vars, { check: true });
    const applied = await run(vars);
    const images = [step("Copy the images"), step("Remove archives of other releases")];
    expect([check.changes, applied.changes]).toEqual([applied.changes, { host1: images, host2: images }]);
    for (const host of hosts()) expect(await host.read("ls /var/lib/rancher/k3s/agent/images")).toBe(`${IMAGES}.zst`);
    expect((await run(vars)).changes).toEqual({});
  });

  it("answers as other commands where it may, and says nothing of mirrors any more when there are none", {
    timeout: 200_000,
  }, async () => {
    const [server] = pairOf(hosts());
    const vars = { k3s_server_airgap_dir: folder(), k3s_server_version: NEW };
    const of = async (symlinks: string) => (await run({ ...vars, k3s_server_symlinks: symlinks })).changes["host1"] ?? [];
    const commands = step("Make K3s answer as kubectl, crictl and ctr");
    await server.read("rm /usr/local/bin/kubectl; printf '#!/bin/sh\\n' >/usr/bin/kubectl; chmod 755 /usr/bin/kubectl");
    expect([await of("auto"), await of("skip"), await of("force")]).toEqual([[], [], [commands]]);
    await server.read("rm /usr/bin/kubectl");
    const mirrors = { k3s_server_registries: { mirrors: { "docker.io": { endpoint: ["https://mirror.example"] } } } };
    const both = { host1: [step("Write registries.yaml"), RUN], host2: [step("Write registries.yaml"), RUN] };
    expect((await run({ ...vars, ...mirrors })).changes).toEqual(both);
    expect((await run(vars)).changes).toEqual(both);
    expect(await server.read("grep '^[^#]' /etc/rancher/k3s/registries.yaml")).toBe("{}");
    expect((await run(vars)).changes).toEqual({});
  });
});
