import { describe, expect, it } from "vitest";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import type { TestMachine } from "./vm.ts";

const LONG = { timeout: 900_000 };

const role = (name: string, variables: string) => `
- hosts: all
  become: true
  roles:
    - role: ${name}
      vars:
        ${variables.replaceAll("\n", "\n        ")}
`;

/** What a K3s without root does first: namespaces by rootlesskit, and their network by slirp4netns. */
const ROOTLESS_K3S = `cat >/usr/local/bin/k3s <<'K3S'
#!/bin/sh
exec rootlesskit --state-dir="$XDG_RUNTIME_DIR/k3s/rootless" --net=slirp4netns --cidr="$K3S_ROOTLESS_CIDR" --mtu="$K3S_ROOTLESS_MTU" \\
  --port-driver="$K3S_ROOTLESS_PORT_DRIVER" --disable-host-loopback="$K3S_ROOTLESS_DISABLE_HOST_LOOPBACK" --copy-up=/etc --copy-up=/run \\
  sh -c '{ id -u; ip -4 -o addr show tap0; } >~/seen.new; mv ~/seen.new ~/seen; exec sleep infinity'
K3S
chmod 755 /usr/local/bin/k3s`;
const ROOTLESS = "rootless_user: kube\nrootless_mtu: 1400\nrootless_cidr: 10.55.0.0/16";

/** The roles that need a kernel of their own, on a machine that others have booted: permissive, and left so. */
export function rolesOnMachine(machine: () => TestMachine): void {
  const run = async (playbook: string, options: ApplyOptions = {}): Promise<readonly string[]> => {
    const report: RunReport = await apply(machine().host, playbook, { timeoutMs: 850_000, ...options });
    return report.changes["vm"] ?? [];
  };

  describe("role rootless", () => {
    const user = "/sys/fs/cgroup/user.slice/user-$(id -u kube).slice/user@$(id -u kube).service";

    it("lets a user have control groups, namespaces and a network", LONG, async () => {
      await machine().read(ROOTLESS_K3S);
      const changed = await run(role("rootless", ROOTLESS));
      expect(changed).toContain("rootless : Load kernel modules now");
      expect(await machine().read(`cat ${user}/cgroup.controllers`)).toBe("cpuset cpu io memory pids");
      expect(await machine().read("loginctl show-user kube -P Linger")).toBe("yes");
      for (const name of ["overlay", "fuse", "br_netfilter", "iptable_nat", "vxlan"])
        expect((await machine().exec(`test -d /sys/module/${name}`)).rc, name).toBe(0);
      await seen();
      const pid = await machine().read(`cat ${user}/app.slice/k3s-rootless.service/cgroup.procs | head -n 1`);
      expect(await machine().read(`tr '\\0' '\\n' </proc/${pid}/environ | grep ^K3S_ | sort`)).toBe(
        [
          "K3S_CONFIG_FILE=/home/kube/.config/k3s/config.yaml",
          "K3S_ROOTLESS_CIDR=10.55.0.0/16",
          "K3S_ROOTLESS_DISABLE_HOST_LOOPBACK=true",
          "K3S_ROOTLESS_MTU=1400",
          "K3S_ROOTLESS_PORT_DRIVER=builtin",
        ].join("\n"),
      );
    });

    /** What the process in the namespaces wrote: it is root there, and in a network of its own. */
    async function seen(): Promise<void> {
      await machine().read("for _ in $(seq 120); do [ -e /home/kube/seen ] && exit; sleep 1; done; exit 1");
      expect(await machine().read("tr -s ' ' </home/kube/seen | cut -d' ' -f1,4")).toMatch(/^0\n\d+: 10\.55\.0\.100\/16$/);
    }
  });
}
