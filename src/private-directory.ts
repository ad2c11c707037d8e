import { Sh } from "./sh.ts";

/**
 * Shell functions for making files in a directory that others own, as root: what has a name there can be swapped for a link at any moment. So
 * all is made in a directory of our own (0700), by names relative to it, and leaves it by way of `..`.
 *
 * `k3_beside PARENT` makes "$k3_dir" in PARENT, with mktemp, and goes into it. It needs a function `k3_fail MESSAGE` that tells and exits.
 * `k3_enter DIRECTORY` goes into a directory that was just made under a name nobody can know; fails unless that is where it came to: into
 * one that is ours, and has that name in the directory above.
 * `k3_alone PARENT` is `k3_beside` that also fails unless the directory is closed.
 * `k3_closed MODE` (`stat -c %a .`, afterwards): nobody else can write there. In a directory of theirs, somebody can give one of ours
 * that is open the name of the new one.
 * `k3_place FILE NAME` renames FILE to `../NAME`, in the place of whatever is there but a directory. Without -T (old busybox), mv takes a
 * link to a directory for that directory; not so when the file has the name already.
 * `k3_own PATH`: a link on the way led root elsewhere. The first directory of the path that is not root's was put there by root, so it tells
 * who may have made that link; the directory above ours must be that user's.
 */
export const privateDirectory =
  new Sh(`k3_enter() { cd -P "$1" && [ -O . ] && [ ! -L "../\${1##*/}" ] && [ . -ef "../\${1##*/}" ]; }
k3_closed() { case $1 in *[2367]? | *[2367]) return 1 ;; esac; }
k3_beside() {
k3_dir=$(mktemp -d "\${1%/}/.k3sprov.XXXXXXXX") || k3_fail "cannot make a temporary directory in $1"
k3_enter "$k3_dir" || k3_fail "somebody interferes with the temporary directory in $1"
[ "$PWD" = "$k3_dir" ] || [ "$(id -u)" != 0 ] || k3_own "$1" || k3_fail "a symbolic link in $1, which user number $k3_who may have made, leads to \${PWD%/*}, which is another's; refusing to follow it as root"
}
k3_alone() {
k3_beside "$1"
k3_closed "$(stat -c %a .)" || k3_fail "others could write into the temporary directory in $1; nothing was changed"
}
k3_own() {
k3_left=\${1#/} k3_at= k3_above=
set --
while [ -n "$k3_left" ]; do
k3_at=$k3_at/\${k3_left%%/*}
set -- "$@" "$k3_at"
case $k3_left in */*) k3_left=\${k3_left#*/} ;; *) k3_left= ;; esac
done
for k3_who in $(stat -c %u .. "$@" 2>/dev/null); do
if [ -z "$k3_above" ]; then k3_above=$k3_who
elif [ "$k3_who" != 0 ]; then [ "$k3_who" = "$k3_above" ]; return; fi
done
}
k3_place() {
mv -f -T "$1" "../$2" 2>/dev/null && return
mv -f "$1" "./$2" && { mv -f "./$2" .. || { mv -f "./$2" "$1"; return 1; }; }
}`);
