import { type HostTraits, ModuleFailure } from "../../contract.ts";
import { bool, dict, int, listOf, path, str } from "../../parameters.ts";
import { hostPath } from "../files/host-path.ts";
import { type ProxySettings, proxySettings } from "./proxy.ts";

/** Parameters that say how a server is asked, the same for get_url and uri. */
export const requestParameters = {
  headers: {
    ...dict(),
    description:
      "Header fields to send, by name. Authorization and Cookie, and those in `unredirected_headers`, go to the URL's own server only.",
  },
  timeout: { ...int(), default: 10, description: "Seconds without an answer, or without a byte, after which it is given up." },
  force_basic_auth: {
    ...bool(),
    default: false,
    description: "Send user and password at once, not only when the server asks for them.",
  },
  validate_certs: { ...bool(), default: true, description: "Refuse a server whose certificate no authority vouches for." },
  ca_path: { ...path(), description: "File of the host with the certificates of authorities, instead of the host's own." },
  client_cert: { ...path(), description: "File of the host with a certificate to show, PEM; it may hold the key too." },
  client_key: { ...path(), description: "File of the host with that certificate's key, PEM." },
  http_agent: { ...str(), default: "ansible-httpget", description: "What is said in User-Agent." },
  use_proxy: {
    ...bool(),
    default: true,
    description:
      "Go through the proxies that http_proxy, https_proxy and no_proxy name in the task's `environment` or the host's. false: never.",
  },
  use_netrc: { ...bool(), default: true, description: "Take user and password from the user's .netrc when none are given." },
  unredirected_headers: { ...listOf(str()), default: [], description: "Header fields that are not sent on after a redirect." },
} as const;

export type RequestParams = {
  readonly url: string;
  readonly url_username: string | undefined;
  readonly url_password: string | undefined;
  readonly headers: Readonly<Record<string, unknown>> | undefined;
  readonly timeout: number;
  readonly force_basic_auth: boolean;
  readonly validate_certs: boolean;
  readonly ca_path: string | undefined;
  readonly client_cert: string | undefined;
  readonly client_key: string | undefined;
  readonly http_agent: string;
  readonly use_proxy: boolean;
  readonly use_netrc: boolean;
  readonly unredirected_headers: readonly string[];
};

export type Header = readonly [name: string, value: string];

/** What is asked for, and how. Paths are of the host. */
export type HttpRequest = {
  readonly url: string;
  /** Sent wherever redirects lead. */
  readonly headers: readonly Header[];
  /** Sent to the server of `url` only, as are credentials and the client's certificate. */
  readonly ownHeaders: readonly Header[];
  readonly credentials: { readonly user: string; readonly password: string; readonly atOnce: boolean } | undefined;
  readonly timeout: number;
  readonly validates: boolean;
  readonly caPath: string | undefined;
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
  readonly agent: string;
  readonly usesProxy: boolean;
  /** Of the task's environment: for what is asked outside of the script that runs with it. */
  readonly proxies: ProxySettings;
  readonly usesNetrc: boolean;
};

type RequestContext = { readonly traits: Pick<HostTraits, "home">; readonly environment?: Readonly<Record<string, string>> };

// These are credentials, whatever the task says about them.
const OWN_ALWAYS = ["authorization", "proxy-authorization", "cookie"];

/** Checks what no schema says: the URL's scheme, text that would end a header early. Throws ModuleFailure. */
export function httpRequest(params: RequestParams, { traits, environment }: RequestContext): HttpRequest {
  requireUrl(params.url);
  requireOneLine("http_agent", params.http_agent);
  const own = new Set([...OWN_ALWAYS, ...params.unredirected_headers.map((name) => name.toLowerCase())]);
  const headers = Object.entries(params.headers ?? {}).map(([name, value]): Header => header(name, value));
  const isOwn = ([name]: Header): boolean => own.has(name.toLowerCase());
  const { url_username: user, url_password: password } = params;
  if (user !== undefined) requireOneLine("url_username", user);
  if (password !== undefined) requireOneLine("url_password", password);
  const absolute = (one: string | undefined): string | undefined => (one === undefined ? undefined : hostPath(one, traits));
  if (params.client_key !== undefined && params.client_cert === undefined)
    throw new ModuleFailure("client_key needs client_cert");
  return {
    url: params.url,
    headers: headers.filter((one) => !isOwn(one)),
    ownHeaders: headers.filter(isOwn),
    credentials: user === undefined ? undefined : { user, password: password ?? "", atOnce: params.force_basic_auth },
    timeout: Math.max(1, params.timeout),
    validates: params.validate_certs,
    caPath: absolute(params.ca_path),
    clientCert: absolute(params.client_cert),
    clientKey: absolute(params.client_key),
    agent: params.http_agent,
    usesProxy: params.use_proxy,
    proxies: params.use_proxy ? proxySettings(environment ?? {}) : {},
    usesNetrc: params.use_netrc,
  };
}

function header(name: string, value: unknown): Header {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new ModuleFailure(`"${name}" is no name of a header field`);
  if (typeof value === "object" && value !== null) throw new ModuleFailure(`the header field "${name}" must be a text`);
  const text = typeof value === "boolean" ? (value ? "True" : "False") : String(value ?? "");
  if (/[\r\n\0]/.test(text)) throw new ModuleFailure(`the header field "${name}" must be one line`);
  return [name, text.trim()];
}

function requireOneLine(name: string, text: string): void {
  if (/[\r\n\0]/.test(text)) throw new ModuleFailure(`${name} must be one line`);
}

/** Only what could not be put into a tool's configuration is refused here; the tools know the rest about URLs. */
export function requireUrl(url: string): void {
  if (!/^https?:\/\/[^/?#\s]/i.test(url)) {
    throw new ModuleFailure(`"${withoutPassword(url)}" is no URL that can be asked; it must begin with http:// or https://`, {
      url: withoutPassword(url),
    });
  }
  if (/[\s"\\]|\p{Cc}/u.test(url)) {
    throw new ModuleFailure(
      `the URL holds a blank, a quotation mark, a backslash or a control character; write it as %XX: ${withoutPassword(url)}`,
      { url: withoutPassword(url) },
    );
  }
}

/** For messages and results. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z+.-]+:\/\/[^/?#@:]*):[^/?#@]*@/i, "$1:********@");
}

/** The name that a URL gives a file: its last part without what follows "?"; undefined when it ends in a slash. */
export function fileNameOf(url: string): string | undefined {
  const path = url.replace(/^[a-z]+:\/\/[^/?#]*/i, "").replace(/[?#].*$/, "");
  const last = path.slice(path.lastIndexOf("/") + 1);
  let name: string;
  try {
    name = decodeURIComponent(last);
  } catch {
    // Not UTF-8: the name as it stands.
    name = last;
  }
  return name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0") ? undefined : name;
}
