import { expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { freshHost } from "./pool.ts";

// The roles that add a repository of others on RHEL and SUSE, on one host: what they have in common costs the most.
const host = freshHost({ image: "rpm" });

it("roles nvidia and ulogd2 use repositories of others on RHEL and SUSE, and undo that", { timeout: 300_000 }, async () => {
  const refused = await apply(host(), "- { hosts: all, become: true, roles: [ulogd2] }", { rc: 2 });
  expect(refused.changes).toEqual({});
  expect(refused.stdout).toContain(
    "Rocky has no package of ulogd; say with ulogd2_repo_url, ulogd2_repo_key and ulogd2_repo_key_fingerprint where there is one",
  );
  const fingerprint = await host().read("cat /srv/rpm/fingerprint");
  const roles = (state: string) => `
- hosts: all
  become: true
  roles:
    - role: ulogd2
      ulogd2_state: ${state}
      ulogd2_output: json
      ulogd2_repo_url: file:///srv/rpm/ulogd
      ulogd2_repo_key: /srv/rpm/key.asc
      ulogd2_repo_key_fingerprint: ${fingerprint}
    - role: nvidia
      nvidia_state: ${state}
      nvidia_toolkit_version: 1.18.0-1
      nvidia_repo_url: file:///srv/rpm/nvidia/stable
      nvidia_repo_key: /srv/rpm/key.asc
      nvidia_repo_key_fingerprint: ${fingerprint}
`;
  // A GPU, and what RHEL has from the start, dnf's own files included.
  await host().read(`dnf -q repolist; rpm -qa >/dev/null
mkdir -p /run/pci/0000:01:00.0 /etc/pki/rpm-gpg && echo 0x10de >/run/pci/0000:01:00.0/vendor
mount -t tmpfs none /sys/bus/pci/devices && ln -s /run/pci/0000:01:00.0 /sys/bus/pci/devices/`);
  const { applied } = await converges(host(), roles("present"), {
    changed: [
      // Both are signed by the same key here.
      "ulogd2 : Make a place to remember by",
      "ulogd2 : Write down what is there",
      "ulogd2 : Trust the key of the repository",
      "ulogd2 : Add the repository to dnf",
      "ulogd2 : Install ulogd",
      "ulogd2 : Create the directory of the log",
      "ulogd2 : Configure ulogd",
      "ulogd2 : Rotate the log",
      "ulogd2 : Run ulogd with this configuration",
      "nvidia : Copy the key of the repository",
      "nvidia : Add the repository to dnf",
      "nvidia : Install the toolkit with dnf",
    ],
    absent: roles("absent"),
  });
  expect(applied.stdout).toContain("warning: fresh1 has a GPU, and NVIDIA's driver does not run");

  // The same host as SUSE, which has the package for JSON by another name than this repository.
  await host().read(`useradd --system ulogd
printf '%s\\n' 'NAME="openSUSE Leap"' 'VERSION="15.6"' 'ID="opensuse-leap"' 'ID_LIKE="suse opensuse"' 'VERSION_ID="15.6"' >/etc/os-release`);
  const suse = roles("present").replace("output: json", "output: json\n      ulogd2_packages: [ulogd]");
  expect((await apply(host(), suse)).changes["fresh1"]).toEqual([
    "ulogd2 : Make a place to remember by",
    "ulogd2 : Write down what is there",
    "ulogd2 : Trust the key of the repository",
    "ulogd2 : Add the repository to zypper",
    "ulogd2 : Install ulogd",
    "ulogd2 : Create the directory of the log",
    "ulogd2 : Configure ulogd",
    "ulogd2 : Rotate the log",
    "ulogd2 : Run ulogd with this configuration",
    "nvidia : Copy the key of the repository",
    "nvidia : Add the repository to zypper",
    "nvidia : Install the toolkit with zypper",
  ]);
  expect((await apply(host(), suse)).changes).toEqual({});
  expect(await host().read("rpm -q nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container1 | xargs")).toBe(
    "nvidia-container-toolkit-1.18.0-1.noarch nvidia-container-toolkit-base-1.18.0-1.noarch libnvidia-container1-1.18.0-1.noarch",
  );
  // ulogd reads line by line: what a stack is made of stands before it.
  expect(
    await host().read("grep -nE '^(plugin.*JSON|stack)' /etc/ulogd.conf | sed 's/.*:\\(plugin\\|stack\\).*/\\1/' | xargs"),
  ).toBe("plugin stack");

  // The kernel's own driver for such GPUs, while NVIDIA's is not there.
  await host().read("mount -t tmpfs none /sys/module && mkdir /sys/module/nouveau");
  const nouveau = await apply(host(), suse, { rc: 2 });
  expect(nouveau.changes).toEqual({});
  expect(nouveau.stdout).toContain("the driver nouveau has the GPU of fresh1, and NVIDIA's cannot have it too; write");
});
