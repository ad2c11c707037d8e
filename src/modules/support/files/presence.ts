import { sh } from "../../../sh.ts";
import { type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";
import { expandedWord, globWord } from "../words.ts";

/**
 * Does something match this path or pattern? A dangling link does. Relative ones start at `directory`. A directory that may not be
 * searched gives no answer.
 */
export function presence(pattern: string, directory?: string): Question<boolean> {
  const there = directory === undefined || /^[/~]/.test(pattern) ? undefined : expandedWord(directory);
  const enter =
    there === undefined
      ? sh``
      : sh`${there.setup}
cd -- ${there.word} 2>/dev/null || { echo no; exit; }`;
  const script = sh`${enter}
for f in ${globWord(pattern)}; do
if [ -e "$f" ] || [ -L "$f" ]; then echo yes; exit; fi
done
while :; do
case $f in */*) f=\${f%/*} ;; *) f=. ;; esac
[ -n "$f" ] || f=/
if [ -d "$f" ]; then [ -x "$f" ] || echo "blind $f"; break; fi
[ -e "$f" ] && break
case $f in /|.) break ;; esac
done
echo no`;
  return ask("presence", script, (output) => {
    const said = output.stdout.toString("utf8");
    if (said === "yes\n") return true;
    const blind = /^blind (.*)$/m.exec(said)?.[1];
    if (blind !== undefined) return new Unknown(`no permission to look into ${blind} for ${pattern}`);
    if (said === "no\n") return false;
    return new Unknown(`cannot tell whether ${pattern} exists: ${output.stderr.toString("utf8").trim()}`);
  });
}
