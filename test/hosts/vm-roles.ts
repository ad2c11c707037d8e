import { describe, expect, it } from "vitest";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { containerdConfig, installK3s } from "./k3s-stand-in.ts";
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

/** What a policy of K3s says of its program; Debian's own knows no containers. The kernel's first process may start it. */
const POLICY = `(type container_runtime_exec_t)
(roletype object_r container_runtime_exec_t)
(typeattributeset file_type (container_runtime_exec_t))
(typeattributeset non_security_file_type (container_runtime_exec_t))
(typeattributeset exec_type (container_runtime_exec_t))
(allow init_t container_runtime_exec_t (file (read getattr open map execute execute_no_trans)))
(filecon "/usr/local/bin/k3s" file (system_u object_r container_runtime_exec_t ((s0) (s0))))
`;
const SELINUX = `selinux_mode: enforcing
selinux_custom_policy: policy/k3s.cil
selinux_booleans: { httpd_can_network_connect_db: true }`;

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
  const label = (path: string): Promise<string> => machine().read(`stat -c %C ${path} | cut -d: -f3`);

  it("is prepared by role prepare: modules loaded, settings made that a container may not touch", LONG, async () => {
    await machine().read("modprobe -r br_netfilter; rm -f /etc/sysctl.d/90-test.conf");
    expect(await run(role("prepare", "prepare_kernel_defaults: true\nprepare_min_free_mb: 64"))).toEqual([
      "prepare : Load kernel modules at each boot",
      "prepare : Load kernel modules now",
      "prepare : Set what the kernel does",
    ]);
    const keys =
      "net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables kernel.panic kernel.panic_on_oops";
    expect(await machine().read(`grep -c '^br_netfilter ' /proc/modules; sysctl -n ${keys}`)).toBe("1\n1\n1\n1\n10\n1");
    await run(role("prepare", "prepare_state: absent"));
    expect((await machine().exec("ls /etc/modules-load.d/k3s.conf /etc/sysctl.d/90-k3s.conf")).stdout).toBe("");
  });

  describe("role selinux", () => {
    const files = { "policy/k3s.cil": POLICY };
    const dropIn = "/etc/rancher/k3s/config.yaml.d/20-selinux.yaml";

    it("loads a policy, labels K3s, and enforces", LONG, async () => {
      await machine().read("rm -rf /etc/rancher");
      await installK3s(machine().host, "server");
      const changed = [
        ...[
          "Make a place to remember by",
          "Write down what is there",
          "Make the directory of policies of one's own",
          "Copy the policy of one's own",
          "Load the policy of one's own",
          "Note which policy is loaded",
          "Label K3s",
          "Set booleans of the policy",
          "Make the directories of K3s' configuration",
          "Let K3s label its containers",
          "Set the mode of the host",
        ].map((name) => `selinux : ${name}`),
        "k3s-host : Restart K3s with its new configuration",
      ];
      // That a check foretells it is shown in a container, where the same tools are.
      expect(await run(role("selinux", SELINUX), { files })).toEqual(changed);
      expect(await machine().read("getenforce; getsebool httpd_can_network_connect_db; systemctl is-active k3s")).toBe(
        "Enforcing\nhttpd_can_network_connect_db --> on\nactive",
      );
      expect(await containerdConfig(machine().host)).toContain("enable_selinux = true");
      expect(await label("/usr/local/bin/k3s")).toBe("container_runtime_exec_t");
      expect(await machine().read(`restorecon -nv ${dropIn} /usr/local/bin/k3s`)).toBe("");
    });

    it("keeps labels, and puts the mode right", LONG, async () => {
      await machine().read(
        `setenforce 0; chcon -t bin_t /usr/local/bin/k3s; chcon -t httpd_config_t ${dropIn}; sed -i s/true/false/ ${dropIn}`,
      );
      expect(await run(role("selinux", SELINUX), { files })).toEqual([
        "selinux : Label K3s",
        "selinux : Let K3s label its containers",
        "selinux : Set the mode of the host",
        "k3s-host : Restart K3s with its new configuration",
      ]);
      // Who gives a file another label means it; its replacement has the same.
      expect(await label(dropIn)).toBe("httpd_config_t");
      expect(await machine().read(`tail -n 1 ${dropIn}; getenforce`)).toBe("selinux: true\nEnforcing");
    });

    it("goes", LONG, async () => {
      await run(role("selinux", `${SELINUX}\nselinux_state: absent`), { files });
      expect(await machine().read("getenforce; grep ^SELINUX= /etc/selinux/config; semodule -l | grep -c k3s; :")).toBe(
        "Permissive\nSELINUX=permissive\n0",
      );
      expect(await machine().exec(`ls ${dropIn} /usr/share/selinux/packages/k3sprov /var/lib/k3sprov`)).toMatchObject({
        stdout: "",
      });
      await machine().read(
        "systemctl disable -q --now k3s; rm -r /etc/systemd/system/k3s.service /usr/local/bin/k3s /etc/rancher /var/lib/rancher; systemctl daemon-reload",
      );
    });
  });

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
