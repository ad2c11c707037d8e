import { joinSh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";

export type Policy = "allow" | "deny" | "reject";
export type Direction = "incoming" | "outgoing" | "routed";

/** What ufw's files say, and whether its rules are in the kernel. */
export type UfwState = {
  readonly isInstalled: boolean;
  /** In the files, and in the kernel. */
  readonly isEnabled: boolean;
  readonly policies: Readonly<Record<Direction, Policy>>;
  readonly logging: string;
  /** How many rules there are for each family. */
  readonly count: { readonly ipv4: number; readonly ipv6: number };
  /** In predictions: an earlier task would have removed all rules. */
  readonly isReset?: true;
};

export const ufwState: Question<UfwState> = ask(
  "ufw",
  sh`if ! command -v ufw >/dev/null 2>&1; then echo none; exit; fi
for f in /etc/ufw/ufw.conf /etc/default/ufw /etc/ufw/user.rules /etc/ufw/user6.rules; do
if [ -e "$f" ] && [ ! -r "$f" ]; then echo "no permission to read $f" >&2; exit 1; fi
done
s=$(TMPDIR=/run ufw status 2>&1) || { echo "$s" >&2; exit 1; }
case $s in 'Status: active'*) echo active=yes ;; *) echo active=no ;; esac
cat /etc/ufw/ufw.conf /etc/default/ufw
grep '^### tuple ###' /etc/ufw/user.rules | sed 's/.*/tuple=4/'
grep '^### tuple ###' /etc/ufw/user6.rules | sed 's/.*/tuple=6/'
:`,
  (output) => {
    const text = output.stdout.toString("utf8");
    if (output.rc !== 0) return new Unknown(`cannot ask ufw: ${output.stderr.toString("utf8").trim()}`);
    const value = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?`, "m").exec(text)?.[1] ?? "";
    const policy = (name: string): Policy => POLICIES[value(`DEFAULT_${name}_POLICY`).toUpperCase()] ?? "deny";
    return {
      isInstalled: text !== "none\n",
      isEnabled: value("active") === "yes" && value("ENABLED") === "yes",
      policies: { incoming: policy("INPUT"), outgoing: policy("OUTPUT"), routed: policy("FORWARD") },
      logging: value("LOGLEVEL"),
      count: { ipv4: text.split("tuple=4").length - 1, ipv6: text.split("tuple=6").length - 1 },
    };
  },
);

const POLICIES: Readonly<Record<string, Policy>> = { ACCEPT: "allow", DROP: "deny", REJECT: "reject" };

/** Would this rule change anything? `refused`: ufw does not take it. */
export type UfwRule =
  | { readonly state: "same" | "other"; readonly isPredicted?: true }
  | { readonly state: "refused"; readonly said: string };

/**
 * Item: JSON list of the words after `ufw`. A dry run prints the file of rules as it would be, or that there is nothing to add: then the
 * lines that describe rules are the ones that are there. For that it makes a temporary file, which belongs where it is no trace: in memory.
 */
const ruleCollector: Collector<UfwRule> = {
  name: "ufw-rule",
  beforeTraits: true,
  script: (items) =>
    joinSh([
      sh`k3_ufw() {
if ! command -v ufw >/dev/null 2>&1; then printf 'none|'; return; fi
said=$(TMPDIR=/run ufw --dry-run "$@" 2>&1) || { printf 'refused|%s' "$said"; return; }
printf 'said|%s\\n' "$said" | grep -E '^said|^:ufw6?-user-input |^### tuple ###'
echo '== now 4'; grep '^### tuple ###' /etc/ufw/user.rules
echo '== now 6'; grep '^### tuple ###' /etc/ufw/user6.rules
}`,
      ...items.map((item) => sh`k3_ufw ${readWords(item)}; printf '\\0'`),
    ]),
  decode: (output, items) => {
    const parts = output.stdout.toString("utf8").split("\0");
    return items.map((_item, index) => {
      const part = parts[index] ?? "";
      if (part === "none|") return { state: "other" };
      if (part.startsWith("refused|")) {
        const said = part.slice("refused|".length).trim();
        if (/need to be root/.test(said)) return new Unknown(`cannot ask ufw: ${said}`);
        return { state: "refused", said: said.split("\n")[0] ?? "" };
      }
      if (!part.startsWith("said|"))
        return new Unknown(`cannot ask ufw: ${output.stderr.toString("utf8").trim() || "no answer"}`);
      return { state: isSame(part) ? "same" : "other" };
    });
  },
};

function readWords(item: string): string[] {
  const words: unknown = JSON.parse(item);
  return Array.isArray(words) ? words.map(String) : [];
}

function isSame(text: string): boolean {
  const [after = "", now = ""] = text.split("== now 4\n");
  const [four = "", six = ""] = now.split("== now 6\n");
  // The first line of a file's rules tells which family it is; a family that would stay as it is, is not printed.
  const would = (family: "" | "6"): string | undefined =>
    new RegExp(`:ufw${family}-user-input .*\n((?:### tuple ###.*\n)*)`).exec(after)?.[1];
  return (would("") ?? four) === four && (would("6") ?? six) === six;
}

export function ufwRule(words: readonly string[]): Question<UfwRule> {
  return { collector: ruleCollector, item: JSON.stringify(words) };
}
