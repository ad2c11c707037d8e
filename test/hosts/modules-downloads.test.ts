import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { findModule } from "../../src/modules/registry.ts";
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
