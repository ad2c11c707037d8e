import { joinSh, type Sh, sh } from "../../sh.ts";
import { type JsonObject, ModuleFailure, type Output, type Question, stateModule, Unknown } from "../contract.ts";
import { choice, listOf, type ParametersOf, parameters } from "../parameters.ts";
import { ask } from "../support/question.ts";

const params = parameters({
  manager: {
    ...listOf(choice("auto", "rpm", "yum", "dnf", "dnf5", "zypper", "apt", "apk", "portage", "pkg", "pkg5", "pacman", "pkgng")),
    default: ["auto"],
    description: "Whose packages: `apt`, `rpm` (or a tool over it) or `apk`; `auto` finds out.",
  },
  strategy: {
    ...choice("first", "all"),
    default: "first",
    description: "The first manager of the list that the host has, or all of them.",
  },
});
type Kind = "apt" | "rpm" | "apk";
type Input = { readonly kinds: readonly Kind[]; readonly strategy: "first" | "all" };
type Row = JsonObject;
type Packages = { readonly [name: string]: readonly Row[] };

const KIND_OF: Readonly<Record<string, Kind>> = {
  rpm: "rpm",
  yum: "rpm",
  dnf: "rpm",
  dnf5: "rpm",
  zypper: "rpm",
  apt: "apt",
  apk: "apk",
};
const LISTS: Readonly<
  Record<Kind, { readonly command: string; readonly script: Sh; readonly row: (fields: readonly string[]) => Row | undefined }>
> = {
  apt: {
    command: "dpkg-query",
    script: sh`dpkg-query -W -f '\${Package}\\t\${Version}\\t\${Architecture}\\t\${Section}\\t\${db:Status-Abbrev}\\n'`,
    row: ([name = "", version = "", arch = "", category = "", status = ""]) =>
      /^.[itW]/.test(status) ? { name, version, arch, category, origin: "", source: "apt" } : undefined,
  },
  rpm: {
    command: "rpm",
    script: sh`rpm -qa --qf '%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{EPOCH}\\t%{ARCH}\\n'`,
    row: ([name = "", version = "", release = "", epoch = "", arch = ""]) => ({
      name,
      version,
      release,
      epoch: epoch === "(none)" ? null : Number(epoch),
      arch: arch === "(none)" ? null : arch,
      source: "rpm",
    }),
  },
  apk: {
    command: "apk",
    // Packages of the data base: P is the name, V the version and A the architecture.
    script: sh`d=/lib/apk/db/installed; [ -e $d ] || d=/usr/lib/apk/db/installed
awk '/^P:/ {p=substr($0,3)} /^V:/ {v=substr($0,3)} /^A:/ {a=substr($0,3)} /^$/ {if (p != "") print p "\\t" v "\\t" a; p=""} END {if (p != "") print p "\\t" v "\\t" a}' "$d"`,
    row: ([name = "", full = "", arch = ""]) => {
      const match = /^(.*)-(r\d+)$/.exec(full);
      return { name, version: match?.[1] ?? full, release: match?.[2] ?? "", arch, source: "apk" };
    },
  },
};

export const packageFacts = stateModule<ParametersOf<typeof params>, Input, { readonly packages: Question<Packages> }>({
  name: "package_facts",
  summary: "Tells which packages are installed, as facts.",
  description: [
    "Changes nothing. The fact `packages` has, by name, a list of what is installed under it: `ansible_facts.packages['bash'][0].version`.",
    "`auto` looks for apt, rpm and apk in the order of the host's distribution. The `origin` of Debian's packages is not looked up.",
  ],
  parameters: params,
  example: `- name: Packages
  package_facts:
- name: There is a shell
  assert:
    that: "'bash' in ansible_facts.packages or 'busybox' in ansible_facts.packages"
`,
  returns: { "ansible_facts.packages": "Name -> list of packages: name, version, arch, source (apt, rpm, apk) and more." },
  prepare: (given, _control, { traits }) => {
    const kinds = given.manager.flatMap((one): readonly Kind[] => {
      if (one === "auto")
        return traits.packageManager in KIND_OF
          ? unique([KIND_OF[traits.packageManager] ?? "apt", "apt", "rpm", "apk"])
          : ["apt", "rpm", "apk"];
      const kind = KIND_OF[one];
      if (kind === undefined)
        throw new ModuleFailure(`"manager: ${one}" is not supported; apt, rpm and apk are, and what stands on rpm`);
      return [kind];
    });
    return Promise.resolve({ kinds: unique(kinds), strategy: given.strategy });
  },
  probe: (input) => ({ packages: packagesOf(input) }),
  readsOnly: true,
  plan: () => undefined,
  apply: () => {
    throw new Error("bug: package_facts has nothing to apply");
  },
  result: ({ packages }) => ({ ansible_facts: { packages } }),
});

const unique = (kinds: readonly Kind[]): readonly Kind[] => [...new Set(kinds)];

function packagesOf({ kinds, strategy }: Input): Question<Packages> {
  const parts = kinds.map(
    (
      kind,
    ) => sh`if ${strategy === "first" ? sh`[ -z "$k3_done" ] &&` : sh`: &&`} command -v ${LISTS[kind].command} >/dev/null 2>&1; then
echo ${`== ${kind}`}; k3_done=1
(${LISTS[kind].script}) || exit
fi`,
  );
  return ask("packages", joinSh([sh`k3_done=`, ...parts, sh`[ -n "$k3_done" ] || echo '== none'`]), (output) =>
    decode(output, kinds),
  );
}

function decode(output: Output, kinds: readonly Kind[]): Packages | Unknown {
  const text = output.stdout.toString("utf8");
  if (text.startsWith("== none"))
    return new Unknown(
      `the host has none of ${kinds.map((kind) => LISTS[kind].command).join(", ")}: its packages cannot be listed`,
    );
  if (output.rc !== 0) return new Unknown(`cannot list packages: ${output.stderr.toString("utf8").trim()}`);
  const found = new Map<string, Row[]>();
  let kind: Kind | undefined;
  for (const line of text.split("\n")) {
    const head = kinds.find((one) => line === `== ${one}`);
    if (head !== undefined) kind = head;
    else if (kind !== undefined && line !== "") {
      const row = LISTS[kind].row(line.split("\t"));
      const name = typeof row?.["name"] === "string" ? row["name"] : undefined;
      if (row !== undefined && name !== undefined) found.set(name, [...(found.get(name) ?? []), row]);
    }
  }
  return Object.fromEntries(found);
}
