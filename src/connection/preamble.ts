import { quote } from "../sh.ts";
import type { LockOptions } from "./connection.ts";
import type { Decoders } from "./payload-encoding.ts";

/**
 * The first lines of every shell: settings that scripts rely on, and a greeting on standard output. No process is started.
 * What had been printed before (a login shell's rc file, sudo's lecture) is noise.
 */
export function preamble(nonce: string): string {
  return `unset ENV BASH_ENV CDPATH GREP_OPTIONS GREP_COLOR GREP_COLORS TAR_OPTIONS GZIP BZIP XZ_OPT XZ_DEFAULTS LS_COLORS
unset QUOTING_STYLE TIME_STYLE BLOCK_SIZE LS_BLOCK_SIZE DF_BLOCK_SIZE DU_BLOCK_SIZE LANGUAGE HISTFILE TMOUT MAILPATH MAIL
LC_ALL=C
export LC_ALL
umask 022
for k3_p in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin
do case :$PATH: in *:$k3_p:*) ;; *) PATH=$PATH:$k3_p;; esac
done
export PATH
cd . 2>/dev/null || cd /
unset OLDPWD
k3_c=
command -v base64 >/dev/null 2>&1 && k3_c=\${k3_c}b
command -v openssl >/dev/null 2>&1 && k3_c=\${k3_c}o
command -v gzip >/dev/null 2>&1 && k3_c=\${k3_c}g
[ -n "\${BASH_VERSION-}" ] && k3_c=\${k3_c}B
printf '${nonce}:hello:%s\\n' "$$ $k3_c"
unset k3_p k3_c
`;
}

export type Hello = { readonly pid: number; readonly decoders: Decoders };

export function readHello(value: string): Hello {
  const [pid = "", abilities = ""] = value.split(" ");
  return {
    pid: Number(pid),
    decoders: {
      base64: abilities.includes("b"),
      openssl: abilities.includes("o"),
      gzip: abilities.includes("g"),
      bash: abilities.includes("B"),
    },
  };
}

/** What the host says about the lock: frame `lock` after any number of frames `wait`. */
export type LockAnswer =
  | { readonly kind: "held"; readonly byRoot: boolean }
  | { readonly kind: "busy"; readonly owner: string }
  | { readonly kind: "impossible"; readonly reason: string };

/**
 * Takes the host's lock on descriptor 9 of the shell itself, so that the kernel releases it when the shell ends, or ends the
 * shell. Root's lock file is in /run, which only root can write to: nobody can plant a symbolic link there, as one could in
 * /run/lock. Others use their XDG_RUNTIME_DIR; where there is none they lock their home directory itself, which needs no file.
 * `runId` lets two connections of one run (two inventory names of one machine) pass.
 */
export function lockScript(nonce: string, lock: LockOptions, runId: string): string {
  const seconds = Math.ceil(lock.waitMs / 1000);
  const owner = lock.owner.replaceAll(/[\0\r\n]/g, " ");
  return `k3_u=
while read -r k3_a k3_b k3_r; do [ "$k3_a" = Uid: ] && { k3_u=\${k3_r%%[!0-9]*}; break; }; done 2>/dev/null </proc/$$/status
[ -n "$k3_u" ] || k3_u=$(id -u </dev/null)
k3_o= k3_r= k3_s= k3_w= k3_n=${seconds}
if [ "$k3_u" = 0 ]
then k3_f=/run/k3sprov.lock; [ -d /run ] || k3_f=/var/run/k3sprov.lock
elif [ -d "\${XDG_RUNTIME_DIR:-/nonexistent}" ] && [ -O "$XDG_RUNTIME_DIR" ] && [ -w "$XDG_RUNTIME_DIR" ]
then k3_f=$XDG_RUNTIME_DIR/k3sprov.lock
else k3_f=\${HOME:-/}
fi
if ! command -v flock >/dev/null 2>&1
then k3_s='impossible there is no flock command'
elif [ -d "$k3_f" ]
then if (: 9<"$k3_f") 2>/dev/null; then exec 9<"$k3_f"; else k3_s="impossible cannot open $k3_f"; fi
elif (umask 077; : 9<>"$k3_f") 2>/dev/null
then exec 9<>"$k3_f"
else k3_s="impossible cannot open $k3_f"
fi
while [ -z "$k3_s" ]
do flock -n 9 </dev/null 2>/dev/null
case $? in
0) [ -d "$k3_f" ] || { : >"$k3_f"; printf '%s\\n%s\\n' ${quote(owner)} ${quote(runId)} >&9; }; k3_s="held $k3_u";;
1) k3_o= k3_r=; [ -f "$k3_f" ] && { IFS= read -r k3_o; IFS= read -r k3_r; } <"$k3_f"
if [ "$k3_r" = ${quote(runId)} ]; then k3_s="held $k3_u"
elif [ "$k3_n" -le 0 ]; then k3_s="busy $k3_o"
else
[ -n "$k3_w" ] || printf '${nonce}:wait:%s\\n' "$k3_o"
k3_w=1 k3_n=$((k3_n - 1)); sleep 1 </dev/null
fi;;
*) k3_s="impossible flock does not work on $k3_f";;
esac
done
printf '${nonce}:lock:%s\\n' "$k3_s"
case $k3_s in busy*) exit 75;; esac
unset k3_a k3_b k3_u k3_o k3_r k3_s k3_w k3_n k3_f
`;
}

export function readLock(value: string): LockAnswer {
  const space = value.indexOf(" ");
  const word = space === -1 ? value : value.slice(0, space);
  const rest = space === -1 ? "" : value.slice(space + 1);
  if (word === "held") return { kind: "held", byRoot: rest === "0" };
  if (word === "busy") return { kind: "busy", owner: rest };
  return { kind: "impossible", reason: rest };
}
