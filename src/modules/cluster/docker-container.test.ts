import { describe, expect, it } from "vitest";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import { Unknown } from "../contract.ts";
import { inspectQuestion } from "../support/docker/docker-collector.ts";
import { localHost, SHELLS } from "../support/run-local.test-support.ts";
import { dockerContainer } from "./docker-container.ts";

const absent = { kind: "absent" };
const found = (object: object) => ({ kind: "found", object });
const image = found({
  Id: "sha256:1",
  Config: { Env: ["PATH=/bin"], Labels: { from: "image" }, ExposedPorts: { "80/tcp": {} } },
});

/** A container as `docker inspect` of 20.10 describes it, in part. */
const container = (more: { config?: object; host?: object; running?: boolean; networks?: object; image?: string } = {}) =>
  found({
    Id: "abcdef",
    Name: "/web",
    Image: more.image ?? "sha256:1",
    State: { Running: more.running ?? true, Status: "running" },
    Config: {
      Hostname: "abcdef",
      Env: ["PATH=/bin"],
      Cmd: ["sh"],
      Labels: { from: "image" },
      ExposedPorts: { "80/tcp": {} },
      ...more.config,
    },
    HostConfig: { NetworkMode: "default", RestartPolicy: { Name: "no", MaximumRetryCount: 0 }, PortBindings: {}, ...more.host },
    NetworkSettings: { Networks: more.networks ?? { bridge: {} } },
  });

const answers = (more: object = {}) => ({
  container: container(),
  image,
  left: absent,
  older: absent,
  network: absent,
  pid: absent,
  ipc: absent,
  environment: { kind: "none" },
  newest: [],
  ...more,
});
const run = (raw: object, more: object = {}) =>
  planned(dockerContainer, { name: "web", image: "busybox", ...raw }, answers(more));

describe("docker_container", () => {
  it("makes one, runs it, and hides what may be secret from the list of processes", async () => {
    const made = await planned(
      dockerContainer,
      {
        name: "web",
        image: "busybox",
        command: "httpd -f -p '80'",
        env: { TOKEN: "s3cret" },
        labels: { rule: "Host(`x`)" },
        memory: "64M",
      },
      answers({ container: absent }),
    );
    expect(made.differences).toEqual(["state: absent -> running"]);
    expect(made.script).toContain("'--memory=67108864'");
    expect(made.script).toContain("busybox httpd -f -p 80 >/dev/null");
    expect(made.script).not.toContain("s3cret");
    expect(made.script).not.toContain("Host(");
    expect(made.left).toBeUndefined();
  });

  it.each<[string, object, object, readonly string[]]>([
    ["converged", {}, {}, []],
    ["no image named", { image: null }, {}, []],
    ["stopped", { state: "stopped" }, {}, ["state: running -> stopped"]],
    ["started", {}, { container: container({ running: false }) }, ["state: stopped -> running"]],
    ["present leaves it stopped", { state: "present" }, { container: container({ running: false }) }, []],
    ["present makes one", { state: "present" }, { container: absent }, ["state: absent -> stopped"]],
    ["absent", { state: "absent" }, {}, ["state: running -> absent"]],
    ["absent already", { state: "absent" }, { container: absent }, []],
    ["another image", {}, { container: container({ image: "sha256:0" }) }, ["image: sha256:0 -> sha256:1"]],
    ["another image, ignored", { comparisons: { image: "ignore" } }, { container: container({ image: "sha256:0" }) }, []],
    [
      "an image to pull",
      {},
      { image: absent, container: absent },
      ["state: absent -> running", "image: not on the host -> pulled"],
    ],
    [
      "a leftover",
      {},
      { older: found({ Name: "/web.k3sprov-old" }) },
      ["left by a run that was cut off: web.k3sprov-old -> absent"],
    ],
    ["command", { command: ["a", "b c"] }, {}, ['command: ["sh"] -> ["a","b c"]']],
    ["command as text", { command: "sh" }, {}, []],
    [
      "entrypoint of two words",
      { entrypoint: ["tini", "--"], command: "run" },
      { container: container({ config: { Entrypoint: ["tini"], Cmd: ["--", "run"] } }) },
      [],
    ],
    ["env is there", { env: { PATH: "/bin" } }, {}, []],
    [
      "env shows no values",
      { env: { PATH: "/sbin", A: "1" } },
      {},
      ["env.PATH: another value -> as given", "env.A: absent -> as given"],
    ],
    ["more env", { env: { A: "1" } }, { container: container({ config: { Env: ["A=1", "PATH=/bin", "B=2"] } }) }, []],
    [
      "strict env",
      { env: { A: "1" }, comparisons: { env: "strict" } },
      { container: container({ config: { Env: ["A=1", "PATH=/bin", "B=2"] } }) },
      ["env.PATH: set -> the image's", "env.B: set -> the image's"],
    ],
    [
      "strict env with the image's",
      { env: { A: "1" }, comparisons: { "*": "strict" } },
      { container: container({ config: { Env: ["A=1", "PATH=/bin"] } }) },
      [],
    ],
    [
      "labels",
      { labels: { a: 1, b: true } },
      { container: container({ config: { Labels: { a: "1", b: "true", from: "image" } } }) },
      [],
    ],
    [
      "restart policy",
      { restart_policy: "always" },
      {},
      ['restart_policy: {"policy":"no","retries":0} -> {"policy":"always","retries":0}'],
    ],
    [
      "restart policy of old dockers",
      { restart_policy: "no" },
      { container: container({ host: { RestartPolicy: { Name: "" } } }) },
      [],
    ],
    [
      "ports",
      { published_ports: ["8080:80", "127.0.0.1:53:53/udp", "9000-9001:90-91"] },
      {
        container: container({
          host: {
            PortBindings: {
              "80/tcp": [{ HostIp: "", HostPort: "8080" }],
              "53/udp": [{ HostIp: "127.0.0.1", HostPort: "53" }],
              "90/tcp": [{ HostIp: "0.0.0.0", HostPort: "9000" }],
              "91/tcp": [{ HostIp: "", HostPort: "9001" }],
            },
          },
        }),
      },
      [],
    ],
    ["a port", { ports: ["80"] }, {}, ['published_ports: [] -> [":->80/tcp"]']],
    ["exposed ports", { exposed_ports: ["80"] }, {}, []],
    [
      "volumes",
      { volumes: ["/srv:/data", "cache:/cache:ro,z", "/anonymous"] },
      {
        container: container({
          host: { Binds: ["/srv:/data:rw", "cache:/cache:z,ro"] },
          config: { Volumes: { "/anonymous": {} } },
        }),
      },
      [],
    ],
    [
      "volumes, strictly",
      { volumes: ["/srv:/data"], comparisons: { volumes: "strict" } },
      {
        container: container({ host: { Binds: ["/srv:/data:rw", "more:/more"] }, config: { Volumes: { "/of-the-image": {} } } }),
      },
      ['volumes: ["/srv:/data:rw","more:/more:rw","/of-the-image"] -> ["/srv:/data:rw"]'],
    ],
    [
      "volumes, strictly, but for the image's",
      { volumes: ["/srv:/data"], comparisons: { volumes: "strict" } },
      {
        image: found({ Id: "sha256:1", Config: { Volumes: { "/data": {}, "/of-the-image": {} } } }),
        container: container({ host: { Binds: ["/srv:/data"] }, config: { Volumes: { "/data": {}, "/of-the-image": {} } } }),
      },
      [],
    ],
    [
      "a volume read-only",
      { volumes: ["/srv:/data:ro"] },
      { container: container({ host: { Binds: ["/srv:/data"] } }) },
      ['volumes: ["/srv:/data:rw"] -> ["/srv:/data:ro"]'],
    ],
    [
      "mounts",
      { mounts: [{ target: "/x", type: "tmpfs", tmpfs_size: "1M", tmpfs_mode: "1770" }] },
      {
        container: container({
          host: { Mounts: [{ Type: "tmpfs", Target: "/x", TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1770 } }] },
        }),
      },
      [],
    ],
    ["network mode", { network_mode: "bridge" }, {}, []],
    [
      "another container's network",
      { network_mode: "container:db" },
      { network: found({ Name: "/db", Id: "1234" }), container: container({ host: { NetworkMode: "container:1234" } }) },
      [],
    ],
    ["a network", { networks: [{ name: "back", aliases: ["w"] }] }, {}, ["network back: not connected -> connected"]],
    [
      "networks, strictly",
      { networks: [{ name: "back" }], comparisons: { networks: "strict" } },
      { container: container({ networks: { bridge: {}, back: {} } }) },
      ["network bridge: connected -> not connected"],
    ],
    [
      "another address",
      { networks: [{ name: "back", ipv4_address: "10.0.0.2" }] },
      { container: container({ networks: { back: { IPAMConfig: { IPv4Address: "10.0.0.3" } } } }) },
      ["network back: connected otherwise -> connected"],
    ],
    [
      "control groups of its own",
      { cgroupns_mode: "private" },
      { container: container({ host: { CgroupnsMode: "private" } }) },
      [],
    ],
    [
      "control groups",
      { cgroupns_mode: "host" },
      { container: container({ host: { CgroupnsMode: "private" } }) },
      ["cgroupns_mode: private -> host"],
    ],
    ["capabilities", { capabilities: ["net_admin"] }, { container: container({ host: { CapAdd: ["CAP_NET_ADMIN"] } }) }, []],
    ["cpus", { cpus: 1.5 }, { container: container({ host: { NanoCpus: 1_500_000_000 } }) }, []],
    [
      "memory without a limit",
      { memory: "0", memory_swap: "unlimited" },
      { container: container({ host: { MemorySwap: -1 } }) },
      [],
    ],
    [
      "ulimits",
      { ulimits: ["nofile:1:2"] },
      { container: container({ host: { Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }] } }) },
      [],
    ],
    [
      "devices",
      { devices: ["/dev/fuse"] },
      {
        container: container({
          host: { Devices: [{ PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" }] },
        }),
      },
      [],
    ],
    ["hosts", { etc_hosts: { a: "1.2.3.4" } }, { container: container({ host: { ExtraHosts: ["a:1.2.3.4"] } }) }, []],
    [
      "dns in another order",
      { dns_servers: ["1.1.1.1", "8.8.8.8"] },
      { container: container({ host: { Dns: ["8.8.8.8", "1.1.1.1"] } }) },
      ['dns_servers: ["8.8.8.8","1.1.1.1"] -> ["1.1.1.1","8.8.8.8"]'],
    ],
    [
      "health",
      { healthcheck: { test: ["CMD", "wget", "-q", "a b"], interval: "1m30s", retries: 3 } },
      { container: container({ config: { Healthcheck: { Test: ["CMD-SHELL", "wget -q 'a b'"], Interval: 90e9, Retries: 3 } } }) },
      [],
    ],
    ["no health", { healthcheck: { test: ["NONE"] } }, {}, ['healthcheck: {"Test":[]} -> {"Test":["NONE"]}']],
    [
      "compatibility",
      { container_default_behavior: "compatibility" },
      { container: container({ host: { Privileged: true } }) },
      ["privileged: true -> false"],
    ],
    [
      "everything ignored",
      { env: { A: "1" }, memory: "1M", comparisons: { "*": "ignore" } },
      { container: container({ image: "sha256:0" }) },
      [],
    ],
  ])("%s", async (_name, raw, more, differences) => {
    const result = await run(raw, more);
    expect(result.differences).toEqual(differences);
    expect(result.left).toBeUndefined();
  });

  it("changes a restart policy and networks in the container that is there", async () => {
    const { script } = await run({
      restart_policy: "on-failure",
      restart_retries: 3,
      networks: [{ name: "back", aliases: ["w"] }],
    });
    expect(script).toContain("dk update '--restart=on-failure:3' web");
    expect(script).toContain("dk network connect '--alias=w' back web");
    expect(script).not.toContain("dk create");
  });

  it("is restarted when something that it reads was changed since its start, or would be by then", async () => {
    const raw = { restart_when_changed: ["/etc/web"] };
    const state = { Running: true, StartedAt: "2026-01-02T03:04:05.678901234Z" };
    const at = (ctime: number) => ({ newest: [{ path: "/etc/web/x", ctime }], container: stated });
    const stated = found({ ...container().object, State: state });
    const start = Date.parse("2026-01-02T03:04:05.678Z") / 1000;
    expect((await run(raw, at(start - 1))).differences).toEqual([]);
    const restart = await run(raw, at(start + 60));
    expect(restart.differences).toEqual([
      "state: started 2026-01-02T03:04:05.678Z, before /etc/web/x was changed (2026-01-02T03:05:05.678Z) -> restarted",
    ]);
    expect(restart.script).toContain("dk restart  web");
    // The answer about the files is the same afterwards, but the container is predicted to be younger.
    expect([restart.change?.verify, restart.left]).toEqual([undefined, undefined]);
    expect((await run({ ...raw, state: "stopped" }, at(start + 60))).differences).toEqual(["state: running -> stopped"]);
    // The container that is made anew reads everything anew.
    expect((await run({ ...raw, user: "1" }, at(start + 60))).differences).toEqual(["user:  -> 1"]);

    const wouldChange = new Map([["/etc/web/y", 1000]]);
    const foreseen = await planned(
      dockerContainer,
      { name: "web", image: "busybox", ...raw },
      answers(at(start - 1)),
      contextOf({ checkMode: true, wouldChange }),
    );
    expect(foreseen.differences).toEqual(["state: started before the change of /etc/web/y -> restarted"]);
    expect(foreseen.left).toBeUndefined();
  });

  it("takes pull: always for what only an apply can tell", async () => {
    const { change, differences } = await run({ pull: "always" });
    expect([change?.maybe, differences]).toEqual(["only pulling the image tells whether the registry has a newer one", []]);
  });

  it.each([
    ["recreate", { recreate: true }],
    ["restart", { restart: true }],
    ["detach", { detach: false }],
  ])("%s is an action", async (_name, raw) => expect((await run(raw)).change?.verify).toBe(false));

  it("does not show variables of a file", async () => {
    const environment = { kind: "file", base64: Buffer.from("# x\nA=s3cret\n").toString("base64") };
    const raw = { name: "web", env_file: "/etc/web.env" };
    const result = await planned(dockerContainer, raw, answers({ environment }));
    expect(result.differences).toEqual(["env.A: absent -> as given"]);
    const state = answers({ environment, container: container({ config: { Env: ["A=s3cret", "B=2"] } }) });
    // The answers of the case stand for those that a host gives.
    const shown = dockerContainer.result?.(state as never, await parsed(raw), contextOf());
    expect(JSON.stringify(shown)).toContain('"A=********","B=2"');
  });

  it.each<[string, object, object, string]>([
    [
      "no image",
      { image: null },
      { container: absent },
      'docker_container: there is no container "web", and to make one it needs "image"',
    ],
    [
      "never pulled",
      { pull: "never" },
      { container: absent, image: absent },
      'docker_container: the host has no image "busybox", and pull is "never"',
    ],
    ["pull", { pull: "sometimes" }, {}, 'docker_container: pull is "sometimes", but must be one of missing, always, never'],
    ["state", { state: "up" }, {}, 'docker_container: "state" is "up", but must be one of started, present, stopped, absent'],
    [
      "recreate and restart",
      { recreate: true, restart: true },
      {},
      'docker_container: "recreate" and "restart" exclude each other; give one of them',
    ],
    [
      "a number in env",
      { env: { A: 1 } },
      {},
      'docker_container: env has 1 for "A", which could be written in several ways; put it in quotes',
    ],
    [
      "two lines in env",
      { env: { A: "x\ny" } },
      {},
      'docker_container: env has more than one line for "A", which docker can only be told where others could see it; mount a file instead',
    ],
    [
      "a port",
      { ports: ["http"] },
      {},
      'docker_container: published_ports has "http", but must be like 80, 8080:80 or 127.0.0.1:8080:80/udp',
    ],
    ["ranges", { ports: ["1-3:1-2"] }, {}, 'docker_container: published_ports has "1-3:1-2", whose ranges are not equally long'],
    ["memory", { memory: "much" }, {}, 'docker_container: memory is "much", but must be a number of bytes, like 1048576 or 512M'],
    ["a mount", { mounts: [{ source: "/x" }] }, {}, 'docker_container: mounts[0] needs "target", the path in the container'],
    [
      "a key of a mount",
      { mounts: [{ dst: "/x" }] },
      {},
      'docker_container: mounts[0] has no key "dst"; it knows target, type, source, read_only, propagation, no_copy, volume_driver, volume_options, labels, tmpfs_size, tmpfs_mode, consistency',
    ],
    [
      "a comparison",
      { comparisons: { image: "loose" } },
      {},
      'docker_container: comparisons has "loose" for "image", but must be one of ignore, strict, allow_more_present',
    ],
    [
      "a comparison of nothing",
      { comparisons: { imagge: "ignore" } },
      {},
      'docker_container: comparisons names "imagge", which is no parameter',
    ],
    [
      "more of a value",
      { comparisons: { memory: "allow_more_present" } },
      {},
      'docker_container: comparisons has allow_more_present for "memory", which is no list or mapping; use ignore or strict',
    ],
    [
      "health",
      { healthcheck: { tests: "x" } },
      {},
      'docker_container: healthcheck has no key "tests"; it knows test, retries, interval, timeout, start_period',
    ],
    [
      "a duration",
      { healthcheck: { test: "x", interval: "soon" } },
      {},
      'docker_container: healthcheck.interval is "soon", but must be a duration, like 30s or 1m30s',
    ],
    ["an open quote", { command: "sh -c 'x" }, {}, 'docker_container: command is "sh -c \'x": a quotation is not closed'],
    ["a network", { networks: [{ aliases: ["x"] }] }, {}, 'docker_container: networks[0] needs "name"'],
    ["no env_file", { env_file: "/etc/none" }, {}, "docker_container: there is no file /etc/none (env_file)"],
    [
      "no docker",
      {},
      {
        container: {
          kind: "no-docker",
          reason: "there is no docker on the host; install its command line (docker.io, docker-ce-cli) first",
        },
      },
      "there is no docker on the host; install its command line (docker.io, docker-ce-cli) first",
    ],
  ])("refuses: %s", async (_name, raw, more, message) => {
    await expect(run(raw, more)).rejects.toHaveProperty("message", message);
  });
});

async function parsed(raw: Readonly<Record<string, unknown>>) {
  const { inputOf } = await import("../../../test/local-shell.ts");
  return inputOf(dockerContainer, raw, contextOf());
}

describe("docker inspect", () => {
  const items = [
    inspectQuestion("container", "web", ""),
    inspectQuestion("container", "db", ""),
    inspectQuestion("image", "busybox", ""),
  ];
  const { collector } = items[0] ?? inspectQuestion("container", "web", "");
  const decode = (stdout: string) =>
    collector.decode(
      { rc: 0, stdout: Buffer.from(stdout), stderr: Buffer.alloc(0) },
      items.map((one) => one.item),
      debian,
    );
  const objects = (...all: readonly object[]) => `${JSON.stringify(all, undefined, 4)}\n`;

  it("tells what is there from what is not", () => {
    const web = { Id: "1", Name: "/web" };
    const busybox = { Id: "sha256:2", RepoTags: ["busybox:latest"] };
    expect(decode(`${objects(web)}\n#err Error: No such container: db\n#rc 1\n${objects(busybox)}\n#err \n#rc 0\n`)).toEqual([
      { kind: "found", object: web },
      { kind: "absent" },
      { kind: "found", object: busybox },
    ]);
  });

  it("does not take a daemon that is away, or one that refuses, for nothing there", () => {
    const away = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
    const refused = "Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock";
    const [web, , image] = decode(`[]\n\n#err ${away}\n#rc 1\n[]\n\n#err ${refused}\n#rc 1\n`);
    expect(web).toEqual({ kind: "no-daemon", reason: `docker container inspect: ${away}` });
    expect(image).toEqual(new Unknown(`docker image inspect busybox: ${refused}`));
  });

  it.each(SHELLS)("is asked with %s: one process for each type", async (shell) => {
    const host = await localHost(shell);
    try {
      const fake = `docker() { echo "[\\"$1 $# words\\"]"; echo "Error: No such container: db" >&2; return 1; }\n`;
      const { Sh } = await import("../../sh.ts");
      const script = new Sh(
        fake +
          collector.script(
            items.map((one) => one.item),
            debian,
          ).text,
      );
      const output = await host.run(script);
      expect(output.stdout.toString()).toBe(
        '["container 4 words"]\n\n#err Error: No such container: db\n#rc 1\n["image 3 words"]\n\n#err Error: No such container: db\n#rc 1\n',
      );
    } finally {
      await host.remove();
    }
  });
});
