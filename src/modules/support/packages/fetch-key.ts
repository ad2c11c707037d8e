import { fileURLToPath } from "node:url";
import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Apply, ModuleFailure, type Question, Unknown } from "../../contract.ts";
import { anyTool } from "../downloads/any-tool.ts";
import { fetchLoop } from "../downloads/fetch-script.ts";
import { type HttpRequest, withoutPassword } from "../downloads/request.ts";
import { ask } from "../question.ts";
import { fingerprintsOf, keyFunctions } from "./signing-key.ts";

/** Fingerprints of a key that a task demands, in the form that this file compares. */
export function wantedFingerprints(given: readonly string[], parameter: string): string[] {
  const fingerprints = given.map((one) => one.replace(/\s+/g, "").toUpperCase());
  const wrong = fingerprints.find((one) => !/^[0-9A-F]{40}$/.test(one));
  if (wrong !== undefined) throw new ModuleFailure(`"${parameter}" must have 40 hexadecimal digits, but "${wrong}" has not`);
  return fingerprints;
}

/** Throws unless each key of a key ring is one of those allowed: whoever could add another one would be trusted as well. */
export function refuseOtherKeys(found: readonly string[], allowed: readonly string[]): void {
  const other = allowed.length === 0 ? undefined : found.find((one) => !allowed.includes(one));
  if (other !== undefined) throw new ModuleFailure(`the key has the fingerprint ${other}, but must have ${allowed.join(" or ")}`);
}

/** Where a key is fetched from. Throws for what nobody could trust. `instead`: the parameter that would say which key is meant. */
export function keyUrl(given: string, parameter: string, fingerprints: readonly string[], instead: string): string {
  const shown = `"${parameter}: ${withoutPassword(given)}"`;
  if (!/^(https?|file):/.test(given)) throw new ModuleFailure(`${shown}: a key is fetched from https:, http: or file: only`);
  if (/[\s"\\]|\p{Cc}/u.test(given))
    throw new ModuleFailure(
      `${shown}: the URL holds a blank, a quotation mark, a backslash or a control character; write it as %XX`,
    );
  if (given.startsWith("http:") && fingerprints.length === 0)
    throw new ModuleFailure(
      `${shown}: whoever is on the way to that server could give another key; use https:, or say in "${instead}" which key it is`,
    );
  return given;
}

/** Fingerprints of a key on the host; null when there is no file. */
export type KeyFile = { readonly fingerprints: readonly string[] | null };

// The binary form goes to a pipe's reader through the shell functions only by way of a file, and a probe writes none: so it is encoded.
export function keyFile(path: string): Question<KeyFile> {
  const script = sh`[ -e ${path} ] || { echo missing; exit 0; }
[ -r ${path} ] || { echo ${`cannot read ${path}: permission denied`} >&2; exit 1; }
${keyFunctions}
k3_binary ${path} | base64`;
  return ask("key file", script, (output) => {
    const said = output.stdout.toString("utf8").trim();
    if (said === "missing") return { fingerprints: null };
    if (output.rc !== 0) return new Unknown(output.stderr.toString("utf8").trim() || `cannot read the key ${path}`);
    const fingerprints = fingerprintsOf(Buffer.from(said.replace(/\s+/g, ""), "base64"));
    return fingerprints === undefined ? new Unknown(`${path} is no public key of OpenPGP (version 4)`) : { fingerprints };
  });
}

/**
 * Puts what `url` holds into the file "$k3_key/download", its binary form into "$k3_key/binary", and the fingerprints of its keys, which
 * must be among those given (if any are), into $k3_prints. apt's own helper knows apt's proxies and needs no curl. No redirect leads from https to http.
 */
export function fetchKey(
  url: string,
  fingerprints: readonly string[],
): { readonly script: Sh; readonly payloads: NonNullable<Apply["payloads"]> } {
  const shown = withoutPassword(url);
  const tool = anyTool(keyRequest(url), {}, "the host has neither apt-helper nor curl nor GNU wget; install curl there");
  const fetch = url.startsWith("file:")
    ? sh`cat ${fileURLToPath(url)} > "$k3_key/download" || k3_stop ${`cannot read ${fileURLToPath(url)}`}`
    : sh`if [ -x /usr/lib/apt/apt-helper ]; then
k3_said=$(/usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file ${url} "$k3_key/download" 2>&1) || k3_stop "$k3_said"
else
k3_dir=$k3_key
${tool.script}
${fetchLoop({ url, method: "GET", follow: "all", body: undefined, retries: 3, maxSize: 1048576, usesProxy: true })}
k3_fetch
case $k3_status in 2??) mv -f "$k3_key/file" "$k3_key/download";; *) k3_stop "HTTP Error $k3_status";; esac
fi`;
  const script = joinSh([
    keyFunctions,
    sh`k3_key=$(mktemp -d) || exit
trap 'rm -rf "$k3_key"' EXIT
trap 'exit 1' HUP INT TERM
k3_stop() { printf '%s\n' ${`cannot fetch the key ${shown}: `}"$1" >&2; exit 1; }`,
    fetch,
    sh`k3_binary "$k3_key/download" > "$k3_key/binary" && k3_prints=$(k3_fingerprints "$k3_key/binary") || { echo ${`what ${shown} answers is no public key of OpenPGP (version 4)`} >&2; exit 1; }`,
    ...(fingerprints.length === 0
      ? []
      : [
          sh`for k3_print in $k3_prints; do
case ${` ${fingerprints.join(" ")} `} in *" $k3_print "*) ;; *) echo "the key has the fingerprint $k3_print, but must have "${fingerprints.join(" or ")} >&2; exit 1;; esac
done`,
        ]),
  ]);
  return { script, payloads: url.startsWith("file:") ? {} : tool.payloads };
}

const keyRequest = (url: string): HttpRequest => ({
  url,
  headers: [],
  ownHeaders: [],
  credentials: undefined,
  timeout: 30,
  validates: true,
  caPath: undefined,
  clientCert: undefined,
  clientKey: undefined,
  agent: "k3sprov",
  usesProxy: true,
  proxies: {},
  usesNetrc: false,
});
