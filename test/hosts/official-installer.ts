import type { TestHost } from "./host.ts";
import type { Releases } from "./k3s-release.ts";

export type OfficialInstall = {
  readonly releases: Releases;
  readonly version: string;
  /** INSTALL_K3S_EXEC: the command, and its flags. */
  readonly exec: readonly string[];
  /** What of the caller's environment goes into the environment file: K3S_* and proxies. */
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * Leaves on a host what `curl -sfL https://get.k3s.io | INSTALL_K3S_EXEC=… sh -` leaves there, in the same order, byte by byte where that matters:
 * the program and its links, the scripts, unit and environment file, and K3s running. Written from what is known of its results.
 */
export async function installOfficially(host: TestHost, given: OfficialInstall): Promise<void> {
  const [command = "server"] = given.exec;
  const service = command === "agent" ? "k3s-agent" : "k3s";
  const env = environment(given.env ?? {});
  const isOpenrc = (await host.exec("test -x /sbin/openrc-run")).rc === 0;
  const files: Readonly<Record<string, readonly [mode: string, text: string]>> = {
    "/usr/local/bin/k3s-killall.sh": ["755", KILLALL],
    [`/usr/local/bin/${service}-uninstall.sh`]: ["755", uninstall(service)],
    ...(isOpenrc
      ? {
          [`/etc/rancher/k3s/${service}.env`]: ["600", env] as const,
          [`/etc/init.d/${service}`]: ["755", initScript(service, given.exec)] as const,
          [`/etc/logrotate.d/${service}`]: [
            "644",
            `/var/log/${service}.log {\n\tmissingok\n\tnotifempty\n\tcopytruncate\n}\n`,
          ] as const,
        }
      : {
          [`/etc/systemd/system/${service}.service.env`]: ["600", env] as const,
          [`/etc/systemd/system/${service}.service`]: ["644", installerUnit(service, given.exec)] as const,
        }),
  };
  const written = Object.entries(files).map(
    ([path, [mode, text]]) =>
      `echo ${Buffer.from(text).toString("base64")} | base64 -d >${path}; chown root:root ${path}; chmod ${mode} ${path}`,
  );
  const start = isOpenrc
    ? `rc-update add ${service} default; rc-service ${service} restart`
    : `systemctl enable -q ${service}; systemctl daemon-reload; systemctl restart ${service}`;
  await host.read(`set -e
cd /usr/local/bin
mkdir -p ${isOpenrc ? "/etc/rancher/k3s /etc/logrotate.d" : "/usr/local/bin"}
${isOpenrc ? "wget -q -O" : "curl -sfL -o"} k3s.new ${given.releases.base}/download/${given.version.replace("+", "%2B")}/k3s${process.arch === "arm64" ? "-arm64" : ""}
chmod 755 k3s.new; mv -f k3s.new k3s
for name in kubectl crictl ctr; do command -v $name >/dev/null || ln -s k3s $name; done
${written.join("\n")}
${start}`);
}

/** As `export -p` of dash quotes. */
const environment = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join("");

/** Each argument on a line of its own that ends in a backslash, the last one too, so that an empty line ends the command. */
export function installerUnit(service: string, [command = "server", ...flags]: readonly string[], type = "notify"): string {
  return `[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=${type}
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/${service}.service.env
KillMode=process
Delegate=yes
User=root
# Limits are those of the control group.
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=/bin/sh -xc '! /usr/bin/systemctl is-enabled --quiet nm-cloud-setup.service 2>/dev/null'
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s \\
    ${command} \\
${flags.map((flag) => `\t'${flag}' \\\n`).join("")}
`;
}

function initScript(service: string, [command = "server", ...flags]: readonly string[]): string {
  return `#!/sbin/openrc-run

depend() {
    after network-online
    want cgroups
}

start_pre() {
    rm -f /tmp/k3s.*
}

supervisor=supervise-daemon
name=${service}
command="/usr/local/bin/k3s"
command_args="${command} \\
${flags.map((flag) => `\t'${flag}' \\\n`).join("")}    >>/var/log/${service}.log 2>&1"

output_log=/var/log/${service}.log
error_log=/var/log/${service}.log

pidfile="/var/run/${service}.pid"
respawn_delay=5
respawn_max=0

set -o allexport
if [ -f /etc/environment ]; then . /etc/environment; fi
if [ -f /etc/rancher/k3s/${service}.env ]; then . /etc/rancher/k3s/${service}.env; fi
set +o allexport
`;
}

const KILLALL = `#!/bin/sh
K3S_DATA_DIR=\${K3S_DATA_DIR:-/var/lib/rancher/k3s}
for service in /etc/systemd/system/k3s*.service; do
  [ -s $service ] && systemctl stop $(basename $service)
done
rm -rf /run/k3s /var/lib/cni
`;

// It leaves what K3s' own does not know of: the password of the node, and the directories that others could share.
const uninstall = (service: string): string => `#!/bin/sh
K3S_DATA_DIR=\${K3S_DATA_DIR:-/var/lib/rancher/k3s}
/usr/local/bin/k3s-killall.sh
systemctl disable ${service} 2>/dev/null
systemctl reset-failed ${service} 2>/dev/null
systemctl daemon-reload
rm -f /etc/systemd/system/${service}.service /etc/systemd/system/${service}.service.env
trap "rm -f /usr/local/bin/${service}-uninstall.sh" EXIT
if ls /etc/systemd/system/k3s*.service /etc/init.d/k3s* >/dev/null 2>&1; then
  exit
fi
for name in kubectl crictl ctr; do
  [ ! -L /usr/local/bin/$name ] || rm -f /usr/local/bin/$name
done
rm -rf /etc/rancher/k3s /run/k3s /run/flannel $K3S_DATA_DIR /var/lib/kubelet
rm -f /usr/local/bin/k3s /usr/local/bin/k3s-killall.sh
`;
