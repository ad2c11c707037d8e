import { beforeAll, describe, expect, it } from "vitest";
import { apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import { messagesOf } from "./messages.ts";
import { play } from "./play.ts";
import { freshHost, withHosts } from "./pool.ts";

const changesOf = (report: RunReport): readonly string[] => Object.values(report.changes).flat();

/** Every change makes the policy anew, which takes seconds. */
const LONG = { timeout: 900_000 };
const FILES = "/etc/selinux/default/contexts/files";
const STORE = "/var/lib/selinux/default/active";

describe("the policy's store of a host without SELinux in its kernel", () => {
  const host = freshHost({ image: "selinux" });
  const off = "ignore_selinux_state: true";
  const tasks = `- name: Label
  sefcontext: { target: "/srv/www(/.*)?", setype: httpd_sys_content_t, ${off} }
- name: Label of the policy
  community.general.sefcontext: { target: "/var/www(/.*)?", setype: httpd_sys_rw_content_t, ${off} }
- name: Like the site
  sefcontext: { target: /srv/equal, substitute: /var/www, ${off} }
- name: Ports
  seport: { ports: [18081, 9500-9509, 8081], proto: tcp, setype: http_port_t, ${off} }
- name: Boolean
  seboolean: { name: httpd_can_network_connect, state: true, persistent: true, ${off} }`;

  it("keeps its promises", LONG, async () => {
    await converges(host(), play(tasks), {
      timeoutMs: 400_000,
      changed: ["Label", "Label of the policy", "Like the site", "Ports", "Boolean"],
      disturb: [
        { by: "semanage fcontext -N -d '/srv/www(/.*)?'", repairedBy: "Label" },
        // By hand, behind semanage's back, which would write the file anew.
        {
          by: `sed -i 's/httpd_sys_rw_content_t/etc_t/' ${FILES}/file_contexts.local`,
          repairedBy: "Label of the policy",
          alone: true,
        },
        { by: "semanage port -N -m -t ssh_port_t -p tcp 18081", repairedBy: "Ports" },
      ],
      absent: play(`- sefcontext: { target: "/srv/www(/.*)?", state: absent, ${off} }
- sefcontext: { target: "/var/www(/.*)?", state: absent, ${off} }
- sefcontext: { target: /srv/equal, state: absent, ${off} }
- seport: { ports: [18081, 9500-9509, 8081], proto: tcp, setype: http_port_t, state: absent, ${off} }
- seboolean: { name: httpd_can_network_connect, state: false, persistent: true, ${off} }`),
      // What libsemanage makes anew with each change, and temporary folders of its own; what it says in there is looked at below.
      ignore: ["/etc/selinux/default", "/var/lib/selinux"],
    });
    const left = await host().read(
      `grep -hv '^#' ${FILES}/file_contexts.local ${FILES}/file_contexts.subs ${STORE}/ports.local; :`,
    );
    expect(left.trim()).toBe("");
    expect(await host().read(`grep -v '^#' ${STORE}/booleans.local`)).toBe("\nhttpd_can_network_connect=0");
  });

  it("changes a substitute and several ports in one go", LONG, async () => {
    const text = (source: string, type: string) =>
      play(`- name: Like another
  sefcontext: { target: /srv/other, substitute: ${source}, ${off} }
- name: Ports
  seport: { ports: [19001, 19002], proto: udp, setype: ${type}, ${off} }`);
    await apply(host(), text("/var/www", "http_port_t"));
    expect(changesOf(await apply(host(), text("/var/log", "ssh_port_t")))).toEqual(["Like another", "Ports"]);
    expect(await host().read(`cat ${FILES}/file_contexts.subs; grep -c ssh_port_t ${STORE}/ports.local`)).toBe(
      "/srv/other /var/log\n2",
    );
  });

  it.each([
    ["seport", "ports: 19003, proto: tcp, setype: nosuch_t", /Type nosuch_t is invalid, must be a port type/, false],
    ["seport", "ports: [19004, 22], proto: tcp, setype: nosuch_t", /Type nosuch_t is invalid, must be a port type/, false],
    ["sefcontext", "target: /srv/y, setype: nosuch_t", /Type nosuch_t is invalid, must be a file or device type/, false],
    [
      "seport",
      "ports: 22, proto: tcp, setype: ssh_port_t, state: absent",
      /^seport: tcp\/22 is ssh_port_t by the policy itself and cannot be removed; give it another setype, or set local: true to look at local changes only$/m,
      true,
    ],
    [
      "sefcontext",
      "target: /run/lock/y, setype: etc_t",
      /^sefcontext: nothing below \/run\/lock is looked up under its own name, since it is labelled as \/var\/lock; use the target \/var\/lock\/y$/m,
      true,
    ],
    [
      "seboolean",
      "name: nosuch, state: true, persistent: true",
      /^seboolean: the SELinux policy has no boolean "nosuch"$/m,
      true,
    ],
  ])("says what is wrong with %s: %s", LONG, async (module, parameters, message, isForeseen) => {
    const state = `cat ${STORE}/*.local ${FILES}/*.local ${FILES}/*.subs`;
    const before = await host().read(state);
    for (const check of isForeseen ? [true, false] : [false]) {
      const report = await apply(host(), play(`- ${module}: { ${parameters}, ${off} }`), { check, rc: 2 });
      expect(messagesOf(report)).toMatch(message);
    }
    expect(await host().read(state)).toBe(before);
  });

  it("changes the mode of the next boot, and says that it needs one", LONG, async () => {
    await converges(host(), play("- name: Switched off\n  selinux: { state: disabled }"), {
      changed: ["Switched off"],
      disturb: [{ by: "sed -i s/^SELINUX=.*/SELINUX=enforcing/ /etc/selinux/config", repairedBy: "Switched off" }],
      absent: play("- lineinfile: { path: /etc/selinux/config, regexp: '^SELINUX=', line: SELINUX=permissive }"),
    });
    if ((await host().exec("grep -q ' selinux_' /proc/kallsyms")).rc !== 0) {
      console.info(
        "the kernel of this machine was built without SELinux, or hides its symbols; the reboot it needs is not asked for",
      );
      return;
    }
    const enforcing = play(`- name: Switched on
  selinux: { policy: default, state: enforcing }
  register: mode
- assert: { that: [mode.reboot_required, "'a reboot is required' in mode.msg or mode is changed"] }`);
    for (const check of [true, false]) expect(changesOf(await apply(host(), enforcing, { check }))).toEqual(["Switched on"]);
    expect(changesOf(await apply(host(), enforcing))).toEqual([]);
    const missing = await apply(host(), play("- selinux: { policy: mls, state: enforcing }"), { rc: 2 });
    expect(messagesOf(missing)).toBe(
      'selinux: the policy "mls" is not installed, there is no /etc/selinux/mls/policy; install the package selinux-policy-default',
    );
  });
});

describe("a host without a policy", () => {
  const [host] = withHosts(1);
  if (host === undefined) throw new Error("no host");
  beforeAll(() => host.read("! [ -e /etc/selinux/config ]"));

  it.each([
    ["seport", "ports: 8081, proto: tcp, setype: http_port_t"],
    ["sefcontext", "target: /srv/y, setype: etc_t"],
    ["seboolean", "name: httpd_can_network_connect, state: true, persistent: true"],
  ])("is told so: %s", async (module, parameters) => {
    const tell = async (more: string) => messagesOf(await apply(host, play(`- ${module}: { ${parameters}${more} }`), { rc: 2 }));
    expect(await tell("")).toBe(
      `${module}: SELinux is disabled on this host; ignore_selinux_state: true changes the policy's store all the same`,
    );
    expect(await tell(", ignore_selinux_state: true")).toBe(
      `${module}: there is no SELinux policy "targeted" on this host; install the package selinux-policy-default`,
    );
  });

  it("is planned for, when an earlier task installs one", async () => {
    const text = play(`- package: { name: selinux-policy-default, state: present }
- name: Later
  seport: { ports: 8081, proto: tcp, setype: http_port_t, ignore_selinux_state: true }`);
    expect(changesOf(await apply(host, text, { check: true }))).toContain("Later");
  });
});
