import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { findModule } from "../../src/modules/registry.ts";
import { fingerprintsOf } from "../../src/modules/support/packages/signing-key.ts";
import { withArtifactServer } from "./artifact-server.ts";
import { apply, type RunReport } from "./cli.ts";
import { containerById } from "./container.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { freshHost } from "./pool.ts";

const host = freshHost();
const server = withArtifactServer();

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const play = (tasks: readonly string[], more = "become: true"): string =>
  `- hosts: all\n  gather_facts: false\n  ${more}\n  tasks:\n${tasks.map((task) => `    - { ${task} }\n`).join("")}`;
const absent = (...paths: readonly string[]): string =>
  play([`file: { path: '{{ item }}', state: absent }, loop: [${paths.join(", ")}]`]);

const reported = z.object({
  tasks: z.array(z.object({ results: z.array(z.object({ result: z.looseObject({ msg: z.string().optional() }) })) })),
});

/** What the last task of a run said. */
const lastWords = (report: RunReport): string =>
  reported.parse(JSON.parse(report.stdout)).tasks.at(-1)?.results[0]?.result.msg ?? "";

/** What a task said that failed. */
async function failure(task: string, on: TestHost = host(), more?: string): Promise<string> {
  return lastWords(await apply(on, play([task], more), { rc: 2 }));
}

describe("get_url", () => {
  it("converges: with a list of checksums over HTTPS, by a checksum, and without", { timeout: 400_000 }, async () => {
    const { http, https, authority } = server();
    server().serve("/v1/tool", "#!/bin/sh\necho tool\n");
    server().serve("/v1/sums.txt", `${sha256("x")}  other\n${sha256("#!/bin/sh\necho tool\n")}  tool\n`);
    server().serve("/data", "data");
    server().serve("/plain", "plain");
    const tasks = [
      `name: authority, copy: { dest: /etc/authority.pem, content: ${JSON.stringify(authority)}, mode: '0644' }`,
      `name: folder, file: { path: /srv/bin, state: directory }`,
      `name: listed, get_url: { url: '${https}/v1/tool', dest: /srv/bin/, checksum: 'sha256:${https}/v1/sums.txt', ca_path: /etc/authority.pem, mode: '0755' }`,
      `name: known, get_url: { url: '${http}/data', dest: /srv/data, checksum: 'sha256:${sha256("data")}', owner: deploy, group: deploy, mode: '0640' }`,
      `name: any, get_url: { url: '${http}/plain', dest: /srv/plain }`,
    ];
    await converges(host(), play(tasks), {
      changed: ["authority", "folder", "listed", "known", "any"],
      disturb: [
        { by: "chmod 700 /srv/bin/tool", repairedBy: "listed" },
        { by: "echo x >>/srv/bin/tool", repairedBy: "listed" },
        { by: "chown root /srv/data", repairedBy: "known" },
      ],
      absent: absent("/etc/authority.pem", "/srv/bin", "/srv/data", "/srv/plain"),
    });
    expect(server().requests.filter((one) => one.path === "/plain")).toHaveLength(1);
  });

  it("may change what it is forced to download, and says afterwards whether it did", async () => {
    server().serve("/f", "one");
    const text = play([`name: f, get_url: { url: '${server().http}/f', dest: /srv/f, force: true }`]);
    const { name } = host();
    const changes = async (check: boolean) => {
      const report = await apply(host(), text, { check });
      return [report.changes[name] ?? [], report.stdout.includes("only the download tells")];
    };
    expect((await changes(true))[0]).toEqual(["f"]);
    expect(await changes(false)).toEqual([["f"], false]);
    expect((await changes(true))[0]).toEqual(["f"]);
    expect(await changes(false)).toEqual([[], false]);
    server().serve("/f", "two");
    expect(await changes(false)).toEqual([["f"], false]);
    expect(await host().read("cat /srv/f")).toBe("two");
  });

  it("lets later tasks of a dry run wait for what a download holds", async () => {
    server().serve("/g", "text");
    const text = play([
      `name: get, get_url: { url: '${server().http}/g', dest: /srv/g }`,
      `name: use, copy: { src: /srv/g, dest: /srv/g2, remote_src: true }`,
    ]);
    const checked = await apply(host(), text, { check: true });
    const applied = await apply(host(), text);
    expect(checked.changes).toEqual(applied.changes);
    expect(await host().read("cat /srv/g2")).toBe("text");
  });

  it("has the control node download for a host without curl and wget", async () => {
    const body = "handed over\n".repeat(300_000);
    server().serve("/big", body);
    server().serve("/sums", `${sha256(body)}  big\n`);
    await host().read("mv /usr/bin/curl /usr/bin/curl.away");
    try {
      const { http } = server();
      const text = play([`name: big, get_url: { url: '${http}/big', dest: /srv/big, checksum: 'sha256:${http}/sums' }`]);
      expect((await apply(host(), text)).changes[host().name]).toEqual(["big"]);
      expect((await apply(host(), text)).changes[host().name] ?? []).toEqual([]);
      expect(await host().read("sha256sum </srv/big")).toBe(`${sha256(body)}  -`);
      expect(server().requests.filter((one) => one.path === "/big")).toHaveLength(1);
      expect(await failure(`uri: { url: '${http}/big' }`)).toContain(
        "the host has neither curl nor GNU wget; install curl there, or ask from the control node with delegate_to: localhost",
      );
    } finally {
      await host().read("mv /usr/bin/curl.away /usr/bin/curl");
    }
  });

  it("leaves the host unharmed when it cannot do its work", async () => {
    const { http } = server();
    server().serve("/large", "x".repeat(1_000_000));
    await host().read("mkdir -p /srv/small && mount -t tmpfs -o size=256k none /srv/small && echo old >/srv/small/f");
    try {
      const full = await failure(
        `get_url: { url: '${http}/large', dest: /srv/small/f, checksum: 'sha256:${sha256("x".repeat(1_000_000))}' }`,
      );
      expect(full).toMatch(/Request failed: could not write all of it to \/srv\/small\/\.k3sprov\.\w+; is the disk full\?: http/);
      expect(await host().read("cat /srv/small/f; ls -A /srv/small")).toBe("old\nf");
    } finally {
      await host().read("umount /srv/small");
    }
    const bad = await failure(`get_url: { url: '${http}/large', dest: /srv/l, checksum: 'sha256:${"0".repeat(64)}' }`);
    expect(bad).toContain(
      `The checksum for /srv/l did not match ${"0".repeat(64)}; it was ${sha256("x".repeat(1_000_000))}. Nothing was changed`,
    );
    expect(await failure(`get_url: { url: '${http}/none', dest: /srv/l }`)).toContain(
      `Request failed: HTTP Error 404: Not Found: ${http}/none`,
    );
    expect(await failure(`get_url: { url: '${http}/large', dest: /srv/no/l }`)).toContain(
      "Destination directory /srv/no does not exist",
    );
    expect(await failure(`get_url: { url: '${http}/large', dest: /etc/l }`, host().as("deploy"), "become: false")).toContain(
      "cannot make a temporary directory in /etc",
    );
    expect(
      await host().read("ls -A /srv | grep -e k3sprov -e '^l$' || true; ls -A /etc | grep -e k3sprov -e '^l$' || true"),
    ).toBe("");
  });
});

describe("uri", () => {
  it("asks from the host, from the control node, and puts what comes into a file", async () => {
    const { http } = server();
    server().serve("/v", { body: '{"channel": "v1.31"}', headers: { "content-type": "application/json" } });
    const text = `- hosts: all
  gather_facts: false
  become: true
  tasks:
    - uri: { url: '${http}/v' }
      register: asked
    - name: use
      copy: { dest: /srv/channel, content: "{{ asked.json.channel }} {{ asked.status }} {{ asked.content_type }}" }
    - uri: { url: '${http}/v' }
      delegate_to: localhost
      become: false
    - name: store
      uri: { url: '${http}/v', dest: /srv/v.json, mode: '0600' }
    - uri: { url: '${http}/v', creates: /srv/v.json }
`;
    const local = { vars: {} };
    const { name } = host();
    expect((await apply(host(), text, local)).changes[name]).toEqual(["use", "store"]);
    expect(await host().read("cat /srv/channel")).toBe("v1.31 200 application/json");
    expect(await host().read("stat -c %a /srv/v.json")).toBe("600");
    const hosts = new Set(server().requests.map((one) => one.headers["user-agent"]));
    expect(server().requests).toHaveLength(3);
    expect([...hosts]).toEqual(["ansible-httpget"]);
    expect((await apply(host(), text, local)).changes[name] ?? []).toEqual([]);
  });

  it("leaves the host unharmed when it cannot put down what came", async () => {
    const { http } = server();
    server().serve("/large", "x".repeat(1_000_000));
    await host().read("mkdir -p /srv/small && mount -t tmpfs -o size=256k none /srv/small && echo old >/srv/small/f");
    try {
      expect(await failure(`uri: { url: '${http}/large', dest: /srv/small/f }`)).toBe(
        "could not write all of /srv/small/f; is the disk full? Nothing was changed",
      );
      expect(await host().read("cat /srv/small/f; ls -A /srv/small")).toBe("old\nf");
    } finally {
      await host().read("umount /srv/small");
    }
    expect(await failure(`uri: { url: '${http}/large', dest: /etc/l }`, host().as("deploy"), "become: false")).toBe(
      "cannot make a temporary directory in /etc",
    );
    for (const [dest, parent] of [
      ["/srv/nowhere/l", "/srv/nowhere"],
      ["/proc", "/proc"],
    ])
      expect(await failure(`uri: { url: '${http}/large', dest: ${dest} }`)).toBe(
        `cannot make a temporary directory in ${parent}`,
      );
    expect(await host().read("ls -A /etc /srv /tmp | grep -e k3sprov -e '^l$' || :")).toBe("");
  });
});

describe("through a proxy", () => {
  // tinyproxy on 8888, and on 8889 one that asks for ann's password; it has GNU wget besides.
  const proxy = freshHost({ image: "proxy", ports: [8888] });
  const away = "mv /usr/bin/curl /usr/bin/curl.away";
  const back = "[ -e /usr/bin/curl ] || mv /usr/bin/curl.away /usr/bin/curl";
  const setting = (url: string, more = ""): string => `environment: { http_proxy: '${url}', https_proxy: '${url}'${more} }`;
  const open = (): string => `http://${proxy().internalAddress}:8888`;
  const closed = (password: string): string => `http://ann:${password}@${proxy().internalAddress}:8889`;
  /** What the proxy was asked since it was asked this last. */
  const proxied = async (log = "open"): Promise<string[]> => {
    const file = `/var/log/tinyproxy/${log}.log`;
    const lines = await proxy().read(`sed -n 's/.*Request (file descriptor [0-9]*): \\(.*\\) HTTP.*/\\1/p' ${file}; : >${file}`);
    return lines.split("\n").filter((line) => line !== "");
  };
  const direct = (): string[] =>
    server()
      .requests.filter(({ secure, headers }) => !secure && headers["via"] === undefined)
      .map(({ path }) => path);

  it.each(["curl", "wget"])("a host with %s goes where the task's environment says", { timeout: 300_000 }, async (tool) => {
    const on = tool === "curl" ? host() : proxy();
    const { http, https, authority } = server();
    const { hostname, port } = new URL(https);
    for (const path of ["/v/tool", "/plain", "/asked", "/a", "/b", "/c", "/d"]) server().serve(path, path);
    server().serve("/sums", `${sha256("/v/tool")}  tool\n`);
    await on.read(`rm -rf /srv/p; mkdir /srv/p; cat >/srv/p/ca.pem <<'END'\n${authority}END`);
    if (tool === "wget") await on.read(away);
    try {
      await proxied();
      const through = setting(open());
      await apply(
        on,
        play([
          `${through}, get_url: { url: '${http}/plain', dest: /srv/p/plain }`,
          `${through}, get_url: { url: '${https}/v/tool', dest: /srv/p/tool, ca_path: /srv/p/ca.pem }`,
          `${through}, get_url: { url: '${http}/v/tool', dest: /srv/p/listed, checksum: 'sha256:${http}/sums' }`,
          `${through}, uri: { url: '${http}/asked' }`,
          `environment: { HTTP_PROXY: '${open()}' }, uri: { url: '${http}/asked' }`,
        ]),
      );
      const seen = await proxied();
      const tunnel = `CONNECT ${hostname}:${port}`;
      expect(seen.filter((line) => line !== `GET ${http}/sums`)).toEqual([
        `GET ${http}/plain`,
        tunnel,
        `GET ${http}/v/tool`,
        `GET ${http}/asked`,
        `GET ${http}/asked`,
      ]);
      expect(seen).toContain(`GET ${http}/sums`);
      expect(await on.read("cat /srv/p/plain /srv/p/tool /srv/p/listed")).toBe("/plain/v/tool/v/tool");
      expect(direct()).toEqual([]);

      await apply(
        on,
        play([
          `${through}, get_url: { url: '${http}/a', dest: /srv/p/a, use_proxy: false }`,
          `${setting(open(), `, no_proxy: 'x,${hostname}'`)}, get_url: { url: '${http}/b', dest: /srv/p/b }`,
          `${setting(open(), `, NO_PROXY: '${hostname.replace(/\.\d+$/, ".0")}/24'`)}, uri: { url: '${http}/c' }`,
          `${through}, uri: { url: '${http}/d', use_proxy: false }`,
          `${through}, get_url: { url: '${https}/v/tool', dest: /srv/p/tool2, checksum: 'sha256:${http}/sums', use_proxy: false, validate_certs: false }`,
        ]),
      );
      expect(await proxied()).toEqual([]);
      expect(direct()).toEqual(expect.arrayContaining(["/a", "/b", "/c", "/d", "/sums"]));
    } finally {
      await on.read(back);
    }
  });

  it("the control node does so too when it downloads", { timeout: 120_000 }, async () => {
    const { http, https } = server();
    const { hostname, port } = new URL(https);
    for (const path of ["/one", "/two", "/three"]) server().serve(path, path);
    const published = `http://${proxy().address}:${proxy().publishedPort(8888)}`;
    await proxied();
    await host().read(away);
    try {
      const text = play([
        `${setting(published)}, get_url: { url: '${http}/one', dest: /srv/one }`,
        `${setting(published)}, get_url: { url: '${https}/two', dest: /srv/two, validate_certs: false }`,
        `${setting(published)}, get_url: { url: '${http}/three', dest: /srv/three, use_proxy: false }`,
      ]);
      await apply(host(), text);
      expect(await proxied()).toEqual([`GET ${http}/one`, `CONNECT ${hostname}:${port}`]);
      expect(direct()).toEqual(["/three"]);
      expect(await host().read("cat /srv/one /srv/two /srv/three")).toBe("/one/two/three");
      const refused = `${setting("http://ann:gehe1m@127.0.0.1:9")}, get_url: { url: '${https}/two', dest: /srv/no }`;
      expect(await failure(refused)).toBe(
        `the control node could not download ${https}/two: connect ECONNREFUSED 127.0.0.1:9 (through the proxy http://ann:********@127.0.0.1:9)`,
      );
    } finally {
      await host().read(back);
    }
  });

  it("keys of repositories come through it as well", { timeout: 120_000 }, async () => {
    const ring = Buffer.from(await proxy().read("base64 -w0 /usr/share/keyrings/debian-archive-bookworm-stable.gpg"), "base64");
    const { http } = server();
    server().serve("/key.gpg", ring);
    await proxied();
    const source = `name: x, uris: 'http://deb.invalid', suites: stable, components: main, signed_by: '${http}/key.gpg'`;
    const task = `${setting(open())}, deb822_repository: { ${source}, signed_by_fingerprint: '${fingerprintsOf(ring)?.join() ?? ""}' }`;
    for (const helper of ["/usr/lib/apt/apt-helper", "curl", "wget"]) {
      // Without apt's helper it is curl that asks, and without curl wget.
      await apply(proxy(), play([task]));
      expect(await proxied(), helper).toEqual([`GET ${http}/key.gpg`]);
      expect(
        await proxy().read(
          "rm /etc/apt/sources.list.d/x.sources; sha256sum </etc/apt/keyrings/x.gpg; rm /etc/apt/keyrings/x.gpg",
        ),
        helper,
      ).toBe(`${createHash("sha256").update(ring).digest("hex")}  -`);
      await proxy().read(helper === "curl" ? away : helper === "wget" ? back : `mv ${helper} ${helper}.away`);
    }
    await proxy().read("mv /usr/lib/apt/apt-helper.away /usr/lib/apt/apt-helper");
    expect(direct()).toEqual([]);
  });

  it.each(["curl", "wget"])("no list of processes shows the proxy's password to %s", { timeout: 120_000 }, async (tool) => {
    const on = tool === "curl" ? host() : proxy();
    server().serve("/slow", { body: "x", delayMs: 3000 });
    if (tool === "wget") await on.read(away);
    try {
      await proxied("closed");
      const looking = on.read(`n=0; while [ $n -lt 400 ]; do n=$((n + 1))
for p in /proc/[0-9]*; do
[ "$(cat $p/comm 2>/dev/null)" = ${tool} ] && grep -q piece $p/cmdline && { tr '\\0' ' ' <$p/cmdline; echo; grep -al 'gehe[1]m' /proc/[0-9]*/cmdline; exit 0; }
done; sleep 0.05; done; exit 1`);
      const url = `${server().http}/slow`;
      const [shown] = await Promise.all([
        looking,
        apply(on, play([`${setting(closed("gehe1m"))}, get_url: { url: '${url}', dest: /srv/slow, force: true }`])),
      ]);
      expect(shown.split("\n")).toEqual([expect.stringContaining(`${tool} `)]);
      expect(await proxied("closed")).toContain(`GET ${url}`);

      const { https } = server();
      const nameless = closed("x").replace("ann:x@", "");
      expect(await failure(`${setting(nameless)}, uri: { url: '${url}' }`, on)).toBe(
        "Status code was 407 and not [200]: HTTP Error 407: Proxy Authentication Required",
      );
      // tinyproxy's word for a wrong password.
      const tasks = [
        [`get_url: { url: '${url}', dest: /srv/no }`, `Request failed: HTTP Error 401: Unauthorized: ${url}`],
        [
          `get_url: { url: '${https}/x', dest: /srv/no, validate_certs: false }`,
          `(through the proxy ${closed("********")}): ${https}/x`,
        ],
        [`uri: { url: '${https}/x', validate_certs: false }`, `(through the proxy ${closed("********")})`],
      ] as const;
      for (const [task, message] of tasks) {
        const said = await failure(`${setting(closed("verkehr7"))}, ${task}`, on);
        expect(said).toContain(message);
        expect(said).not.toContain("verkehr7");
      }
    } finally {
      await on.read(back);
    }
  });
});

describe("reboot and wait_for_connection", () => {
  const isRunning = async (): Promise<boolean> => (await (await containerById(host().containerId)).inspect()).State.Running;

  /** Plays the firmware: a container that has gone down is started again. */
  async function startedAgain(): Promise<void> {
    while (await isRunning()) await new Promise((resolve) => setTimeout(resolve, 100));
    await host().start();
  }

  it("reboots, and goes on when the host is back", async () => {
    const before = await host().read("cut -d' ' -f22 /proc/1/stat; touch /run/before");
    const text = play([
      "name: down and up, reboot: { reboot_timeout: 60 }",
      "name: after, copy: { dest: /srv/after, content: x }",
    ]);
    expect((await apply(host(), text, { check: true })).changes[host().name]).toEqual(["down and up", "after"]);
    expect(await host().read("ls /run/before")).toBe("/run/before");
    const [report] = await Promise.all([apply(host(), text), startedAgain()]);
    expect(report.changes[host().name]).toEqual(["down and up", "after"]);
    expect(await host().read("cut -d' ' -f22 /proc/1/stat")).not.toBe(before);
    expect((await host().exec("ls /run/before")).rc).not.toBe(0);
  });

  it("is not done while the host has not been down", async () => {
    expect(await failure("reboot: { reboot_timeout: 5, reboot_command: 'true' }")).toContain(
      "timed out waiting for the reboot after 5 s; the last attempt: the host answers, but has not been down",
    );
  });

  it("does not reboot as a user who may not", async () => {
    expect(await failure("reboot: {}", host().as("deploy"), "become: false")).toContain("the reboot command failed: ");
    expect(await isRunning()).toBe(true);
  });

  it("waits for a host that is not up", async () => {
    await host().kill();
    const text = play(["name: wait, wait_for_connection: { timeout: 60 }", "name: then, copy: { dest: /srv/then, content: x }"]);
    const later = new Promise((resolve) => setTimeout(resolve, 1500)).then(() => host().start());
    const [report] = await Promise.all([apply(host(), text), later]);
    expect(report.changes[host().name]).toEqual(["then"]);
  });

  it("gives up on one that stays away", async () => {
    await host().kill();
    expect(await failure("wait_for_connection: { timeout: 3 }")).toContain(
      "timed out waiting for the host after 3 s; the last attempt: ",
    );
    await host().start();
  });
});

describe("the examples", () => {
  it.each(["get_url", "uri", "wait_for_connection", "reboot"])("of %s run as they stand", async (name) => {
    const example = findModule(name)?.example ?? "";
    const tasks = example.replace(/^/gm, "    ");
    await apply(host(), `- hosts: all\n  gather_facts: false\n  become: true\n  tasks:\n${tasks}\n`);
  });
});
