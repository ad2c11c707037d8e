import { type Sh, sh } from "../../sh.ts";
import { globWord } from "../support/words.ts";

/** Files that one `grep` brings over together, each line with its path in front. */
const FILES = [
  ..."ostype osrelease version hostname random/boot_id".split(" ").map((name) => `/proc/sys/kernel/${name}`),
  ..."meminfo uptime loadavg cmdline self/mounts self/status swaps 1/comm 1/cgroup 1/sched"
    .split(" ")
    .map((name) => `/proc/${name}`),
  "/proc/sys/crypto/fips_enabled",
  ..."os-release lsb-release debian_version redhat-release alpine-release SuSE-release".split(" ").map((name) => `/etc/${name}`),
  ..."/usr/lib/os-release /etc/resolv.conf /etc/hosts /etc/machine-id /etc/passwd /etc/selinux/config".split(" "),
  "/etc/ssh/ssh_host_*_key.pub",
  ..."bios_date bios_vendor bios_version board_* chassis_* product_* sys_vendor"
    .split(" ")
    .map((name) => `/sys/class/dmi/id/${name}`),
  ..."address mtu operstate speed type flags bonding/slaves device/uevent".split(" ").map((name) => `/sys/class/net/*/${name}`),
  ..."size removable ro queue/rotational queue/logical_block_size device/model device/vendor */size */start"
    .split(" ")
    .map((name) => `/sys/block/*/${name}`),
  ..."/sys/fs/selinux/enforce /sys/fs/selinux/policyvers /run/systemd/container /run/.containerenv /sys/hypervisor/type".split(
    " ",
  ),
];

/** Things of which only the presence matters. */
const MARKS = [
  ..."/.dockerenv /run/.containerenv /run/systemd/system /dev/kvm /dev/vz /proc/vz /proc/xen".split(" "),
  ..."/sys/fs/selinux /sys/kernel/security/apparmor /sys/module/kvm /sys/class/net/*/bridge /sys/class/net/*".split(" "),
];

const CPU =
  "^(processor|vendor_id|model name|physical id|core id|cpu cores|siblings|flags|Processor|cpu|machine|CPU architecture)[[:space:]]*:";

/**
 * All facts in about ten processes: one `grep` for all small files, one each for the processors, `date`, `ip`, `id`, `env` and the sizes
 * of file systems. A file system that does not answer (NFS) is given up after a few seconds. Without `ip`, the kernel's tables serve.
 */
export function factsScript(factPath: string): Sh {
  return sh`exec 2>/dev/null
at() { printf '\\n@k3sprov:%s\\n' "$1"; }
at files; grep -s -- '' /dev/null ${FILES.map(globWord)}
at marks; for p in ${MARKS.map(globWord)}; do [ -e "$p" ] && echo "$p"; done
[ / -ef /proc/1/root/. ] || [ ! -r /proc/1/root/. ] || echo chroot
at systemd; [ -d /run/systemd/system ] && systemctl --version
at cpu; grep -E ${CPU} /proc/cpuinfo
at date; date '+%Y %m %d %H %M %S %s %N %A %w %W %Z %z'
at id; id
at ip
if command -v ip >/dev/null; then ip -o -force -batch - <<X
addr show
route get 8.8.8.8
route get 2404:6800:400a:800::1012
X
else grep -s -- '' /dev/null /proc/net/route /proc/net/if_inet6 /proc/net/fib_trie; fi
at sizes
set --; set -f
for mp in $(sed -n -e 's,^/[^ ]* \\([^ ]*\\) .*,\\1,p' -e 's,^[^ /][^ ]*:[^ ]* \\([^ ]*\\) .*,\\1,p' /proc/self/mounts); do
case $mp in *\\\\*) mp=$(printf '%b.' "$mp"); mp=\${mp%.} ;; esac
set -- "$@" "$mp"
done
set +f
t=; command -v timeout >/dev/null && t='timeout 5'
[ $# -gt 0 ] && $t stat -f -c '%S|%b|%a|%f|%c|%d|%n' -- "$@"
at uuids
for l in /dev/disk/by-uuid/*; do [ -L "$l" ] && { stat -c '%N' /dev/disk/by-uuid/*; break; }; done
at local
for f in ${factPath}/*.fact; do [ -f "$f" ] || continue
at "fact:\${f##*/}"
if [ -x "$f" ]; then "$f" </dev/null || echo "@k3sprov-failed:$?"; else cat -- "$f"; fi
done
at env; env`;
}
