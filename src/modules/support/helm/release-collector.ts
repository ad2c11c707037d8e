import { joinSh, sh } from "../../../sh.ts";
import { MissingPrerequisite, type ProbeContext, type Question, Unknown } from "../../contract.ts";
import { at, type Fields, isFields, textAt } from "../cluster/data.ts";
import { ask } from "../question.ts";

/** Words of the helm command with its options. */
export type HelmAccess = readonly string[];

/** A release as helm knows it. `values`: what its user gave. */
export type Release =
  | {
      readonly kind: "found";
      readonly chart: string;
      readonly version: string;
      readonly appVersion: string;
      readonly status: string;
      readonly revision: number;
      readonly values: Fields;
    }
  | { readonly kind: "absent" }
  | { readonly kind: "no-helm" | "no-api"; readonly reason: string };

/** Two processes: helm's list of releases of that name, and the values of the one that is there. Both only read. */
export function releaseQuestion(access: HelmAccess, name: string, namespace: string): Question<Release> {
  const program = access[0] ?? "helm";
  // helm takes a regular expression; names hold letters, digits, "-" and "." only.
  const filter = `^${name.replaceAll(".", "[.]")}$`;
  const script = joinSh([
    sh`command -v ${program} >/dev/null 2>&1 || { echo '#none'; exit 0; }`,
    sh`hm() { ${access} "$@"; }`,
    sh`{ err=$(hm list --all --namespace ${namespace} --filter ${filter} -o json 2>&1 >&3 3>&-); rc=$?; } 3>&1`,
    sh`printf '\\n#rc %s %s\\n' "$rc" "$(printf '%s' "$err" | tr '\\n' ' ')"
[ "$rc" = 0 ] || exit 0
{ err=$(hm get values ${name} --namespace ${namespace} -o json 2>&1 >&3 3>&-); rc=$?; } 3>&1
printf '\\n#rc %s %s\\n' "$rc" "$(printf '%s' "$err" | tr '\\n' ' ')"`,
  ]);
  return ask(`release ${name}`, script, (output) => decodeRelease(output.stdout.toString("utf8"), program, name));
}

export function decodeRelease(text: string, program: string, name: string): Release | Unknown {
  if (text.startsWith("#none"))
    return {
      kind: "no-helm",
      reason: `there is no ${program} on the host; install it first, or name another with "binary_path"`,
    };
  const [listed = "", listError = "", values = "", valuesError = ""] = text.split(/^#rc (.*)\n?/m);
  if (!listError.startsWith("0 ")) {
    const reason = `helm list: ${listError.replace(/^\d+ /, "").trim() || "no answer"}`;
    return /unreachable|connection refused|was refused|no such host|i\/o timeout/i.test(reason)
      ? { kind: "no-api", reason }
      : new Unknown(reason);
  }
  const releases = parse(listed);
  if (!Array.isArray(releases)) return new Unknown("helm list: its answer is no JSON");
  const release: unknown = releases.find((one: unknown) => textAt(one, "name") === name);
  if (release === undefined) return { kind: "absent" };
  if (!valuesError.startsWith("0 ")) return new Unknown(`helm get values: ${valuesError.replace(/^\d+ /, "").trim()}`);
  const given = parse(values);
  const [, chart = "", version = ""] = /^(.*?)-(v?\d+\.\d+.*)$/.exec(textAt(release, "chart")) ?? [
    "",
    textAt(release, "chart"),
    "",
  ];
  return {
    kind: "found",
    chart,
    version,
    appVersion: textAt(release, "app_version"),
    status: textAt(release, "status"),
    revision: Number(at(release, "revision") ?? 0),
    values: isFields(given) ? given : {},
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The release, or undefined; throws where nobody can be asked. */
export function releaseOf(
  release: Release,
  access: HelmAccess,
  { paths }: Pick<ProbeContext, "paths">,
): Extract<Release, { kind: "found" }> | undefined {
  if (release.kind === "no-helm") {
    const program = access[0] ?? "helm";
    const made = program.startsWith("/")
      ? program
      : DIRECTORIES.map((one) => `${one}/${program}`).find((one) => paths?.exists(one) === true);
    throw new MissingPrerequisite(made === undefined ? `command:${program}` : `path:${made}`, release.reason);
  }
  if (release.kind === "no-api") throw new MissingPrerequisite("unit:k3s", release.reason);
  return release.kind === "found" ? release : undefined;
}
