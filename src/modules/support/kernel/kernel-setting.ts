import { sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";

/** `net.ipv4.ip_forward` as it is under /proc/sys. When the first separator is a slash, dots are part of names (`net/ipv4/conf/eth0.1`). */
export function settingPath(name: string): string {
  const isDotted = /^[^./]*\./.test(name);
  const swapped = isDotted ? name.replace(/[./]/g, (char) => (char === "." ? "/" : ".")) : name;
  return `/proc/sys/${swapped}`;
}

/** One spelling for equal names. */
export function settingName(name: string): string {
  return settingPath(name.trim().replace(/^-/, "")).slice("/proc/sys/".length);
}

/** Values that differ in white space only are equal: the kernel separates with tabs. */
export function settingValue(value: string): string {
  return value.trim().split(/\s+/).join(" ");
}

/** The kernel's values, all in one process. null: the kernel has no such setting (now; a module may bring it). */
const collector: Collector<string | null> = {
  name: "kernel-setting",
  beforeTraits: true,
  // Not by the shell's own "read", which reads byte by byte: the kernel gives a number in one piece or not at all.
  script: (items) => sh`for p in ${items.map(settingPath)}; do [ -e "$p" ] || printf 'none %s\\n' "$p"; done
grep -- '' /dev/null ${items.map(settingPath)} || :`,
  decode: (output, items) => {
    const lines = output.stdout.toString("utf8").split("\n");
    const said = output.stderr.toString("utf8");
    return items.map((item) => {
      const path = settingPath(item);
      if (lines.includes(`none ${path}`)) return null;
      const values = lines.filter((line) => line.startsWith(`${path}:`)).map((line) => line.slice(path.length + 1));
      if (values.length === 0 && said.includes(`${path}: Permission denied`))
        return new Unknown(`no permission to read the kernel setting ${item}`);
      if (output.rc !== 0) return new Unknown(`cannot read the kernel setting ${item}: ${said.trim()}`);
      return settingValue(values.join(" "));
    });
  },
};

export function kernelSetting(name: string): Question<string | null> {
  return { collector, item: name };
}
