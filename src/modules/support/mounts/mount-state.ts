import type { Mount, MountPoint, MountSource } from "./mount-table.ts";

/** Options that decide what may be done on a mount, and that the kernel tells word for word: [option, what it is the opposite of]. */
const FLAGS: readonly (readonly [option: string, opposite: string])[] = [
  ["ro", "rw"],
  ["nosuid", "suid"],
  ["nodev", "dev"],
  ["noexec", "exec"],
  ["noatime", "atime"],
];

/** Options of fstab that mean something to others than mount. */
const NOT_FOR_MOUNT = /^(auto|noauto|nofail|_netdev|defaults|comment=.*|x-systemd\..*|x-initrd\..*)$/;

const words = (opts: string): string[] => opts.split(",").filter((one) => one !== "");

/** The options that `mount -o` gets. */
export const mountOptions = (opts: string): readonly string[] => words(opts).filter((one) => !NOT_FOR_MOUNT.test(one));

export const isBind = (opts: string): boolean => words(opts).some((one) => one === "bind" || one === "rbind");

/** The options that are asked for by name and that a mount does not have. */
export function lackingFlags(opts: string, mount: Mount): string[] {
  const asked = words(opts);
  return FLAGS.flatMap(([option, opposite]) => {
    // The last one counts: "defaults,ro,rw" is rw.
    const last = asked.findLast((one) => one === option || one === opposite);
    if (last === option && !mount.options.includes(option)) return [option];
    // The opposites are the default; only `rw` is worth insisting on, since file systems may have been made read-only by an error.
    return last === "rw" && option === "ro" && mount.options.includes("ro") ? ["rw"] : [];
  });
}

/** Is something else mounted there than what is asked for? False where that cannot be told: names of nothing, several devices. */
export function isOther(
  mount: Mount,
  wanted: { readonly src: string; readonly fstype: string; readonly opts: string },
  source: MountSource,
  table: readonly Mount[],
): boolean {
  if (isBind(wanted.opts)) {
    const bound = boundTo(source, table);
    return bound !== undefined && (mount.device !== bound.device || mount.root !== bound.root);
  }
  if (source.kind === "block") {
    if (mount.device === source.device || mount.source === wanted.src || mount.source === source.real) return false;
    return !mount.device.startsWith("0:");
  }
  const isRemote = (name: string): boolean => name.includes(":/") || name.startsWith("//");
  if (isRemote(wanted.src) && isRemote(mount.source)) return withoutSlash(mount.source) !== withoutSlash(wanted.src);
  // A file system that is none of the kinds that go by several names ("nfs" is mounted as nfs4, "auto" as anything).
  const virtual = ["tmpfs", "proc", "sysfs", "devpts", "cgroup2", "ramfs", "hugetlbfs", "bpf", "tracefs", "debugfs"];
  return virtual.includes(wanted.fstype) && mount.fstype !== wanted.fstype;
}

const withoutSlash = (name: string): string => name.replace(/\/+$/, "");

/** What is mounted at a path: the last one, which hides the others. */
export const mountAt = (point: MountPoint, table: readonly Mount[]): Mount | undefined =>
  table.findLast((one) => one.path === point.real);

/** The mount that will be there, for predictions. */
export function newMount(
  point: MountPoint,
  wanted: { readonly src: string; readonly fstype: string; readonly opts: string },
  source: MountSource,
  table: readonly Mount[],
): Mount {
  const flags = words(wanted.opts);
  const fresh: Mount = {
    device: source.kind === "block" ? source.device : "0:0",
    root: "/",
    path: point.real,
    fstype: wanted.fstype,
    source: wanted.src,
    options: FLAGS.map(([option]) => option).filter((option) => flags.includes(option)),
  };
  if (!isBind(wanted.opts)) return fresh;
  return { ...fresh, ...boundTo(source, table) };
}

/** A bind mount is told by the device and the directory of the file system that its source is on. */
function boundTo(source: MountSource, table: readonly Mount[]): Pick<Mount, "device" | "root"> | undefined {
  if (source.kind !== "directory") return undefined;
  let best: Mount | undefined;
  for (const one of table) {
    const isAbove = one.path === "/" || source.real === one.path || source.real.startsWith(`${one.path}/`);
    // Of equally long paths the last one, which lies on top.
    if (isAbove && one.path.length >= (best?.path.length ?? 0)) best = one;
  }
  if (best === undefined) return undefined;
  const below = source.real.slice(best.path === "/" ? 0 : best.path.length);
  return { device: best.device, root: `${best.root === "/" ? "" : best.root}${below === "/" ? "" : below}` || "/" };
}
