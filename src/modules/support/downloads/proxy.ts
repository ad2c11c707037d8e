import { Sh } from "../../../sh.ts";

/** What an environment says about proxies, by the names in lower case. */
export type ProxySettings = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;

const NAMES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] as const;

/** The names are taken in either case; as everywhere, the lower one wins, and an empty one means none. */
export function proxySettings(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = environment[name] ?? environment[name.toUpperCase()];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The proxy for a URL; undefined: none. The same rules as those of `proxyFunctions`. */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const isSecure = url.protocol === "https:";
  const proxy = settings[isSecure ? "https_proxy" : "http_proxy"] ?? settings.all_proxy ?? "";
  const host = bare(url.hostname.toLowerCase());
  const port = url.port === "" ? (isSecure ? "443" : "80") : url.port;
  if (proxy === "" || isExempt(host, port, settings.no_proxy ?? "")) return undefined;
  return new URL(proxy.includes("://") ? proxy : `http://${proxy}`);
}

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");

function isExempt(host: string, port: string, list: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((one) => one !== "")
    .some((one) => {
      if (one === "*") return true;
      const withPort = /^([^:]+|\[.*\]):(\d+)$/.exec(one);
      if (withPort !== null && withPort[2] !== port) return false;
      const name = bare((withPort?.[1] ?? one).replace(/^\*/, "").replace(/^\./, ""));
      if (name === "") return false;
      return host === name || host.endsWith(`.${name}`) || isInNetwork(host, name);
    });
}

function isInNetwork(host: string, network: string): boolean {
  const [address = "", bits = "", more] = network.split("/");
  const [is, of] = [numberOf(host), numberOf(address)];
  if (is === undefined || of === undefined || more !== undefined || !/^([0-9]|[12][0-9]|3[0-2])$/.test(bits)) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(is / size) === Math.floor(of / size);
}

/** An IPv4 address, as an extended regular expression. */
const OCTETS = "((0|[1-9][0-9]{0,2})\\.){3}(0|[1-9][0-9]{0,2})";

/** An IPv4 address as a number. */
function numberOf(address: string): number | undefined {
  if (!new RegExp(`^${OCTETS}$`).test(address)) return undefined;
  return address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

/**
 * Shell functions. `k3_find_proxy URL` sets k3_proxy to the proxy that the environment names for the URL, or to nothing. curl, GNU wget and
 * busybox read the environment each in its own way (upper case, addresses of networks, no_proxy at all), so none of them is asked:
 * they are given k3_proxy in variables of their own, where no list of processes shows its password.
 */
export const proxyFunctions: Sh = new Sh(`k3_find_proxy() {
case $1 in
[Hh][Tt][Tt][Pp][Ss]:*) k3_proxy=\${https_proxy-\${HTTPS_PROXY-\${all_proxy-\${ALL_PROXY-}}}} k3_port=443;;
*) k3_proxy=\${http_proxy-\${HTTP_PROXY-\${all_proxy-\${ALL_PROXY-}}}} k3_port=80;;
esac
k3_direct=\${no_proxy-\${NO_PROXY-}}
[ -n "$k3_proxy" ] && [ -n "$k3_direct" ] || return 0
k3_at=\${1#*://}; k3_at=\${k3_at%%[/?#]*}; k3_at=\${k3_at##*@}
case $k3_at in
*']') ;;
*:*) k3_port=\${k3_at##*:} k3_at=\${k3_at%:*};;
esac
k3_at=\${k3_at#'['}; k3_at=\${k3_at%']'}
if ( k3_exempt ) 2>/dev/null; then k3_proxy=; fi
}
k3_exempt() {
set -f
IFS=$(printf ', \\t\\n.'); IFS=\${IFS%.}
set -- $(printf '%s\\n' "$k3_at" "$k3_direct" | tr A-Z a-z)
k3_at=$1; shift
for k3_one; do
[ "$k3_one" != '*' ] || return 0
case $k3_one in '['*']':*) k3_with=1;; '['*|*:*:*) k3_with=;; *:*) k3_with=1;; *) k3_with=;; esac
[ -z "$k3_with" ] || { [ "\${k3_one##*:}" = "$k3_port" ] || continue; k3_one=\${k3_one%:*}; }
k3_one=\${k3_one#'*'}; k3_one=\${k3_one#.}; k3_one=\${k3_one#'['}; k3_one=\${k3_one%']'}
[ -n "$k3_one" ] || continue
case $k3_at in "$k3_one"|*."$k3_one") return 0;; esac
case $k3_one in */*) ;; *) continue;; esac
printf '%s/%s\\n' "$k3_at" "$k3_one" | grep -Eq '^(${OCTETS}/){2}([0-9]|[12][0-9]|3[0-2])$' || continue
k3_bits=$((32 - \${k3_one#*/}))
[ $(($(k3_number "$k3_at") >> k3_bits)) -ne $(($(k3_number "\${k3_one%/*}") >> k3_bits)) ] || return 0
done
return 1
}
k3_number() { IFS=.; set -- $1; echo $(((($1 * 256 + $2) * 256 + $3) * 256 + $4)); }
k3_masked() { printf %s "$1" | sed 's,://\\([^/:@ ]*\\):[^/@ ]*@,://\\1:********@,g'; }`);

/** What stands before a tool's name: its proxy is k3_proxy or none, whatever else the environment says. */
export const withProxy: Sh = new Sh(
  "http_proxy=$k3_proxy https_proxy=$k3_proxy HTTPS_PROXY= all_proxy= ALL_PROXY= no_proxy= NO_PROXY=",
);
