import { describe, expect, it } from "vitest";
import { KINDS, kindNamed, placeOf } from "../k3s/kinds.ts";
import { parseArguments } from "../k3s/kubectl/arguments.ts";
import { durationMs } from "../k3s/kubectl/duration.ts";
import { renderPath } from "../k3s/kubectl/jsonpath.ts";
import { applied, mergePatched } from "../k3s/server-side-apply.ts";

describe("the stand-in's JSONPath", () => {
  const node = (name: string, ready: string) => ({
    metadata: { name, labels: { "a.b/c": "x" } },
    status: { conditions: [{ type: "Ready", status: ready }], addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
  });
  const list = { items: [node("n1", "True"), node("n2", "False")] };

  it.each([
    ["{.items[*].metadata.name}", "n1 n2"],
    ["{.items[0].metadata.name}", "n1"],
    ["{.items[-1:].metadata.name}", "n2"],
    ['{.items[0].status.conditions[?(@.type=="Ready")].status}', "True"],
    ["{.items[0].status.conditions[?(@.type=='Ready')].status}", "True"],
    ["{.items[0].metadata.labels.a\\.b/c}", "x"],
    ["{.items[0].metadata.labels['a.b/c']}", "x"],
    ['{range .items[*]}{.metadata.name}{"\\t"}{.status.addresses[0].address}{"\\n"}{end}', "n1\t10.0.0.1\nn2\t10.0.0.1\n"],
    ["name: {.items[0].metadata.name};", "name: n1;"],
    ["{.items[0].missing.thing}", ""],
    ["{.items[1].metadata.labels}", '{"a.b/c":"x"}'],
  ])("%s", (path, text) => {
    expect(renderPath(path, list)).toBe(text);
  });
});

describe("the stand-in's kubectl", () => {
  it("takes flags apart as kubectl does", () => {
    const args = parseArguments([
      "get",
      "nodes",
      "-o",
      "json",
      "-n=x",
      "--ignore-not-found",
      "--timeout=5s",
      "-l",
      "a=b",
      "-ojson",
    ]);
    expect(args.words).toEqual(["get", "nodes"]);
    expect([args.flag("output"), args.namespace, args.isOn("ignore-not-found"), args.flag("selector")]).toEqual([
      "json",
      "x",
      true,
      "a=b",
    ]);
    expect(() => parseArguments(["get", "-o"])).toThrow("flag needs an argument: -o");
  });

  it.each([
    ["no", "nodes"],
    ["Node", "nodes"],
    ["netpol", "networkpolicies"],
    ["helmcharts.helm.cattle.io", "helmcharts"],
    ["nothing", undefined],
  ])("knows the kind %s", (typed, plural) => {
    expect(kindNamed(KINDS, typed)?.plural).toBe(plural);
  });

  it("finds objects by their paths", () => {
    const place = (path: string) => {
      const found = placeOf(KINDS, path);
      return found === undefined ? undefined : [found.kind.kind, found.namespace, found.name, found.sub];
    };
    expect(place("/api/v1/namespaces/kube-system")).toEqual(["Namespace", "", "kube-system", ""]);
    expect(place("/api/v1/namespaces/a/pods/b/eviction")).toEqual(["Pod", "a", "b", "eviction"]);
    expect(place("/apis/node.k8s.io/v1/runtimeclasses/nvidia")).toEqual(["RuntimeClass", "", "nvidia", ""]);
    expect(place("/apis/nothing/v1/things")).toBeUndefined();
  });

  it.each([
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["0", 0],
    ["500ms", 500],
  ])("reads %s", (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
});

describe("the stand-in's server-side apply", () => {
  const declared = (data: Record<string, string>) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data });

  it("removes what its manager no longer declares, and leaves what others own", () => {
    const first = applied({}, declared({ mine: "1", old: "2" }), "me", true);
    const second = applied(first, declared({ theirs: "3" }), "other", true);
    expect(applied(second, declared({ mine: "1" }), "me", true)["data"]).toEqual({ mine: "1", theirs: "3" });
  });

  it("refuses what another manager owns, unless it is told to take it", () => {
    const first = applied({}, declared({ a: "1" }), "other", true);
    expect(() => applied(first, declared({ a: "2" }), "me", false)).toThrow('conflict with "other"');
    expect(applied(first, declared({ a: "2" }), "me", true)["data"]).toEqual({ a: "2" });
    expect(() => applied(first, declared({ a: "1" }), "me", false)).not.toThrow();
  });

  it("removes with null in a merge patch", () => {
    expect(mergePatched({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: null }, d: [2] })).toEqual({ a: { c: 2 }, d: [2] });
  });
});
