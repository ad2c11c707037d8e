import { describe, expect, it } from "vitest";
import { apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import { failureOf } from "./messages.ts";
import { play } from "./play.ts";
import { freshHost } from "./pool.ts";

const changesOf = (report: RunReport): readonly string[] => report.changes["fresh1"] ?? [];

// The image has /etc/init.d/demo, an openrc-run script of a supervised daemon that sleeps, and crond as Alpine has it.
describe("OpenRC", () => {
  const host = freshHost({ image: "openrc" });

  it("services are started, enabled in a runlevel, restarted when what they read has changed", { timeout: 500_000 }, async () => {
    await converges(
      host(),
      play(`- name: Settings
  copy: { dest: /etc/demo.conf, content: "x=1\\n" }
- name: Service
  service: { name: demo, state: started, enabled: true, restart_when_changed: [/etc/demo.conf] }
- name: At boot
  service: { name: savecache, enabled: true, runlevel: boot }`),
      {
        changed: ["Settings", "Service", "At boot"],
        disturb: [
          { by: "rc-service demo stop", repairedBy: "Service" },
          { by: "rc-update delete demo default", repairedBy: "Service" },
          { by: "kill -9 $(cat /run/demo.pid); pkill -9 -f 'sleep 1000000'", repairedBy: "Service" },
          { by: "sleep 0.1; touch /etc/demo.conf", repairedBy: "Service" },
          { by: "rc-update delete savecache boot", repairedBy: "At boot" },
        ],
      },
    );
    // Enabled elsewhere is not enabled there.
    await host().read("rc-update delete savecache boot; rc-update add savecache default");
    const again = play("- name: At boot\n  service: { name: savecache, enabled: true, runlevel: boot }");
    expect(changesOf(await apply(host(), again))).toEqual(["At boot"]);
    const gone = play(`- name: Service
  service: { name: demo, state: stopped, enabled: false }
- name: At boot
  service: { name: savecache, enabled: false, runlevel: boot }`);
    expect(changesOf(await apply(host(), gone))).toEqual(["Service", "At boot"]);
    expect(changesOf(await apply(host(), gone))).toEqual([]);
    expect(await host().read("ls /etc/runlevels/*/demo /etc/runlevels/boot/savecache 2>/dev/null | wc -l")).toBe("0");
  });

  it("are restarted and reloaded each time when told to", async () => {
    const task = (state: string): string => play(`- name: Service\n  service: { name: demo, state: ${state}, sleep: 0 }`);
    for (const state of ["restarted", "reloaded", "reloaded"])
      expect(changesOf(await apply(host(), task(state)))).toEqual(["Service"]);
    expect(await host().read("cat /run/demo.reloaded | wc -l; rc-service -q demo status && echo runs")).toContain("1\n");
  });

  it("that an earlier task would bring are foreseen", async () => {
    const text = play(`- name: Script
  copy: { dest: /etc/init.d/later, mode: "0755", content: "#!/sbin/openrc-run\\ncommand=/bin/sleep\\ncommand_args=1000003\\ncommand_background=true\\npidfile=/run/later.pid\\n" }
- name: Service
  service: { name: later, state: started, enabled: true }`);
    expect(changesOf(await apply(host(), text, { check: true }))).toEqual(["Script", "Service"]);
    expect(changesOf(await apply(host(), text))).toEqual(["Script", "Service"]);
    expect(changesOf(await apply(host(), text))).toEqual([]);
  });

  it.each([["{ name: nope, state: started }", "Could not find the requested service nope: host"]])(
    "refuses %s",
    async (task, message) => {
      expect(failureOf(await apply(host(), play(`- service: ${task}`), { rc: 2 }))).toBe(message);
    },
  );

  it("says what rc-update says of a runlevel that is not there", async () => {
    const report = await apply(host(), play("- service: { name: demo, enabled: true, runlevel: nowhere }"), { rc: 2 });
    expect(failureOf(report)).toContain("nowhere");
  });

  it("says why a service does not start", async () => {
    await host().read(
      "printf '#!/sbin/openrc-run\\nstart() { eerror no such luck; return 1; }\\n' > /etc/init.d/broken; chmod 755 /etc/init.d/broken",
    );
    expect(failureOf(await apply(host(), play("- service: { name: broken, state: started }"), { rc: 2 }))).toContain(
      "no such luck",
    );
  });

  it("is told by service_facts and getent", async () => {
    const report = await apply(
      host(),
      play(`- service_facts:
- getent: { database: passwd, key: root }
- assert:
    that:
      - services.crond == crond
      - services.savecache.state == 'stopped' and services.ssh.state == 'started'
      - getent_passwd.root[5] == '/bin/ash'
  vars:
    crond: { name: crond, state: started, runlevels: [default], source: openrc }`),
    );
    expect(report.hosts["fresh1"]).toMatchObject({ failed: 0, changed: 0 });
  });
});

describe("cron on a busybox host", () => {
  const host = freshHost({ image: "openrc" });

  it("converges with busybox' crontab", async () => {
    await converges(
      host(),
      play(`- name: Job
  cron: { name: sweep, minute: "5", job: /bin/true }
- name: Variable
  cron: { name: MAILTO, env: true, job: root }
- name: Somebody's
  cron: { name: theirs, user: deploy, special_time: daily, job: /bin/true }
- name: File
  cron: { name: filed, user: root, cron_file: /etc/crontab.d, job: /bin/true }`),
      {
        changed: ["Job", "Variable", "Somebody's", "File"],
        disturb: [{ by: "crontab -l | sed 's/^5 /6 /' | crontab -", repairedBy: "Job" }],
        absent: play(`- cron: { name: sweep, state: absent }
- cron: { name: MAILTO, env: true, state: absent }
- cron: { name: theirs, user: deploy, state: absent }
- cron: { name: filed, cron_file: /etc/crontab.d, state: absent }`),
        // cron.update, by which busybox' crontab tells crond what to read again.
        ignore: ["/var/spool/cron/crontabs"],
      },
    );
  });
});

// On a host of their own: crond takes what the test above left for it away when its minute comes.
describe("settings of a busybox host", () => {
  const host = freshHost({ image: "openrc" });

  it("timezone and hostname", async () => {
    await host().read("mkdir -p /etc/conf.d; printf 'hostname=\"fresh1\"\\n' > /etc/conf.d/hostname");
    await converges(
      host(),
      play(`- name: Zone
  timezone: { name: Europe/Vienna }
- name: Name
  hostname: { name: box }
- name: Name of OpenRC
  hostname: { name: box, use: openrc }`),
      {
        changed: ["Zone", "Name", "Name of OpenRC"],
        disturb: [
          { by: "hostname other", repairedBy: "Name" },
          { by: "ln -sfn /usr/share/zoneinfo/Etc/UTC /etc/localtime", repairedBy: "Zone" },
        ],
      },
    );
    expect(await host().read("cat /etc/conf.d/hostname; date +%Z")).toMatch(/^hostname="box"\nCES?T$/);
  });

  it("sysvinit, with a script of Debian's", async () => {
    const task = play("- name: ssh\n  sysvinit: { name: ssh, state: started }");
    expect(changesOf(await apply(host(), task))).toEqual([]);
  });
});
