import { describe, expect, it } from "vitest";
import { inputOf } from "../../../test/local-shell.ts";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import { Sh } from "../../sh.ts";
import { Unknown } from "../contract.ts";
import { objectQuestion } from "../support/kubernetes/kube-collector.ts";
import { localHost, SHELLS } from "../support/run-local.test-support.ts";
import { k8s } from "./k8s.ts";

type Object = Readonly<Record<string, unknown>>;

/** Fields that a manager has applied, as FieldsV1. */
const managed = (fieldsV1: Object, manager = "k3sprov") => ({ manager, operation: "Apply", fieldsType: "FieldsV1", fieldsV1 });
const leaf = {};

const deployment = (spec: Object): Object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "prod" },
  spec,
});
const container = (more: Object = {}): Object => ({
  template: { spec: { containers: [{ name: "app", image: "a:1", ...more }] } },
});
/** With what the API sets by itself. */
const live = (object: Object, metadata: Object = {}): Object => ({
  ...object,
  metadata: { uid: "1", resourceVersion: "7", generation: 1, ...(object["metadata"] as Object), ...metadata },
});
const liveContainer = (more: Object = {}): Object => ({
  replicas: 1,
  template: {
    spec: { restartPolicy: "Always", containers: [{ name: "app", image: "a:1", imagePullPolicy: "IfNotPresent", ...more }] },
  },
});

/** Plans a task whose objects are answered in order; undefined: absent. */
async function run(raw: Object, ...answers: readonly (Object | undefined)[]) {
  const input = await inputOf(k8s, raw, contextOf());
  const given = Object.keys(k8s.probe(input, contextOf())).map((key, index) => {
    const answer = answers[index];
    return [
      key,
      answer === undefined
        ? { kind: "absent" }
        : "kind" in answer && typeof answer["reason"] === "string"
          ? answer
          : { kind: "found", object: answer },
    ];
  });
  return planned(k8s, raw, Object.fromEntries(given));
}

describe("k8s compares", () => {
  const map = (data: Object, kind = "ConfigMap"): Object => ({ apiVersion: "v1", kind, metadata: { name: "m" }, data });

  it.each<[string, Object, Object | undefined, readonly string[]]>([
    ["nothing there", map({ a: "1" }), undefined, ["state: absent -> present"]],
    ["the same", map({ a: "1" }), live(map({ a: "1" })), []],
    ["more there, by others", map({ a: "1" }), live(map({ a: "1", b: "2" })), []],
    ["another value", map({ a: "1" }), live(map({ a: "2" })), ["data.a: 2 -> 1"]],
    [
      "labels",
      { ...map({}), metadata: { name: "m", labels: { x: "y" } } },
      live(map({})),
      ['metadata.labels: absent -> {"x":"y"}'],
    ],
    [
      "no longer declared",
      map({ a: "1" }),
      live(map({ a: "1", b: "2" }), { managedFields: [managed({ "f:data": { ".": leaf, "f:a": leaf, "f:b": leaf } })] }),
      ["data.b: 2 -> absent"],
    ],
    [
      "a whole field no longer declared",
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" } },
      live(map({ b: "2" }), { managedFields: [managed({ "f:data": { "f:b": leaf } })] }),
      ["data.b: 2 -> absent"],
    ],
    [
      "another manager's fields",
      map({ a: "1" }),
      live(map({ a: "1", b: "2" }), { managedFields: [managed({ "f:data": { "f:b": leaf } }, "helm")] }),
      [],
    ],
    ["null removes", map({ a: null as never, b: "2" }), live(map({ a: "1", b: "2" })), ["data.a: 1 -> absent"]],
    ["null for what is not there", map({ a: null as never, b: "2" }), live(map({ b: "2" })), []],
    ["an empty mapping that is not kept", map({}), live({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" } }), []],
    [
      "creationTimestamp: null",
      { ...map({ a: "1" }), metadata: { name: "m", creationTimestamp: null } },
      live(map({ a: "1" })),
      [],
    ],
    ["status is ignored", { ...map({ a: "1" }), status: { x: 1 } }, live(map({ a: "1" })), []],
    [
      "a Secret's values are hidden",
      map({ p: "Yg==" }, "Secret"),
      live(map({ p: "YQ==" }, "Secret")),
      ["data.p: (another value) -> (as declared)"],
    ],
    [
      "stringData",
      { apiVersion: "v1", kind: "Secret", metadata: { name: "m" }, stringData: { p: "a" } },
      live(map({ p: "YQ==" }, "Secret")),
      [],
    ],
    ["base64 in lines", map({ p: "YWFh\nYWFh\n" }, "Secret"), live(map({ p: "YWFhYWFh" }, "Secret")), []],
    ["a deployment with defaults", deployment(container()), live(deployment(liveContainer())), []],
    [
      "an image",
      deployment(container({ image: "a:2" })),
      live(deployment(liveContainer())),
      ["spec.template.spec.containers[app].image: a:1 -> a:2"],
    ],
    [
      "a side car of others",
      deployment(container()),
      live(
        deployment({
          template: {
            spec: {
              containers: [
                { name: "istio", image: "i" },
                { name: "app", image: "a:1" },
              ],
            },
          },
        }),
      ),
      [],
    ],
    [
      "env by name, in any order",
      deployment(
        container({
          env: [
            { name: "B", value: "2" },
            { name: "A", value: "1" },
          ],
        }),
      ),
      live(
        deployment(
          liveContainer({
            env: [
              { name: "A", value: "1" },
              { name: "B", value: "2" },
            ],
          }),
        ),
      ),
      [],
    ],
    [
      "an env entry more",
      deployment(container({ env: [{ name: "B", value: "2" }] })),
      live(deployment(liveContainer({ env: [{ name: "A", value: "1" }] }))),
      ['spec.template.spec.containers[app].env[B]: absent -> {"name":"B","value":"2"}'],
    ],
    [
      "an env entry no longer declared",
      deployment(container({ env: [{ name: "B", value: "2" }] })),
      live(
        deployment(
          liveContainer({
            env: [
              { name: "A", value: "1" },
              { name: "B", value: "2" },
            ],
          }),
        ),
        {
          managedFields: [
            managed({
              "f:spec": {
                "f:template": {
                  "f:spec": {
                    "f:containers": {
                      'k:{"name":"app"}': {
                        ".": leaf,
                        "f:name": leaf,
                        "f:env": {
                          'k:{"name":"A"}': { ".": leaf, "f:name": leaf, "f:value": leaf },
                          'k:{"name":"B"}': { ".": leaf, "f:name": leaf, "f:value": leaf },
                        },
                      },
                    },
                  },
                },
              },
            }),
          ],
        },
      ),
      ['spec.template.spec.containers[app].env[A]: {"name":"A","value":"1"} -> absent'],
    ],
    [
      "quantities",
      deployment(container({ resources: { limits: { cpu: 0.5, memory: "1024Mi" } } })),
      live(deployment(liveContainer({ resources: { limits: { cpu: "500m", memory: "1Gi" } } }))),
      [],
    ],
    [
      "another quantity",
      deployment(container({ resources: { limits: { cpu: "1" } } })),
      live(deployment(liveContainer({ resources: { limits: { cpu: "500m" } } }))),
      ["spec.template.spec.containers[app].resources.limits.cpu: 500m -> 1"],
    ],
    [
      "ports with the default protocol",
      deployment(container({ ports: [{ containerPort: 80 }] })),
      live(deployment(liveContainer({ ports: [{ containerPort: 80, protocol: "TCP" }] }))),
      [],
    ],
    [
      "a list as a whole, with defaults",
      deployment(container({ command: ["a"], envFrom: [{ configMapRef: { name: "x" } }] })),
      live(deployment(liveContainer({ command: ["a"], envFrom: [{ configMapRef: { name: "x" }, prefix: "" }] }))),
      [],
    ],
    [
      "a longer list",
      deployment(container({ args: ["a"] })),
      live(deployment(liveContainer({ args: ["a", "b"] }))),
      ['spec.template.spec.containers[app].args: ["a","b"] -> ["a"]'],
    ],
    ["replicas", deployment({ replicas: 3 }), live(deployment(liveContainer())), ["spec.replicas: 1 -> 3"]],
    ["false where nothing is", deployment({ paused: false }), live(deployment({})), ["spec.paused: absent -> false"]],
    [
      "false that was applied and not kept",
      deployment({ paused: false }),
      live(deployment({}), { managedFields: [managed({ "f:spec": { "f:paused": leaf } })] }),
      [],
    ],
    [
      "lists of other kinds as a whole",
      { apiVersion: "traefik.io/v1", kind: "Route", metadata: { name: "m" }, spec: { ports: [{ port: 1 }] } },
      live({ apiVersion: "traefik.io/v1", kind: "Route", metadata: { name: "m" }, spec: { ports: [{ port: 1 }, { port: 2 }] } }),
      ['spec.ports: [{"port":1},{"port":2}] -> [{"port":1}]'],
    ],
  ])("%s", async (_name, definition, answer, differences) => {
    const result = await run({ definition }, answer);
    expect(result.differences).toEqual(differences);
    expect(result.left).toBeUndefined();
  });
});

describe("k8s", () => {
  const map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: n}\ndata: {a: '1'}\n";
  const there = live({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m", namespace: "n" }, data: { a: "2", b: "3" } });

  it("applies by the server, and shows no object to a list of processes", async () => {
    const { script, change } = await run(
      { definition: map, kubectl: "/usr/local/bin/k3s kubectl", kubeconfig: "~/c", context: "x" },
      there,
    );
    expect(script).toContain("kc() { /usr/local/bin/k3s kubectl '--kubeconfig=/root/c' '--context=x' \"$@\"; }");
    expect(script).toContain(
      "payload object0 | kc apply --server-side --field-manager=k3sprov --force-conflicts  -f - >/dev/null || exit 1",
    );
    expect(change?.data.steps.map((one) => one.how)).toEqual(["apply"]);
  });

  it.each<[string, Object, Object | undefined, readonly unknown[], string]>([
    ["absent", { state: "absent" }, there, ["state: present -> absent"], "--wait=false"],
    [
      "absent and gone",
      { state: "absent", wait: true, delete_options: { propagationPolicy: "Foreground", gracePeriodSeconds: 0 } },
      there,
      ["state: present -> absent"],
      "'--cascade=foreground' '--grace-period=0' --wait=true --timeout=120s",
    ],
    ["patched", { state: "patched" }, there, ["data.a: 2 -> 1"], "kc replace"],
    ["merged", { merge_type: "merge" }, there, ["data.a: 2 -> 1"], "kc replace"],
    ["replaced", { force: true }, there, ["data.a: 2 -> 1"], "kc replace"],
    [
      "without force",
      { server_side_apply: { field_manager: "me", force_conflicts: false } },
      there,
      ["data.a: 2 -> 1"],
      "--field-manager=me   -f -",
    ],
    ["not validated", { validate: { fail_on_error: false } }, undefined, ["state: absent -> present"], "'--validate=false'"],
  ])("%s", async (_name, raw, answer, differences, part) => {
    const result = await run({ definition: map, ...raw }, answer);
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });

  it.each<[string, Object, Object | undefined]>([
    ["absent already", { state: "absent" }, undefined],
    ["nothing to patch", { state: "patched" }, undefined],
    ["going away", { state: "absent" }, live(there, { deletionTimestamp: "2026-01-01T00:00:00Z" })],
    ["a kind that nobody knows is absent", { state: "absent" }, { kind: "no-kind", reason: "no matches" }],
  ])("finds nothing to do: %s", async (_name, raw, answer) => {
    expect((await run({ definition: map, ...raw }, answer)).differences).toEqual([]);
  });

  it("keeps what a patch does not name, and the version it was made for", async () => {
    const { change } = await run({ definition: map, state: "patched" }, there);
    expect(change?.data.steps[0]?.manifest).toMatchObject({ data: { a: "1", b: "3" }, metadata: { resourceVersion: "7" } });
  });

  it("merges lists by their keys", async () => {
    const spec = container({ env: [{ name: "A", value: "1" }] });
    const answer = live(deployment(liveContainer({ env: [{ name: "B", value: "2" }] })));
    const manifest = async (merge_type: string) =>
      (await run({ definition: deployment(spec), merge_type }, answer)).change?.data.steps[0]?.manifest;
    expect(await manifest("strategic-merge")).toMatchObject({
      spec: {
        replicas: 1,
        template: { spec: { containers: [{ env: [{ name: "B" }, { name: "A" }], imagePullPolicy: "IfNotPresent" }] } },
      },
    });
    expect(await manifest("merge")).toMatchObject({ spec: { template: { spec: { containers: [{ env: [{ name: "A" }] }] } } } });
  });

  it("waits for what is not ready, which is no change by itself", async () => {
    const raw = { definition: deployment(container()), wait: true, wait_timeout: 9 };
    const unready = await run(raw, live({ ...deployment(liveContainer()), status: { observedGeneration: 1, replicas: 1 } }));
    expect([unready.change?.maybe, unready.differences]).toEqual([
      "Deployment prod/web not as waited for yet: waiting for it changes nothing by itself",
      [],
    ]);
    expect(unready.script).toContain("kc rollout status --timeout=9s");
    const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    expect((await run(raw, live({ ...deployment(liveContainer()), status }))).change).toBeUndefined();
    const conditioned = { ...raw, wait_condition: { type: "Ready", status: false, reason: "Idle" } };
    const condition = (reason: string) =>
      live({ ...deployment(liveContainer()), status: { conditions: [{ type: "Ready", status: "False", reason }] } });
    expect((await run(conditioned, condition("Idle"))).change).toBeUndefined();
    expect((await run(conditioned, condition("Busy"))).script).toContain("in False/Idle)");
  });

  it("reads several objects, fills in what they leave out, and selects by label", async () => {
    const definition =
      "kind: ConfigMap\nmetadata: {name: a, labels: {app: x}}\n---\n---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: b}}]\n";
    const { differences, change } = await run({ definition, namespace: "n" }, undefined, undefined);
    expect(differences).toEqual(["state: absent -> present", "state: absent -> present"]);
    expect(change?.data.steps.map((one) => one.wanted.name)).toEqual([
      { apiVersion: "v1", kind: "ConfigMap", name: "a", namespace: "n" },
      { apiVersion: "v1", kind: "Secret", name: "b", namespace: "n" },
    ]);
    expect((await run({ definition, label_selectors: ["app in (x, y)", "!other"] }, undefined)).change?.data.steps).toHaveLength(
      1,
    );
  });

  it("reads YAML 1.1", async () => {
    const { change } = await run(
      { definition: "kind: ConfigMap\nmetadata: {name: a}\ndata: {y: yes, n: n, t: 12:30:45, d: 2001-01-01, q: '1'}" },
      undefined,
    );
    expect(change?.data.steps[0]?.manifest["data"]).toEqual({ y: true, n: "n", t: "12:30:45", d: "2001-01-01", q: "1" });
  });

  it("takes a generated name for an action", async () => {
    const { change, script } = await run({ definition: { kind: "Pod", metadata: { generateName: "job-" } } });
    expect(change?.verify).toBe(false);
    expect(script).toContain("kc create");
  });

  it("knows a kind that the same task defines", async () => {
    const crd = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "routes.example.org" },
      spec: { group: "example.org", names: { kind: "Route" } },
    };
    const route = { apiVersion: "example.org/v1", kind: "Route", metadata: { name: "r" } };
    const noKind = { kind: "no-kind", reason: 'no matches for kind "Route" in version "example.org/v1"' };
    const result = await run({ definition: [crd, route] }, undefined, noKind);
    expect(result.differences).toEqual(["state: absent -> present", "state: absent -> present"]);
    expect(result.script).toContain("until payload object1");
    await expect(run({ definition: route }, noKind)).rejects.toMatchObject({
      resource: "kind:Route.example.org",
      message: "k8s: the API knows no kind Route of example.org/v1; install what defines it first",
    });
  });

  it("hides a Secret's values in results", async () => {
    const raw = { definition: { kind: "Secret", metadata: { name: "m" } } };
    const input = await inputOf(k8s, raw, contextOf());
    const [key = ""] = Object.keys(k8s.probe(input, contextOf()));
    const object = { kind: "Secret", metadata: { name: "m", managedFields: [] }, data: { p: "YQ==" } };
    expect(k8s.result?.({ [key]: { kind: "found", object } }, input, contextOf())).toEqual({
      result: { kind: "Secret", metadata: { name: "m" }, data: { p: "********" } },
    });
  });

  it.each<[string, Object, string]>([
    ["nothing", {}, 'k8s needs one of "definition", "src", "template" or "kind"'],
    ["two sources", { definition: {}, src: "x" }, 'k8s: "definition" and "src" exclude each other; give one of them'],
    ["no kind", { definition: { metadata: { name: "x" } } }, 'k8s: an object of definition has no "kind"'],
    ["no name", { kind: "Pod" }, 'k8s: Pod of definition has no "metadata.name"'],
    [
      "no YAML",
      { definition: "a: [" },
      "k8s: definition is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 5:",
    ],
    ["no object", { definition: [1] }, "k8s: definition holds 1, but must hold objects (mappings)"],
    ["state", { kind: "Pod", name: "x", state: "there" }, 'k8s: "state" is "there", but must be one of present, absent, patched'],
    [
      "merge_type",
      { kind: "Pod", name: "x", merge_type: "json" },
      'k8s: "merge_type.0" is "json", but must be one of strategic-merge, merge',
    ],
    [
      "a number in stringData",
      { definition: { kind: "Secret", metadata: { name: "x" }, stringData: { port: 1 } } },
      "k8s: Secret x: stringData.port must be text; put it in quotes",
    ],
    [
      "a condition",
      { kind: "Pod", name: "x", wait_condition: { status: true } },
      'k8s: wait_condition needs "type", such as Ready',
    ],
    [
      "delete_options",
      { kind: "Pod", name: "x", delete_options: { propagationPolicy: "Now" } },
      'k8s: delete_options.propagationPolicy is "Now", but must be one of Foreground, Background, Orphan',
    ],
    [
      "a key",
      { kind: "Pod", name: "x", server_side_apply: { manager: "x" } },
      'k8s: server_side_apply has no key "manager"; it knows field_manager, force_conflicts',
    ],
    [
      "a selector",
      { kind: "Pod", name: "x", label_selectors: ["a==b=c"] },
      'k8s: label_selectors has "a==b=c", but must be like a=b, a!=b, a in (b, c), a or !a',
    ],
    [
      "no kubectl",
      { kind: "Pod", name: "x", kubectl: "" },
      "k8s: kubectl is empty; name a command, such as kubectl or /usr/local/bin/k3s kubectl",
    ],
  ])("refuses: %s", async (_name, raw, message) => {
    await expect(run(raw)).rejects.toHaveProperty("message", message);
  });
});

describe("kubectl get", () => {
  const question = (kind: string, name: string, namespace = "") =>
    objectQuestion(["kubectl"], { apiVersion: "v1", kind, name, namespace });
  const questions = [question("ConfigMap", "a", "n"), question("Namespace", "n"), question("ConfigMap", "b", "n")];
  const { collector } = question("Pod", "x");
  const items = questions.map((one) => one.item);
  const decode = (stdout: string) =>
    collector.decode({ rc: 0, stdout: Buffer.from(stdout), stderr: Buffer.alloc(0) }, items, debian);
  const object = (kind: string, name: string, namespace?: string) => ({
    apiVersion: "v1",
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  });

  it("tells what is there from what is not", () => {
    const list = { apiVersion: "v1", kind: "List", items: [object("ConfigMap", "b", "n")] };
    expect(
      decode(
        `${JSON.stringify(list, undefined, 4)}\n\n#err \n#rc 0\n${JSON.stringify(object("Namespace", "n"), undefined, 4)}\n\n#err \n#rc 0\n`,
      ),
    ).toEqual([
      { kind: "absent" },
      { kind: "found", object: object("Namespace", "n") },
      { kind: "found", object: object("ConfigMap", "b", "n") },
    ]);
  });

  it.each<[string, string, unknown]>([
    [
      "no API",
      "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
      {
        kind: "no-api",
        reason:
          "kubectl get ConfigMap a: The connection to the server localhost:8080 was refused - did you specify the right host or port?",
      },
    ],
    [
      "forbidden",
      'Error from server (Forbidden): configmaps "a" is forbidden',
      new Unknown('kubectl get ConfigMap a: Error from server (Forbidden): configmaps "a" is forbidden'),
    ],
    [
      "no such kind",
      'error: unable to recognize "STDIN": no matches for kind "ConfigMap" in version "v1"',
      { kind: "no-kind", reason: 'no matches for kind "ConfigMap" in version "v1"' },
    ],
    [
      "no API, by another word",
      'error: unable to recognize "STDIN": Get "http://127.0.0.1:9/api?timeout=32s": dial tcp 127.0.0.1:9: connect: connection refused',
      {
        kind: "no-api",
        reason:
          'kubectl get ConfigMap a: error: unable to recognize "STDIN": Get "http://127.0.0.1:9/api?timeout=32s": dial tcp 127.0.0.1:9: connect: connection refused',
      },
    ],
    [
      "another kind that is not known",
      'error: unable to recognize "STDIN": no matches for kind "Route" in version "v1"',
      { kind: "absent" },
    ],
  ])("%s is not taken for nothing there", (_name, error, answer) => {
    expect(decode(`\n#err ${error}\n#rc 1\n\n#err \n#rc 0\n`)[0]).toEqual(answer);
  });

  it.each(SHELLS)(
    "is asked with %s: one process for all with a name space, one for the rest, old kubectls included",
    async (shell) => {
      const host = await localHost(shell);
      try {
        const fake = `kubectl() { case "$*" in *managed*) echo 'Error: unknown flag: --show-managed-fields' >&2; return 1;; esac; echo "$*"; cat; }\n`;
        const output = await host.run(new Sh(fake + collector.script(items, debian).text));
        const list = (...objects: readonly unknown[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
        expect(output.stdout.toString()).toBe(
          `get -f - -o json --ignore-not-found\n${list(object("ConfigMap", "a", "n"), object("ConfigMap", "b", "n"))}\n#err \n#rc 0\nget -f - -o json --ignore-not-found\n${list(object("Namespace", "n"))}\n#err \n#rc 0\n`,
        );
        const none = await host.run(
          collector.script(
            [objectQuestion(["no-such-kubectl"], { apiVersion: "v1", kind: "Pod", name: "x", namespace: "" }).item],
            debian,
          ),
        );
        expect(none.stdout.toString()).toBe("#none\n#rc 127\n");
      } finally {
        await host.remove();
      }
    },
  );
});
