import { beforeAll, describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { withKubeApi } from "./kube-api.ts";
import { failuresOf } from "./messages.ts";
import { play } from "./play.ts";
import { freshHost } from "./pool.ts";

describe("docker_container", { timeout: 420_000 }, () => {
  const host = freshHost({ image: "cluster" });
  beforeAll(async () => {
    await host().read("docker import -c 'CMD [\"sleep\",\"3600\"]' -c 'ENV FROM=image' /srv/images/busybox.tar demo:1");
    await host().read('docker import -c \'CMD ["sleep","3601"]\' /srv/images/busybox.tar demo:2; docker network create back');
  }, 120_000);

  const web = play(`- name: Web
  docker_container:
    name: web
    image: demo:1
    command: httpd -f -p 80 -h /data
    env: { TOKEN: "s3cret-value", TEXT: "two words" }
    labels: { rule: "Host(\`x\`)" }
    published_ports: ["127.0.0.1:8080:80"]
    volumes: ["/etc/web:/data:ro", "state:/state"]
    networks: [{ name: back, aliases: [www] }]
    restart_policy: unless-stopped
    user: "0"
    hostname: web
    working_dir: /data
    capabilities: [NET_ADMIN]
    cap_drop: [MKNOD]
    tmpfs: ["/tmp:size=1m"]
    ulimits: ["nofile:1000:2000"]
    sysctls: { net.ipv4.ip_unprivileged_port_start: 0 }
    dns_servers: [192.0.2.1]
    etc_hosts: { db: 192.0.2.2 }
    log_driver: json-file
    log_options: { max-size: 1m }
    stop_timeout: 1
    init: false
    read_only: true
    security_opts: [no-new-privileges]
    shm_size: 8M
- name: Idle
  docker_container: { name: idle, image: "demo:1", state: present, network_mode: none, entrypoint: [/bin/sh, -c], command: ["sleep 1000"] }`);

  it("keeps its promises", async () => {
    await converges(host(), web, {
      changed: ["Web", "Idle"],
      disturb: [
        { by: "docker stop -t 0 web", repairedBy: "Web" },
        { by: "docker network disconnect back web", repairedBy: "Web" },
        { by: "docker rm idle; docker create --name idle.k3sprov-new demo:1", repairedBy: "Idle" },
      ],
      absent: play(`- docker_container: { name: web, state: absent, stop_timeout: 0 }
- docker_container: { name: idle, state: absent }`),
      // Docker makes what is mounted, and the container's end does not remove it.
      ignore: ["/etc/web"],
    });
  });

  it("serves, shows nothing secret, and replaces a container by one of another image", async () => {
    const report = await apply(host(), web, { args: ["--diff", "-vv"] });
    expect(report.changes["fresh1"]).toEqual(["Web", "Idle"]);
    await host().read("echo hello >/etc/web/index.html");
    expect(await host().read("curl -s http://127.0.0.1:8080/; docker exec web env | grep -E '^(TOKEN|TEXT|FROM)=' | sort")).toBe(
      "hello\nFROM=image\nTEXT=two words\nTOKEN=s3cret-value",
    );
    // Not above: Docker itself writes to the disk with each look at a container's health.
    const health = 'healthcheck: { test: ["CMD", "true"], interval: 1m, retries: 2 }';
    const checked = web.replace("        stop_timeout", `        ${health}\n        stop_timeout`);
    const newer = await apply(host(), checked.replace("demo:1", "demo:2"));
    expect(newer.changes["fresh1"]).toEqual(["Web"]);
    expect(
      await host().read(
        "docker inspect -f '{{.Config.Image}} {{.State.Running}}' web; docker ps -a --format '{{.Names}}' | sort",
      ),
    ).toBe("demo:2 true\nidle\nweb");
  });

  it("leaves the old container running where the new one cannot be started", async () => {
    const broken = play("- docker_container: { name: web, image: 'demo:1', command: no-such-program, stop_timeout: 0 }");
    const before = await host().read("docker inspect -f '{{.Id}}' web");
    const report = await apply(host(), broken, { rc: 2 });
    expect(failuresOf(report).join("\n")).toContain("no-such-program");
    expect(
      await host().read("docker inspect -f '{{.Id}} {{.State.Running}}' web; docker ps -a --format '{{.Names}}' | sort"),
    ).toBe(`${before} true\nidle\nweb`);
  });

  it.each<[string, string, string]>([
    [
      "an image that is nowhere",
      "name: x, image: 'demo:9', pull: never",
      'docker_container: the host has no image "demo:9", and pull is "never"',
    ],
    ["no image at all", "name: x", 'docker_container: there is no container "x", and to make one it needs "image"'],
    [
      "a missing env_file",
      "name: x, image: 'demo:1', env_file: /etc/none.env",
      "docker_container: there is no file /etc/none.env (env_file)",
    ],
  ])("refuses %s, and changes nothing", async (_name, task, message) => {
    const report = await apply(host(), play(`- docker_container: { ${task} }`), { rc: 2 });
    expect(failuresOf(report)).toEqual([message]);
    expect(await host().read("docker ps -a --format '{{.Names}}' | sort")).toBe("idle\nweb");
  });

  it("takes a daemon that does not answer for what it is", async () => {
    await host().read("systemctl stop docker.service docker.socket");
    const report = await apply(host(), play("- docker_container: { name: web, image: 'demo:1' }"), { rc: 2 });
    expect(failuresOf(report)).toEqual([
      "docker container inspect: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    ]);
    await host().read("systemctl start docker.socket docker.service");
  });
});

describe("docker_container on a host without docker", () => {
  const host = freshHost();
  it("would make a container once an earlier task has brought docker, and fails otherwise", async () => {
    const container = "- name: Web\n  docker_container: { name: web, image: 'demo:1' }";
    const check = await apply(host(), play(`- name: Docker\n  apt: { name: jq }\n${container}`), { check: true });
    expect(check.changes["fresh1"]).toEqual(["Docker", "Web"]);
    const report = await apply(host(), play(container), { rc: 2 });
    expect(failuresOf(report)).toEqual([
      "there is no docker on the host; install its command line (docker.io, docker-ce-cli) first",
    ]);
  });
});

describe("k8s", { timeout: 240_000 }, () => {
  const host = freshHost({ image: "cluster" });
  const api = withKubeApi();
  beforeAll(async () => {
    await host().read(`mkdir -p /etc/kube && printf '%s' '${api().config}' >/etc/kube/config`);
    api().objects.clear();
  });

  // The stand-in has no OpenAPI, by which kubectl would check objects.
  const task = (name: string, more: string): string =>
    `- name: ${name}\n  k8s:\n    kubeconfig: /etc/kube/config\n    validate: { fail_on_error: false }\n${more.replace(/^/gm, "    ")}`;
  const tasks = (state = "present"): string =>
    play(
      [
        task(
          "Definition",
          `state: ${state}
definition:
  apiVersion: apiextensions.k8s.io/v1
  kind: CustomResourceDefinition
  metadata: { name: routes.example.org }
  spec:
    group: example.org
    scope: Namespaced
    names: { plural: routes, kind: Route }
    versions: [{ name: v1, served: true, storage: true }]`,
        ),
        task("Namespace", `state: ${state}\nname: prod\nkind: Namespace\napi_version: v1`),
        task(
          "Objects",
          `state: ${state}
namespace: prod
definition: |
  apiVersion: v1
  kind: Secret
  metadata: { name: password }
  stringData: { password: s3cret-value }
  ---
  apiVersion: apps/v1
  kind: Deployment
  metadata: { name: web }
  spec:
    template:
      spec:
        hostNetwork: false
        containers:
          - name: app
            image: app:1
            env: [{ name: B, value: "2" }, { name: A, value: "1" }]
            resources: { limits: { cpu: 0.5 } }
  ---
  apiVersion: example.org/v1
  kind: Route
  metadata: { name: main }
  spec: { to: web }`,
        ),
      ].join("\n"),
    );
  const stored = (path: string) => JSON.stringify(api().objects.get(path));
  const WEB = "/apis/apps/v1/namespaces/prod/deployments/web";

  it("is foretold by a check, applied, and found converged without a write", async () => {
    const changed = ["Definition", "Namespace", "Objects"];
    const check = await apply(host(), tasks(), { check: true, args: ["--diff"] });
    expect(check.changes["fresh1"]).toEqual(changed);
    expect(api().writes).toEqual([]);
    const applied = await apply(host(), tasks(), { args: ["--diff", "-vv"] });
    expect(applied.changes["fresh1"]).toEqual(changed);
    expect(applied.stdout + applied.stderr).not.toMatch(/s3cret-value|czNjcmV0/);
    expect(stored(WEB)).toContain('"cpu":"500m"');
    api().writes.length = 0;
    expect((await apply(host(), tasks())).changes["fresh1"] ?? []).toEqual([]);
    expect((await apply(host(), tasks(), { check: true })).changes["fresh1"] ?? []).toEqual([]);
    expect(api().writes).toEqual([]);
  });

  it("repairs what was changed, removes what is no longer declared, and keeps what others have set", async () => {
    const web = api().objects.get(WEB);
    api().objects.set(WEB, JSON.parse(JSON.stringify(web).replace('"app:1"', '"app:9"').replace('"replicas":1', '"replicas":7')));
    expect((await apply(host(), tasks(), { check: true })).changes["fresh1"]).toEqual(["Objects"]);
    expect((await apply(host(), tasks())).changes["fresh1"]).toEqual(["Objects"]);
    expect(stored(WEB)).toContain('"app:1"');
    expect(stored(WEB)).toContain('"replicas":7');
    const fewer = tasks().replace('{ name: B, value: "2" }, ', "");
    expect((await apply(host(), fewer)).changes["fresh1"]).toEqual(["Objects"]);
    expect(stored(WEB)).not.toContain('"value":"2"');
    expect((await apply(host(), fewer)).changes["fresh1"] ?? []).toEqual([]);
  });

  it("patches with null and with a file of the host", async () => {
    await host().read(`cat >/srv/patch.yaml <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec: {replicas: null, paused: true}
END`);
    const patch = play(task("Patch", "src: /srv/patch.yaml\nremote_src: true\nstate: patched"));
    expect((await apply(host(), patch, { check: true })).changes["fresh1"]).toEqual(["Patch"]);
    const withoutNull = patch.replace("/srv/patch.yaml", "/srv/plain.yaml");
    await host().read("sed 's/replicas: null, //' /srv/patch.yaml >/srv/plain.yaml");
    expect((await apply(host(), withoutNull)).changes["fresh1"]).toEqual(["Patch"]);
    expect(stored(WEB)).toContain('"paused":true');
    expect((await apply(host(), withoutNull)).changes["fresh1"] ?? []).toEqual([]);
  });

  it("removes, and finds nothing to remove", async () => {
    const reversed = tasks("absent");
    expect((await apply(host(), reversed)).changes["fresh1"]).toEqual(["Definition", "Namespace", "Objects"]);
    expect([...api().objects.keys()]).toEqual([]);
    expect((await apply(host(), reversed)).changes["fresh1"] ?? []).toEqual([]);
  });

  it.each<[string, string, string]>([
    [
      "a kind that nobody defines",
      "kind: Gateway\napi_version: example.net/v1\nname: x",
      "k8s: the API knows no kind Gateway of example.net/v1; install what defines it first",
    ],
    ["a file that is not there", "src: /srv/none.yaml\nremote_src: true", "k8s: there is no file /srv/none.yaml on the host"],
    [
      "a kubectl that is not there",
      "kubectl: /usr/local/bin/k3s kubectl\nkind: Namespace\nname: x",
      'there is no /usr/local/bin/k3s on the host; install it first, or name another with "kubectl"',
    ],
    [
      "an API that does not answer",
      "context: stand-in\nkubectl: kubectl --server=http://127.0.0.1:9\nkind: Namespace\nname: x",
      'kubectl get Namespace x: error: unable to recognize "STDIN": Get "http://127.0.0.1:9/api?timeout=32s": dial tcp 127.0.0.1:9: connect: connection refused',
    ],
  ])("refuses %s", async (_name, more, message) => {
    api().writes.length = 0;
    const report = await apply(host(), play(task("Refused", more)), { rc: 2 });
    expect(failuresOf(report)).toEqual([message]);
    expect(api().writes).toEqual([]);
  });

  it("would change what an earlier task's kubectl reaches", async () => {
    const install = "- name: Install\n  copy: { dest: /usr/local/bin/k3s, content: '#!/bin/sh', mode: '0755' }\n";
    const check = await apply(
      host(),
      play(install + task("Later", "kubectl: /usr/local/bin/k3s kubectl\nkind: Namespace\nname: x")),
      { check: true },
    );
    expect(check.changes["fresh1"]).toEqual(["Install", "Later"]);
  });
});

// Debian has no helm. This one keeps releases in files; it says what it is.
const STAND_IN_HELM = `#!/bin/sh
state=/var/lib/helm-stand-in; mkdir -p $state
command=$1; shift
case $command in
version) echo 'v3.0.0-stand-in (a shell script for tests)';;
list)
  for word; do case $word in ^*) name=\${word#^}; name=\${name%\\$};; esac; done
  [ -f $state/$name ] && echo "[$(cat $state/$name)]" || echo '[]';;
get) cat $state/$2.values;;
uninstall) rm $state/$1 $state/$1.values;;
upgrade)
  shift 2; name=$1 chart=\${2##*/} version=1.0.0
  for word; do case $word in --version=*) version=\${word#*=};; esac; done
  cat >$state/$name.values
  printf '{"name":"%s","chart":"%s-%s","app_version":"1","status":"deployed","revision":"1"}' $name $chart $version >$state/$name;;
*) echo "unknown command $command" >&2; exit 1;;
esac
`;

describe("helm", { timeout: 240_000 }, () => {
  const host = freshHost();
  beforeAll(async () => {
    await host().read(
      `cat >/usr/local/bin/helm <<'END'\n${STAND_IN_HELM}END\nchmod 755 /usr/local/bin/helm; mkdir /var/lib/helm-stand-in`,
    );
    await host().read("echo 'replicas: 1' >/etc/values.yaml");
  });

  it("keeps its promises", async () => {
    const tasks = (state: string): string =>
      play(`- name: Release
  helm:
    name: cert-manager
    namespace: certs
    chart_ref: jetstack/cert-manager
    chart_version: v1.16.2
    values_files: [/etc/values.yaml]
    values: { token: s3cret-value }
    state: ${state}`);
    await converges(host(), tasks("present"), {
      changed: ["Release"],
      disturb: [
        { by: "echo '{}' >/var/lib/helm-stand-in/cert-manager.values", repairedBy: "Release" },
        { by: "sed -i s/v1.16.2/v1.16.1/ /var/lib/helm-stand-in/cert-manager", repairedBy: "Release" },
      ],
      absent: tasks("absent"),
    });
  });

  it("would install what an earlier task's helm can, and refuses without one", async () => {
    const release = "- name: Release\n  helm: { name: x, namespace: y, chart_ref: z, binary_path: /opt/helm }";
    const check = await apply(host(), play(`- name: Helm\n  copy: { dest: /opt/helm, content: '', mode: '0755' }\n${release}`), {
      check: true,
    });
    expect(check.changes["fresh1"]).toEqual(["Helm", "Release"]);
    expect(failuresOf(await apply(host(), play(release), { rc: 2 }))).toEqual([
      'there is no /opt/helm on the host; install it first, or name another with "binary_path"',
    ]);
  });
});
