import { type Sh, sh } from "../sh.ts";

/**
 * Ends a shell and everything it has started: its descendants, and the rest of its session (each shell is the leader of
 * one). The shell itself goes first, so that it cannot begin its next section. Only /proc and builtins are needed.
 */
export function killTree(pid: number): Sh {
  return sh`
k=${pid}
[ -d "/proc/$k" ] || exit 0
session_of() { IFS=' ' read -r s_l </proc/"$1"/stat && set -- \${s_l##*) } && sid=$4; }
sid=0
{ session_of "$$" && mine=$sid && session_of "$k"; } 2>/dev/null || exit 0
case $sid in 0|1|"$mine") sid=none;; esac
found=" $k "
collect() {
  table=
  for d in /proc/[0-9]*
  do { IFS= read -r line <"$d/stat"; } 2>/dev/null || continue
  pid=\${d#/proc/}
  set -- \${line##*) }
  case $1 in Z|X) continue;; esac
  table="$table $pid:$2:$4"
  done
  grew=1 alive=
  while [ "$grew" = 1 ]
  do grew=0
  for entry in $table
  do pid=\${entry%%:*} rest=\${entry#*:}
  case $found in *" $pid "*) continue;; esac
  [ "$pid" = "$$" ] || [ "$pid" = 1 ] && continue
  case $found in *" \${rest%%:*} "*) ;; *) [ "\${rest#*:}" = "$sid" ] || continue;; esac
  found="$found$pid " grew=1
  done
  done
  for entry in $table
  do case $found in *" \${entry%%:*} "*) alive="$alive \${entry%%:*}";; esac
  done
}
collect
kill -KILL "$k" 2>/dev/null
collect
[ -n "$alive" ] && kill -TERM $alive 2>/dev/null
n=0
while [ -n "$alive" ] && [ "$n" -lt 10 ]
do sleep 0.1 2>/dev/null || { sleep 1; n=$((n + 9)); }
n=$((n + 1)) left=
for pid in $alive
do { IFS= read -r line <"/proc/$pid/stat"; } 2>/dev/null || continue
set -- \${line##*) }
case $1 in Z|X) ;; *) left="$left $pid";; esac
done
alive=$left
done
[ -n "$alive" ] || exit 0
collect
[ -n "$alive" ] && kill -KILL $alive 2>/dev/null
exit 0
`;
}
