import { bool, choice, listOf, type ParametersOf, parameters, path, str } from "../../parameters.ts";
import { attributeParameters } from "../files/attributes.ts";

const option = (name: string): string => `The option ${name}; see dnf.conf(5) or yum.conf(5).`;

/** Parameters of `yum_repository`, with Ansible's names and defaults. */
export const yumRepositoryParameters = parameters(
  {
    name: { ...str(), required: true, description: "Id of the repository: the name of its section." },
    state: { ...choice("present", "absent"), default: "present", description: "Whether it is there." },
    description: { ...str(), description: "What people call it; needed for `state: present`." },
    file: { ...str(), description: "Name of the file, without `.repo`; `name` when not given." },
    reposdir: { ...path(), default: "/etc/yum.repos.d", description: "The directory of the file." },
    baseurl: { ...listOf(str()), description: "Where the repository is: its directory that has `repodata`." },
    metalink: { ...str(), description: "Where a metalink file with its mirrors is." },
    mirrorlist: { ...str(), description: "Where a list of its mirrors is." },
    enabled: { ...bool(), description: "Whether it is used." },
    gpgcheck: { ...bool(), description: "Check signatures of packages." },
    gpgkey: {
      ...listOf(str()),
      description:
        "Where the keys are that sign the packages: https: or file: addresses. What an http: address gives is trusted too, whoever gives it.",
    },
    gpgcakey: { ...str(), description: option("gpgcakey") },
    repo_gpgcheck: { ...bool(), description: "Check the signature of the repository's lists." },
    async: { ...bool(), description: option("async") },
    bandwidth: { ...str(), description: option("bandwidth") },
    cost: { ...str(), description: option("cost") },
    countme: { ...bool(), description: option("countme") },
    deltarpm_metadata_percentage: { ...str(), description: option("deltarpm_metadata_percentage") },
    deltarpm_percentage: { ...str(), description: option("deltarpm_percentage") },
    enablegroups: { ...bool(), description: option("enablegroups") },
    exclude: { ...listOf(str()), aliases: ["excludepkgs"], description: "Packages not to take from it." },
    failovermethod: { ...choice("roundrobin", "priority"), description: option("failovermethod") },
    http_caching: { ...choice("all", "packages", "none"), description: option("http_caching") },
    include: { ...str(), description: option("include") },
    includepkgs: { ...listOf(str()), description: "The only packages to take from it." },
    ip_resolve: { ...choice("4", "6", "IPv4", "IPv6", "whatever"), description: option("ip_resolve") },
    keepalive: { ...bool(), description: option("keepalive") },
    keepcache: { ...choice("0", "1"), description: option("keepcache") },
    metadata_expire: { ...str(), description: "How long its lists are new enough: seconds, or `6h`, or `never`." },
    metadata_expire_filter: {
      ...choice("never", "read-only:past", "read-only:present", "read-only:future"),
      description: option("metadata_expire_filter"),
    },
    mirrorlist_expire: { ...str(), description: option("mirrorlist_expire") },
    module_hotfixes: { ...bool(), description: option("module_hotfixes") },
    password: { ...str(), secret: true, description: "Password for the repository." },
    priority: { ...str(), description: "1 (first) to 99; the default of dnf is 99." },
    protect: { ...bool(), description: option("protect") },
    proxy: { ...str(), description: "Address of a proxy, or `_none_`." },
    proxy_password: { ...str(), secret: true, description: "Password for the proxy." },
    proxy_username: { ...str(), description: "User for the proxy." },
    retries: { ...str(), description: option("retries") },
    s3_enabled: { ...bool(), description: option("s3_enabled") },
    skip_if_unavailable: { ...bool(), description: "Go on without it when it cannot be reached." },
    ssl_check_cert_permissions: { ...bool(), description: option("ssl_check_cert_permissions") },
    sslcacert: {
      ...str(),
      aliases: ["ca_cert"],
      description: "File of the authorities that its certificate is checked against.",
    },
    sslclientcert: { ...str(), aliases: ["client_cert"], description: "File of a client certificate." },
    sslclientkey: { ...str(), aliases: ["client_key"], description: "File of the client certificate's key." },
    sslverify: { ...bool(), aliases: ["validate_certs"], description: "Check its certificate." },
    throttle: { ...str(), description: option("throttle") },
    timeout: { ...str(), description: option("timeout") },
    ui_repoid_vars: { ...listOf(str()), description: option("ui_repoid_vars") },
    username: { ...str(), description: "User for the repository." },
    ...attributeParameters,
  },
  { requiredIf: [["state", "present", ["description"]]] },
);
export type YumRepositoryParams = ParametersOf<typeof yumRepositoryParameters>;

const NOT_OPTIONS = new Set<string>(["name", "state", "description", "file", "reposdir", ...Object.keys(attributeParameters)]);
/** Lists of which each member goes on a line of its own; the others are separated by blanks. */
const LINES = new Set(["baseurl", "gpgkey"]);

/** The section of the repository, its options in alphabetical order as Ansible writes them. */
export function yumSection(params: YumRepositoryParams): ReadonlyMap<string, string> {
  const options = new Map<string, string>([["name", params.description ?? ""]]);
  for (const [name, value] of Object.entries(params)) {
    if (NOT_OPTIONS.has(name) || value === undefined) continue;
    if (typeof value === "boolean") options.set(name, value ? "1" : "0");
    else if (Array.isArray(value)) options.set(name, value.join(LINES.has(name) ? "\n" : " "));
    else options.set(name, String(value));
  }
  return new Map([...options].filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1)));
}
