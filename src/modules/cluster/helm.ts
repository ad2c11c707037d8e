import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Difference, type Json, MissingPrerequisite, ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { bool, choice, dict, int, listOf, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { canonical, type Fields, fieldsAt, isFields, toJson } from "../support/cluster/data.ts";
import { bytesOf, contentQuestion } from "../support/files/content-collector.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { type HelmAccess, type Release, releaseOf, releaseQuestion } from "../support/helm/release-collector.ts";
import { parseDocuments } from "../support/kubernetes/manifests.ts";

const params = parameters(
  {
    name: { ...str(), required: true, aliases: ["release_name"], description: "The release." },
    release_namespace: { ...str(), required: true, aliases: ["namespace"], description: "Its name space." },
    state: {
      ...choice("present", "absent"),
      default: "present",
      aliases: ["release_state"],
      description: "Whether it is installed.",
    },
    chart_ref: { ...str(), description: "The chart: a name of a repository, a URL, an OCI reference or a path on the host." },
    chart_version: { ...str(), description: "Version of the chart. Without one, a release that is there keeps its version." },
    chart_repo_url: { ...str(), description: "Repository in which `chart_ref` is looked up." },
    values: {
      ...dict(),
      default: {},
      aliases: ["release_values"],
      description: "Values for the chart. They win over `values_files`.",
    },
    values_files: { ...listOf(path()), default: [], description: "Files with values, on the host; the later win." },
    create_namespace: { ...bool(), default: false, description: "Make the name space where there is none." },
    wait: { ...bool(), default: false, description: "Wait until its objects are ready." },
    timeout: { ...str(), description: "How long operations may take, like `5m0s`." },
    wait_timeout: { ...str(), description: "The same, by the name that older playbooks have for it." },
    atomic: { ...bool(), default: false, description: "Undo what fails." },
    force: { ...bool(), default: false, description: "Replace objects that cannot be updated." },
    history_max: { ...int(), description: "How many revisions are kept." },
    skip_crds: { ...bool(), default: false, description: "Do not install the chart's CustomResourceDefinitions." },
    disable_hook: { ...bool(), default: false, description: "Do not run hooks." },
    update_repo_cache: {
      ...bool(),
      default: false,
      description: "Update the list of charts before something is installed; never in check mode.",
    },
    purge: { ...bool(), default: true, description: "With `absent`: keep no history." },
    replace: { ...bool(), default: false, description: "Use the name of a release that was uninstalled." },
    kubeconfig: { ...path(), aliases: ["kubeconfig_path"], description: "Configuration file on the host." },
    context: { ...str(), aliases: ["kube_context"], description: "Context of that file." },
    binary_path: { ...path(), description: "helm on the host." },
  },
  { requiredIf: [["state", "present", ["chart_ref"]]], mutuallyExclusive: [["timeout", "wait_timeout"]] },
  (given) => {
    if (!/^[a-z0-9]([-a-z0-9.]{0,51}[a-z0-9])?$/.test(given.name)) {
      throw new ModuleFailure(`"name" is "${given.name}", but must have lower case letters, digits, - and . only, 53 at most`);
    }
    for (const name of ["timeout", "wait_timeout"] as const) {
      const value = given[name];
      if (value !== undefined && !/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(value))
        throw new ModuleFailure(`"${name}" is "${value}", but must be a duration, like 5m0s`);
    }
    if (given.history_max !== undefined && given.history_max < 0)
      throw new ModuleFailure(`"history_max" is ${given.history_max}, but must not be negative`);
    if (given.chart_repo_url !== undefined && given.chart_ref !== undefined && /^(oci:|https?:|\/|\.)/.test(given.chart_ref)) {
      throw new ModuleFailure(`"chart_ref" ${given.chart_ref} is not looked up in a repository; leave out "chart_repo_url"`);
    }
  },
);

type Params = ParametersOf<typeof params>;
type Input = { readonly given: Params; readonly access: HelmAccess; readonly files: readonly string[] };
type Work = { readonly values: Fields; readonly isNew: boolean };

export const helm = stateModule<Params, Input, Questions, Work>({
  name: "helm",
  aliases: ["kubernetes.core.helm", "community.kubernetes.helm", "community.general.helm"],
  summary: "Installs, upgrades and removes Helm releases, through helm on the host.",
  description: [
    "A release is as wanted when it is deployed, its chart has the name and version that are given, and its values are exactly those that are given (of `values_files` and `values` together): values that an earlier task has set and that are no longer there count as a difference. Only helm's own records are read for that, no repository: without `chart_version` a newer chart is not noticed, while Ansible downloads the chart each time to see.",
    "Values reach helm on its standard input only. Differences show the names of values that differ, not the values.",
    "A release whose last operation failed or was cut off (`failed`, `pending-…`) is installed again.",
    "In check mode a release would change where an earlier task would bring helm or the cluster.",
  ],
  parameters: params,
  example: `- name: Certificates
  helm:
    name: cert-manager
    namespace: cert-manager
    create_namespace: true
    chart_repo_url: https://charts.jetstack.io
    chart_ref: cert-manager
    chart_version: v1.16.2
    values:
      crds: { enabled: true }
`,
  returns: {
    status: "The release as helm knows it: name, namespace, chart, app_version, revision, status, values (of the user).",
  },

  async prepare(given, _control, { traits }) {
    return {
      given,
      access: [
        given.binary_path === undefined ? "helm" : hostPath(given.binary_path, traits),
        ...(given.kubeconfig === undefined ? [] : [`--kubeconfig=${hostPath(given.kubeconfig, traits)}`]),
        ...(given.context === undefined ? [] : [`--kube-context=${given.context}`]),
      ],
      files: given.state === "absent" ? [] : given.values_files.map((one) => hostPath(one, traits)),
    };
  },
  probe: ({ given, access, files }) =>
    questionSet([releaseQuestion(access, given.name, given.release_namespace), ...files.map(contentQuestion)]),

  plan: (state, input, context) => {
    const { given, access } = input;
    const known = new Known(state);
    const release = releaseOf(known.of(questionOf(input)), access, context);
    const differences: Difference[] = [];
    const differs = (name: string, before: Json, after: Json): void => {
      differences.push({ kind: "field", subject: given.name, name, before, after });
    };
    if (given.state === "absent") {
      if (release === undefined || (release.status === "uninstalled" && !given.purge)) return undefined;
      differs("state", release.status, "absent");
      return { differences, data: { values: {}, isNew: false } };
    }
    const values = valuesOf(known, input);
    if (release === undefined || release.status === "uninstalled") differs("state", release?.status ?? "absent", "deployed");
    else {
      if (release.status !== "deployed") differs("status", release.status, "deployed");
      const chart = chartName(given.chart_ref ?? "");
      if (chart !== undefined && chart !== release.chart) differs("chart", release.chart, chart);
      if (given.chart_version !== undefined && plainVersion(given.chart_version) !== plainVersion(release.version))
        differs("chart_version", release.version, given.chart_version);
      for (const name of differentValues(release.values, values)) differs(name, "another value", "as given");
    }
    return differences.length === 0 ? undefined : { differences, data: { values, isNew: release === undefined } };
  },
  apply: ({ data }, { given, access }) => ({
    script: helmScript(data, given, access),
    payloads: { values: { content: Buffer.from(JSON.stringify(data.values)) } },
  }),
  predict: ({ data }, state, input) => {
    const { given } = input;
    const before = new Known(state).of(questionOf(input));
    const found = before.kind === "found" ? before : undefined;
    const answer: Release =
      given.state === "absent"
        ? { kind: "absent" }
        : {
            kind: "found",
            chart: chartName(given.chart_ref ?? "") ?? found?.chart ?? "",
            version: given.chart_version ?? found?.version ?? "",
            appVersion: found?.appVersion ?? "",
            status: "deployed",
            revision: (found?.revision ?? 0) + 1,
            values: data.values,
          };
    return [{ question: questionOf(input), answer }];
  },
  // What a chart brings nobody knows beforehand.
  provides: ({ data }) => (data.isNew ? ["*"] : []),
  result: (state, input) => {
    const release = new Known(state).of(questionOf(input));
    if (release.kind !== "found") return { status: {} };
    const { chart, version, appVersion, status, revision, values } = release;
    const { name, release_namespace: namespace } = input.given;
    return {
      status: {
        name,
        namespace,
        chart: `${chart}-${version}`,
        app_version: appVersion,
        revision,
        status,
        values: toJson(values),
      },
    };
  },
});

const questionOf = ({ given, access }: Input): ReturnType<typeof releaseQuestion> =>
  releaseQuestion(access, given.name, given.release_namespace);

/** The chart's own name, as far as its reference tells it: the last part of a path, without the version of an archive. */
function chartName(reference: string): string | undefined {
  const last = reference.replace(/\/+$/, "").split("/").at(-1) ?? "";
  if (last === "" || last === "." || last === "..") return undefined;
  return /^(.*?)-v?\d+\.\d+.*\.tgz$/.exec(last)?.[1] ?? (last.endsWith(".tgz") ? undefined : last);
}

// Helm itself takes "v1.2.3" and "1.2.3" for the same.
const plainVersion = (version: string): string => version.replace(/^v/, "");

function valuesOf(known: Known, { given, files }: Input): Fields {
  let values: Fields = {};
  for (const file of files) {
    const bytes = bytesOf(known.content(file));
    if (bytes === undefined) throw new MissingPrerequisite(`path:${file}`, `helm: there is no file ${file} (values_files)`);
    const [first, ...more] = parseDocuments("helm", bytes.toString("utf8"), file);
    if (more.length > 0 || (first !== undefined && !isFields(first)))
      throw new ModuleFailure(`helm: ${file} must hold one mapping, the values`);
    values = layered(values, first ?? {});
  }
  return layered(values, given.values);
}

/** Helm's rule: mappings are merged, all else is replaced. */
function layered(base: Fields, over: Fields): Fields {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isFields(below) && isFields(value) ? layered(below, value) : value;
  }
  return result;
}

/** Names of the values that differ, as helm's --set writes them. */
function differentValues(before: Fields, after: Fields, prefix = "values"): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((key) => {
    const [a, b] = [before[key], after[key]];
    if (canonical(a) === canonical(b)) return [];
    const name = `${prefix}.${key}`;
    return isFields(a) && isFields(b) ? differentValues(fieldsAt(before, key), fieldsAt(after, key), name) : [name];
  });
}

function helmScript(work: Work, given: Params, access: HelmAccess): Sh {
  const timeout = given.timeout ?? given.wait_timeout;
  const flags = [
    `--namespace=${given.release_namespace}`,
    ...(given.wait ? ["--wait"] : []),
    ...(timeout === undefined ? [] : [`--timeout=${timeout}`]),
    ...(given.disable_hook ? ["--no-hooks"] : []),
  ];
  const start = sh`hm() { ${access} "$@"; }`;
  if (given.state === "absent")
    return joinSh([start, sh`hm uninstall ${given.name} ${flags} ${given.purge ? [] : ["--keep-history"]} >/dev/null`]);
  const words = [
    ...flags,
    ...(given.create_namespace ? ["--create-namespace"] : []),
    ...(given.chart_version === undefined ? [] : [`--version=${given.chart_version}`]),
    ...(given.chart_repo_url === undefined ? [] : [`--repo=${given.chart_repo_url}`]),
    ...(given.atomic ? ["--atomic"] : []),
    ...(given.force ? ["--force"] : []),
    ...(given.skip_crds ? ["--skip-crds"] : []),
    ...(given.history_max === undefined ? [] : [`--history-max=${given.history_max}`]),
  ];
  return joinSh([
    start,
    ...(given.update_repo_cache ? [sh`hm repo update >/dev/null || exit`] : []),
    given.replace && work.isNew
      ? sh`payload values | hm install --replace ${given.name} ${given.chart_ref ?? ""} ${words.filter((one) => !one.startsWith("--history-max"))} --values=- >/dev/null`
      : sh`payload values | hm upgrade --install --reset-values ${given.name} ${given.chart_ref ?? ""} ${words} --values=- >/dev/null`,
  ]);
}
