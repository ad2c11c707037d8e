import { describe, expect, it, type TestContext } from "vitest";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import { type TestHost, WHEEL_PASSWORD } from "./host.ts";
import { freshHost } from "./pool.ts";

const host = freshHost();

/** Installs packages from the distribution's mirror; a test that cannot have them says so and is skipped. */
async function needs(context: TestContext, on: TestHost, ...packages: readonly string[]): Promise<void> {
  const { rc, stderr } = await on.exec(
    `DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends ${packages.join(" ")}`,
  );
  if (rc === 0) return;
  console.log(
    `"${context.task.name}" is skipped: ${packages.join(", ")} cannot be installed: ${stderr.trim().split("\n").at(-1)}`,
  );
  context.skip();
}

const whoami = `
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - name: Ask
      command: sh -c "id -un; echo $HOME"
      register: who
      changed_when: false
    - name: Say
      debug: { msg: "{{ who.stdout_lines | join(' ') }}" }
`;

/** Who tasks run as, by the last word of the run. */
async function who(user: "deploy" | "wheel-pw", vars: ApplyOptions["vars"], options: ApplyOptions = {}): Promise<string> {
  return said(await apply(host().as(user), whoami, { ...(vars === undefined ? {} : { vars }), ...options }));
}
const said = (report: RunReport): string =>
  /"msg":\s*"([^"]*)"/.exec(report.stdout.slice(report.stdout.indexOf('"Say"')))?.[1] ?? report.stdout;

async function refused(user: "deploy" | "wheel-pw", vars: Readonly<Record<string, unknown>>): Promise<string> {
  const report = await apply(host().as(user), whoami, { vars, rc: 4 });
  return /"msg":\s*"([^"]*)"/.exec(report.stdout)?.[1]?.replace(/^\S+ \(127\.0\.0\.1 port \d+\): /, "") ?? report.stdout;
}

describe("becoming another user, through the command line", () => {
  it("foresees in check mode what a user will find whom an earlier task would make", { timeout: 60_000 }, async () => {
    const tasks = (make: string) => `
- hosts: all
  gather_facts: false
  become: true
  tasks:
${make}    - name: Write
      copy: { content: "1", dest: ~/one }
      become_user: newcomer
    - name: Look
      stat: { path: ~/one }
      become_user: newcomer
    - name: Run
      command: touch two
      args: { chdir: /home/newcomer, creates: two }
      become_user: newcomer
`;
    const made = tasks("    - name: Make\n      user: { name: newcomer }\n");
    const all = { fresh1: ["Make", "Write", "Run"] };
    expect((await apply(host(), made, { check: true })).changes).toEqual(all);
    // Nobody would make the user: that is an error in check mode too.
    expect((await apply(host(), tasks(""), { check: true, rc: 4 })).stdout).toContain("there is no user newcomer to become");
    expect((await apply(host(), made)).changes).toEqual(all);
    expect((await apply(host(), made)).changes).toEqual({});
  });

  it("gives each user the home that ~ stands for, and asks no more for it", { timeout: 60_000 }, async () => {
    const playbook = `
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - name: root's
      copy: { dest: ~/by-root, content: "1" }
    - name: the login user's
      copy: { dest: ~/by-login, content: "1" }
      become: false
    - name: another's
      file: { path: ~/by-other, state: directory }
      become_user: wheel-pw
    - name: another's again
      copy: { dest: by-other/x, content: "1" }
      become_user: wheel-pw
`;
    const names = ["root's", "the login user's", "another's", "another's again"];
    const check = await apply(host().as("deploy"), playbook, { check: true });
    expect(check.changes).toEqual({ [host().name]: names });
    expect((await apply(host().as("deploy"), playbook)).changes).toEqual({ [host().name]: names });
    expect(
      await host().read("stat -c '%U %n' /root/by-root /home/deploy/by-login /home/wheel-pw/by-other /home/wheel-pw/by-other/x"),
    ).toBe(
      "root /root/by-root\ndeploy /home/deploy/by-login\nwheel-pw /home/wheel-pw/by-other\nwheel-pw /home/wheel-pw/by-other/x",
    );
    const again = await apply(host().as("deploy"), playbook);
    expect(again.changes).toEqual({});
    // The traits, and one question to each of three users.
    expect(again.costs[host().name]?.roundTrips).toBe(4);
  });

  it("tells a wrong sudo password from a missing one", { timeout: 60_000 }, async () => {
    expect(await refused("wheel-pw", {})).toMatch(/^sudo wants a password/);
    expect(await refused("wheel-pw", { ansible_become_password: "wrong" })).toBe("sudo did not accept the password");
    expect(await who("wheel-pw", { ansible_become_password: WHEEL_PASSWORD })).toBe("root /root");
  });

  it("by su, to root and to a user", { timeout: 60_000 }, async () => {
    await host().read("echo 'root:root secret' | chpasswd");
    const su = (password: string, user = "root") => ({
      ansible_become_method: "su",
      ansible_become_user: user,
      ansible_become_password: password,
    });
    expect(await who("deploy", su("root secret"))).toBe("root /root");
    expect(await who("deploy", su(WHEEL_PASSWORD, "wheel-pw"))).toBe("wheel-pw /home/wheel-pw");
    expect(await refused("deploy", su("wrong"))).toBe("su did not accept the password: su: Authentication failure");
    expect(await refused("deploy", { ansible_become_method: "su" })).toBe("su wants a password");
  });

  it("by doas, where a rule wants no password", { timeout: 120_000 }, async (context) => {
    await needs(context, host(), "opendoas");
    await host().read("printf 'permit nopass deploy as root\\npermit wheel-pw\\n' >/etc/doas.conf; chmod 600 /etc/doas.conf");
    const doas = { ansible_become_method: "doas" };
    expect(await who("deploy", doas)).toBe("root /root");
    expect(await refused("deploy", { ...doas, ansible_become_user: "wheel-pw" })).toMatch(
      /^doas does not let us become wheel-pw: doas: Operation not permitted/,
    );
    expect(await refused("wheel-pw", { ...doas, ansible_become_password: WHEEL_PASSWORD })).toMatch(
      /^doas wants a password, which it only reads from a terminal/,
    );
  });

  it.for(["tcsh", "fish"])("from a login shell that is no POSIX shell: %s", { timeout: 180_000 }, async (shell, context) => {
    await needs(context, host(), shell);
    await host().read(`usermod -s "$(command -v ${shell})" deploy`);
    expect(await who("deploy", {})).toBe("root /root");
    expect(await who("deploy", { ansible_become: false })).toBe("deploy /home/deploy");
    await host().read("usermod -s /bin/bash deploy");
  });
});

describe("a host whose /bin/sh is busybox", () => {
  const small = freshHost({ name: "small" });

  it("is kept to all promises", { timeout: 240_000 }, async (context) => {
    await needs(context, small(), "busybox");
    await small().read("ln -sf busybox /bin/sh");
    const playbook = `
- hosts: all
  become: true
  tasks:
    - name: Make the folder
      file: { path: /etc/demo, state: directory, mode: "0750" }
    - name: Write the file
      copy: { dest: /etc/demo/a.conf, content: "a\\nb\\n", mode: "0640" }
    - name: Add a line
      lineinfile: { path: /etc/demo/b.conf, line: "c = 1", create: true, mode: "0600" }
    - name: Add a user
      user: { name: ada, uid: 4321 }
    - name: Run once
      shell: "echo \\"$0\\" >/etc/demo/ran"
      args: { creates: /etc/demo/ran }
`;
    await converges(small().as("deploy"), playbook, {
      changed: ["Make the folder", "Write the file", "Add a line", "Add a user", "Run once"],
      disturb: [{ by: "chmod 644 /etc/demo/a.conf", repairedBy: "Write the file" }],
    });
    expect(await small().read("sh --help 2>&1 | head -1")).toMatch(/BusyBox/i);
  });
});
