import { type Sh, sh } from "../../../sh.ts";
import { type CurlOptions, curl } from "./curl.ts";
import { fetchPayloads } from "./fetch-script.ts";
import { gnuWget } from "./gnu-wget.ts";
import type { HttpRequest } from "./request.ts";

/** Defines `k3_hop` by curl or GNU wget, whichever the host turns out to have; without either `k3_stop` is called with `missing`. */
export function anyTool(
  request: HttpRequest,
  options: CurlOptions,
  missing: string,
): { readonly script: Sh; readonly payloads: ReturnType<typeof fetchPayloads> } {
  const byCurl = curl(request, options);
  const byWget = gnuWget(request, false);
  const script = sh`if command -v curl >/dev/null 2>&1; then
${byCurl.hop}
else
case $(wget --version 2>/dev/null </dev/null) in 'GNU Wget 1.'*) ;;
*) k3_stop ${missing};; esac
${options.unixSocket === undefined ? sh`` : sh`k3_stop 'unix_socket needs curl, which the host does not have'`}
${byWget.hop}
fi`;
  return { script, payloads: { ...fetchPayloads(byCurl), ...fetchPayloads(byWget) } };
}
