import { Sh, sh } from "../../../sh.ts";

/**
 * Shell functions. `k3_holder FILE`: prints who holds a lock on FILE, by what the kernel says, as "process 12 (apt-get)"; nothing when it is free.
 * `k3_await SECONDS WHAT FILE …`: waits until nobody holds a lock on any of them; says who does, and fails, when that takes too long.
 */
const lockFunctions = new Sh(`k3_holder() {
[ -e "$1" ] && [ -r /proc/locks ] || return 0
k3_inode=$(stat -c %i "$1" 2>/dev/null) || return 0
k3_pid=$(awk -v i="$k3_inode" '$2 != "->" { split($6, p, ":"); if (p[3] == i) { print $5; exit } }' /proc/locks)
[ -n "$k3_pid" ] || return 0
k3_name=; [ -r "/proc/$k3_pid/comm" ] && read -r k3_name < "/proc/$k3_pid/comm"
echo "process $k3_pid (\${k3_name:-unknown})"
}
k3_await() {
k3_left=$1 k3_what=$2; shift 2
while :; do
k3_by=; for k3_file do k3_by=$(k3_holder "$k3_file"); [ -z "$k3_by" ] || break; done
[ -n "$k3_by" ] || return 0
[ "$k3_left" -gt 0 ] || { echo "the lock of $k3_what ($k3_file) is held by $k3_by" >&2; return 1; }
k3_left=$((k3_left - 1)); sleep 1
done
}`);

/** dpkg itself does not wait, and for selections it does not say who holds its lock. */
export function waitForDpkg(seconds: number): Sh {
  return sh`${lockFunctions}
k3_await ${seconds} dpkg /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock || exit 1`;
}

/** rpm waits for its lock for ever; dnf and yum, which note their process in files, do so too. */
export function waitForRpm(seconds: number, tool: "dnf" | "yum" | "rpm"): Sh {
  return sh`${lockFunctions}
k3_await ${seconds} rpm /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock || exit 1
k3_left=${seconds}
while :; do
k3_by=
for k3_file in /var/cache/dnf/*_lock.pid /var/lib/dnf/*_lock.pid /run/dnf/*.pid /run/yum.pid /var/run/yum.pid; do
[ -s "$k3_file" ] || continue
k3_pid=; read -r k3_pid < "$k3_file"
case $k3_pid in ''|*[!0-9]*) continue ;; esac
[ -d "/proc/$k3_pid" ] || continue
k3_name=; read -r k3_name < "/proc/$k3_pid/comm"
k3_by="process $k3_pid ($k3_name)"; break
done
[ -n "$k3_by" ] || break
[ "$k3_left" -gt 0 ] || { echo ${`the lock of ${tool} (`}"$k3_file) is held by $k3_by" >&2; exit 1; }
k3_left=$((k3_left - 1)); sleep 1
done`;
}

export function waitForApk(seconds: number): Sh {
  return sh`${lockFunctions}
k3_await ${seconds} apk /lib/apk/db/lock /usr/lib/apk/db/lock || exit 1`;
}
