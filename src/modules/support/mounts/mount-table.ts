import { joinSh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import { missingPathFunction } from "../files/missing-path.ts";
import { unescapeOctal } from "./fstab.ts";

/** A mount as the kernel tells it. */
export type Mount = {
  /** "8:1"; major number 0 for what is on no device. */
  readonly device: string;
  /** What of the file system is mounted: "/", or the directory of a bind mount. */
  readonly root: string;
  readonly path: string;
  readonly fstype: string;
  readonly source: string;
  /** Options of this mount and of its file system. */
  readonly options: readonly string[];
};

const tableCollector: Collector<readonly Mount[]> = {
  name: "mount-table",
  beforeTraits: true,
  script: () => sh`cat /proc/self/mountinfo`,
  decode: (output, items) => {
    if (output.rc !== 0)
      return items.map(() => new Unknown(`cannot read /proc/self/mountinfo: ${output.stderr.toString("utf8").trim()}`));
    const table = output.stdout
      .toString("utf8")
      .split("\n")
      .flatMap((line) => parseMount(line) ?? []);
    return items.map(() => table);
  },
};

/** All mounts, in the order in which they were made. */
export function mountTable(): Question<readonly Mount[]> {
  return { collector: tableCollector, item: "" };
}

// 36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/sda1 rw,errors=continue; any number of fields before the hyphen
function parseMount(line: string): Mount | undefined {
  const [before = "", after] = line.split(" - ");
  if (after === undefined) return undefined;
  const [, , device = "", root = "", path = "", own = ""] = before.split(" ");
  const [fstype = "", source = "", shared = ""] = after.split(" ");
  return {
    device,
    root: unescapeOctal(root),
    path: unescapeOctal(path),
    fstype,
    source: unescapeOctal(source),
    options: [...own.split(","), ...(shared.split(",").includes("ro") ? ["ro"] : [])],
  };
}

/** Where something is, or is to be, mounted. */
export type MountPoint = {
  /** Without symbolic links: what the kernel calls it. */
  readonly real: string;
  readonly kind: "directory" | "other" | "missing";
  readonly isEmpty: boolean;
};

/** What is to be mounted there, as far as it is a path or a name of a block device. */
export type MountSource = {
  readonly kind: "block" | "directory" | "other" | "missing";
  readonly real: string;
  /** "8:1" for block devices. */
  readonly device: string;
};

// What is mounted already is not looked at: the server of a network file system may not answer.
const pointCollector: Collector<MountPoint> = {
  name: "mount-point",
  beforeTraits: true,
  script: (items) =>
    joinSh([
      missingPathFunction,
      sh`table=$(cat /proc/self/mountinfo)`,
      ...items.map(
        (item) => sh`p=${item}; d=\${p%/*}
r=$(cd -P -- "\${d:-/}" 2>/dev/null && pwd -P) && { [ "$p" = / ] || p=\${r%/}/\${p##*/}; }
case $table in *" $p "*) k=directory e=no ;; *)
if [ -L "$p" ]; then r=$(readlink -f -- "$p") && [ -n "$r" ] && p=$r; fi
e=yes
if [ -d "$p" ]; then k=directory
if [ -r "$p" ]; then for f in "$p"/* "$p"/.[!.]* "$p"/..?*; do if [ -e "$f" ] || [ -L "$f" ]; then e=no; break; fi; done; else e=no; fi
elif [ -e "$p" ]; then k=other e=no
else k3_missing "$p"; if [ "$k3_why" = 0 ]; then k=missing; else k='!'; fi
fi ;; esac
printf '%s\\0%s\\0%s\\0' "$k" "$e" "$p"`,
      ),
    ]),
  decode: (output, items) => {
    const tokens = output.stdout.toString("utf8").split("\0");
    return items.map((item) => {
      const [kind = "", empty = "", real = ""] = tokens.splice(0, 3);
      if (kind === "directory" || kind === "other" || kind === "missing") return { real, kind, isEmpty: empty === "yes" };
      return new Unknown(`cannot look at ${item}: ${kind === "!" ? "permission denied" : output.stderr.toString("utf8").trim()}`);
    });
  },
};

export function mountPoint(path: string): Question<MountPoint> {
  return { collector: pointCollector, item: path };
}

const sourceCollector: Collector<MountSource> = {
  name: "mount-source",
  beforeTraits: true,
  script: (items) =>
    joinSh(
      items.map(
        (item) => sh`s=${item}
case $s in
UUID=*|LABEL=*|PARTUUID=*|PARTLABEL=*) v=\${s#*=}; v=\${v#\\"}; v=\${v%\\"}
case $s in UUID=*) t=by-uuid;; LABEL=*) t=by-label;; PARTUUID=*) t=by-partuuid;; *) t=by-partlabel;; esac
s=/dev/disk/$t/$v ;;
esac
k=other r= n=
case $s in /*)
if [ -b "$s" ]; then k=block r=$(readlink -f -- "$s") n=$(stat -L -c '%t:%T' -- "$s")
elif [ -d "$s" ]; then k=directory r=$(cd -P -- "$s" && pwd -P)
elif [ ! -e "$s" ]; then k=missing r=$s; fi ;;
esac
printf '%s\\0%s\\0%s\\0' "$k" "$r" "$n"`,
      ),
    ),
  decode: (output, items) => {
    const tokens = output.stdout.toString("utf8").split("\0");
    return items.map((item) => {
      const [kind = "", real = "", numbers = ""] = tokens.splice(0, 3);
      const device = numbers
        .split(":")
        .map((part) => Number.parseInt(part, 16))
        .join(":");
      if (kind === "block" || kind === "directory" || kind === "other" || kind === "missing") return { kind, real, device };
      return new Unknown(`cannot look at ${item}: ${output.stderr.toString("utf8").trim()}`);
    });
  },
};

export function mountSource(src: string): Question<MountSource> {
  return { collector: sourceCollector, item: src };
}
