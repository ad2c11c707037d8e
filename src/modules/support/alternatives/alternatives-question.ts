import { sh } from "../../../sh.ts";
import { type Output, type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";

export type Subcommand = { readonly name: string; readonly path: string; readonly link: string };

export type Alternative = {
  readonly path: string;
  readonly priority: number;
  readonly family: string | undefined;
  /** name -> path */
  readonly subcommands: Readonly<Record<string, string>>;
};

/** What the host knows about a name; `all` is empty when it knows nothing. */
export type AlternativesState = {
  readonly link: string | undefined;
  /** name -> link of the subcommands */
  readonly subcommandLinks: Readonly<Record<string, string>>;
  readonly mode: "auto" | "manual" | undefined;
  readonly current: string | undefined;
  readonly all: readonly Alternative[];
};

export const NO_ALTERNATIVES: AlternativesState = {
  link: undefined,
  subcommandLinks: {},
  mode: undefined,
  current: undefined,
  all: [],
};

/** The command's name on this host: Debian, SUSE and most others, or Red Hat's own. */
export const TOOL = sh`k3_alternatives=$(command -v update-alternatives || command -v alternatives) || { echo 'the host has neither "update-alternatives" nor "alternatives"' >&2; exit 127; }`;

/** Debian's tool has --query, for programs; Red Hat's only --display, and its link is in the second line of its own file. */
export function alternativesQuestion(name: string): Question<AlternativesState | "no-command"> {
  const script = sh`${TOOL}
if k3_said=$("$k3_alternatives" --query ${name} 2>&1); then printf '%s\\n' "$k3_said"; exit; fi
case $k3_said in *"no alternatives for"*) echo none; exit ;; esac
k3_said=$("$k3_alternatives" --display ${name} 2>&1); k3_status=$?
[ -n "$k3_said" ] || { echo none; exit; }
[ $k3_status -eq 0 ] || { printf '%s\\n' "$k3_said" >&2; exit 1; }
printf 'display\\n%s\\n' "$k3_said"
[ -r ${`/var/lib/alternatives/${name}`} ] && { echo file; cat ${`/var/lib/alternatives/${name}`}; }
:`;
  return ask<AlternativesState | "no-command">("alternatives", script, decode);
}

function decode(output: Output): AlternativesState | "no-command" | Unknown {
  if (output.rc === 127) return "no-command";
  if (output.rc !== 0) return new Unknown(`cannot read the alternatives: ${output.stderr.toString("utf8").trim()}`);
  const text = output.stdout.toString("utf8");
  if (text === "none\n") return NO_ALTERNATIVES;
  return text.startsWith("display\n") ? decodeDisplay(text) : decodeQuery(text);
}

/** update-alternatives(1), QUERY FORMAT: stanzas of "Field: value" with indented lines for the slaves. */
export function decodeQuery(text: string): AlternativesState {
  const [head = "", ...stanzas] = text.trimEnd().split(/\n\n+/);
  const field = (stanza: string, name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "m").exec(stanza)?.[1];
  const current = field(head, "Value");
  return {
    link: field(head, "Link"),
    subcommandLinks: pairs(head, "Slaves"),
    mode: field(head, "Status") === "manual" ? "manual" : "auto",
    current: current === "none" ? undefined : current,
    all: stanzas.map((stanza) => ({
      path: field(stanza, "Alternative") ?? "",
      priority: Number(field(stanza, "Priority") ?? Number.NaN),
      family: undefined,
      subcommands: pairs(stanza, "Slaves"),
    })),
  };
}

function pairs(stanza: string, name: string): Record<string, string> {
  const block = new RegExp(`^${name}:((?:\n .*)*)`, "m").exec(stanza)?.[1] ?? "";
  return Object.fromEntries([...block.matchAll(/^ (\S+) (.+)$/gm)].map((match) => [match[1] ?? "", match[2] ?? ""]));
}

/** What Red Hat's `alternatives --display` says, and the links out of the file it keeps. */
export function decodeDisplay(text: string): AlternativesState {
  const [display = "", file = ""] = text.split(/^file$/m);
  const all: Alternative[] = [];
  for (const line of display.split("\n")) {
    const one = /^(\/.*) - (?:family (\S+) )?priority (\d+)$/.exec(line);
    if (one !== null) {
      all.push({ path: one[1] ?? "", family: one[2], priority: Number(one[3]), subcommands: {} });
      continue;
    }
    const slave = /^ (?:slave|follower) (\S+): (.*)$/.exec(line);
    const last = all.at(-1);
    if (slave === null || last === undefined || slave[2] === "(null)") continue;
    all[all.length - 1] = { ...last, subcommands: { ...last.subcommands, [slave[1] ?? ""]: slave[2] ?? "" } };
  }
  return {
    ...linksOf(file),
    mode: /^\S+ - status is manual\.$/m.test(display) ? "manual" : "auto",
    current: /^ link currently points to (.*)$/m.exec(display)?.[1],
    all,
  };
}

// /var/lib/alternatives/NAME: the mode, the link, then name and link of each subcommand up to an empty line.
function linksOf(file: string): Pick<AlternativesState, "link" | "subcommandLinks"> {
  const [, link, ...rest] = file.trimStart().split("\n");
  const end = rest.indexOf("");
  const names = rest.slice(0, end < 0 ? rest.length : end);
  const links: [string, string][] = [];
  for (let at = 0; at + 1 < names.length; at += 2) links.push([names[at] ?? "", names[at + 1] ?? ""]);
  return { link, subcommandLinks: Object.fromEntries(links) };
}
