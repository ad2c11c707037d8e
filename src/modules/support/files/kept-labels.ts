import { type Sh, sh } from "../../../sh.ts";

// How a file is to be treated; a new file has such flags from its directory. The others are how the file system keeps it.
const KEPT_FLAGS = "AdjsStu";

/**
 * Gives "$k3_tmp" what "$k3_dest" has beside owner, mode, ACL and SELinux context: its flags, and its extended attributes, a program's
 * capabilities among them, for which the kernel asks no more than for a setuid bit. chown clears those, so it comes before. Where the
 * host has no lsattr, or a cp that knows nothing of attributes (busybox), nobody can tell, and nothing is kept. Needs `k3_fail`.
 */
export const keptLabels: Sh = sh`k3_flags=$(lsattr -d "$k3_dest" "$k3_tmp" 2>/dev/null) || k3_flags=
k3_old=\${k3_flags%% *} k3_new=\${k3_flags##*"
"}
k3_new=\${k3_new%% *}
case $k3_old in
*[ia]*) k3_fail "$k3_dest cannot be replaced: it is immutable (flag i) or can only be appended to (flag a). Nothing was changed; the task's attributes \\"-i\\" clear the flag, \\"+i\\" lift it for the change and set it again" ;;
"$k3_new") ;;
*)
k3_old=$(printf %s "$k3_old" | tr -cd ${KEPT_FLAGS})
k3_new=$(printf %s "$k3_new" | tr -cd ${KEPT_FLAGS} | tr -d "$k3_old-")
[ -z "$k3_old$k3_new" ] || chattr \${k3_old:+"+$k3_old"} \${k3_new:+"-$k3_new"} "$k3_tmp" ||
k3_fail "cannot give the new $k3_dest the flags of the old one ($k3_old); nothing was changed" ;;
esac
k3_said=$(cp -P --attributes-only --preserve=xattr "$k3_dest" "$k3_tmp" 2>&1) || case $k3_said in
*attributes-only*) ;;
*) k3_fail "cannot give the new $k3_dest the extended attributes of the old one; nothing was changed: $k3_said" ;;
esac`;
