import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";

/** What firewalld does now, or what it reads when it starts. */
export type Scope = "runtime" | "permanent";

/** What firewalld says to a question. `status`: 0 yes, 1 no, 112 no such zone; otherwise `said` tells what is wrong. */
export type Answer = {
  readonly daemon: "running" | "stopped" | "no program";
  readonly status: number;
  readonly said: string;
};

type Item = { readonly scope: Scope; readonly words: readonly string[] };

// 252: not running; 36: no D-Bus, without which it cannot run. The offline program knows the same options and reads the files itself; it must not be used while the daemon runs.
const stateScript = sh`d='no program'
if command -v firewall-cmd >/dev/null 2>&1; then
s=$(firewall-cmd --state 2>&1); case $?:$s in 0:*) d=running ;; 252:* | 36:*) d=stopped ;; *) echo "$s" >&2; exit 1 ;; esac
fi`;

function itemScript({ scope, words }: Item): Sh {
  const [first = "", ...rest] = words;
  const permanent = scope === "permanent" ? sh`--permanent ` : sh``;
  const offline = scope === "permanent" ? sh`said=$(firewall-offline-cmd ${words} 2>&1); r=$?` : sh`said= r=0`;
  return sh`case $d in
running) said=$(firewall-cmd ${permanent}${[first, ...rest]} 2>&1); r=$? ;;
stopped) ${offline} ;;
*) said= r=0 ;;
esac
printf '%s|%s|%s\\0' "$d" "$r" "$said"`;
}

/** Item: JSON of scope and options, of questions only (`--query-…`, `--get-…`, `--info-…`). */
const collector: Collector<Answer> = {
  name: "firewalld",
  beforeTraits: true,
  script: (items) => joinSh([stateScript, ...items.map((item) => itemScript(readItem(item)))]),
  decode: (output, items) => {
    const parts = output.stdout.toString("utf8").split("\0");
    return items.map((_item, index) => {
      const [, daemon, status, said = ""] = /^(running|stopped|no program)\|(\d+)\|([\s\S]*)$/.exec(parts[index] ?? "") ?? [];
      if (daemon === "running" || daemon === "stopped" || daemon === "no program") {
        return { daemon, status: Number(status), said: said.trim() };
      }
      return new Unknown(`cannot ask firewalld: ${output.stderr.toString("utf8").trim() || "no answer"}`);
    });
  },
};

function readItem(item: string): Item {
  const [scope, ...words]: unknown[] = JSON.parse(item);
  return { scope: scope === "permanent" ? "permanent" : "runtime", words: words.map(String) };
}

export function firewalldQuestion(scope: Scope, words: readonly string[]): Question<Answer> {
  return { collector, item: JSON.stringify([scope, ...words]) };
}
