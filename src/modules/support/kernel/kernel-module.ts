import { sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";

/** `isKnown`: modprobe would find it for the running kernel; `hasTool`: there is a modprobe. */
export type KernelModule = {
  readonly state: "loaded" | "builtin" | "absent";
  readonly isKnown: boolean;
  readonly hasTool: boolean;
  readonly kernel: string;
};

/** modules.builtin is read only for what is not loaded, and modprobe asked only for what is in neither. */
const collector: Collector<KernelModule> = {
  name: "kernel-module",
  beforeTraits: true,
  script: (items) => sh`read -r k < /proc/sys/kernel/osrelease; t=no; command -v modprobe >/dev/null && t=yes; echo "$t $k"
set -- ${items.map((item) => item.replaceAll("-", "_"))}
loaded=$(sed 's/ .*//' /proc/modules 2>/dev/null) builtin=
n='
'
for m do
case $n$loaded$n in *"$n$m$n"*) echo loaded; continue;; esac
if [ -z "$builtin" ] && [ -r "/lib/modules/$k/modules.builtin" ]; then
builtin=$(sed -e 's,.*/,,' -e 's/\\.ko.*//' -e 's/-/_/g' "/lib/modules/$k/modules.builtin")
fi
s=absent
case $n$builtin$n in *"$n$m$n"*) s=builtin;; esac
# Without the list of what is built in, a module directory that no loaded module explains is a built-in one.
[ $s = absent ] && [ -d "/sys/module/$m" ] && s=builtin
[ $s$t = absentyes ] && { modprobe -n -q "$m" 2>/dev/null || s=unknown; }
echo $s
done`,
  decode: (output, items) => {
    const [first = "", ...states] = output.stdout.toString("utf8").split("\n");
    const [tool, kernel = ""] = first.split(" ");
    return items.map((item, index) => {
      const state = states[index];
      const common = { kernel, hasTool: tool === "yes" };
      if (state === "loaded" || state === "builtin") return { ...common, state, isKnown: true };
      if (state === "absent" || state === "unknown")
        return { ...common, state: "absent", isKnown: common.hasTool && state === "absent" };
      return new Unknown(`cannot tell whether the kernel module ${item} is loaded: ${output.stderr.toString("utf8").trim()}`);
    });
  },
};

export function kernelModule(name: string): Question<KernelModule> {
  return { collector, item: name };
}

export type ModuleFiles = readonly { readonly path: string; readonly text: string }[];

/** Files that load modules at boot, and give them options. */
const filesCollector: Collector<ModuleFiles> = {
  name: "kernel-module-files",
  beforeTraits: true,
  script: () => sh`for f in /etc/modules /etc/modules-load.d/*.conf /etc/modprobe.d/*.conf; do [ -f "$f" ] || continue
[ -r "$f" ] || { echo "no permission to read $f" >&2; exit 1; }
printf 'file %s\\n' "$f"; while IFS= read -r l || [ -n "$l" ]; do printf '=%s\\n' "$l"; done < "$f"
done`,
  decode: (output, items) => {
    if (output.rc > 1)
      return items.map(() => new Unknown(`cannot read the lists of modules: ${output.stderr.toString("utf8").trim()}`));
    const said = output.stderr.toString("utf8").trim();
    if (said !== "") return items.map(() => new Unknown(said));
    const files = output.stdout
      .toString("utf8")
      .split(/^file /m)
      .slice(1)
      .map((block) => {
        const [path = "", ...lines] = block.replace(/\n$/, "").split("\n");
        return { path, text: lines.map((line) => `${line.slice(1)}\n`).join("") };
      });
    return items.map(() => files);
  },
};

export function moduleFiles(): Question<ModuleFiles> {
  return { collector: filesCollector, item: "" };
}
