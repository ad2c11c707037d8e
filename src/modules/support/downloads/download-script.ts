import { privateDirectory } from "../../../private-directory.ts";
import { joinSh, type Sh, sh } from "../../../sh.ts";
import type { Apply, HostTraits } from "../../contract.ts";
import { parentOf } from "../files/host-path.ts";
import { type FilePlan, fileScript } from "../files/place-file.ts";
import type { Downloaded } from "./control-download.ts";
import type { Tool } from "./curl.ts";
import { fetchPayloads, fetchScript } from "./fetch-script.ts";
import type { Digest, Placement } from "./place-download.ts";
import { withoutPassword } from "./request.ts";

export type Download = {
  readonly url: string;
  readonly usesProxy: boolean;
  /** A tool of the host, or what the control node has downloaded already. */
  readonly by: Tool | Downloaded;
  readonly wanted: Digest | undefined;
  readonly tmpDest: string | undefined;
  readonly maxSize: number | undefined;
  readonly decompress: boolean;
};

/**
 * Downloads into a private directory beside the target (or in `tmpDest`), and puts the file in its place when all of it is there and is what it
 * shall be. Prints what printedFields reads.
 */
export function downloadScript(download: Download, { target, place, keep, unlessSame }: Placement, traits: HostTraits): Apply {
  const { url, by, wanted } = download;
  const parent = download.tmpDest ?? parentOf(place?.real ?? target);
  const attributes = (plan: FilePlan | undefined): Sh => (plan === undefined ? sh`:` : fileScript(plan, "", traits));
  const script = joinSh([
    sh`(
k3_dir= k3_private=
trap '[ -z "$k3_dir" ] || rm -rf "\${k3_private:-$k3_dir}"' EXIT
trap 'exit 1' HUP INT TERM
k3_tell() { printf 'k3:%s=%s\\0' "$1" "$2"; }
k3_stop() { printf 'Request failed: %s: %s\\n' "$1" ${withoutPassword(url)} >&2; exit 1; }
k3_fail() { printf '%s\\n' "$1" >&2; exit 1; }
${privateDirectory}
k3_alone ${parent}
k3_private=$k3_dir k3_dir=.
k3_began=$(date +%s)`,
    ...("hop" in by ? fetchCommands(download, by) : handedOver(by)),
    sh`k3_tell elapsed $(($(date +%s) - k3_began))`,
    ...(wanted === undefined ? [] : [verify(wanted, target)]),
    sh`k3_tell size $(($(wc -c < file)))
for k3_sum in sha1 md5; do
k3_digest=$(\${k3_sum}sum < file 2>/dev/null) && k3_tell "$k3_sum" "\${k3_digest%% *}"
done`,
    ...(unlessSame === undefined
      ? [attributes(place)]
      : [
          sh`k3_digest=$(sha256sum < file) || exit 1
if [ "\${k3_digest%% *}" = ${unlessSame} ]; then
${attributes(keep)}
else
${attributes(place)}
fi`,
        ]),
    sh`) || exit 1`,
  ]);
  return {
    script,
    payloads: "hop" in by ? fetchPayloads(by) : { file: { file: by.file, size: by.size, digest: by.digest, near: parent } },
  };
}

function fetchCommands({ url, usesProxy, maxSize, decompress }: Download, tool: Tool): Sh[] {
  return [
    fetchScript({ tool, url, method: "GET", follow: "all", body: undefined, retries: 3, maxSize, usesProxy }),
    sh`umask 077
k3_fetch
umask 022
k3_tell status "$k3_status"
k3_tell url "$k3_url"
case $k3_status in
2??) ;;
*) k3_reason=$(sed -n '1s/^HTTP\\/[0-9.]* *[0-9]* *//p' "$k3_dir/head")
k3_stop "HTTP Error $k3_status\${k3_reason:+: $k3_reason}";;
esac`,
    ...(decompress
      ? [
          sh`case $(k3_field '[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Ee][Nn][Cc][Oo][Dd][Ii][Nn][Gg]') in gzip|x-gzip)
gzip -dc < file > unpacked || k3_stop "what came is not gzip, as the server says it is"
mv -f unpacked file;;
esac`,
        ]
      : []),
  ];
}

function handedOver({ status }: Downloaded): Sh[] {
  return [
    sh`(umask 077; : > file; payload_into file file) || { echo "could not write the download to $k3_private; is the disk full? Nothing was changed" >&2; exit 1; }
k3_tell status ${status}`,
  ];
}

function verify({ algorithm, digest }: Digest, target: string): Sh {
  return sh`k3_digest=$(${`${algorithm}sum`} < file) || exit 1
k3_digest=\${k3_digest%% *}
[ "$k3_digest" = ${digest} ] || { k3_tell checksum "$k3_digest"; printf '%s\\n' ${`The checksum for ${target} did not match ${digest}; it was`}" $k3_digest. Nothing was changed" >&2; exit 1; }`;
}
