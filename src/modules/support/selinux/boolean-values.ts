import { joinSh, sh } from "../../../sh.ts";
import type { Collector, Question } from "../../contract.ts";
import { decodePolicy, fileLines, type PolicyStore, storeScript } from "./policy-store.ts";

/** A boolean of the policy. */
export type BooleanValue = {
  readonly store: PolicyStore;
  /** Its name today; policies rename booleans and go on knowing the old names. */
  readonly name: string;
  /** In the kernel; null where the kernel has no such boolean, or SELinux is off. */
  readonly live: boolean | null;
  /** The local change that a reboot brings; null: there is none, the policy's own value holds. */
  readonly stored: boolean | null;
  /** The policy has it; undefined: could not be asked, because semanage is missing. */
  readonly isKnown: boolean | undefined;
  readonly hasSetsebool: boolean;
};

/** Item: the name. The kernel's values and the store's are files; only without a kernel semanage is asked which booleans there are. */
const collector: Collector<BooleanValue> = {
  name: "selinux-boolean",
  beforeTraits: true,
  script: (items) =>
    joinSh([
      storeScript,
      sh`if command -v setsebool >/dev/null 2>&1; then echo 'setsebool yes'; fi
b=/sys/fs/selinux/booleans
[ -d "$b" ] && echo kernel`,
      fileLines("renamed", sh`"/etc/selinux/$k3_t/booleans.subs_dist"`),
      sh`if [ -n "$k3_s" ]; then`,
      fileLines("stored", sh`"$k3_s/booleans.local"`),
      sh`if [ ! -d "$b" ] && command -v semanage >/dev/null 2>&1; then
k3_list=$(semanage boolean -l -n) || exit 1
echo listed
printf '%s\\n' "$k3_list" | while read -r n r; do printf 'known %s\\n' "$n"; done
fi
fi
if [ -d "$b" ]; then for n in ${items}; do
while read -r o r; do if [ "$o" = "$n" ]; then n=$r; fi; done 2>/dev/null < "/etc/selinux/$k3_t/booleans.subs_dist" || :
[ -e "$b/$n" ] || continue
# The kernel ends no line there, which "read" takes for a failure.
v=; read -r v r < "$b/$n" || [ -n "$v" ] || exit 1
printf 'live %s %s\\n' "$n" "$v"
done; fi`,
    ]),
  decode: (output, items) =>
    decodePolicy(output, items, (item, lines, store) => {
      const words = lines.map((line) => line.trim().split(/[\s=]+/));
      const of = (key: string, name: string): string | undefined => words.find(([a, b]) => a === key && b === name)?.[2];
      const name = of("renamed", item) ?? item;
      const flag = (value: string | undefined): boolean | null =>
        value === undefined ? null : value === "1" || value === "true";
      const live = flag(of("live", name));
      const stored = flag(of("stored", name));
      const isListed = lines.includes("listed") ? words.some(([a, b]) => a === "known" && b === name) : undefined;
      const isKnown = lines.includes("kernel") ? live !== null : stored !== null ? true : isListed;
      return { store, name, live, stored, isKnown, hasSetsebool: lines.includes("setsebool yes") };
    }),
};

export function booleanValue(name: string): Question<BooleanValue> {
  return { collector, item: name };
}
