import { readFile } from "node:fs/promises";
import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type HostTraits, ModuleFailure, type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";
import { downloadHere } from "./control-download.ts";
import { curl } from "./curl.ts";
import { type HttpRequest, withoutPassword } from "./request.ts";

/** More is no list of checksums. */
const LIMIT = 4 * 1024 * 1024;

/** The host asks with curl; without it the control node does, since no other tool does it without writing files. */
export const hostAsksForLists = (traits: Pick<HostTraits, "commands">): boolean => traits.commands.has("curl");

/**
 * What a URL holds, asked by the host: nothing is written there. curl follows redirects here, never down to http, and itself keeps credentials from
 * other servers.
 */
export function listQuestion(request: HttpRequest): Question<string> {
  const tool = curl(request, { maxSize: LIMIT });
  const lines = [
    ...tool.always,
    ...tool.own,
    "location",
    "fail",
    "max-redirs = 10",
    `proto-redir = "=${/^https:/i.test(request.url) ? "https" : "http,https"}"`,
    `max-time = ${Math.max(60, request.timeout)}`,
    "retry = 2",
    ...(request.caPath === undefined ? [] : [`cacert = "${request.caPath.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`]),
    `url = "${request.url}"`,
  ];
  const script = joinSh([proxyVariables(request), sh`printf '%s\\n' ${lines} | curl -q -K -`]);
  const { collector } = ask("checksum list", script, (output) => {
    if (output.rc === 0) return output.stdout.toString("utf8");
    const said = output.stderr.toString("utf8").trim().split("\n").at(-1) ?? "";
    return new Unknown(
      `cannot ask ${withoutPassword(request.url)} for the checksum: ${said.replace(/^curl: \(\d+\) /, "") || `curl ended with status ${output.rc}`}`,
    );
  });
  const outside: Collector<string> = { ...collector, outside: true };
  return { collector: outside, item: "" };
}

// A probe runs without the task's environment. curl takes most names in either case, but http_proxy only in lower case.
function proxyVariables({ usesProxy, proxies }: HttpRequest): Sh {
  if (!usesProxy) return sh`:`;
  const given = Object.entries(proxies).map(([name, value]) => sh`${name}=${value}; export ${name}`);
  return joinSh([sh`: "\${http_proxy=\${HTTP_PROXY-}}"; export http_proxy`, ...given]);
}

/** The same, asked by the control node. */
export async function listHere(request: HttpRequest): Promise<string> {
  if (request.caPath !== undefined || request.clientCert !== undefined) {
    throw new ModuleFailure(
      "the host has no curl, so the control node asks for the list of checksums, and what ca_path and client_cert name are files of the host; install curl there, or give the checksum itself",
      { url: withoutPassword(request.url) },
    );
  }
  return readFile((await downloadHere(request, LIMIT)).file, "utf8");
}
