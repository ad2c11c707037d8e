import { type Sh, sh } from "../../../sh.ts";
import type { Tool } from "./curl.ts";
import { withProxy } from "./proxy.ts";
import type { HttpRequest } from "./request.ts";

const onOff = (value: boolean): string => (value ? "on" : "off");

/**
 * GNU wget reads what may hold a secret from files in our private directory. It repeats broken transfers by itself and goes on where
 * they broke off, so it is not asked to resume.
 */
export function gnuWget(request: HttpRequest, repeats: boolean): Tool {
  const { credentials } = request;
  const header = ([name, value]: readonly [string, string]): string => `header = ${name}: ${value}`;
  const always = [
    `timeout = ${request.timeout}`,
    `tries = ${repeats ? 4 : 1}`,
    "waitretry = 3",
    `user_agent = ${request.agent}`,
    // Nothing of the user's is to be read or written, and no file to be named by the server.
    "hsts = off",
    "cookies = off",
    "content_disposition = off",
    "max_redirect = 0",
    `netrc = ${onOff(request.usesNetrc)}`,
    `use_proxy = ${onOff(request.usesProxy)}`,
    `check_certificate = ${onOff(request.validates)}`,
    ...request.headers.map(header),
  ];
  const own = [
    ...request.ownHeaders.map(header),
    ...(credentials === undefined
      ? []
      : [
          `http_user = ${credentials.user}`,
          `http_password = ${credentials.password}`,
          `auth_no_challenge = ${onOff(credentials.atOnce)}`,
        ]),
    ...(request.clientCert === undefined ? [] : [`certificate = ${request.clientCert}`]),
    ...(request.clientKey === undefined ? [] : [`private_key = ${request.clientKey}`]),
  ];
  return { name: "wget", always, own, hop: hop(request) };
}

function hop({ caPath, clientCert, clientKey }: HttpRequest): Sh {
  const authorities =
    caPath === undefined
      ? sh``
      : sh`if [ -d ${caPath} ]; then set -- "$@" --ca-directory=${caPath}; else set -- "$@" --ca-certificate=${caPath}; fi`;
  // A certificate may hold its key, which wget must be told.
  const key = clientCert !== undefined && clientKey === undefined ? sh`set -- "$@" --private-key=${clientCert}` : sh``;
  return sh`k3_hop() {
printf '%s\\n' "$1" > "$k3_dir/url"
set --
${authorities}
[ -z "$k3_own" ] || { :
${key}
}
case $k3_method in GET) ;; *) set -- "$@" --method="$k3_method";; esac
[ -z "$k3_body" ] || set -- "$@" --body-file="$k3_dir/body"
{ payload wget_always; [ -z "$k3_own" ] || payload wget_own; } > "$k3_dir/config" || { k3_rc=1 k3_status=000 k3_said="cannot write to \${k3_private:-$k3_dir}; is the disk full?"; return; }
: > "$k3_dir/piece"
WGETRC=/dev/null ${withProxy} wget --config="$k3_dir/config" -nv -S --content-on-error "$@" -O "$k3_dir/piece" -i "$k3_dir/url" > "$k3_dir/said" 2>&1
k3_rc=$?
sed -n 's/^  //p' "$k3_dir/said" | k3_last_head > "$k3_dir/head"
k3_status=$(sed -n '1s/^HTTP\\/[0-9.]* *\\([0-9][0-9][0-9]\\).*/\\1/p' "$k3_dir/head")
k3_said=$(grep -v -e '^  ' -e ' URL:' "$k3_dir/said" | sed 's/^wget: //' | tail -n 2)
case $k3_rc in
0) ;;
8|6) if [ -n "$k3_status" ]; then k3_rc=0; else k3_rc=1; fi;;
3) k3_rc=1 k3_said="could not write all of it to \${k3_private:-$k3_dir}; is the disk full?";;
153) k3_rc=3;;
*) k3_rc=1;;
esac
k3_status=\${k3_status:-000}
}`;
}
