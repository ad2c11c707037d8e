import type { JsonObject } from "../contract.ts";
import type { RawFacts } from "./raw.ts";

type Found = { readonly role: "guest" | "host"; readonly type: string };

/** virtualization_role and virtualization_type, and all that applies as ..._tech_guest and ..._tech_host. */
export function virtualizationFacts(raw: RawFacts): JsonObject {
  const found = [...containers(raw), ...machines(raw), ...hosts(raw)];
  const first = found[0];
  const types = (role: Found["role"]): string[] =>
    [...new Set(found.filter((one) => one.role === role).map((one) => one.type))].sort();
  return {
    virtualization_role: first?.role ?? "NA",
    virtualization_type: first?.type ?? "NA",
    virtualization_tech_guest: types("guest"),
    virtualization_tech_host: types("host"),
  };
}

function containers(raw: RawFacts): Found[] {
  const guest = (type: string): Found => ({ role: "guest", type });
  const groups = raw.lines("/proc/1/cgroup").join("\n");
  const told = raw.first("/run/systemd/container");
  const found: Found[] = [];
  if (raw.marks.has("/.dockerenv") || /\/docker(\/|-[0-9a-f]+\.scope)/.test(groups) || told === "docker")
    found.push(guest("docker"));
  if (raw.marks.has("/run/.containerenv") || /libpod|machine\.slice\/.*podman/.test(groups) || told === "podman")
    found.push(guest("podman"));
  if (/\/lxc(\/|\.payload)/.test(groups) || told === "lxc" || told === "lxc-libvirt") found.push(guest("lxc"));
  if (told === "systemd-nspawn") found.push(guest("systemd-nspawn"));
  if (raw.marks.has("/proc/vz") && raw.marks.has("/dev/vz")) found.push({ role: "host", type: "openvz" });
  else if (raw.marks.has("/proc/vz")) found.push(guest("openvz"));
  if (found.length > 0 || told !== undefined) found.push(guest("container"));
  return found;
}

const PRODUCTS: readonly (readonly [pattern: RegExp, type: string])[] = [
  [/^(KVM|KVM Server|Bochs|AHV|CloudStack KVM Hypervisor|Nutanix AHV)$|^Standard PC/, "kvm"],
  [/OpenStack/, "openstack"],
  [/^VMware|^VMware7,1/, "VMware"],
  [/^VirtualBox$/, "virtualbox"],
  [/^HVM domU$/, "xen"],
  [/^Parallels/, "parallels"],
  [/^RHEV Hypervisor$|^oVirt Node$/, "RHEV"],
];
const VENDORS: readonly (readonly [pattern: RegExp, type: string])[] = [
  [/^(QEMU|Amazon EC2|DigitalOcean|Hetzner|Google|Scaleway|Alibaba Cloud|Nutanix|Red Hat|Cloud Hypervisor)$/, "kvm"],
  [/^VMware, Inc\.$/, "VMware"],
  [/^innotek GmbH$/, "virtualbox"],
  [/^Xen$/, "xen"],
  [/^Parallels/, "parallels"],
];

function machines(raw: RawFacts): Found[] {
  const product = raw.first("/sys/class/dmi/id/product_name") ?? "";
  const vendor = raw.first("/sys/class/dmi/id/sys_vendor") ?? "";
  const bios = raw.first("/sys/class/dmi/id/bios_vendor") ?? "";
  const guest = (type: string): Found[] => [{ role: "guest", type }];
  if (vendor === "Microsoft Corporation" && product === "Virtual Machine") return guest("VirtualPC");
  const known = PRODUCTS.find(([pattern]) => pattern.test(product)) ?? VENDORS.find(([pattern]) => pattern.test(vendor));
  if (known !== undefined) return guest(known[1]);
  if (raw.first("/sys/hypervisor/type") === "xen" || bios === "Xen") return guest("xen");
  if (bios === "Amazon EC2" || bios === "Google") return guest("kvm");
  // No firmware that tells, but the processor says that something stands between it and us; KVM without DMI is the commonest.
  const hasHypervisor = raw.section("cpu").some((line) => /^flags\s*:.*\bhypervisor\b/.test(line));
  return hasHypervisor && product === "" && vendor === "" ? guest("kvm") : [];
}

function hosts(raw: RawFacts): Found[] {
  return raw.marks.has("/dev/kvm") || raw.marks.has("/sys/module/kvm") ? [{ role: "host", type: "kvm" }] : [];
}
