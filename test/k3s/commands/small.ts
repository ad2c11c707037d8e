import { appendFileSync, existsSync } from "node:fs";
import { aligned } from "../kubectl/print.ts";
import { Fatal } from "../log.ts";
import { Paths } from "../paths.ts";

const SOCKET = "/run/k3s/containerd/containerd.sock";

/** What has been asked of containerd, for tests that want to know. */
function note(call: string): void {
  appendFileSync("/run/k3s-stand-in.calls", `${call}\n`);
}

function needContainerd(): void {
  if (existsSync(SOCKET)) return;
  throw new Fatal(
    `validate service connection: validate CRI v1 runtime API for endpoint "unix://${SOCKET}": rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${SOCKET}: connect: no such file or directory"`,
  );
}

export function crictl(argv: readonly string[]): number {
  needContainerd();
  note(argv.join(" "));
  const [command = ""] = argv.filter((one) => !one.startsWith("-"));
  const conditions = ["RuntimeReady", "NetworkReady"].map((type) => ({ type, status: true, reason: "", message: "" }));
  const config = Paths.readOr("/var/lib/rancher/k3s/agent/etc/containerd/config.toml", "");
  const read = (name: string): string => new RegExp(`^\\s*${name} = "?([^"\\n]*)`, "m").exec(config)?.[1] ?? "";
  const containerd = { snapshotter: read("snapshotter"), defaultRuntimeName: read("default_runtime_name") || "runc" };
  if (command === "info")
    process.stdout.write(
      `${JSON.stringify({ status: { conditions }, config: { containerd, enableSelinux: read("enable_selinux") === "true" } }, null, 2)}\n`,
    );
  if (command === "images") process.stdout.write(aligned([["IMAGE", "TAG", "IMAGE ID", "SIZE"]]));
  if (command === "ps" || command === "pods") process.stdout.write(aligned([["CONTAINER", "IMAGE", "CREATED", "STATE", "NAME"]]));
  return 0;
}

export function ctr(argv: readonly string[]): number {
  needContainerd();
  note(`ctr ${argv.join(" ")}`);
  const words = argv.filter((one) => !one.startsWith("-"));
  if (["plugin", "plugins"].includes(words[0] ?? "")) {
    const config = Paths.readOr("/var/lib/rancher/k3s/agent/etc/containerd/config.toml", "");
    const names = ["overlayfs", "native", ...(/snapshotter = "stargz"/.test(config) ? ["stargz"] : [])];
    const rows = names.map((name) => ["io.containerd.snapshotter.v1", name, "linux/amd64", "ok"]);
    process.stdout.write(aligned([["TYPE", "ID", "PLATFORMS", "STATUS"], ...rows]));
  }
  return 0;
}

export function checkConfig(): number {
  process.stdout.write(
    "Verifying binaries in /var/lib/rancher/k3s/data/current/bin:\n- sha256sum: good\n- links: good\n\nSystem:\n- routes: ok\n\nGenerally Necessary:\n- cgroup hierarchy: cgroups mounted\n- CONFIG_OVERLAY_FS: enabled\n\nSTATUS: pass\n",
  );
  return 0;
}

export function secretsEncrypt(argv: readonly string[]): number {
  if (argv[0] !== "status") throw new Fatal(`No help topic for '${argv[0] ?? ""}'`);
  const config = Paths.readOr("/etc/rancher/k3s/config.yaml", "");
  const isOn = /^secrets-encryption:\s*["']?true/m.test(config);
  const hashes = "Current Rotation Stage: start\nServer Encryption Hashes: All hashes match\n";
  process.stdout.write(
    isOn ? `Encryption Status: Enabled\n${hashes}` : "Encryption Status: Disabled, no configuration file found\n",
  );
  return 0;
}
