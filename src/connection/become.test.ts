import { describe, expect, it } from "vitest";
import { entrance, entranceError, promptError } from "./become.ts";
import type { Become } from "./connection.ts";

const sudo: Become = { method: "sudo", user: "root" };

describe("entrance", () => {
  it.each<[string, Become | undefined, string, string]>([
    ["no become", undefined, "bob", "exec /bin/sh"],
    ["already that user", sudo, "root", "exec /bin/sh"],
    ["sudo", sudo, "bob", "exec env LC_ALL=C sudo -n -H -u root -- /bin/sh"],
    [
      "flags of Ansible's default are ours already",
      { ...sudo, flags: ["-H", "-S", "-n"] },
      "bob",
      "exec env LC_ALL=C sudo -n -H -u root -- /bin/sh",
    ],
    [
      "other flags",
      { ...sudo, flags: ["-HE", "-g", "it's"] },
      "bob",
      "exec env LC_ALL=C sudo -n -H -E -g 'it'\\''s' -u root -- /bin/sh",
    ],
    ["another executable", { ...sudo, executable: "/opt/s u" }, "bob", "exec env LC_ALL=C '/opt/s u' -n -H -u root -- /bin/sh"],
    [
      "sudo with a password",
      { ...sudo, password: "p" },
      "bob",
      "exec env LC_ALL=C sudo -S -H -p '[k3sprov-ab] password: ' -u root -- /bin/sh -c 'echo k3sprov-ready-ab; exec /bin/sh'",
    ],
    ["su as root", { method: "su", user: "bob" }, "root", "exec env LC_ALL=C su -s /bin/sh -c 'exec /bin/sh' bob"],
    [
      "su",
      { method: "su", user: "root" },
      "bob",
      "exec env LC_ALL=C su -s /bin/sh -c 'echo k3sprov-ready-ab; exec /bin/sh' root",
    ],
    ["doas", { method: "doas", user: "root" }, "bob", "exec env LC_ALL=C doas -n -u root /bin/sh"],
  ])("%s", (_name, become, login, command) => {
    expect(entrance(become, login, "ab").command).toBe(command);
  });
});

describe("entranceError", () => {
  const withPassword: Become = { ...sudo, password: "p" };
  it.each<[string, Become | undefined, number, string, string, string]>([
    [
      "sudo 1.9",
      sudo,
      1,
      "sudo: a password is required\n",
      "become-password-required",
      "n: sudo wants a password: sudo: a password is required",
    ],
    [
      "sudo-rs",
      sudo,
      1,
      "sudo: interactive authentication is required",
      "become-password-required",
      "n: sudo wants a password: sudo: interactive authentication is required",
    ],
    [
      "wrong password",
      withPassword,
      1,
      "Sorry, try again.\nsudo: 1 incorrect password attempt",
      "become-password-wrong",
      "n: sudo did not accept the password: Sorry, try again.; sudo: 1 incorrect password attempt",
    ],
    [
      "not in sudoers",
      withPassword,
      1,
      "bob is not in the sudoers file.",
      "become-not-allowed",
      "n: sudo does not let us become root: bob is not in the sudoers file.",
    ],
    [
      "not this user",
      sudo,
      1,
      "Sorry, user bob is not allowed to execute '/bin/sh' as root on n.",
      "become-not-allowed",
      "n: sudo does not let us become root: Sorry, user bob is not allowed to execute '/bin/sh' as root on n.",
    ],
    [
      "requiretty",
      sudo,
      1,
      "sudo: sorry, you must have a tty to run sudo",
      "become-tty-required",
      "n: sudo insists on a terminal: sudo: sorry, you must have a tty to run sudo",
    ],
    [
      "no sudo, coreutils",
      sudo,
      127,
      "env: 'sudo': No such file or directory",
      "become-missing",
      "n: there is no sudo on the host: env: 'sudo': No such file or directory",
    ],
    [
      "no sudo, busybox",
      sudo,
      127,
      "env: can't execute 'sudo': No such file or directory",
      "become-missing",
      "n: there is no sudo on the host: env: can't execute 'sudo': No such file or directory",
    ],
    [
      "unknown user",
      { ...sudo, user: "zoe" },
      1,
      "sudo: unknown user zoe",
      "become-user-unknown",
      "n: there is no user zoe to become: sudo: unknown user zoe",
    ],
    [
      "unknown user of su",
      { method: "su", user: "zoe" },
      1,
      "su: user zoe does not exist or the user entry does not contain all the required fields",
      "become-user-unknown",
      "n: there is no user zoe to become: su: user zoe does not exist or the user entry does not contain all the required fields",
    ],
    [
      "doas wants a password",
      { method: "doas", user: "root" },
      1,
      "doas: Authentication required",
      "become-tty-required",
      "n: doas wants a password, which it only reads from a terminal: doas: Authentication required",
    ],
    [
      "doas says no",
      { method: "doas", user: "root" },
      1,
      "doas: Operation not permitted",
      "become-not-allowed",
      "n: doas does not let us become root: doas: Operation not permitted",
    ],
    [
      "nologin",
      undefined,
      1,
      "This account is currently not available.",
      "shell-failed",
      "n: the login user has no shell: This account is currently not available.",
    ],
    ["something else", undefined, 3, "", "shell-failed", "n: /bin/sh did not start (exit status 3)"],
    [
      "control characters",
      undefined,
      3,
      "\u001b[31mred\u0007",
      "shell-failed",
      "n: /bin/sh did not start (exit status 3): [31mred",
    ],
  ])("%s", (_name, become, rc, said, code, message) => {
    expect(entranceError("n", become, { code: rc }, said)).toMatchObject({ code, message });
  });
});

describe("promptError", () => {
  it("tells a missing password from a wrong one", () => {
    expect(promptError("n", { method: "su", user: "root" }, false)).toMatchObject({
      code: "become-password-required",
      message: "n: su wants a password",
    });
    expect(promptError("n", { ...sudo, password: "p" }, true)).toMatchObject({
      code: "become-password-wrong",
      message: "n: sudo did not accept the password",
    });
  });
});
