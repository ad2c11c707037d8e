import { type Sh, sh } from "../../../sh.ts";
import { type HostTraits, MissingPrerequisite, ModuleFailure, type ProbeContext, Unknown } from "../../contract.ts";

/** Where the policy of a host is, and whether semanage is there to change it. */
export type PolicyStore = {
  /** SELINUXTYPE of /etc/selinux/config: "default", "targeted"; "targeted" where it does not say, as libselinux has it. */
  readonly type: string;
  /** The directory that holds local changes; undefined where no policy is installed. */
  readonly directory?: string;
  readonly hasSemanage: boolean;
};

/**
 * Finds the policy's type ($k3_t) and store ($k3_s), and prints both in lines of their own. Local changes are read from files: semanage is a
 * Python program that takes a second or more and a lock, and is asked only for what no file says.
 *
 * The store was moved in policycoreutils 2.4, and image-based systems move it with store-root.
 */
export const storeScript: Sh = sh`k3_t=targeted k3_s= k3_denied=
if [ -e /etc/selinux/config ] && [ ! -r /etc/selinux/config ]; then echo 'no permission to read /etc/selinux/config' >&2; exit 1; fi
if [ -r /etc/selinux/config ]; then while IFS= read -r l || [ -n "$l" ]; do
case $l in SELINUXTYPE=*) k3_t=\${l#SELINUXTYPE=}; k3_t=\${k3_t%%[!A-Za-z0-9_.-]*} ;; esac
done < /etc/selinux/config; fi
k3_r=/var/lib/selinux
if [ -r /etc/selinux/semanage.conf ]; then while read -r l v || [ -n "$l" ]; do
case "$l $v" in store-root*=*) v="$l$v"; k3_r=\${v#*=}; k3_r=\${k3_r#"\${k3_r%%[! ]*}"}; k3_r=\${k3_r#\\"}; k3_r=\${k3_r%\\"} ;; esac
done < /etc/selinux/semanage.conf; fi
for d in "$k3_r/$k3_t/active" "/var/lib/selinux/$k3_t/active" "/etc/selinux/$k3_t/active" "/etc/selinux/$k3_t/modules/active"; do
if [ -d "$d" ] && [ -x "$d" ]; then k3_s=$d; break; fi
p=\${d%/*}; if { [ -d "$p" ] && [ ! -x "$p" ]; } || { [ -d "$d" ] && [ ! -x "$d" ]; }; then k3_denied=$d; fi
done
if [ -z "$k3_s" ] && [ -n "$k3_denied" ]; then echo "no permission to read $k3_denied" >&2; exit 1; fi
echo "type $k3_t"
echo "store $k3_s"
if command -v semanage >/dev/null 2>&1; then echo 'semanage yes'; else echo 'semanage no'; fi`;

/** Reads the lines of `storeScript`. */
export function decodeStore(lines: readonly string[]): PolicyStore | undefined {
  const value = (key: string): string | undefined => lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
  const [type, directory, tool] = [value("type"), value("store"), value("semanage")];
  if (type === undefined || directory === undefined || tool === undefined) return undefined;
  return { type, ...(directory === "" ? {} : { directory }), hasSemanage: tool === "yes" };
}

/** What a script of questions about the policy printed, by lines; Unknown when it could not tell. */
export function decodePolicy<Answer>(
  output: { readonly rc: number; readonly stdout: Buffer; readonly stderr: Buffer },
  items: readonly string[],
  answer: (item: string, lines: readonly string[], store: PolicyStore) => Answer | Unknown,
): readonly (Answer | Unknown)[] {
  const lines = output.stdout.toString("utf8").split("\n");
  const store = decodeStore(lines);
  if (output.rc !== 0 || store === undefined) {
    const said = output.stderr.toString("utf8").trim() || `exit status ${output.rc}`;
    return items.map(() => new Unknown(`cannot read the SELinux policy's store: ${said}`));
  }
  return items.map((item) => answer(item, lines, store));
}

/** Prints a file line by line behind a word. `file` is a word of the shell, such as "$k3_s/ports.local". */
export const fileLines = (word: string, file: Sh): Sh => sh`if [ -e ${file} ]; then
[ -r ${file} ] || { echo "no permission to read "${file} >&2; exit 1; }
while IFS= read -r l || [ -n "$l" ]; do printf '%s %s\\n' ${word} "$l"; done < ${file}
fi`;

type Needs = { readonly module: string; readonly ignore_selinux_state: boolean };

/** Throws where SELinux is off, unless the task does not mind, and where there is no policy. */
export function requirePolicy(store: PolicyStore, { module, ignore_selinux_state }: Needs, { traits }: ProbeContext): void {
  if (!traits.selinux && !ignore_selinux_state) {
    const message = `${module}: SELinux is disabled on this host; ignore_selinux_state: true changes the policy's store all the same`;
    throw new MissingPrerequisite("path:/sys/fs/selinux/enforce", message);
  }
  if (store.directory !== undefined) return;
  throw new MissingPrerequisite(
    `path:/var/lib/selinux/${store.type}/active`,
    `${module}: there is no SELinux policy "${store.type}" on this host; install the package ${policyPackage(traits)}`,
  );
}

/** Throws where semanage is missing. */
export function requireSemanage(store: PolicyStore, module: string, context: ProbeContext): void {
  if (!store.hasSemanage) throw missingTool("semanage", module, context.traits);
}

const PACKAGES = {
  semanage: "policycoreutils-python-utils",
  setsebool: "policycoreutils",
  grubby: "grubby",
} as const;

export function missingTool(tool: keyof typeof PACKAGES, module: string, traits: HostTraits): MissingPrerequisite {
  // The name is the same with Debian, Fedora, RHEL since 8 and SUSE; RHEL 7 had the tool in policycoreutils-python.
  const old = tool === "semanage" && traits.packageManager === "yum" ? " (policycoreutils-python before RHEL 8)" : "";
  return new MissingPrerequisite(
    `command:${tool}`,
    `${module} needs ${tool}, which this host lacks; install the package ${PACKAGES[tool]}${old}`,
  );
}

/** The package that brings a policy. */
export function policyPackage({ packageManager }: HostTraits): string {
  return packageManager === "apt" ? "selinux-policy-default" : "selinux-policy-targeted";
}

/** `-N`: the store is changed and nothing is loaded into the kernel; where SELinux is off there is nothing to load it into. */
export const noReload = (reload: boolean, { traits }: ProbeContext): string[] => (reload && traits.selinux ? [] : ["-N"]);

/** A parameter that becomes a word of the policy's language. Throws ModuleFailure for what cannot be one. */
export function policyName(name: string, value: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(value)) return value;
  throw new ModuleFailure(`"${name}" is "${value}", but must be a name of the policy: letters, digits, "_", "." and "-"`);
}
