import { joinSh, sh } from "../../../sh.ts";
import type { Collector, Question } from "../../contract.ts";
import { decodePolicy, fileLines, type PolicyStore, storeScript } from "./policy-store.ts";

/** A context as the policy writes it, "<<none>>" for no label. */
export type FileContext = {
  readonly store: PolicyStore;
  /** By a local change; null: there is none. */
  readonly local: string | null;
  /** What semanage believes the local change to be: another one than `local` after a change by hand. null: none, or no permission to look. */
  readonly stored: string | null;
  /** By the policy itself, and what it makes for homes. */
  readonly policy: string | null;
};

const FLAGS = { a: "", b: "-b", c: "-c", d: "-d", f: "--", l: "-l", p: "-p", s: "-s" } as const;
export type FileType = keyof typeof FLAGS;
export const FILE_TYPES = ["a", "b", "c", "d", "f", "l", "p", "s"] as const satisfies readonly FileType[];

/**
 * Item: `f /srv/www(/.*)?`. Read from what restorecon itself reads, the files that libsemanage installs beside the policy: they are open to
 * every user, and a change by hand there is a difference like any other.
 */
const collector: Collector<FileContext> = {
  name: "selinux-file-context",
  beforeTraits: true,
  script: (items) => {
    const patterns = items.flatMap((item) => ["-e", item.slice(2)]);
    return sh`${storeScript}
for f in local policy homedirs stored; do
p=/etc/selinux/$k3_t/contexts/files/file_contexts
case $f in stored) p=$k3_s/file_contexts.local ;; policy) ;; *) p=$p.$f ;; esac
[ -e "$p" ] || continue
[ -r "$p" ] || { echo "no permission to read $p" >&2; exit 1; }
k3_found=$(grep -F ${patterns} -- "$p"); [ $? -le 1 ] || exit 1
[ -z "$k3_found" ] || printf '%s\\n' "$k3_found" | while IFS= read -r l; do printf '%s %s\\n' "$f" "$l"; done
done`;
  },
  decode: (output, items) =>
    decodePolicy(output, items, (item, lines, store) => {
      const type = FILE_TYPES.find((one) => one === item[0]) ?? "a";
      const find = (...files: readonly string[]): string | null => {
        const found = lines
          .map((line) => line.trim().split(/\s+/))
          .filter(([file = "", expression]) => files.includes(file) && expression === item.slice(2))
          // Expression and context, with the file's type between them where it matters.
          .filter((fields) => (fields.length === 3 ? "" : fields[2]) === FLAGS[type]);
        return found.at(-1)?.at(-1) ?? null;
      };
      return { store, local: find("local"), stored: find("stored"), policy: find("policy", "homedirs") };
    }),
};

export function fileContext(target: string, type: FileType): Question<FileContext> {
  return { collector, item: `${type} ${target}` };
}

/** Paths that are labelled as if they were others; "distribution": by the policy. */
export type Substitution = { readonly target: string; readonly source: string; readonly by: "local" | "distribution" };
export type Substitutions = { readonly store: PolicyStore; readonly list: readonly Substitution[] };

const substitutionCollector: Collector<Substitutions> = {
  name: "selinux-substitutions",
  beforeTraits: true,
  script: () =>
    joinSh([
      storeScript,
      fileLines("local", sh`"/etc/selinux/$k3_t/contexts/files/file_contexts.subs"`),
      fileLines("distribution", sh`"/etc/selinux/$k3_t/contexts/files/file_contexts.subs_dist"`),
    ]),
  decode: (output, items) =>
    decodePolicy(output, items, (_item, lines, store) => ({
      store,
      list: lines.flatMap((line): Substitution[] => {
        const [by, target = "", source = ""] = line.trim().split(/\s+/);
        if ((by !== "local" && by !== "distribution") || target.startsWith("#") || source === "") return [];
        return [{ by, target, source }];
      }),
    })),
};

export function substitutions(): Question<Substitutions> {
  return { collector: substitutionCollector, item: "" };
}
