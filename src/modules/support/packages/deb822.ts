import { ModuleFailure } from "../../contract.ts";
import { bool, choice, int, listOf, mode, type ParametersOf, parameters, str } from "../../parameters.ts";

const field = (name: string): string => `The field ${name}; see sources.list(5).`;

/** Parameters of `deb822_repository`, with Ansible's names and defaults. */
export const deb822Parameters = parameters({
  name: { ...str(), required: true, description: "Name of the source; its file is named after it." },
  state: { ...choice("present", "absent"), default: "present", description: "Whether apt uses it." },
  mode: { ...mode(), default: "0644", description: "Permissions of the file." },
  types: { ...listOf(choice("deb", "deb-src")), default: ["deb"], description: "Binary packages, source packages, or both." },
  uris: { ...listOf(str()), description: "Where the repository is." },
  suites: { ...listOf(str()), description: "Releases, or a path that ends in `/`." },
  components: { ...listOf(str()), description: "Parts of the release: main, contrib." },
  architectures: { ...listOf(str()), description: field("Architectures") },
  signed_by: {
    ...str(),
    description: "The key that signs it: an armoured key, a URL of one, a path of a key ring on the host, or fingerprints.",
  },
  signed_by_fingerprint: {
    ...listOf(str()),
    default: [],
    description:
      "The only fingerprints that the key of `signed_by` may have; needed with an http: URL. A fetched key that has others is fetched again (not in Ansible).",
  },
  enabled: { ...bool(), description: "False: it is written down, but apt passes over it." },
  allow_downgrade_to_insecure: { ...bool(), description: field("Allow-Downgrade-To-Insecure") },
  allow_insecure: { ...bool(), description: field("Allow-Insecure") },
  allow_weak: { ...bool(), description: field("Allow-Weak") },
  by_hash: { ...bool(), description: field("By-Hash") },
  check_date: { ...bool(), description: field("Check-Date") },
  check_valid_until: { ...bool(), description: field("Check-Valid-Until") },
  date_max_future: { ...int(), description: field("Date-Max-Future") },
  exclude: { ...listOf(str()), description: "Packages not to take from it (field Exclude, apt 2.7 and later)." },
  include: { ...listOf(str()), description: "The only packages to take from it (field Include, apt 2.7 and later)." },
  inrelease_path: { ...str(), description: field("InRelease-Path") },
  languages: { ...listOf(str()), description: field("Languages") },
  pdiffs: { ...bool(), description: field("PDiffs") },
  targets: { ...listOf(str()), description: field("Targets") },
  trusted: { ...bool(), description: "True: no signature is needed. Dangerous." },
  install_python_debian: { ...bool(), default: false, description: "Accepted; nothing on the host is needed." },
});
export type Deb822Params = ParametersOf<typeof deb822Parameters>;

/** File name of a source: lower case, blanks and underscores as hyphens, nothing else than letters, digits and hyphens. */
export function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[\s_]+/g, "-")
    .replace(/[^a-z0-9-]+/g, "");
  if (slug === "" || slug.startsWith("-"))
    throw new ModuleFailure(`"name: ${name}" leaves no name for a file; use letters or digits`);
  return slug;
}

/** What the file says: the fields in the order of their parameters' names, as Ansible writes them. */
export function deb822Text(params: Deb822Params, signedBy: string | undefined): string {
  const { uris = [], suites = [], components = [] } = params;
  if (uris.length === 0) throw new ModuleFailure('"uris" is missing: it says where the repository is');
  if (suites.length === 0) throw new ModuleFailure('"suites" is missing: it names the release, or a path that ends in "/"');
  const flat = suites.filter((suite) => suite.endsWith("/"));
  if (flat.length > 0 && components.length > 0)
    throw new ModuleFailure(`a suite that ends in "/" ("${flat[0]}") has no "components"`);
  if (flat.length < suites.length && components.length === 0)
    throw new ModuleFailure('"components" is missing: only a suite that ends in "/" goes without it');
  const fields: readonly (readonly [name: string, value: string | number | boolean | readonly string[] | undefined])[] = [
    ["Allow-Downgrade-To-Insecure", params.allow_downgrade_to_insecure],
    ["Allow-Insecure", params.allow_insecure],
    ["Allow-Weak", params.allow_weak],
    ["Architectures", params.architectures],
    ["By-Hash", params.by_hash],
    ["Check-Date", params.check_date],
    ["Check-Valid-Until", params.check_valid_until],
    ["Components", components],
    ["Date-Max-Future", params.date_max_future],
    ["Enabled", params.enabled],
    ["Exclude", params.exclude],
    ["Include", params.include],
    ["InRelease-Path", params.inrelease_path],
    ["Languages", params.languages],
    ["X-Repolib-Name", params.name],
    ["PDiffs", params.pdiffs],
    ["Signed-By", signedBy],
    ["Suites", suites],
    ["Targets", params.targets],
    ["Trusted", params.trusted],
    ["Types", params.types],
    ["URIs", uris],
  ];
  return fields.flatMap(([name, value]) => fieldLines(name, value)).join("");
}

function fieldLines(name: string, value: string | number | boolean | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  if (typeof value === "boolean") return [`${name}: ${value ? "yes" : "no"}\n`];
  const text = typeof value === "object" ? value.join(" ") : String(value);
  if (text === "") return [];
  if (!text.includes("\n")) return [`${name}: ${text}\n`];
  if (name !== "Signed-By") throw new ModuleFailure(`the value of ${name} must be one line`);
  // Continued lines begin with a blank; an empty one is a dot.
  return [`${name}:\n`, ...text.split("\n").map((line) => ` ${line === "" ? "." : line}\n`)];
}
