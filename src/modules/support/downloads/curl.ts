import { joinSh, type Sh, sh } from "../../../sh.ts";
import { withProxy } from "./proxy.ts";
import type { HttpRequest } from "./request.ts";

/** How curl answers for one request of a chain of redirects; see fetch-script.ts. */
export type Tool = {
  readonly name: "curl" | "wget" | "busybox";
  /** Lines of its configuration for every server, and those for the URL's own server only. They travel as payloads, since they hold secrets. */
  readonly always: readonly string[];
  readonly own: readonly string[];
  /** Defines `k3_hop URL`. */
  readonly hop: Sh;
};

/** A value in a curl configuration file. */
const quoted = (value: string): string => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\t", "\\t")}"`;
const header = ([name, value]: readonly [string, string]): string =>
  // Without a value curl leaves the field out; a semicolon sends it empty.
  `header = ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`;

export type CurlOptions = { readonly unixSocket?: string; readonly maxSize?: number };

/**
 * curl reads what may hold a secret from its standard input, so that `ps` shows none. "-q" first: the user's .curlrc is not ours.
 * What is worth another attempt (k3_rc 2): a connection that broke (18, 52, 55, 56, 92), silence (28); not a proxy's refusal (56 as well).
 */
export function curl(request: HttpRequest, options: CurlOptions = {}): Tool {
  const { credentials } = request;
  const always = [
    "silent",
    "show-error",
    "globoff",
    'proto = "=http,https"',
    `connect-timeout = ${request.timeout}`,
    "speed-limit = 1",
    `speed-time = ${request.timeout}`,
    `user-agent = ${quoted(request.agent)}`,
    'header = "Expect:"',
    ...request.headers.map(header),
    ...(request.validates ? [] : ["insecure"]),
    ...(request.usesProxy ? [] : ['noproxy = "*"']),
    ...(request.usesNetrc ? ["netrc-optional"] : []),
    ...(options.maxSize === undefined ? [] : [`max-filesize = ${options.maxSize}`]),
    ...(options.unixSocket === undefined ? [] : [`unix-socket = ${quoted(options.unixSocket)}`]),
  ];
  const own = [
    ...request.ownHeaders.map(header),
    ...(credentials === undefined
      ? []
      : [`user = ${quoted(`${credentials.user}:${credentials.password}`)}`, credentials.atOnce ? "basic" : "anyauth"]),
    ...(request.clientCert === undefined ? [] : [`cert = ${quoted(request.clientCert)}`]),
    ...(request.clientKey === undefined ? [] : [`key = ${quoted(request.clientKey)}`]),
  ];
  return { name: "curl", always, own, hop: hop(request) };
}

function hop({ caPath }: HttpRequest): Sh {
  const authorities =
    caPath === undefined
      ? sh``
      : sh`if [ -d ${caPath} ]; then set -- "$@" --capath ${caPath}; else set -- "$@" --cacert ${caPath}; fi`;
  return joinSh([
    sh`k3_hop() {
k3_to=$1
set --
${authorities}
case $k3_method in GET) ;; HEAD) set -- "$@" -I;; *) set -- "$@" -X "$k3_method";; esac
[ -z "$k3_body" ] || set -- "$@" --data-binary @"$k3_dir/body"
k3_status=$({
payload curl_always
[ -z "$k3_own" ] || payload curl_own
printf 'url = "%s"\\n' "$k3_to"
[ "$k3_have" -eq 0 ] || {
printf 'range = "%s-"\\n' "$k3_have"
printf 'header = "If-Range: %s"\\n' "$(printf %s "$k3_tag" | sed 's/["\\\\]/\\\\&/g')"
}
} | ${withProxy} curl -q -K - "$@" -o "$k3_dir/piece" -D "$k3_dir/raw" -w '%{http_code} %{http_connect}' 2> "$k3_dir/said")
k3_rc=$?
k3_connect=\${k3_status#* } k3_status=\${k3_status% *}
[ "$k3_method" != HEAD ] || : > "$k3_dir/piece"
k3_last_head < "$k3_dir/raw" > "$k3_dir/head"
k3_said=$(sed 's/^curl: ([0-9]*) //' "$k3_dir/said")
case $k3_rc in
0) ;;
23) k3_rc=1 k3_said="could not write all of it to \${k3_private:-$k3_dir}; is the disk full?";;
18|28|52|55|92) k3_rc=2;;
56) case $k3_connect in 4??) k3_rc=1;; *) k3_rc=2;; esac;;
63|153) k3_rc=3;;
*) k3_rc=1;;
esac
}`,
  ]);
}
