import { joinSh, type Sh, sh } from "../../../sh.ts";
import type { Apply, Payload } from "../../contract.ts";
import { anyTool } from "./any-tool.ts";
import { type Follow, fetchLoop } from "./fetch-script.ts";
import type { HttpRequest } from "./request.ts";

export type UriCall = {
  readonly request: HttpRequest;
  readonly method: string;
  readonly follow: Follow;
  readonly unixSocket: string | undefined;
  /** The body: bytes, or a file of the host. */
  readonly body: { readonly content: Uint8Array } | { readonly hostFile: string } | undefined;
  /** The content is wanted whatever it is; otherwise only when it is JSON or the status is none of those expected. */
  readonly returnsContent: boolean;
  readonly statusCodes: readonly number[];
  /** What becomes of an answer with an expected status. */
  readonly store: Sh | undefined;
};

/** More is not brought to the control node. */
export const CONTENT_LIMIT = 64 * 1024 * 1024;
/** Everything after this is the content, byte by byte. */
export const CONTENT_MARK = "k3:content=";

/** Asks and prints: fields for printedFields, then, where it is wanted, the content. Its exit status is 0 even if nobody has answered. */
export function uriScript(call: UriCall): Apply {
  const { request, body } = call;
  const tool = anyTool(
    request,
    call.unixSocket === undefined ? {} : { unixSocket: call.unixSocket },
    "the host has neither curl nor GNU wget; install curl there, or ask from the control node with delegate_to: localhost",
  );
  const fetch = {
    url: request.url,
    method: call.method,
    follow: call.follow,
    body: body === undefined ? undefined : "hostFile" in body ? sh`cat ${body.hostFile}` : sh`payload body`,
    retries: 0,
    maxSize: undefined,
    // No proxy leads to a socket of the host.
    usesProxy: request.usesProxy && call.unixSocket === undefined,
  };
  const script = joinSh([
    sh`(
k3_dir= k3_new=
trap 'rm -f "$k3_new"; [ -z "$k3_dir" ] || rm -rf "$k3_dir"' EXIT
trap 'exit 1' HUP INT TERM
k3_tell() { printf 'k3:%s=%s\\0' "$1" "$2"; }
k3_stop() { k3_tell stopped "$1"; exit 0; }
k3_dir=$(umask 077; mktemp -d "\${TMPDIR:-/tmp}/.k3sprov.XXXXXXXX") || k3_stop "cannot make a temporary directory in \${TMPDIR:-/tmp}"
`,
    tool.script,
    fetchLoop(fetch),
    ...(body !== undefined && "hostFile" in body
      ? [sh`[ -r ${body.hostFile} ] || k3_stop ${`cannot read ${body.hostFile} on the host`}`]
      : []),
    sh`umask 077
k3_fetch
umask 022
k3_tell status "$k3_status"
k3_tell url "$k3_url"
k3_tell hops "$k3_hops"
k3_tell head "$(cat "$k3_dir/head")"
k3_size=$(($(wc -c < "$k3_dir/file")))
k3_tell size "$k3_size"
k3_shown=${call.returnsContent ? "1" : ""}
case $(k3_field '[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Tt][Yy][Pp][Ee]') in *json*|*JSON*) k3_shown=1;; esac
case $k3_status in ${statusPattern(call.statusCodes)}) ${call.store ?? sh`:`}
;; *) k3_shown=1;; esac
if [ -n "$k3_shown" ]; then
[ "$k3_size" -le ${CONTENT_LIMIT} ] || { k3_tell too_large 1; exit 0; }
printf ${CONTENT_MARK}
cat "$k3_dir/file"
fi
)`,
  ]);
  const sent: Record<string, Payload> = body !== undefined && "content" in body ? { body } : {};
  return { script, payloads: { ...tool.payloads, ...sent } };
}

function statusPattern(codes: readonly number[]): Sh {
  return joinSh(
    codes.map((code) => sh`${code}`),
    " | ",
  );
}
