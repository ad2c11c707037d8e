import type { TestHost } from "./host.ts";
import { installerUnit } from "./official-installer.ts";

export type K3sOptions = {
  /** As `--version` says it. */
  readonly version?: string;
  /** Whether it is started; it is enabled in any case. */
  readonly start?: boolean;
};

/**
 * Puts a stand-in of K3s on a host with systemd: a unit as the official one, whose process reads config.yaml, its drop-ins and the environment
 * file when it starts, writes containerd's config.toml by them, and then sleeps. Roles cannot tell.
 */
export async function installK3s(host: TestHost, kind: "server" | "agent", options: K3sOptions = {}): Promise<void> {
  const { version = "v1.34.2+k3s1", start = true } = options;
  const unit = kind === "server" ? "k3s" : "k3s-agent";
  const write = (path: string, text: string, mode: string) =>
    `mkdir -p "$(dirname ${path})" && echo ${Buffer.from(text).toString("base64")} | base64 -d >${path} && chmod ${mode} ${path}`;
  await host.read(
    [
      write("/usr/local/bin/k3s", program(version), "755"),
      write(`/etc/systemd/system/${unit}.service`, installerUnit(unit, [kind], "exec"), "644"),
      `mkdir -p /etc/rancher/k3s /var/lib/rancher/k3s/${kind}`,
      "systemctl daemon-reload",
      `systemctl enable -q ${start ? "--now" : ""} ${unit}`,
    ].join(" && "),
  );
  await host.read(STARTED);
}

// The unit is up as soon as its program runs, which has something to do then.
const STARTED = `for unit in k3s k3s-agent; do
  ! systemctl is-active -q $unit || until [ "$(systemctl show -P InvocationID $unit)" = "$(cat /run/k3s-stand-in.started 2>/dev/null)" ]; do sleep 0.1; done
done`;

/** How many times K3s has been started since the host was. */
export async function k3sStarts(host: TestHost): Promise<number> {
  return Number(await host.read(`${STARTED}; wc -l </run/k3s-stand-in.starts`));
}

/** What its containerd was told at the last start. */
export function containerdConfig(host: TestHost): Promise<string> {
  return host.read(`${STARTED}; cat /var/lib/rancher/k3s/agent/etc/containerd/config.toml`);
}

const program = (version: string) => `#!/bin/sh
# A stand-in of K3s for tests.
set -eu
# The last of several files that set a key wins.
setting() {
  cat /etc/rancher/k3s/config.yaml /etc/rancher/k3s/config.yaml.d/*.yaml 2>/dev/null | sed -n "s/^$1: *//p" | tr -d "\\"'" | tail -n 1
}
case \${1:-} in
--version)
  echo "k3s version ${version} (stand-in)"
  echo "go version go1.24.9"
  ;;
server | agent)
  echo "started with $(env | grep -i _proxy= | wc -l) proxy variables" >>/run/k3s-stand-in.starts
  folder=/var/lib/rancher/k3s/agent/etc/containerd
  mkdir -p "$folder"
  # Nobody waits for this: a file that stays as it was must not be seen half written.
  text=$(
    echo "version = 3"
    echo "imports = [\\"$folder/config-v3.toml.d/*.toml\\"]"
    [ "$(setting selinux)" != true ] || echo "enable_selinux = true"
    echo "snapshotter = \\"$(setting snapshotter | grep . || echo overlayfs)\\""
    [ -z "$(setting default-runtime)" ] || echo "default_runtime_name = \\"$(setting default-runtime)\\""
    for runtime in nvidia-container-runtime nvidia-container-runtime.cdi; do
      path=$(command -v "$runtime") || continue
      printf "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'%s'.options]\\n  BinaryName = \\"%s\\"\\n" "$(echo "$runtime" | sed 's/-container-runtime//; s/[.]/-/')" "$path"
    done
  )
  [ "$(cat "$folder/config.toml" 2>/dev/null)" = "$text" ] || printf '%s\\n' "$text" >"$folder/config.toml"
  mkdir -p /run/k3s/containerd && touch /run/k3s/containerd/containerd.sock
  echo "$INVOCATION_ID" >/run/k3s-stand-in.started
  exec sleep infinity
  ;;
crictl)
  echo "$*" >>/run/k3s-stand-in.calls
  ;;
*)
  echo "k3s: the stand-in knows no \\"\${1:-}\\"" >&2
  exit 1
  ;;
esac
`;
