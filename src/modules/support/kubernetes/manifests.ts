import { parseAllDocuments, type ScalarTag, type Tags } from "yaml";
import { ModuleFailure } from "../../contract.ts";
import { at, type Fields, fieldsAt, isFields, listAt, textAt } from "../cluster/data.ts";
import type { ObjectName } from "./kube-collector.ts";

/** What the parameters say of objects that do not say it themselves. */
export type Defaults = {
  readonly kind: string | undefined;
  readonly apiVersion: string;
  readonly name: string | undefined;
  readonly generateName: string | undefined;
  readonly namespace: string | undefined;
};

/** Objects of a YAML text, with numbers and booleans as Ansible reads them (YAML 1.1). */
export function parseManifests(text: string, where: string): readonly Fields[] {
  return parseDocuments("k8s", text, where).flatMap((value) => objectsOf(value, where));
}

/** The documents of a YAML text that are not empty. Throws ModuleFailure in the module's name. */
export function parseDocuments(module: string, text: string, where: string): readonly unknown[] {
  const customTags: TagFilter = (tags) => [...BOOLEANS, ...tags.filter(keptTag)];
  const documents = parseAllDocuments(text, { version: "1.1", logLevel: "silent", customTags });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document): readonly unknown[] => {
    const [problem] = document.errors;
    if (problem !== undefined) throw new ModuleFailure(`${module}: ${where} is no YAML: ${problem.message.split("\n")[0]}`);
    const value: unknown = document.toJS();
    return value === null || value === undefined ? [] : [value];
  });
}

type TagFilter = (tags: Tags) => Tags;

// "y" and "n" are text to Ansible, clock times and dates are text to kubectl.
const OTHER_TAGS = new Set(["tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"]);
const keptTag = (tag: unknown): boolean => at(tag, "format") !== "TIME" && !OTHER_TAGS.has(textAt(tag, "tag"));
const truth = (test: RegExp, value: boolean): ScalarTag => ({
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test,
  resolve: () => value,
});
const BOOLEANS = [
  truth(/^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/, true),
  truth(/^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/, false),
];

/** One object, or those of a list or of a List; text is YAML. */
export function flatten(value: unknown, where: string): readonly Fields[] {
  if (typeof value === "string") return parseManifests(value, where);
  if (Array.isArray(value)) return value.flatMap((one) => flatten(one, where));
  return objectsOf(value, where);
}

// What a text holds is not taken for YAML once more.
function objectsOf(value: unknown, where: string): readonly Fields[] {
  if (Array.isArray(value)) return value.flatMap((one) => objectsOf(one, where));
  if (!isFields(value)) throw new ModuleFailure(`k8s: ${where} holds ${JSON.stringify(value)}, but must hold objects (mappings)`);
  if (textAt(value, "kind").endsWith("List") && Array.isArray(value["items"])) return objectsOf(value["items"], where);
  return [value];
}

/** Fills in what the parameters say, and turns it into the form that the API keeps. Throws ModuleFailure. */
export function completed(object: Fields, defaults: Defaults, where: string): Fields {
  const kind = textAt(object, "kind") || defaults.kind || "";
  const apiVersion = textAt(object, "apiVersion") || defaults.apiVersion;
  if (kind === "") throw new ModuleFailure(`k8s: an object of ${where} has no "kind"`);
  const metadata = { ...fieldsAt(object, "metadata") };
  // `kubectl get -o yaml` writes it, and nobody means it.
  if (metadata["creationTimestamp"] === null) delete metadata["creationTimestamp"];
  if (metadata["name"] === undefined && defaults.name !== undefined) metadata["name"] = defaults.name;
  if (metadata["name"] === undefined && metadata["generateName"] === undefined && defaults.generateName !== undefined)
    metadata["generateName"] = defaults.generateName;
  if (metadata["namespace"] === undefined && defaults.namespace !== undefined) metadata["namespace"] = defaults.namespace;
  if (textAt(metadata, "name") === "" && textAt(metadata, "generateName") === "")
    throw new ModuleFailure(`k8s: ${kind} of ${where} has no "metadata.name"`);
  const { status: _status, ...rest } = object;
  const full: Fields = { ...rest, apiVersion, kind, metadata };
  return kind === "Secret" && apiVersion === "v1" ? plainSecret(full) : full;
}

/** `stringData` is only ever written; what it becomes can be compared. */
function plainSecret(secret: Fields): Fields {
  const { stringData, ...rest } = secret;
  if (!isFields(stringData)) return secret;
  const encoded = Object.entries(stringData).map(([name, value]) => {
    if (typeof value !== "string")
      throw new ModuleFailure(
        `k8s: Secret ${textAt(secret, "metadata", "name")}: stringData.${name} must be text; put it in quotes`,
      );
    return [name, Buffer.from(value, "utf8").toString("base64")];
  });
  return { ...rest, data: { ...fieldsAt(secret, "data"), ...Object.fromEntries(encoded) } };
}

export function nameOf(object: Fields): ObjectName {
  return {
    apiVersion: textAt(object, "apiVersion"),
    kind: textAt(object, "kind"),
    name: textAt(object, "metadata", "name"),
    namespace: textAt(object, "metadata", "namespace"),
  };
}

export const shownName = ({ kind, name, namespace }: ObjectName): string =>
  `${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;

/** Does an object's label set satisfy all selectors (`a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`)? Throws ModuleFailure. */
export function isSelected(object: Fields, selectors: readonly string[]): boolean {
  const labels = fieldsAt(object, "metadata", "labels");
  return selectors.every((selector) => {
    const set = /^\s*([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)\s*$/.exec(selector);
    if (set !== null) {
      const isIn = listed(set[3] ?? "").includes(String(labels[set[1] ?? ""]));
      return set[2] === "in" ? isIn : !isIn;
    }
    const equal = /^\s*([\w./-]+)\s*(==?|!=)\s*([\w.-]*)\s*$/.exec(selector);
    if (equal !== null) return (String(labels[equal[1] ?? ""] ?? "") === equal[3]) === (equal[2] !== "!=");
    const bare = /^\s*(!?)\s*([\w./-]+)\s*$/.exec(selector);
    if (bare === null)
      throw new ModuleFailure(`k8s: label_selectors has "${selector}", but must be like a=b, a!=b, a in (b, c), a or !a`);
    return Object.hasOwn(labels, bare[2] ?? "") === (bare[1] === "");
  });
}

const listed = (text: string): readonly string[] => text.split(",").map((one) => one.trim());

/** Conditions of a live object. */
export const conditionsOf = (object: Fields): readonly unknown[] => listAt(object, "status", "conditions");
