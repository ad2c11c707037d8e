import { joinSh, type Sh, sh } from "../../../sh.ts";

/**
 * Shell function: the output of `--list-all` as lines KEY=WORD after an empty one and before a dot, with `ranges=yes` where a range of ports is among
 * them; nothing where there is no output. What stands in a line of its own, after a tab, stays whole: rich rules and forwarded ports (firewall-cmd(1)).
 */
export const listedFunction: Sh = sh`k3_listed() { awk '
function put(word) { if (!any++) print ""; print key "=" word; if (key == "ports" && word ~ /-/) print "ranges=yes" }
/^\\t/ { put(substr($0, 2)); next }
/^  / {
at = index($0, ":"); key = substr($0, 3, at - 3)
n = split(substr($0, at + 1), words, " ")
for (i = 1; i <= n; i++) put(words[i])
}
END { if (any) print "." }'; }`;

/** Name of a setting, as in `--query-NAME` -> what a list calls it. */
const SETS: Readonly<Record<string, string>> = {
  service: "services",
  port: "ports",
  protocol: "protocols",
  source: "sources",
  interface: "interfaces",
  "icmp-block": "icmp-blocks",
  "forward-port": "forward-ports",
  "rich-rule": "rich rules",
};
const FLAGS: readonly string[] = ["masquerade", "forward", "icmp-block-inversion"];

/** Arms of a `case` of a list in a shell variable, which set `r` and `said` as firewalld would, or nothing where firewalld itself has to be asked. */
export type ToldByList = (variable: Sh) => Sh;

/**
 * What a list tells of one option, such as `--query-port=80/tcp`. Undefined: nothing.
 *
 * What is listed as it was asked for is there. What is not may be there all the same, since firewalld writes rules and addresses in its own way, and
 * knows a port by a range.
 */
export function toldByList(option: string): ToldByList | undefined {
  if (option === "--get-target") {
    return (list) => sh`*${"\ntarget="}*) said=\${${list}#*${"\ntarget="}} r=0; said=\${said%%${"\n"}*} ;;`;
  }
  const arms = armsFor(option);
  return arms === undefined ? undefined : () => joinSh(arms);
}

function armsFor(option: string): readonly Sh[] | undefined {
  const [, name = "", value] = /^--query-([a-z-]+)(?:=([\s\S]*))?$/.exec(option) ?? [];
  const has = (line: string): Sh => sh`*${`\n${line}\n`}*`;
  const yes = (pattern: Sh): Sh => sh`${pattern}) r=0 said=yes ;;`;
  const no = (pattern: Sh): Sh => sh`${pattern}) r=1 said=no ;;`;
  if (FLAGS.includes(name) && value === undefined) return [yes(has(`${name}=yes`)), no(has(`${name}=no`))];
  const key = SETS[name];
  if (key === undefined || value === undefined || value.includes("\n")) return undefined;
  const written = name === "forward-port" && !value.includes("toaddr=") ? `${value}:toaddr=` : value;
  const there = yes(has(`${key}=${written}`));
  if (name === "service") return [there, no(sh`?*`)];
  // firewalld also knows ports by the names of services.
  if (name === "port" && /^[1-9]\d*\/[a-z]+$/.test(value)) return [there, sh`${has("ranges=yes")}) ;;`, no(sh`?*`)];
  return [there];
}
