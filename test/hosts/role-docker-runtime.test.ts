import { beforeAll, describe, expect, it } from "vitest";
import { armouredKey, binaryKey, fingerprintsOf } from "../../src/modules/support/packages/signing-key.ts";
import { type ApplyOptions, apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { installK3s, k3sStarts } from "./k3s-stand-in.ts";
import { messagesOf } from "./messages.ts";
import { freshHost } from "./pool.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

type Variables = Readonly<Record<string, unknown>>;

/** A play of the role; names of variables go without the role's. */
const role = (vars: Variables): string =>
  JSON.stringify([{ hosts: "all", become: true, roles: [{ role: "docker-runtime", vars: named(vars) }] }]);
const named = (vars: Variables) =>
  Object.fromEntries(Object.entries(vars).map(([name, value]) => [`docker_runtime_${name}`, value]));
const of = (role: string, ...names: readonly string[]) => names.map((name) => `${role} : ${name}`);
const RESTART_DOCKER = "k3s-host : Restart docker with its new configuration";
const RESTART_K3S = "k3s-host : Restart K3s with its new configuration";

/** Not where the test hosts themselves are. */
const BRIDGE = { bip: "10.200.0.1/24" };
/** Where K3s is, its directory of drop-ins stays: by it the restart sees that something is gone. */
const KEPT = ["/etc/rancher/k3s/config.yaml.d", "/etc/systemd/system/k3s-agent.service.d"];

const changesOf = async (host: TestHost, playbook: string, options: ApplyOptions = {}) =>
  (await apply(host, playbook, options)).changes[host.name] ?? [];
/** The fingerprint of the key that signs an image's repositories. */
const fingerprint = async (host: TestHost, file: string) =>
  fingerprintsOf(binaryKey(armouredKey(await host.read(`cat ${file}`), "key")))?.[0];
const daemonJson = (host: TestHost) => host.read("cat /etc/docker/daemon.json");

describe("role docker-runtime with the distribution's Docker", () => {
  const host = freshHost({ image: "apt" });

  it("runs containers, restarts only for what has changed, and leaves nothing but data", { timeout: 600_000 }, async () => {
    // What is recommended beside docker.io is not in the image. netbase is on every host, and stays because others recommend it.
    await host().read(`echo 'APT::Install-Recommends "false";' >/etc/apt/apt.conf.d/50test; apt-get install -q -y netbase`);
    await installK3s(host(), "server");
    const before = await host().snapshot();
    const vars = { source: "distribution", daemon: { ...BRIDGE, "storage-driver": "vfs", "log-opts": { "max-size": "10m" } } };
    await converges(host(), role(vars), {
      changed: [
        ...of("docker-runtime", "Create Docker's directory", "Configure Docker", "Install Docker"),
        ...of("docker-runtime", "Create the directories of K3s' settings", "Tell K3s to use Docker", "Start K3s after Docker"),
        RESTART_K3S,
      ],
      disturb: [
        {
          by: "sed -i s/10m/11m/ /etc/docker/daemon.json",
          repairedBy: ["docker-runtime : Configure Docker", RESTART_DOCKER, RESTART_K3S],
        },
      ],
    });
    // A static program of the host is all that the image holds.
    await host().read(`mkdir /tmp/image && cp /sbin/ldconfig /tmp/image
printf 'FROM scratch\\nCOPY ldconfig /\\nENTRYPOINT ["/ldconfig"]\\n' >/tmp/image/Dockerfile
docker build -q -t built-here /tmp/image && rm -r /tmp/image`);
    expect(await host().read("docker run --rm built-here --version | head -n 1")).toMatch(/^ldconfig .*GLIBC/);
    expect(await host().read("docker info --format '{{.Driver}} {{.LoggingDriver}}'")).toBe("vfs json-file");

    const starts = await k3sStarts(host());
    expect(await changesOf(host(), role({ ...vars, state: "absent" }))).toContain("docker-runtime : Remove Docker (apt)");
    expect(await k3sStarts(host())).toBe(starts + 1);
    expect(await host().read("ls -d /var/lib/docker/image")).toBe("/var/lib/docker/image");
    expect(diffSnapshots(before, await host().snapshot(), { ignore: KEPT })).toEqual([]);
    expect(await changesOf(host(), role({ ...vars, state: "absent" }), { check: true })).toEqual([]);
  });
});

describe("role docker-runtime with Docker's own packages", () => {
  const host = freshHost({ image: "apt" });
  let vars: Variables = {};
  beforeAll(async () => {
    vars = {
      version: "27.5.1",
      users: ["deploy"],
      daemon: { ...BRIDGE, "log-driver": "json-file", "log-opts": { "max-size": "10m" } },
      repo_url: "file:///srv/apt",
      repo_key: "/srv/apt/key.gpg",
      repo_key_fingerprint: await fingerprint(host(), "/srv/apt/key.asc"),
    };
    // No other source: nothing reaches a network. What somebody else has written stays, as it is laid out.
    await host().read(`rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*; apt-cache policy >/dev/null
mkdir /etc/docker && printf '{\\n  "foreign": {\\n    "b": 1,\\n    "a": [2]\\n  }\\n}\\n' >/etc/docker/daemon.json`);
    await installK3s(host(), "agent");
  });

  it("converges, mends each thing, upgrades, and goes again", { timeout: 600_000 }, async () => {
    const groups = { agent: [host()] };
    const before = await host().snapshot();
    await converges(host(), role(vars), {
      groups,
      changed: [
        ...of("docker-runtime", "Add Docker's apt repository", "Configure Docker", "Install Docker", "Let users at Docker"),
        ...of("docker-runtime", "Create the directories of K3s' settings", "Tell K3s to use Docker", "Start K3s after Docker"),
        RESTART_K3S,
      ],
      // All at once, and each is mended by its own task.
      disturb: [
        {
          by: `chmod 600 /etc/apt/sources.list.d/docker.sources; sed -i s/10m/11m/ /etc/docker/daemon.json
gpasswd -d deploy docker; apt-get purge -q -y docker-compose-plugin; systemctl disable -q --now docker.service
chmod 755 /etc/rancher/k3s/config.yaml.d; rm /etc/rancher/k3s/config.yaml.d/20-docker-runtime.yaml
echo >>/etc/systemd/system/k3s-agent.service.d/10-docker.conf`,
          repairedBy: [
            ...of("docker-runtime", "Add Docker's apt repository", "Configure Docker", "Install Docker"),
            ...of("docker-runtime", "Start Docker now and at boot", "Let users at Docker"),
            ...of(
              "docker-runtime",
              "Create the directories of K3s' settings",
              "Tell K3s to use Docker",
              "Start K3s after Docker",
            ),
            RESTART_K3S,
          ],
        },
      ],
    });
    expect(JSON.parse(await daemonJson(host()))).toEqual({ foreign: { b: 1, a: [2] }, ...(vars["daemon"] as object) });
    expect(await host().read("systemctl show -P After k3s-agent")).toContain("docker.service");

    const upgrade = { ...vars, version: "5:29.0.0-1~debian.12~bookworm", channel: "test" };
    await host().read("dpkg -i /srv/apt/pool/main/podman-docker_4.3.1_all.deb");
    const inTheWay = await apply(host(), role(upgrade), { groups, rc: 2 });
    expect(messagesOf(inTheWay)).toContain(
      "podman-docker would have to go first; say docker_runtime_remove_conflicts: true, which stops their containers and keeps their data, or another docker_runtime_source",
    );
    expect(await changesOf(host(), role({ ...upgrade, remove_conflicts: true }), { groups })).toEqual([
      ...of("docker-runtime", "Add Docker's apt repository", "Remove packages that are in the way", "Install Docker"),
      RESTART_DOCKER,
      RESTART_K3S,
    ]);
    // Docker refuses it before the old file is gone.
    const wrong = await apply(host(), role({ ...vars, version: "", daemon: { ...BRIDGE, "no-such-key": 1 } }), {
      groups,
      vars: { k3s_agent_version: "v1.36.0+k3s1" },
      rc: 2,
    });
    const said = messagesOf(wrong);
    expect(said).toContain(
      "warning: K3s v1.36.0+k3s1 and Docker 29 or later: K3s was tried with Docker 29 from v1.37 on, and kubectl exec is broken before v1.36.1; pin docker_runtime_version to 28",
    );
    expect(said).toContain("warning: whoever is in the group docker is root on this host: deploy");
    expect(said).toContain("the following directives don't match any configuration option: no-such-key");
    expect(await daemonJson(host())).not.toContain("no-such-key");

    const absent = { ...vars, state: "absent" };
    const kept = role({ ...absent, keep_packages: true });
    const expected = of(
      "docker-runtime",
      "Take Docker out of K3s' settings",
      "Take the role's keys out of daemon.json",
      "Take users away from Docker",
      "Restart a Docker that stays",
    );
    expect(await changesOf(host(), kept, { groups, check: true })).toEqual([...expected, RESTART_K3S]);
    expect(await changesOf(host(), kept, { groups })).toEqual([...expected, RESTART_K3S]);
    expect(await changesOf(host(), kept, { groups })).toEqual([]);
    expect(await daemonJson(host())).toBe('{\n  "foreign": {\n    "b": 1,\n    "a": [\n      2\n    ]\n  }\n}');
    expect(await host().read("systemctl is-active docker; id -nG deploy")).toBe("active\ndeploy");

    await host().read(`printf '{\\n  "foreign": {\\n    "b": 1,\\n    "a": [2]\\n  }\\n}\\n' >/etc/docker/daemon.json`);
    const gone = of(
      "docker-runtime",
      "Remove Docker (apt)",
      "Remove Docker's apt repository",
      "Remove the group of Docker's users",
    );
    expect(await changesOf(host(), role(absent), { groups, check: true })).toEqual(gone);
    expect(await changesOf(host(), role(absent), { groups })).toEqual(gone);
    expect(diffSnapshots(before, await host().snapshot(), { ignore: KEPT })).toEqual([]);
  });
});
