import {
  type Json,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type Questions,
  type Resource,
  stateModule,
} from "../contract.ts";
import { bool, choice, dict, int, listOf, type ParametersOf, parameters, path, raw, str, toBoolean } from "../parameters.ts";
import { at, type Fields, fieldsAt, isFields, textAt, toJson } from "../support/cluster/data.ts";
import { bytesOf } from "../support/files/content-collector.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { type Access, fileQuestion, type Live, liveIn, objectKey, objectQuestion } from "../support/kubernetes/kube-collector.ts";
import { type KubeTask, type KubeWork, planObjects, predictedObject, type Wanted } from "../support/kubernetes/kube-plan.ts";
import { type Carrying, kubeScript } from "../support/kubernetes/kube-script.ts";
import { completed, type Defaults, flatten, isSelected, nameOf, parseManifests } from "../support/kubernetes/manifests.ts";
import type { WaitCondition } from "../support/kubernetes/readiness.ts";
import { splitWords } from "../support/words.ts";

const params = parameters(
  {
    definition: {
      ...raw(),
      aliases: ["resource_definition", "inline"],
      description: "Objects: a mapping, a list of them, or YAML text.",
    },
    src: { ...path(), description: "File with objects as YAML, on the control node; with `remote_src` on the host." },
    remote_src: { ...bool(), default: false, description: "`src` is a path on the host. Ours." },
    template: { ...raw(), description: "Template of objects: a path, or a mapping with `path` and `newline_sequence`." },
    kind: { ...str(), description: "Kind of objects that do not say theirs." },
    api_version: {
      ...str(),
      default: "v1",
      aliases: ["api", "version"],
      description: "API version of objects that do not say theirs.",
    },
    name: { ...str(), description: "Name of objects that do not say theirs." },
    namespace: { ...str(), description: "Name space of objects that do not say theirs." },
    generate_name: { ...str(), description: "The API makes a name that begins so. An action: each run makes another object." },
    state: {
      ...choice("present", "absent", "patched"),
      default: "present",
      description: "`patched`: changes objects that are there, and makes none.",
    },
    kubectl: {
      ...str(),
      default: "kubectl",
      description:
        "The command on the host, such as `k3s kubectl`. Looked for in /usr/local/bin and /opt/bin, too, where K3s has its own. Ours.",
    },
    kubeconfig: { ...path(), description: "Configuration file on the host." },
    context: { ...str(), description: "Context of that file." },
    apply: { ...bool(), default: true, description: "Accepted; objects are always applied, by the server." },
    server_side_apply: {
      ...dict(),
      default: {},
      description:
        "`field_manager` (k3sprov unless given) and `force_conflicts` (true unless given: what is declared wins over what others have set).",
    },
    force: { ...bool(), default: false, description: "Replace an object that differs with what is declared." },
    merge_type: {
      ...listOf(choice("strategic-merge", "merge")),
      description: "Merge instead of applying: the first of the list. `merge` replaces lists.",
    },
    wait: {
      ...bool(),
      default: false,
      description: "Wait until workloads are rolled out, pods are ready, deleted objects are gone.",
    },
    wait_condition: {
      ...dict(),
      description: "Wait for this condition instead: `type`, `status` (True unless given), `reason`.",
    },
    wait_timeout: { ...int(), default: 120, description: "How many seconds at most." },
    wait_sleep: { ...int(), default: 5, description: "Seconds between looks for a `wait_condition`." },
    delete_options: { ...dict(), description: "`propagationPolicy` (Foreground, Background, Orphan) and `gracePeriodSeconds`." },
    validate: { ...dict(), description: "`fail_on_error`: whether kubectl refuses fields that the API does not know (it does)." },
    label_selectors: { ...listOf(str()), description: "Only objects whose declared labels match." },
    continue_on_error: {
      ...bool(),
      default: false,
      description: "Go on with the other objects after a failure; the task fails at its end.",
    },
  },
  {
    mutuallyExclusive: [
      ["definition", "src", "template"],
      ["name", "generate_name"],
      ["merge_type", "force"],
    ],
    requiredOneOf: [["definition", "src", "template", "kind"]],
  },
  (given) => {
    check(given);
  },
);

type Params = ParametersOf<typeof params>;
type Input = {
  readonly given: Params;
  readonly access: Access;
  /** Undefined while they lie in a file of the host. */
  readonly objects: readonly Wanted[] | undefined;
  readonly remote: string | undefined;
  readonly settings: Omit<KubeTask, "objects">;
  readonly carrying: Carrying;
};

export const k8s = stateModule<Params, Input, Questions, KubeWork>({
  name: "k8s",
  aliases: ["kubernetes.core.k8s", "community.kubernetes.k8s", "community.general.k8s"],
  summary: "Manages objects of a Kubernetes cluster, through kubectl on the host.",
  description: [
    "Objects are applied by the server (server-side apply) with the field manager `k3sprov`. Beforehand they are only read, all with one `kubectl get`, and what is declared is compared with what is there: fields that others or the API itself have set do not count, quantities are equal when their numbers are, entries of keyed lists (containers, env, ports …) are found by their keys. Fields that an earlier apply has set and that are no longer declared are removed. No write is needed to know that nothing differs.",
    'null removes a field, whoever has set it. A value that the API turns into another one (an admission webhook, say) ends in "did not converge", which names it: declare it as the API has it. `status` is ignored.',
    "Values of Secrets are neither shown in differences nor given back in results, and objects reach kubectl on its standard input only.",
    "In check mode, objects of a cluster that an earlier task would bring (kubectl, k3s, a CustomResourceDefinition) would change.",
    "Differences to Ansible: no Python library is needed, and kubectl's configuration says where the API is; `force_conflicts` is true unless given; `state: absent` of a kind that the API does not know is fine; an object that does not get ready with `wait` fails the task and is not counted as a change; with `continue_on_error` the task still fails.",
  ],
  parameters: params,
  example: `- name: A namespace for monitoring
  k8s:
    kubectl: k3s kubectl
    definition:
      apiVersion: v1
      kind: Namespace
      metadata: { name: monitoring }
`,
  returns: {
    result: "The object as the API has it; with several, `results` holds a `result` for each.",
  },

  async prepare(given, control, { traits }) {
    const read = async (): Promise<readonly Fields[] | undefined> => {
      if (given.definition !== undefined) return flatten(given.definition, "definition");
      if (given.src !== undefined) {
        if (given.remote_src) return undefined;
        const found = control.find(given.src, "files");
        return parseManifests(Buffer.from(await control.read(found)).toString("utf8"), given.src);
      }
      if (given.template === undefined) return [{}];
      const name = typeof given.template === "string" ? given.template : textAt(given.template, "path");
      const { text } = await control.renderTemplate(control.find(name, "templates"), {
        trimBlocks: true,
        lstripBlocks: false,
        newlineSequence: "\n",
      });
      return parseManifests(text, name);
    };
    const objects = await read();
    const access = accessOf(given, traits.home);
    const where = given.src ?? (given.template === undefined ? "definition" : "template");
    return {
      given,
      access,
      remote: objects === undefined && given.src !== undefined ? hostPath(given.src, traits) : undefined,
      objects: objects === undefined ? undefined : wantedOf(objects, defaultsOf(given), where, given.label_selectors ?? []),
      settings: { ...settingsOf(given), access },
      carrying: carryingOf(given),
    };
  },

  // What a file of the host declares is known to kubectl alone when it is asked.
  probe: (input) =>
    questionSet([
      ...(input.remote === undefined ? [] : [fileQuestion(input.access, input.remote)]),
      ...(input.objects ?? []).filter((one) => !one.isGenerated).map((one) => objectQuestion(input.access, one.name)),
    ]),
  plan: (state, input, context) => {
    const task = taskOf(new Known(state), input);
    return planObjects(task, answersOf(new Known(state), task, input), context);
  },
  // The steps hold all of the objects that are needed.
  apply: ({ data }, input) => kubeScript(data, { ...input.settings, objects: [] }, input.carrying),
  predict: ({ data }, state, input) => {
    const made = data.steps
      .filter((step) => !step.wanted.isGenerated)
      .map((step) => ({ name: step.wanted.name, live: predictedObject(step) }));
    if (input.remote === undefined)
      return made.map(({ name, live }) => ({ question: objectQuestion(input.access, name), answer: live }));
    const question = fileQuestion(input.access, input.remote);
    const before = new Known(state).of(question);
    const predicted = { ...before.predicted, ...Object.fromEntries(made.map(({ name, live }) => [objectKey(name), live])) };
    return [{ question, answer: { ...before, predicted } }];
  },
  provides: ({ data }) =>
    data.steps.flatMap(({ manifest, how }): readonly Resource[] =>
      textAt(manifest, "kind") === "CustomResourceDefinition" && how !== "delete"
        ? [`kind:${textAt(manifest, "spec", "names", "kind")}.${textAt(manifest, "spec", "group")}`]
        : [],
    ),
  result: (state, input) => {
    const known = new Known(state);
    const results = answersOf(known, taskOf(known, input), input).map(
      (live): Json => (live.kind === "found" ? shown(live.object) : {}),
    );
    return results.length === 1
      ? { result: results[0] ?? {} }
      : { result: { results: results.map((result): JsonObject => ({ result })) } };
  },
});

function check(given: Params): void {
  if (given.remote_src && given.src === undefined) throw new ModuleFailure('"remote_src" needs "src"');
  if (given.remote_src && (given.namespace ?? given.name) !== undefined) {
    throw new ModuleFailure("with remote_src the file itself has to say names and name spaces; leave out name and namespace");
  }
  if (given.template !== undefined && typeof given.template !== "string" && textAt(given.template, "path") === "")
    throw new ModuleFailure('"template" needs "path"');
  for (const name of ["wait_timeout", "wait_sleep"] as const) {
    if (given[name] < 0) throw new ModuleFailure(`"${name}" is ${given[name]}, but must not be negative`);
  }
  const objects =
    given.definition !== undefined
      ? flatten(given.definition, "definition")
      : (given.src ?? given.template) === undefined
        ? [{}]
        : [];
  wantedOf(objects, defaultsOf(given), "definition", given.label_selectors ?? []);
  accessOf(given, "/");
  settingsOf(given);
  carryingOf(given);
}

function taskOf(known: Known, input: Input): KubeTask {
  const { objects, remote, access, settings, given } = input;
  if (objects !== undefined || remote === undefined) return { ...settings, objects: objects ?? [] };
  const bytes = bytesOf(known.of(fileQuestion(access, remote)).content);
  if (bytes === undefined) throw new MissingPrerequisite(`path:${remote}`, `k8s: there is no file ${remote} on the host`);
  return {
    ...settings,
    objects: wantedOf(parseManifests(bytes.toString("utf8"), remote), defaultsOf(given), remote, given.label_selectors ?? []),
  };
}

function answersOf(known: Known, task: KubeTask, { access, remote }: Input): readonly Live[] {
  return task.objects.map((one) => {
    if (one.isGenerated) return { kind: "absent" };
    return remote === undefined
      ? known.of(objectQuestion(access, one.name))
      : liveIn(known.of(fileQuestion(access, remote)), access, one.name);
  });
}

function defaultsOf(given: Params): Defaults {
  return {
    kind: given.kind,
    apiVersion: given.api_version,
    name: given.name,
    generateName: given.generate_name,
    namespace: given.namespace,
  };
}

function wantedOf(
  objects: readonly Fields[],
  defaults: Defaults,
  where: string,
  selectors: readonly string[],
): readonly Wanted[] {
  const all = objects.map((one) => completed(one, defaults, where)).filter((one) => isSelected(one, selectors));
  return all.map((object) => ({ object, name: nameOf(object), isGenerated: textAt(object, "metadata", "name") === "" }));
}

function accessOf(given: Params, home: string): Access {
  const words = splitWords(given.kubectl);
  if (words.length === 0)
    throw new ModuleFailure("k8s: kubectl is empty; name a command, such as kubectl or /usr/local/bin/k3s kubectl");
  return [
    ...words,
    ...(given.kubeconfig === undefined ? [] : [`--kubeconfig=${hostPath(given.kubeconfig, { home })}`]),
    ...(given.context === undefined ? [] : [`--context=${given.context}`]),
  ];
}

function known(name: string, value: Fields, keys: readonly string[]): void {
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new ModuleFailure(`k8s: ${name} has no key "${unknown}"; it knows ${keys.join(", ")}`);
}

function settingsOf(given: Params): Omit<KubeTask, "objects" | "access"> {
  known("server_side_apply", given.server_side_apply, ["field_manager", "force_conflicts"]);
  return {
    state: given.state,
    manager: textAt(given.server_side_apply, "field_manager") || "k3sprov",
    forceConflicts: toBoolean(at(given.server_side_apply, "force_conflicts") ?? true) ?? true,
    force: given.force,
    mergeType: given.merge_type?.[0],
    wait: given.wait,
    waitCondition: given.wait_condition === undefined ? undefined : conditionOf(given.wait_condition),
  };
}

function conditionOf(given: Fields): WaitCondition {
  known("wait_condition", given, ["type", "status", "reason"]);
  const type = textAt(given, "type");
  if (!/^[A-Za-z][\w./-]*$/.test(type)) throw new ModuleFailure('k8s: wait_condition needs "type", such as Ready');
  const status = given["status"];
  const text = status === undefined || status === true ? "True" : status === false ? "False" : String(status);
  return { type, status: text, reason: textAt(given, "reason") };
}

const CASCADES: Readonly<Record<string, string>> = { Foreground: "foreground", Background: "background", Orphan: "orphan" };

function carryingOf(given: Params): Carrying {
  const options = given.delete_options ?? {};
  known("delete_options", options, ["propagationPolicy", "gracePeriodSeconds", "apiVersion", "kind"]);
  const policy = textAt(options, "propagationPolicy");
  const cascade = CASCADES[policy];
  if (policy !== "" && cascade === undefined)
    throw new ModuleFailure(
      `k8s: delete_options.propagationPolicy is "${policy}", but must be one of Foreground, Background, Orphan`,
    );
  const grace = at(options, "gracePeriodSeconds");
  known("validate", given.validate ?? {}, ["fail_on_error", "version", "strict"]);
  const validate = at(given.validate, "fail_on_error");
  return {
    continueOnError: given.continue_on_error,
    validate: validate === undefined ? undefined : (toBoolean(validate) ?? true),
    waitTimeout: given.wait_timeout,
    waitSleep: given.wait_sleep,
    deleteWords: [
      ...(cascade === undefined ? [] : [`--cascade=${cascade}`]),
      ...(grace === undefined ? [] : [`--grace-period=${String(grace)}`]),
    ],
  };
}

/** Without what nobody reads, and without the values of Secrets. */
function shown(object: Fields): Json {
  const { managedFields: _fields, ...metadata } = fieldsAt(object, "metadata");
  const data = object["data"];
  const hidden =
    textAt(object, "kind") === "Secret" && isFields(data)
      ? { data: Object.fromEntries(Object.keys(data).map((key) => [key, "********"])) }
      : {};
  return toJson({ ...object, metadata, ...hidden });
}
