import { execFile } from "node:child_process";
import { connect } from "node:net";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { WHEEL_PASSWORD } from "./host.ts";
import { freshHost, withHosts } from "./pool.ts";
import { repository } from "./run.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

describe("a test host", () => {
  const host = freshHost({ ports: [8080] });

  it("is a booted system without Python", async () => {
    expect(await host().read("systemctl is-system-running; ps -o comm= 1; cat /etc/hostname")).toBe("running\nsystemd\nfresh1");
    expect((await host().exec("command -v python3")).rc).toBe(127);
  });

  it("keeps its control groups to itself", async () => {
    await host().read("systemctl restart cron.service");
    const [other] = withHosts(1);
    expect(await other?.read("systemctl is-active cron.service")).toBe("active");
  });

  it("knows its users", async () => {
    expect(await host().exec("sudo -n id -u", "deploy")).toEqual({ rc: 0, stdout: "0\n", stderr: "" });
    expect((await host().exec("sudo -n id -u", "wheel-pw")).rc).toBe(1);
    expect((await host().exec(`echo '${WHEEL_PASSWORD}' | sudo -S -p '' id -u`, "wheel-pw")).stdout).toBe("0\n");
  });

  it("publishes further ports", async () => {
    const port = host().publishedPort(8080);
    expect(port).toBeGreaterThan(0);
    expect(() => host().publishedPort(9090)).toThrow('fresh1: port 9090 is not published; name it in "ports" of startHost');
  });

  it("has kernel settings of the network for itself", async () => {
    await host().read("sysctl -w net.ipv4.conf.all.log_martians=1");
    const [other] = withHosts(1);
    expect(await other?.read("sysctl -n net.ipv4.conf.all.log_martians")).toBe("0");
  });

  it("does not keep a program alive that has looked inside", async () => {
    const module = JSON.stringify(new URL("inside.ts", import.meta.url).href);
    const program = `import { runInside } from ${module}; runInside(process.argv[1], ["hostname"]).then((said) => process.stdout.write(said.stdout));`;
    const ended = promisify(execFile)("npx", ["tsx", "--eval", program, host().containerId], {
      cwd: repository,
      timeout: 20_000,
    });
    expect((await ended).stdout).toBe("fresh1\n");
  });

  it("freezes and goes on", async () => {
    await host().pause();
    expect(await greeting(host().address, host().port)).toBe("");
    await host().resume();
    expect(await greeting(host().address, host().port)).toMatch(/^SSH-2\.0-/);
  });

  it("comes back from a power cut at the same address, with its disk and its host key", async () => {
    const key = await host().read("echo survives >/root/mark; sync; cat /etc/ssh/ssh_host_ed25519_key.pub");
    await host().kill();
    expect(await greeting(host().address, host().port)).toBe("");
    await host().start();
    expect(await host().read("cat /root/mark; cat /etc/ssh/ssh_host_ed25519_key.pub")).toBe(`survives\n${key}`);
  });
});

describe("snapshots", () => {
  const host = freshHost();

  it("do not differ while nobody does anything", async () => {
    const before = await host().snapshot();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(diffSnapshots(before, await host().snapshot(), { by: "written" })).toEqual([]);
  });

  it("tell every kind of change", async () => {
    // Where useradd and systemctl keep what the lines about the account and the unit already say.
    const ignore = ["/etc/passwd", "/etc/shadow", "/etc/systemd", ...[2, 3, 4, 5].map((level) => `/etc/rc${level}.d`)];
    const before = await host().snapshot();
    await host().read(
      [
        "chmod 600 /etc/issue",
        "chown deploy /etc/issue.net",
        "echo more >>/etc/motd",
        "rm /etc/skel/.profile",
        "mkdir /opt/new",
        "ln -s /opt/new '/opt/l é'",
        "useradd --system --no-create-home --no-user-group --gid nogroup bob",
        "systemctl stop cron.service",
        "systemctl disable cron.service",
        "sysctl -w net.ipv4.tcp_syncookies=2",
      ].join(" && "),
    );
    expect(diffSnapshots(before, await host().snapshot(), { ignore })).toEqual([
      "changed /etc/issue: mode 644 -> 600",
      "changed /etc/issue.net: owner root:root -> deploy:root",
      "changed /etc/motd: contents",
      "removed /etc/skel/.profile",
      "added /opt/l é",
      "added /opt/new",
      "changed unit cron.service: enabled active -> disabled inactive",
      "added user bob",
      "changed sysctl net.ipv4.tcp_syncookies: 1 -> 2",
    ]);
  });

  it("see a write that put the same contents back only when asked to", async () => {
    const before = await host().snapshot();
    await host().read("cp -a /etc/motd /etc/motd.new && mv /etc/motd.new /etc/motd && systemctl restart ssh.service");
    const after = await host().snapshot();
    expect(diffSnapshots(before, after)).toEqual([]);
    expect(diffSnapshots(before, after, { by: "written" })).toEqual([
      "changed /etc: was written, with the same result",
      "changed /etc/motd: was written, with the same result",
      "changed unit ssh.service: was started again",
    ]);
  });
});

/** What an SSH server says first; empty when nothing answers within a second. */
function greeting(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const done = (text: string) => {
      socket.destroy();
      resolve(text);
    };
    socket.once("data", (chunk: Buffer) => done(chunk.toString("latin1")));
    for (const event of ["timeout", "error", "close"] as const) socket.once(event, () => done(""));
  });
}
