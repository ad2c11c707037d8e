import { sh } from "../../../sh.ts";
import { type PathForecast, type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";
import { expandedWord, globWord } from "../words.ts";
import { hostPath } from "./host-path.ts";

/** What is at a path or matches a pattern, in absolute paths. */
export type Presence = {
  /** The path or pattern itself, `~` and variables expanded by the host. */
  readonly pattern: string;
  readonly matches: readonly string[];
};

/**
 * What matches this path or pattern? A dangling link does. Relative ones start at `directory`. A directory that may not be
 * searched gives no answer.
 */
export function presence(pattern: string, directory?: string): Question<Presence> {
  const there = directory === undefined || /^[/~]/.test(pattern) ? undefined : expandedWord(directory);
  const enter =
    there === undefined
      ? sh``
      : sh`${there.setup}
k3_d=${there.word}
case $k3_d in /*) ;; *) k3_d=\${PWD%/}/$k3_d ;; esac
cd -- "$k3_d" 2>/dev/null || { printf '%s/%s\\0\\0' "$k3_d" "$k3_p"; exit; }`;
  // The pattern and a null byte; then each match with one, or an empty one and what could not be looked into.
  const script = sh`set -f
for k3_p in ${globWord(pattern)}; do :; done
set +f
${enter}
k3_h= k3_f=
case $k3_p in /*) ;; *) k3_h=\${PWD%/}/ ;; esac
printf '%s\\0' "$k3_h$k3_p"
for f in ${globWord(pattern)}; do
if [ -e "$f" ] || [ -L "$f" ]; then k3_f=1; printf '%s\\0' "$k3_h$f"; fi
done
[ -z "$k3_f" ] || exit 0
printf '\\0'
while :; do
case $f in */*) f=\${f%/*} ;; *) f=. ;; esac
[ -n "$f" ] || f=/
if [ -d "$f" ]; then [ -x "$f" ] || printf %s "$f"; break; fi
[ -e "$f" ] && break
case $f in /|.) break ;; esac
done`;
  return ask("presence", script, (output) => {
    const [expanded, first, ...rest] = output.stdout.toString("utf8").split("\0");
    if (output.rc !== 0 || expanded === undefined || first === undefined) {
      return new Unknown(`cannot tell whether ${pattern} exists: ${output.stderr.toString("utf8").trim()}`);
    }
    const absolute = (path: string): string => hostPath(path, { home: "/" });
    if (first !== "") return { pattern: absolute(expanded), matches: [first, ...rest.slice(0, -1)].map(absolute) };
    const [blind = ""] = rest;
    if (blind !== "") return new Unknown(`no permission to look into ${blind} for ${pattern}`);
    return { pattern: absolute(expanded), matches: [] };
  });
}

/** Does something match, or would it after what earlier tasks of a dry run would have made and removed? */
export function isPresent({ pattern, matches }: Presence, forecast: PathForecast | undefined): boolean {
  if (forecast === undefined) return matches.length > 0;
  if (matches.some((path) => forecast.exists(path) !== false)) return true;
  if (!isPattern(pattern)) return forecast.exists(pattern) === true;
  const expression = patternExpression(pattern);
  return [...forecast.present()].some((path) => expression.test(path));
}

export function isPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

/** As a shell matches paths: no wildcard goes over a slash, none takes a dot in front of a name. */
function patternExpression(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at);
    const set = /^\[([!^]?)(\]?[^\]]*)\]/.exec(rest);
    const noDot = at === 0 || pattern.charAt(at - 1) === "/" ? "(?!\\.)" : "";
    if (rest.startsWith("*")) source += `${noDot}[^/]*`;
    else if (rest.startsWith("?")) source += `${noDot}[^/]`;
    else if (set !== null) source += `${noDot}[${set[1] === "" ? "" : "^"}${(set[2] ?? "").replace(/[\]\\^]/g, "\\$&")}]`;
    else source += rest.charAt(0).replace(/[.*+?^${}()|[\]\\]/, "\\$&");
    at += set?.[0].length ?? 1;
  }
  return new RegExp(`^${source}$`, "s");
}
