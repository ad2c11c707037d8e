import { privateDirectory } from "../../../private-directory.ts";
import { joinSh, type Sh, sh } from "../../../sh.ts";
import type { HostTraits } from "../../contract.ts";
import type { WantedAttributes } from "../files/attributes.ts";

/**
 * Puts "$k3_dir/file" in the place of `dest` in one step, if it differs, with the old file's owner and mode or those that are wanted; prints
 * `path` and `stored` (1: something has changed). For actions, which know nothing of the file beforehand. A symbolic link is
 * replaced, not followed.
 */
export function storeResponse(dest: string, name: string, wanted: WantedAttributes, traits: HostTraits): Sh {
  const { owner, group, mode } = wanted;
  const account = owner === undefined ? undefined : group === undefined ? owner : `${owner}:${group}`;
  const set = [
    ...(account === undefined ? [] : [sh`chown ${account} "$1"`]),
    ...(account === undefined && group !== undefined ? [sh`chgrp ${group} "$1"`] : []),
    ...(mode === undefined ? [] : [sh`chmod ${mode} "$1"`]),
    sh`:`,
  ];
  return sh`k3_dest=${dest}
[ ! -d "$k3_dest" ] || k3_dest=\${k3_dest%/}/${name}
k3_tell path "$k3_dest"
k3_attributes() { ${joinSh(set, " && ")}; }
k3_look() { stat -c '%a %u %g' "$k3_dest"; }
if [ -d "$k3_dest" ]; then k3_stop "$k3_dest is a directory"; fi
if [ -f "$k3_dest" ] && [ ! -L "$k3_dest" ] && cmp -s "$k3_dir/file" "$k3_dest"; then
k3_before=$(k3_look)
k3_attributes "$k3_dest" || k3_stop "cannot set owner, group or mode of $k3_dest"
[ "$k3_before" = "$(k3_look)" ] || k3_tell stored 1
else
k3_response=$k3_dir/file
(
${privateDirectory}
k3_dir=
k3_fail() { k3_stop "$1"; }
trap '[ -z "$k3_dir" ] || rm -rf "$k3_dir"' EXIT
trap 'exit 1' HUP INT TERM
k3_parent=\${k3_dest%/*}
k3_alone "\${k3_parent:-/}"
{ cat "$k3_response" > new && [ "$(wc -c < new)" -eq "$(wc -c < "$k3_response")" ]; } || k3_stop "could not write all of $k3_dest; is the disk full? Nothing was changed"
if [ -f "$k3_dest" ] && [ ! -L "$k3_dest" ]; then
chown "$(stat -c %u:%g "$k3_dest")" new && chmod "$(stat -c %a "$k3_dest")" new || k3_stop "cannot give the new $k3_dest the old one's owner and mode"
else chmod 644 new
fi
k3_attributes new || k3_stop "cannot set owner, group or mode of $k3_dest"
k3_place new "\${k3_dest##*/}" || k3_stop "could not replace $k3_dest"
k3_tell stored 1
exit 3
)
case $? in 3) ;; 0) exit 0 ;; *) exit 1 ;; esac
${traits.selinux ? sh`if command -v restorecon >/dev/null 2>&1; then restorecon "$k3_dest"; fi` : sh``}
fi`;
}
