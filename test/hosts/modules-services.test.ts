import { describe, expect, it } from "vitest";
import { alternatives } from "../../src/modules/services/alternatives.ts";
import { cron } from "../../src/modules/services/cron.ts";
import { service } from "../../src/modules/services/service.ts";
import { serviceFacts } from "../../src/modules/services/service-facts.ts";
import { systemd } from "../../src/modules/services/systemd.ts";
import { sysvinit } from "../../src/modules/services/sysvinit.ts";
import { getent } from "../../src/modules/system/getent.ts";
import { hostname } from "../../src/modules/system/hostname.ts";
import { timezone } from "../../src/modules/system/timezone.ts";
import { apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import { failureOf } from "./messages.ts";
import { freshHost } from "./pool.ts";

const play = (tasks: string, more = "become: true"): string => `
- hosts: all
  ${more}
  gather_facts: false
  tasks:
${tasks.replace(/^/gm, "    ")}
`;

/** Titles of the tasks that changed the host of a `describe`. */
const changesOf = (report: RunReport): readonly string[] => report.changes["fresh1"] ?? [];

const unit = (name: string, body: string, folder = "/etc/systemd/system"): string => `- name: Unit ${name}
  copy:
    dest: ${folder}/${name}
    content: |
${body.replace(/^/gm, "      ")}`;

describe("systemd units of every kind", () => {
  const host = freshHost();

  it("timers, sockets, templates and their instances, masked ones", { timeout: 500_000 }, async () => {
    await converges(
      host(),
      play(`${unit("tick.service", "[Service]\nType=oneshot\nExecStart=/bin/true")}
${unit("tick.timer", "[Timer]\nOnCalendar=yearly\n[Install]\nWantedBy=timers.target")}
${unit("talk.socket", "[Socket]\nListenStream=/run/talk\nAccept=yes\n[Install]\nWantedBy=sockets.target")}
${unit("talk@.service", "[Service]\nExecStart=/bin/cat\nStandardInput=socket")}
${unit("many@.service", "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\nDefaultInstance=one")}
${unit("old.service", "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target", "/usr/lib/systemd/system")}
- name: Timer
  systemd_service: { name: tick.timer, state: started, enabled: true }
- name: Socket
  systemd_service: { name: talk.socket, state: started, enabled: true }
- name: Template
  systemd_service: { name: many@.service, enabled: true }
- name: Instance
  service: { name: many@two, state: started, enabled: true }
- name: Static
  systemd_service: { name: tick.service, enabled: true }
- name: Masked
  systemd_service: { name: old, enabled: false, masked: true, state: stopped }`),
      {
        changed: [
          ...["tick.service", "tick.timer", "talk.socket", "talk@.service", "many@.service", "old.service"].map(
            (one) => `Unit ${one}`,
          ),
          ...["Timer", "Socket", "Template", "Instance"],
          "Masked",
        ],
        disturb: [
          { by: "systemctl stop tick.timer", repairedBy: "Timer" },
          { by: "systemctl disable talk.socket", repairedBy: "Socket" },
          // Which takes the links of the instances along.
          { by: "systemctl disable many@.service", repairedBy: ["Template", "Instance"] },
          { by: "systemctl disable many@two", repairedBy: "Instance" },
          { by: "systemctl unmask old", repairedBy: "Masked" },
        ],
      },
    );
  });

  it("an alias is enabled and disabled by the name of the unit itself", async () => {
    const task = (enabled: boolean): string => play(`- name: Alias\n  systemd: { name: sshd, enabled: ${enabled} }`);
    await host().read("systemctl enable ssh");
    expect(changesOf(await apply(host(), task(true)))).toEqual([]);
    expect(changesOf(await apply(host(), task(false)))).toEqual(["Alias"]);
    expect(await host().read("systemctl is-enabled ssh || :")).toBe("disabled");
    expect(changesOf(await apply(host(), play("- name: Real\n  systemd: { name: ssh, enabled: true }")))).toEqual(["Real"]);
  });

  it("cannot be started while they are masked, or broken", async () => {
    await host().read(
      "systemctl mask masked-one; printf '[Service]\\nType=nonsense\\n' > /etc/systemd/system/broken.service; systemctl daemon-reload",
    );
    expect(failureOf(await apply(host(), play("- systemd: { name: masked-one, state: started }"), { rc: 2 }))).toBe(
      "Unit masked-one.service is masked.",
    );
    expect(failureOf(await apply(host(), play("- systemd: { name: broken, state: started }"), { rc: 2 }))).toBe(
      "Unit broken.service cannot be used: Unit broken.service has a bad unit file setting.",
    );
  });
});

describe("a service that ends again and again", () => {
  const host = freshHost();

  it("is started at once when that has been mended, and what failed before is not counted", async () => {
    await host().read(
      `printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh /etc/loop.sh\nRestart=always\nRestartSec=300ms\n' >/etc/systemd/system/loop.service
echo exit 1 >/etc/loop.sh; systemctl daemon-reload; systemctl start loop
until [ "$(systemctl show --value -p NRestarts loop)" -ge 2 ]; do sleep 0.2; done
mkdir -p /run/systemd/system/loop.service.d; printf '[Service]\nRestartSec=600\n' >/run/systemd/system/loop.service.d/slow.conf; systemctl daemon-reload
until [ "$(systemctl show --value -p SubState loop)" = auto-restart ] && systemctl show -p RestartUSec loop | grep -q 10min; do sleep 0.2; done; sleep 1
echo exec sleep infinity >/etc/loop.sh`,
    );
    const started = play("- name: Started\n  systemd: { name: loop, state: started, restart_when_changed: [/etc/loop.sh] }");
    expect(changesOf(await apply(host(), started, { check: true }))).toEqual(["Started"]);
    expect(changesOf(await apply(host(), started))).toEqual(["Started"]);
    expect(await host().read("systemctl show --value -p SubState -p NRestarts loop | sort")).toBe("0\nrunning");
    expect(changesOf(await apply(host(), started))).toEqual([]);
  });
});

describe("the systemd of a user", () => {
  const host = freshHost();
  const tasks = `- name: Folder
  file: { path: /home/deploy/.config/systemd/user, state: directory, mode: "0755" }
${unit("mine.service", "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=default.target", "/home/deploy/.config/systemd/user")}
- name: Mine
  systemd: { name: mine, scope: user, state: started, enabled: true, restart_when_changed: [/home/deploy/.config/mine] }
- name: Reload
  systemd: { scope: user, daemon_reload: true }`;
  const asDeploy = "become: true\n  become_user: deploy";

  it("says what is missing while it does not run", async () => {
    const report = await apply(host(), play(tasks, asDeploy), { rc: 2 });
    expect(failureOf(report)).toBe(
      'the user\'s own systemd does not run (Failed to connect to bus: No such file or directory); "loginctl enable-linger USER" starts it, now and at boot',
    );
    await host().read("rm -r /home/deploy/.config");
  });

  it("is reached by become_user, though su and sudo leave no XDG_RUNTIME_DIR", async () => {
    // libpam-systemd, which test hosts lack, would set the variable for the user's systemd (and for logins, but not for su and sudo).
    await host().read(`mkdir -p /etc/systemd/system/user@.service.d
printf '[Service]\\nEnvironment=XDG_RUNTIME_DIR=/run/user/%%i\\n' > /etc/systemd/system/user@.service.d/test.conf
systemctl unmask systemd-logind dbus-org.freedesktop.login1; systemctl daemon-reload; systemctl start systemd-logind
loginctl enable-linger deploy
until [ -S /run/user/1000/systemd/private ]; do sleep 0.1; done`);
    await converges(host(), play(tasks, asDeploy), {
      changed: ["Folder", "Unit mine.service", "Mine"],
      absent: play(
        `- stat: { path: /home/deploy/.config/systemd/user/mine.service }
  register: there
- systemd: { name: mine, scope: user, state: stopped, enabled: false }
  when: there.stat.exists
- file: { path: /home/deploy/.config, state: absent }
- systemd: { scope: user, daemon_reload: true }`,
        asDeploy,
      ),
      disturb: [{ by: "runuser -u deploy -- env XDG_RUNTIME_DIR=/run/user/1000 systemctl --user stop mine", repairedBy: "Mine" }],
    });
  });

  it("of all users can have units enabled and masked", async () => {
    await converges(
      host(),
      play(`${unit("all.service", "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=default.target", "/etc/systemd/user")}
- name: All
  systemd: { name: all, scope: global, enabled: true }`),
      {
        changed: ["Unit all.service", "All"],
        disturb: [{ by: "systemctl --global disable all", repairedBy: "All" }],
      },
    );
  });
});

describe("init scripts", () => {
  const host = freshHost();
  const script = (name: string, status: boolean): string => `- name: Script ${name}
  copy:
    dest: /etc/init.d/${name}
    mode: "0755"
    content: |
      #!/bin/sh
      ### BEGIN INIT INFO
      # Provides: ${name}
      # Required-Start:
      # Required-Stop:
      # Default-Start: 2 3 4 5
      # Default-Stop: 0 1 6
      # Short-Description: test
      ### END INIT INFO
      case $1 in
      start) shift; sleep "\${1:-1000001}" & echo $! > /run/${name}.pid;;
      stop) kill "$(cat /run/${name}.pid)"; rm /run/${name}.pid;;
      restart) $0 stop; $0 start;;
      reload) date > /run/${name}.reloaded;;
      ${status ? `status) [ -e /run/${name}.pid ] && kill -0 "$(cat /run/${name}.pid)" || exit 3;;` : "status) exit 4;;"}
      *) exit 2;;
      esac`;

  it("are started, enabled in their runlevels, and undone", async () => {
    await converges(
      host(),
      play(`${script("sysv1", true)}
- name: Service
  sysvinit: { name: sysv1, state: started, enabled: true, arguments: "1000002", daemonize: true }`),
      {
        changed: ["Script sysv1", "Service"],
        disturb: [
          { by: "/etc/init.d/sysv1 stop", repairedBy: "Service" },
          { by: "update-rc.d sysv1 disable", repairedBy: "Service" },
        ],
        absent: play(`- stat: { path: /etc/init.d/sysv1 }
  register: there
- sysvinit: { name: sysv1, state: stopped, enabled: false }
  when: there.stat.exists
- command: update-rc.d -f sysv1 remove
  when: there.stat.exists
- file: { path: /etc/init.d/sysv1, state: absent }
- systemd: { daemon_reload: true }`),
        // What systemd has generated of the script, until it reads its files the next time.
        ignore: ["sysv1.service"],
      },
    );
  });

  it("can be enabled in some runlevels only, and restarted each time", async () => {
    await apply(host(), play(script("sysv2", true)));
    const task = (text: string): string => play(`- name: Service\n  sysvinit: { name: sysv2, ${text} }`);
    expect(changesOf(await apply(host(), task("enabled: true, runlevels: [3, 5]")))).toEqual(["Service"]);
    expect(changesOf(await apply(host(), task("enabled: true, runlevels: [3, 5]")))).toEqual([]);
    expect(changesOf(await apply(host(), task("enabled: false, runlevels: [3]")))).toEqual(["Service"]);
    expect(await host().read("ls /etc/rc3.d | grep sysv2; ls /etc/rc5.d | grep sysv2")).toMatch(/^K\d\dsysv2\nS\d\dsysv2$/);
    for (const state of ["restarted", "reloaded"]) {
      expect(changesOf(await apply(host(), task(`state: ${state}, sleep: 0, daemonize: true`)))).toEqual(["Service"]);
    }
    expect(await host().read("cat /run/sysv2.pid | xargs kill -0 && echo runs")).toBe("runs");
  });

  it("are told by a pattern whether they run, where they know no status", async () => {
    await apply(host(), play(script("sysv3", false).replace("1000001", "1000004")));
    const task = (more: string): string =>
      play(`- name: Service\n  sysvinit: { name: sysv3, state: started, daemonize: true${more} }`);
    expect(failureOf(await apply(host(), task(""), { rc: 2 }))).toBe(
      'cannot tell whether sysv3 is running: its init script\'s "status" ended with 4; "pattern" names what to look for in the list of processes',
    );
    expect(changesOf(await apply(host(), task(", pattern: 1000004")))).toEqual(["Service"]);
    expect(changesOf(await apply(host(), task(", pattern: 1000004")))).toEqual([]);
  });
});

describe("service_facts and getent", () => {
  const host = freshHost();

  it("tell what the host has", async () => {
    await host().read("systemctl mask nothing-there");
    const report = await apply(
      host(),
      play(`- service_facts:
- getent: { database: passwd, key: root }
- getent: { database: group }
- getent: { database: passwd, key: nobody-here, fail_key: false }
  register: nobody
- getent: { database: hosts, key: localhost }
- assert:
    that:
      - services['ssh.service'] == ssh
      - services['dbus.service'].status == 'static'
      - services['getty@.service'].status == 'masked'
      - services['nothing-there.service'].status == 'masked'
      - services['cron'] == cron
      - getent_group.root == ['x', '0', '']
      - getent_group.adm[1] == '4'
      - getent_passwd['nobody-here'] == none
      - nobody.ansible_facts.getent_passwd == gone
      - "'localhost' in getent_hosts['::1'] or 'localhost' in getent_hosts['127.0.0.1']"
  vars:
    ssh: { name: ssh.service, state: running, status: enabled, source: systemd }
    cron: { name: cron, state: running, source: sysv }
    gone: { nobody-here: null }`),
    );
    expect(report.hosts["fresh1"]).toMatchObject({ failed: 0, changed: 0 });
  });

  it("getent foresees accounts that a dry run would make", async () => {
    const report = await apply(host(), play("- user: { name: to-be }\n- name: Ask\n  getent: { database: passwd, key: to-be }"), {
      check: true,
    });
    expect(report.hosts["fresh1"]).toMatchObject({ failed: 0 });
  });
});

describe("cron", () => {
  const host = freshHost();
  const tasks = `- name: Job
  cron: { name: sweep, minute: "5", hour: "*/2", job: "echo sweep > /dev/null" }
- name: Named time
  cron: { name: boot, special_time: reboot, job: /bin/true }
- name: Disabled
  cron: { name: idle, job: /bin/false, disabled: true }
- name: Variable
  cron: { name: MAILTO, env: true, job: root@example.com }
- name: Path
  cron: { name: PATH, env: true, job: "/usr/bin:/bin", insertafter: MAILTO }
- name: Somebody's
  cron: { name: theirs, user: deploy, job: /bin/true, dow: "1-5" }
- name: File
  cron: { name: filed, user: root, cron_file: filed, job: "echo 100%", day: "1,15", month: "6" }
- name: Variable of the file
  cron: { name: SHELL, env: true, user: root, cron_file: filed, value: /bin/sh }`;
  const titles = ["Job", "Named time", "Disabled", "Variable", "Path", "Somebody's", "File", "Variable of the file"];

  it("keeps jobs and variables, and undoes them", async () => {
    await converges(host(), play(tasks), {
      changed: titles,
      disturb: [
        { by: "crontab -l | sed 's/^5 /6 /' | crontab -", repairedBy: "Job" },
        { by: "crontab -l | sed 's/^#\\* /* /' | crontab -", repairedBy: "Disabled" },
        { by: "crontab -u deploy -r", repairedBy: "Somebody's" },
        { by: "sed -i s/100/200/ /etc/cron.d/filed", repairedBy: "File" },
      ],
      absent: play(`- cron: { name: "{{ item }}", state: absent }
  loop: [sweep, boot, idle]
- cron: { name: "{{ item }}", env: true, state: absent }
  loop: [MAILTO, PATH]
- cron: { name: theirs, user: deploy, state: absent }
- cron: { name: SHELL, env: true, cron_file: filed, state: absent }
- cron: { name: filed, cron_file: filed, state: absent }`),
      // What cron notices of its folder.
      ignore: ["/var/spool/cron/crontabs"],
    });
  });

  it("writes what Ansible writes, and takes over what it finds", async () => {
    await host().read("printf '# mine\\n0 1 * * * /bin/known\\n#Ansible: sweep\\n1 1 1 1 1 old\\n' | crontab -");
    await apply(host(), play(`${tasks}\n- cron: { name: known, minute: "0", hour: "1", job: /bin/known }`));
    expect(await host().read("crontab -l")).toBe(
      `PATH="/usr/bin:/bin"`.replace(/^/, `MAILTO="root@example.com"\n`) +
        `
# mine
#Ansible: known
0 1 * * * /bin/known
#Ansible: sweep
5 */2 * * * echo sweep > /dev/null
#Ansible: boot
@reboot /bin/true
#Ansible: idle
#* * * * * /bin/false`,
    );
    expect(await host().read("cat /etc/cron.d/filed; stat -c %a /etc/cron.d/filed")).toBe(
      'SHELL="/bin/sh"\n#Ansible: filed\n* * 1,15 6 * root echo 100%\n644',
    );
    const backup = await apply(
      host(),
      play(
        "- cron: { name: sweep, job: /bin/new, backup: true }\n  register: r\n- copy: { dest: /root/where, content: '{{ r.backup_file }}' }",
      ),
    );
    expect(backup.hosts["fresh1"]).toMatchObject({ failed: 0 });
    expect(await host().read("grep -c sweep $(cat /root/where); stat -c %a $(cat /root/where)")).toBe("2\n600");
  });

  it("says what crontab says of a time that cannot be", async () => {
    const report = await apply(host(), play("- cron: { name: x, job: y, minute: 5/15 }"), { rc: 2 });
    expect(failureOf(report)).toContain("bad minute");
  });

  it("needs no crontab command for a file, and says so otherwise", async () => {
    await host().read("mv /usr/bin/crontab /usr/bin/crontab.away");
    expect(
      changesOf(await apply(host(), play("- name: File\n  cron: { name: x, job: y, user: root, cron_file: other }"))),
    ).toEqual(["File"]);
    expect(failureOf(await apply(host(), play("- cron: { name: x, job: y }"), { rc: 2 }))).toBe(
      'the host has no "crontab" command; install cron, or use cron_file',
    );
    await host().read("mv /usr/bin/crontab.away /usr/bin/crontab");
  });
});

describe("alternatives", () => {
  const host = freshHost();

  it("installs, selects, follows priorities and removes", async () => {
    await converges(
      host(),
      play(`- name: Programs
  copy: { dest: "/opt/{{ item }}", content: "#!/bin/sh\\n", mode: "0755" }
  loop: [one, two, three, one.doc, three.doc]
- name: One
  alternatives:
    name: thing
    link: /usr/local/bin/thing
    path: /opt/one
    priority: 10
    state: present
    subcommands: [{ name: thing.doc, link: /usr/local/share/thing.doc, path: /opt/one.doc }]
- name: Two
  community.general.alternatives: { name: thing, link: /usr/local/bin/thing, path: /opt/two, state: present, priority: 90 }
- name: Three
  alternatives:
    name: other
    link: /usr/local/bin/other
    path: /opt/three
    state: auto
- name: Pager
  alternatives: { name: thing, path: /opt/one }`),
      {
        changed: ["Programs", "One", "Two", "Three", "Pager"],
        disturb: [
          { by: "update-alternatives --set thing /opt/two", repairedBy: "Pager" },
          { by: "update-alternatives --install /usr/local/bin/thing thing /opt/two 30", repairedBy: "Two" },
          { by: "update-alternatives --set other /opt/three", repairedBy: "Three" },
        ],
        absent: play(`- alternatives: { name: thing, path: "/opt/{{ item }}", state: absent }
  loop: [one, two]
- alternatives: { name: other, path: /opt/three, state: absent }
- file: { path: "/opt/{{ item }}", state: absent }
  loop: [one, two, three, one.doc, three.doc]`),
        // Its own diary.
        ignore: ["/var/log/alternatives.log"],
      },
    );
  });

  it.each([
    ["{ name: fresh, path: /bin/true }", '"link" is needed to install the alternative: the host does not know fresh yet'],
    ["{ name: fresh, path: /no/such, link: /usr/local/bin/fresh }", "Specified path /no/such does not exist"],
  ])("refuses %s", async (task, message) => {
    expect(failureOf(await apply(host(), play(`- alternatives: ${task}`), { rc: 2 }))).toBe(message);
    expect((await host().exec("ls /usr/local/bin/fresh")).rc).not.toBe(0);
  });
});

describe("timezone and hostname", () => {
  const host = freshHost();

  it("need a database of time zones", async () => {
    await host().read("mv /usr/share/zoneinfo /usr/share/zoneinfo.away");
    expect(failureOf(await apply(host(), play("- timezone: { name: Europe/Vienna }"), { rc: 2 }))).toBe(
      "the host has no time zone database (/usr/share/zoneinfo); install the package tzdata",
    );
  });

  it("set the zone, the clock and both names, and undo them", async () => {
    await host().read(`mv /usr/share/zoneinfo.away /usr/share/zoneinfo
ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime; echo Etc/UTC > /etc/timezone; rm -f /etc/adjtime`);
    await converges(
      host(),
      play(`- name: Zone
  timezone: { name: Europe/Vienna }
- name: Clock
  community.general.timezone: { hwclock: local }
- name: Name
  hostname: { name: box.example.com }
  register: named
- assert:
    that: named.ansible_facts.ansible_hostname == 'box' and named.ansible_facts.ansible_domain == 'example.com'`),
      {
        changed: ["Zone", "Clock", "Name"],
        disturb: [
          { by: "ln -sfn ../usr/share/zoneinfo/Etc/UTC /etc/localtime", repairedBy: "Zone" },
          { by: "echo Etc/UTC > /etc/timezone", repairedBy: "Zone" },
          { by: "hostname other", repairedBy: "Name" },
          { by: "echo other > /etc/hostname", repairedBy: "Name" },
        ],
        absent: play(`- timezone: { name: Etc/UTC, hwclock: UTC }
- hostname: { name: fresh1 }`),
        // "UTC" may be said or left unsaid.
        ignore: ["/etc/adjtime"],
      },
    );
    // timedatectl writes relative links: the same zone.
    await host().read("ln -sfn ../usr/share/zoneinfo/Etc/UTC /etc/localtime");
    expect(changesOf(await apply(host(), play("- timezone: { name: Etc/UTC }")))).toEqual([]);
  });

  it("leave the name alone where its file cannot be written", async () => {
    await host().read("mount --bind /etc/hostname /etc/hostname");
    const report = await apply(host(), play("- hostname: { name: stuck }"), { rc: 2 });
    expect(failureOf(report)).toContain("could not replace /etc/hostname");
    expect(await host().read("hostname; cat /etc/hostname")).toBe("fresh1\nfresh1");
  });
});

describe("the examples", () => {
  const host = freshHost();
  const modules = [alternatives, cron, getent, hostname, service, serviceFacts, systemd, sysvinit, timezone];
  it.each(modules.map(({ name, example }) => [name, example]))(
    "of %s runs as it stands, and again without a change",
    async (_, example) => {
      const checked = changesOf(await apply(host(), play(example), { check: true }));
      expect(changesOf(await apply(host(), play(example)))).toEqual(checked);
      expect(changesOf(await apply(host(), play(example)))).toEqual([]);
    },
  );
});
