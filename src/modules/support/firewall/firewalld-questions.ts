import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import { listedFunction, type ToldByList, toldByList } from "./firewalld-list.ts";

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

type Asked = { readonly item: Item; readonly place: string; readonly told: ToldByList | undefined };

function askedFor(item: Item): Asked {
  const { scope, words } = item;
  return { item, place: [scope, ...words.slice(0, -1)].join(" "), told: toldByList(words.at(-1) ?? "") };
}

function askScript({ item: { scope, words }, told }: Asked, list: Sh | undefined): Sh {
  const permanent = scope === "permanent" ? sh`--permanent ` : sh``;
  const offline = scope === "permanent" ? sh`said=$(firewall-offline-cmd ${words} 2>&1); r=$?` : sh`said= r=0`;
  return sh`${list === undefined || told === undefined ? sh`r=` : sh`r=; case $${list} in\n${told(list)}\nesac`}
[ -n "$r" ] || case $d in
running) said=$(firewall-cmd ${permanent}${words} 2>&1); r=$? ;;
stopped) ${offline} ;;
*) said= r=0 ;;
esac
printf '%s|%s|%s\\0' "$d" "$r" "$said"`;
}

function listScript(variable: Sh, { scope, words }: Item): Sh {
  const zone = [...words.filter((word) => word.startsWith("--zone=")), "--list-all"];
  const permanent = scope === "permanent" ? sh`--permanent ` : sh``;
  const offline = scope === "permanent" ? sh`$(firewall-offline-cmd ${zone} 2>/dev/null | k3_listed)` : sh``;
  return sh`case $d in
running) ${variable}=$(firewall-cmd ${permanent}${zone} 2>/dev/null | k3_listed) ;;
stopped) ${variable}=${offline} ;;
*) ${variable}= ;;
esac`;
}

/** Each call starts a Python, so a zone that is asked for several things is listed, and only what the list does not tell is asked for by itself. */
function scriptFor(items: readonly Item[]): Sh {
  const all = items.map(askedFor);
  const seen = new Set<string>();
  const lists = new Map<string, Sh>();
  const listScripts: Sh[] = [];
  for (const { item, place } of all.filter(({ told }) => told !== undefined)) {
    if (seen.has(place) && !lists.has(place)) {
      const variable = sh`k3_list${lists.size}`;
      lists.set(place, variable);
      listScripts.push(listScript(variable, item));
    }
    seen.add(place);
  }
  return joinSh([
    stateScript,
    ...(lists.size > 0 ? [listedFunction, ...listScripts] : []),
    ...all.map((one) => askScript(one, lists.get(one.place))),
  ]);
}

/** Item: JSON of scope and options, of questions only (`--query-…`, `--get-…`, `--info-…`). */
const collector: Collector<Answer> = {
  name: "firewalld",
  beforeTraits: true,
  script: (items) => scriptFor(items.map(readItem)),
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
