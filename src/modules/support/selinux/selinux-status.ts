import { sh } from "../../../sh.ts";
import { type Question, Unknown } from "../../contract.ts";
import { ask, lines } from "../question.ts";

export type SelinuxStatus = {
  readonly mode: "enforcing" | "permissive" | "off";
  /** Whether the kernel could do it after a reboot; undefined: it keeps no list of its symbols, so nobody can tell. */
  readonly isInKernel: boolean | undefined;
  /** Release of the kernel. */
  readonly kernel: string;
  /** Predicted: another policy will be loaded at the next boot than the one that is. */
  readonly awaitsPolicy: boolean;
};

// A kernel that has SELinux and was started without it ("selinux=0", or another security module) has no selinuxfs, but its symbols.
const script = sh`read -r k < /proc/sys/kernel/osrelease && echo "kernel $k"
if [ -e /sys/fs/selinux/enforce ]; then
# The kernel ends no line there, which "read" takes for a failure.
e=; read -r e < /sys/fs/selinux/enforce || [ -n "$e" ] || { echo 'no permission to read /sys/fs/selinux/enforce' >&2; exit 1; }
echo "enforce $e"
elif [ -r /proc/kallsyms ] && read -r l < /proc/kallsyms && [ -n "$l" ]; then
if grep -q ' selinux_' /proc/kallsyms; then echo built yes; else echo built no; fi
fi
:`;

export function selinuxStatus(): Question<SelinuxStatus> {
  return ask("SELinux", script, (output) => {
    const said = lines(output.stdout);
    const value = (key: string): string | undefined => said.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
    const kernel = value("kernel");
    if (output.rc !== 0 || kernel === undefined)
      return new Unknown(`cannot tell the state of SELinux: ${output.stderr.toString("utf8").trim()}`);
    const [enforce, built] = [value("enforce"), value("built")];
    const mode = enforce === undefined ? "off" : enforce === "0" ? "permissive" : "enforcing";
    const isInKernel = mode !== "off" ? true : built === undefined ? undefined : built === "yes";
    return { mode, isInKernel, kernel, awaitsPolicy: false };
  });
}

/** Whether boot entries have `selinux=0`; undefined: the host has no grubby, which knows them. */
export type BootArguments = { readonly isOff: "all" | "some" | "none" | undefined };

export function bootArguments(): Question<BootArguments> {
  const list = sh`if command -v grubby >/dev/null 2>&1; then echo grubby; grubby --info=ALL; fi`;
  return ask("boot entries", list, (output) => {
    const said = lines(output.stdout);
    if (output.rc !== 0) return new Unknown(`cannot list the boot entries: ${output.stderr.toString("utf8").trim()}`);
    if (said[0] !== "grubby") return { isOff: undefined };
    const entries = said.filter((line) => line.startsWith("args=")).map((line) => line.slice(5).replaceAll('"', "").split(/\s+/));
    const off = entries.filter((words) => words.includes("selinux=0")).length;
    return { isOff: off === 0 ? "none" : off === entries.length ? "all" : "some" };
  });
}
