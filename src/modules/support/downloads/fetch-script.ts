import { joinSh, Sh, sh } from "../../../sh.ts";
import type { Tool } from "./curl.ts";
import { proxyFunctions } from "./proxy.ts";
import { withoutPassword } from "./request.ts";

export type Follow = "none" | "safe" | "all";

export type Fetch = {
  readonly tool: Tool;
  readonly url: string;
  readonly method: string;
  readonly follow: Follow;
  /** The command that prints the request's body. */
  readonly body: Sh | undefined;
  /** Further attempts after a broken transfer or an answer such as 503. */
  readonly retries: number;
  readonly maxSize: number | undefined;
  readonly usesProxy: boolean;
};

/**
 * Defines `k3_fetch`, which needs a private directory "$k3_dir" and `k3_stop MESSAGE`. Afterwards "$k3_dir/file" holds the body, "$k3_dir/head" the
 * last answer's header, $k3_status its status and $k3_url where it came from. An answer of any status is a success;
 * when there is none, `k3_stop` is called.
 *
 * Redirects are followed here, one request each, and not by the tool: so that none leads from https to http, and what was meant
 * for one server is not sent to another one, whatever the tool is.
 */
export function fetchScript(fetch: Fetch): Sh {
  return joinSh([fetch.tool.hop, fetchLoop(fetch)]);
}

/** The same where the script itself chooses among tools and defines `k3_hop`. */
export function fetchLoop(fetch: Omit<Fetch, "tool">): Sh {
  return joinSh([lastHead, origin, ...(fetch.usesProxy ? [proxyFunctions] : []), follow(fetch.follow), loop(fetch)]);
}

/** The payloads that the script reads. */
export function fetchPayloads(tool: Tool): Readonly<Record<string, { readonly content: Uint8Array }>> {
  const bytes = (lines: readonly string[]): Uint8Array => Buffer.from(lines.map((line) => `${line}\n`).join(""), "utf8");
  return {
    [`${tool.name}_always`]: { content: bytes(tool.always) },
    [`${tool.name}_own`]: { content: bytes(tool.own) },
  };
}

// An interim answer, a proxy's and one that asks for a password stand before the one that counts.
const lastHead = sh`k3_last_head() { tr -d '\\015' | sed -n -e '/^HTTP\\//h' -e '/^HTTP\\//!H' -e '\${x;p;}' | sed '/^$/d'; }
k3_field() { sed -n "s/^$1:[[:blank:]]*//p" "$k3_dir/head" | tail -n 1; }`;

const origin = sh`k3_origin() { k3_o=\${1#*://}; k3_o=\${1%%://*}://\${k3_o%%[/?#]*}; }`;

// Field names are matched in the cases that servers use; HTTP/2 has lower case only.
function follow(how: Follow): Sh {
  const refuse = sh`k3_rc=0; return 1`;
  const whether =
    how === "none"
      ? refuse
      : how === "safe"
        ? sh`case $k3_method in GET|HEAD) ;; *) return 1;; esac`
        : sh`case $k3_status:$k3_method in
303:HEAD) ;;
303:*|302:POST|301:POST) k3_method=GET k3_body=;;
esac`;
  return sh`k3_follow() {
k3_loc=$(k3_field '[Ll][Oo][Cc][Aa][Tt][Ii][Oo][Nn]')
[ -n "$k3_loc" ] || return 1
${whether}
k3_hops=$((k3_hops + 1))
[ $k3_hops -le 10 ] || k3_stop "more than 10 redirects, the last one to $k3_loc"
k3_loc=\${k3_loc%%#*}
case $k3_loc in
[Hh][Tt][Tt][Pp]://*) k3_loc=http:\${k3_loc#*:};;
[Hh][Tt][Tt][Pp][Ss]://*) k3_loc=https:\${k3_loc#*:};;
//*) k3_loc=\${k3_url%%:*}:$k3_loc;;
/*) k3_origin "$k3_url"; k3_loc=$k3_o$k3_loc;;
*://*) k3_stop "refused to follow a redirect to $k3_loc, which is neither http nor https";;
*) k3_base=\${k3_url%%[?#]*}; k3_origin "$k3_url"
case $k3_base in "$k3_o") k3_base=$k3_o/;; esac
k3_loc=\${k3_base%/*}/$k3_loc;;
esac
case $k3_url in [Hh][Tt][Tt][Pp][Ss]:*)
case $k3_loc in http:*) k3_stop "refused to follow a redirect from https down to http: $k3_loc";; esac;; esac
case $k3_loc in *[\\"\\\\]*|*' '*) k3_stop "refused to follow a redirect to a URL with blanks or quotation marks: $k3_loc";; esac
k3_url=$k3_loc
}`;
}

function loop({ url, method, body, retries, maxSize, usesProxy }: Omit<Fetch, "tool">): Sh {
  // In blocks of 512 bytes, as POSIX has it; a shell that counts in larger ones only stops later, and the size is looked at in the end.
  const tooLarge = `what ${withoutPassword(url)} sends is larger than max_size (${maxSize} bytes)`;
  const blocks = maxSize === undefined ? "unlimited" : String(Math.ceil(maxSize / 512) + 1);
  return sh`k3_fetch() {
k3_url=${url} k3_method=${method} k3_body=${body === undefined ? "" : "1"} k3_hops=0 k3_try=0 k3_have=0 k3_tag=
k3_origin "$k3_url"; k3_home=$k3_o
[ -z "$k3_body" ] || ${body ?? sh`:`} > "$k3_dir/body" || k3_stop "cannot write to \${k3_private:-$k3_dir}; is the disk full?"
: > "$k3_dir/file"
while :; do
k3_origin "$k3_url"; k3_own=; [ "$k3_o" != "$k3_home" ] || k3_own=1
${usesProxy ? sh`k3_find_proxy "$k3_url"` : sh`k3_proxy=`}
rm -f "$k3_dir/piece" "$k3_dir/raw"; : > "$k3_dir/raw"
${maxSize === undefined ? sh`k3_hop "$k3_url" 2>/dev/null` : sh`ulimit -S -f ${blocks}; k3_hop "$k3_url" 2>/dev/null; ulimit -S -f "$(ulimit -H -f)"`}
[ "$k3_rc" -eq 0 ] || [ -z "$k3_proxy" ] || k3_said="$(k3_masked "$k3_said") (through the proxy $(k3_masked "$k3_proxy"))"
[ -e "$k3_dir/piece" ] || : > "$k3_dir/piece"
[ "$k3_rc" -ne 3 ] || k3_stop ${tooLarge}
${maxSize === undefined ? sh`` : sh`[ $(($(wc -c < "$k3_dir/piece") + k3_have)) -le ${maxSize} ] || k3_stop ${tooLarge}`}
if [ "$k3_rc" -eq 0 ]; then
case $k3_status in 301|302|303|307|308) k3_follow && { k3_have=0 k3_tag=; : > "$k3_dir/file"; continue; };; esac
fi
case $k3_status in
206) if [ "$k3_have" -gt 0 ]; then cat "$k3_dir/piece" >> "$k3_dir/file" || k3_stop "cannot write to \${k3_private:-$k3_dir}; is the disk full?"
else mv -f "$k3_dir/piece" "$k3_dir/file"; fi;;
416) if [ "$k3_have" -gt 0 ]; then k3_rc=2 k3_have=0 k3_tag=; fi; mv -f "$k3_dir/piece" "$k3_dir/file";;
*) mv -f "$k3_dir/piece" "$k3_dir/file";;
esac
if [ "$k3_rc" -eq 0 ]; then case $k3_status in 429|502|503|504) k3_rc=2 k3_have=0 k3_tag=;; *) break;; esac
elif [ "$k3_rc" -eq 2 ]; then k3_note_rest
fi
[ "$k3_rc" -eq 2 ] && [ $k3_try -lt ${retries} ] || break
k3_try=$((k3_try + 1))
sleep $k3_try
done
[ "$k3_rc" -ne 1 ] || k3_stop "$k3_said"
[ "$k3_rc" -ne 2 ] || case $k3_status in 429|502|503|504) ;; *) k3_stop "$k3_said";; esac
[ "$k3_status" != 206 ] || k3_status=200
}
${noteRest}`;
}

// Only what says which version it is can be continued: a strong ETag, or a date. The rest is asked for on condition that it is still that version.
const noteRest = new Sh(`k3_note_rest() {
case $k3_status in 200|206) ;; *) k3_have=0 k3_tag=; return;; esac
k3_tag=$(k3_field '[Ee][Tt][Aa][Gg]')
case $k3_tag in W/*|'') k3_tag=$(k3_field '[Ll][Aa][Ss][Tt]-[Mm][Oo][Dd][Ii][Ff][Ii][Ee][Dd]');; esac
k3_have=0
[ -z "$k3_tag" ] || k3_have=$(($(wc -c < "$k3_dir/file")))
[ "$k3_have" -gt 0 ] || k3_tag=
}`);
