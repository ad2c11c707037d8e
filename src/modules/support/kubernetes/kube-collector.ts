import { joinSh, sh } from "../../../sh.ts";
import {
  type Collector,
  MissingPrerequisite,
  ModuleFailure,
  type ProbeContext,
  type Question,
  type Resource,
  Unknown,
} from "../../contract.ts";
import { type Fields, isFields, listAt, textAt } from "../cluster/data.ts";
import { type Content, decodeContent, encodeFunction, readArguments } from "../files/content-collector.ts";
import { missingPathFunction } from "../files/missing-path.ts";
import { ask } from "../question.ts";

/** How the API is reached: the words of the kubectl command with its options. */
export type Access = readonly string[];

export type ObjectName = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
};

/** An object as the API has it. `settled`, in predictions only: whatever is waited for has happened. */
export type Live =
  | { readonly kind: "found"; readonly object: Fields; readonly settled?: true }
  | { readonly kind: "absent" }
  /** The API knows no such kind. */
  | { readonly kind: "no-kind"; readonly reason: string }
  /** There is no kubectl, or no API server answers it. */
  | Unreachable;
export type Unreachable =
  | { readonly kind: "no-kubectl"; readonly reason: string }
  | { readonly kind: "no-api"; readonly reason: string };
/** An answer of the API itself. */
export type Reached = Exclude<Live, { readonly kind: Unreachable["kind"] }>;

type Item = { readonly access: Access } & ObjectName;

export const objectQuestion = (access: Access, name: ObjectName): Question<Live> => ({
  collector: kubeCollector,
  item: JSON.stringify({ access, ...name } satisfies Item),
});

// Objects without a namespace are asked for apart: they are those of the cluster and of the default namespace, whose name the answer has
// but the question has not.
const groupOf = ({ access, namespace }: Item): string => JSON.stringify([access, namespace === ""]);

/** Where K3s has its program and its links: sudo leaves neither place in PATH on RHEL and its relatives. */
export const kubePath = sh`PATH=$PATH:/usr/local/bin:/opt/bin`;

/** Defines `k3_get`: asks for the objects of $k3_objects or of a file. kubectl before 1.21 shows managed fields unasked. */
const getFunction = sh`k3_get() {
{ err=$(printf '%s' "$k3_objects" | "$@" get -f "$k3_file" -o json --ignore-not-found --show-managed-fields 2>&1 >&3 3>&-); rc=$?; } 3>&1
case $err in *'unknown flag: --show-managed-fields'*) { err=$(printf '%s' "$k3_objects" | "$@" get -f "$k3_file" -o json --ignore-not-found 2>&1 >&3 3>&-); rc=$?; } 3>&1;; esac
printf '\\n'; printf '%s\\n' "$err" | while IFS= read -r line; do printf '#err %s\\n' "$line"; done; echo "#rc $rc"
}`;

/** One kubectl for all objects of an API, and one more where some name no namespace. */
const kubeCollector: Collector<Live> = {
  name: "kubernetes",
  script: (items) => {
    const groups = grouped(items.map(parseItem));
    return joinSh([
      kubePath,
      getFunction,
      ...groups.map((group) => {
        const access = group[0]?.access ?? [];
        const program = access[0] ?? "kubectl";
        const list = {
          apiVersion: "v1",
          kind: "List",
          items: [...new Map(group.map((one) => [objectKey(one), manifestOf(one)])).values()],
        };
        return sh`if command -v ${program} >/dev/null 2>&1; then k3_file=-; k3_objects=${JSON.stringify(list)}; k3_get ${access}; else echo '#none'; echo '#rc 127'; fi`;
      }),
    ]);
  },
  decode: (output, items) => {
    const parsed = items.map(parseItem);
    const groups = grouped(parsed);
    const sections = output.stdout.toString("utf8").split(/^#rc \d+\n/m);
    return parsed.map((item) => {
      const index = groups.findIndex((group) => group[0] !== undefined && groupOf(group[0]) === groupOf(item));
      return decodeSection(item, sections[index]);
    });
  },
};

/** What a file of the host declares, and the objects of the API that it names. */
export type DeclaredFile = {
  readonly content: Content;
  /** What kubectl said, for `liveIn`. */
  readonly section: string;
  /** Predictions only. */
  readonly predicted?: Readonly<Record<string, Live>>;
};

/** For a file of the host: its content, and one `kubectl get -f` of what it declares. */
export function fileQuestion(access: Access, path: string): Question<DeclaredFile> {
  const program = access[0] ?? "kubectl";
  const script = joinSh([
    missingPathFunction,
    encodeFunction,
    sh`set -- ${[path]}`,
    readArguments,
    sh`[ -r ${path} ] || exit 0`,
    kubePath,
    getFunction,
    sh`if command -v ${program} >/dev/null 2>&1; then k3_objects=; k3_file=${path}; k3_get ${access}; else echo '#none'; echo '#rc 127'; fi`,
  ]);
  return ask(`objects of ${path}`, script, (output) => {
    const text = output.stdout.toString("utf8");
    const end = text.indexOf("\0") + 1;
    const content = decodeContent(path, [text.slice(0, Math.max(0, end - 1))], output.stderr.toString("utf8").trim());
    if (content instanceof Unknown) return content;
    return { content, section: text.slice(end).split(/^#rc \d+\n/m)[0] ?? "" };
  });
}

/** The live object of that name among those of a file. Throws ModuleFailure where nobody could tell. */
export function liveIn(file: DeclaredFile, access: Access, name: ObjectName): Live {
  const predicted = file.predicted?.[objectKey(name)];
  if (predicted !== undefined) return predicted;
  const live = decodeSection({ access, ...name }, file.section);
  if (live instanceof Unknown) throw new ModuleFailure(live.reason);
  return live;
}

/** What kubectl says when no API answers it. */
export const NO_API = /connection refused|was refused|no route to host|i\/o timeout|no such file or directory|no such host|EOF/i;

function grouped(items: readonly Item[]): readonly (readonly Item[])[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(groupOf(item), [...(groups.get(groupOf(item)) ?? []), item]);
  return [...groups.values()];
}

function parseItem(item: string): Item {
  // Made by objectQuestion.
  return JSON.parse(item) as Item;
}

export const objectKey = (one: ObjectName): string => JSON.stringify([one.apiVersion, one.kind, one.namespace, one.name]);

function manifestOf({ apiVersion, kind, name, namespace }: ObjectName): Fields {
  return { apiVersion, kind, metadata: { name, ...(namespace === "" ? {} : { namespace }) } };
}

function decodeSection(item: Item, section: string | undefined): Live | Unknown {
  const what = `${item.kind} ${item.name}`;
  if (section === undefined) return new Unknown(`kubectl get ${what}: no answer`);
  const lines = section.split("\n");
  const program = item.access[0] ?? "kubectl";
  if (lines.includes("#none")) return noKubectl(program);
  const errors = lines.flatMap((line) => (line.startsWith("#err ") && line !== "#err " ? [line.slice(5)] : []));
  const found = parseObjects(lines.filter((line) => !line.startsWith("#")).join("\n"));
  if (found === undefined) return new Unknown(`kubectl get ${what}: its answer is no JSON`);
  const match = found.find((one) => isObject(one, item));
  if (match !== undefined) return { kind: "found", object: match };
  const noKind = errors.find(
    (line) => /no matches for kind "?([^" ]+)/.exec(line)?.[1] === item.kind && line.includes(item.apiVersion),
  );
  if (noKind !== undefined) return { kind: "no-kind", reason: noKind.replace(/^.*?(no matches for kind)/, "$1") };
  // kubectl says "unable to recognize" also when it could not ask.
  const others = errors.filter((line) => !/no matches for kind|ensure CRDs are installed first|^Warning:/.test(line));
  const away = others.find((line) => NO_API.test(line));
  if (away !== undefined) return { kind: "no-api", reason: `kubectl get ${what}: ${away}` };
  if (others.length > 0) return new Unknown(`kubectl get ${what}: ${others.join(" ")}`);
  return { kind: "absent" };
}

function parseObjects(json: string): readonly Fields[] | undefined {
  if (json.trim() === "") return [];
  try {
    const parsed: unknown = JSON.parse(json);
    if (!isFields(parsed)) return undefined;
    return textAt(parsed, "kind") === "List" ? listAt(parsed, "items").filter(isFields) : [parsed];
  } catch {
    return undefined;
  }
}

const groupName = (apiVersion: string): string => (apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "");

function isObject(object: Fields, item: ObjectName): boolean {
  return (
    textAt(object, "kind") === item.kind &&
    groupName(textAt(object, "apiVersion")) === groupName(item.apiVersion) &&
    textAt(object, "metadata", "name") === item.name &&
    // An object of the cluster is found whatever namespace it was given.
    (item.namespace === "" || ["", item.namespace].includes(textAt(object, "metadata", "namespace")))
  );
}

export const noKubectl = (program: string): Unreachable => ({
  kind: "no-kubectl",
  reason: `there is no ${program} on the host; install it first, or name another with "kubectl"`,
});

const DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/bin"];

/** The object, or why there is none; throws where nobody can be asked. */
export function reached(live: Live, access: Access, context: Pick<ProbeContext, "paths">): Reached {
  if (live.kind === "no-kubectl" || live.kind === "no-api") throw nobodyAsked(live, access, context);
  return live;
}

/** Of a kind by which check mode can tell whether an earlier task mends that. */
export function nobodyAsked(
  { kind, reason }: Unreachable,
  access: Access,
  { paths }: Pick<ProbeContext, "paths">,
): MissingPrerequisite {
  if (kind === "no-api") return new MissingPrerequisite("unit:k3s", reason);
  const program = access[0] ?? "kubectl";
  const missing = (resource: Resource): MissingPrerequisite =>
    new MissingPrerequisite(resource, reason, "change", { command_missing: true });
  if (program.startsWith("/")) return missing(`path:${program}`);
  const made = DIRECTORIES.map((one) => `${one}/${program}`).find((one) => paths?.exists(one) === true);
  return missing(made === undefined ? `command:${program}` : `path:${made}`);
}
