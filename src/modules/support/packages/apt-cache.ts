import { Sh } from "../../../sh.ts";

/**
 * Sets "$k3_cache" to options of apt with which it writes no cache. apt rebuilds its own two when they are older than the lists (both) or than
 * dpkg's data base (the second), and a probe writes nothing: such a one is not used then, and apt works it out in memory, which takes longer.
 */
export const readOnlyCache: Sh = new Sh(`k3_fresh() {
[ -e "$1" ] || return 1
k3_bin=$1; shift
[ -z "$(find "$@" -type f -newer "$k3_bin" 2>/dev/null | head -n 1)" ]
}
k3_cache='-o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache='
for k3_list in /var/lib/apt/lists/*Release; do
[ -e "$k3_list" ] || break
if k3_fresh /var/cache/apt/srcpkgcache.bin /var/lib/apt/lists /etc/apt; then
if k3_fresh /var/cache/apt/pkgcache.bin /var/lib/apt/lists /etc/apt /var/lib/dpkg/status; then k3_cache=
else k3_cache='-o Dir::Cache::pkgcache='; fi
fi
break
done`);
