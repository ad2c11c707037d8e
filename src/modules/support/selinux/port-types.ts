import { joinSh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import { decodePolicy, fileLines, type PolicyStore, storeScript } from "./policy-store.ts";

/** The type of a port or range. */
export type PortType = {
  readonly store: PolicyStore;
  /** By a local change; null: there is none. */
  readonly local: string | null;
  /** By the policy itself; null: it says nothing of exactly these ports; undefined: not asked, because `local` decides or semanage is missing. */
  readonly policy: string | null | undefined;
};

/**
 * Item: `tcp 8000-8010`. Local changes are read from the store, where that is written "8000 - 8010"; the policy's own ports are in no text file, so semanage lists them (once for
 * all ports, and only when one of them has no local change).
 */
const collector: Collector<PortType> = {
  name: "selinux-port",
  beforeTraits: true,
  script: (items) =>
    joinSh([
      storeScript,
      sh`if [ -n "$k3_s" ]; then`,
      fileLines("local", sh`"$k3_s/ports.local"`),
      sh`k3_ask=
for i in ${items}; do
p=\${i%% *} n=\${i#* }
case $n in *-*) n="\${n%-*} - \${n#*-}" ;; esac
grep -q "^portcon $p $n " "$k3_s/ports.local" 2>/dev/null || k3_ask=1
done
if [ -n "$k3_ask" ] && command -v semanage >/dev/null 2>&1; then
k3_list=$(semanage port -l -n) || exit 1
echo listed
printf '%s\\n' "$k3_list" | while read -r t p n; do for i in ${items}; do
[ "$p" = "\${i%% *}" ] || continue
case ", $n," in *", \${i#* },"*) printf 'port %s %s\\n' "$i" "$t" ;; esac
done; done
fi
fi`,
    ]),
  decode: (output, items) =>
    decodePolicy(output, items, (item, lines, store) => {
      const [protocol = "", ports = ""] = item.split(" ");
      const start = `local portcon ${protocol} ${ports.replace("-", " - ")} `;
      const record = lines.find((line) => line.startsWith(start));
      const local = record === undefined ? null : typeOf(record.slice(start.length));
      if (local === undefined) return new Unknown(`cannot read the local change of port ${item}: ${record}`);
      if (local !== null || !lines.includes("listed")) return { store, local, policy: undefined };
      const listed = lines.find((line) => line.startsWith(`port ${item} `));
      return { store, local, policy: listed?.slice(`port ${item} `.length) ?? null };
    }),
};

export function portType(protocol: string, ports: string): Question<PortType> {
  return { collector, item: `${protocol} ${ports}` };
}

/** The type of a context: system_u:object_r:http_port_t:s0. */
function typeOf(context: string): string | undefined {
  return context.split(":")[2];
}
