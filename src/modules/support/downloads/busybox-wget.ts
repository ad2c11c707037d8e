import { sh } from "../../../sh.ts";
import type { Tool } from "./curl.ts";
import { withProxy } from "./proxy.ts";
import type { HttpRequest } from "./request.ts";

/**
 * busybox' wget takes no configuration, checks no certificates and sends headers wherever a redirect leads. So it is used for
 * plain HTTP without anything that may be a secret; it follows redirects by itself.
 */
export function busyboxWgetCan(request: HttpRequest): boolean {
  return (
    /^http:\/\/[^@?]*$/i.test(request.url) &&
    request.headers.length === 0 &&
    request.ownHeaders.length === 0 &&
    request.credentials === undefined
  );
}

export function busyboxWget(request: HttpRequest): Tool {
  const hop = sh`k3_hop() {
k3_to=$1
set -- -U ${request.agent}
case $(wget --help 2>&1) in *' -T '*) set -- "$@" -T ${request.timeout};; esac
: > "$k3_dir/head"
${withProxy} wget -q "$@" -O "$k3_dir/piece" "$k3_to" 2> "$k3_dir/said"
k3_rc=$?
k3_said=$(sed 's/^wget: //' "$k3_dir/said" | tail -n 1)
k3_status=$(sed -n 's/^wget: server returned error: HTTP\\/[0-9.]* \\([0-9][0-9][0-9]\\).*/\\1/p' "$k3_dir/said")
if [ "$k3_rc" -eq 0 ]; then k3_status=200
elif [ "$k3_rc" -eq 153 ]; then k3_rc=3 k3_status=000
elif [ -n "$k3_status" ]; then k3_rc=0
else
k3_status=000 k3_rc=1
case $k3_said in *'closed prematurely'*|*'timed out'*|*'short read'*) k3_rc=2;; esac
fi
}`;
  return { name: "busybox", always: [], own: [], hop };
}
