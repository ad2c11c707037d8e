import { at, type Fields, fieldsAt, isFields, listAt, textAt, textsAt } from "../fields.ts";
import type { Kind } from "../kinds.ts";
import type { Arguments } from "./arguments.ts";
import { KubectlError } from "./client.ts";
import { renderPath } from "./jsonpath.ts";
import { shownName } from "./manifests.ts";

export type Found = { readonly kind: Kind; readonly object: Fields };

/** What `-o` says. `isList`: more than one was asked for. */
export async function printed(found: readonly Found[], isList: boolean, args: Arguments): Promise<string> {
  const [format = "", ...rest] = (args.flag("output") ?? "").split("=");
  const objects = found.map(({ object }) => (args.isOn("show-managed-fields") ? object : withoutManaged(object)));
  const whole: unknown = isList
    ? { apiVersion: "v1", items: objects, kind: "List", metadata: { resourceVersion: "" } }
    : objects[0];
  switch (format) {
    case "json":
      return `${JSON.stringify(whole, null, 4)}\n`;
    case "yaml": {
      const { stringify } = await import("yaml");
      return stringify(whole);
    }
    case "name":
      return found.map(({ kind, object }) => `${shownName(kind, textAt(object, "metadata", "name"))}\n`).join("");
    case "jsonpath":
      return renderPath(rest.join("="), whole);
    case "custom-columns":
      return columns(rest.join("="), objects, args);
    case "":
    case "wide":
      return table(found, args, format === "wide");
    default:
      throw new KubectlError(
        `error: unable to match a printer suitable for the output format "${format}", allowed formats are: custom-columns,json,jsonpath,name,wide,yaml`,
      );
  }
}

function withoutManaged(object: Fields): Fields {
  const { managedFields: _managed, ...metadata } = fieldsAt(object, "metadata");
  return { ...object, metadata };
}

function columns(spec: string, objects: readonly Fields[], args: Arguments): string {
  const all = spec.split(",").map((one) => [one.slice(0, one.indexOf(":")), one.slice(one.indexOf(":") + 1)] as const);
  const rows = objects.map((object) => all.map(([, path]) => renderPath(`{${path}}`, object).replaceAll(" ", ",") || "<none>"));
  return aligned(args.isOn("no-headers") ? rows : [all.map(([title]) => title), ...rows]);
}

type Column = readonly [title: string, value: (object: Fields) => string];

function table(found: readonly Found[], args: Arguments, isWide: boolean): string {
  const [first] = found;
  if (first === undefined) return "";
  const shown = columnsOf(first.kind, isWide);
  const space: Column = ["NAMESPACE", (one) => textAt(one, "metadata", "namespace")];
  const labels: Column = ["LABELS", (one) => labelsOf(one)];
  const all = [
    ...(args.isOn("all-namespaces") && first.kind.isNamespaced ? [space] : []),
    ...shown,
    ...(args.isOn("show-labels") ? [labels] : []),
  ];
  const rows = found.map(({ object }) => all.map(([, value]) => value(object)));
  return aligned(args.isOn("no-headers") ? rows : [all.map(([title]) => title), ...rows]);
}

const labelsOf = (object: Fields): string =>
  Object.entries(textsAt(object, "metadata", "labels"))
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",") || "<none>";

function columnsOf(kind: Kind, isWide: boolean): readonly Column[] {
  const name: Column = ["NAME", (one) => textAt(one, "metadata", "name")];
  const age: Column = ["AGE", (one) => ageOf(textAt(one, "metadata", "creationTimestamp"))];
  const address = (type: string) => (one: Fields) =>
    textAt(
      listAt(one, "status", "addresses").find((each) => textAt(each, "type") === type),
      "address",
    ) || "<none>";
  if (kind.kind === "Node")
    return [
      name,
      ["STATUS", statusOf],
      ["ROLES", rolesOf],
      age,
      ["VERSION", (one) => textAt(one, "status", "nodeInfo", "kubeletVersion")],
      ...(isWide
        ? ([
            ["INTERNAL-IP", address("InternalIP")],
            ["EXTERNAL-IP", address("ExternalIP")],
            ["OS-IMAGE", (one) => textAt(one, "status", "nodeInfo", "osImage")],
            ["KERNEL-VERSION", (one) => textAt(one, "status", "nodeInfo", "kernelVersion")],
            ["CONTAINER-RUNTIME", (one) => textAt(one, "status", "nodeInfo", "containerRuntimeVersion")],
          ] satisfies Column[])
        : []),
    ];
  if (kind.kind === "Pod") {
    const ready = (one: Fields): string => (textAt(one, "status", "phase") === "Running" ? "1/1" : "0/1");
    const node: Column = ["NODE", (one) => textAt(one, "spec", "nodeName") || "<none>"];
    const status = (one: Fields): string =>
      textAt(one, "status", "phase") === "Succeeded" ? "Completed" : textAt(one, "status", "phase") || "Pending";
    return [name, ["READY", ready], ["STATUS", status], ["RESTARTS", () => "0"], age, ...(isWide ? [node] : [])];
  }
  if (kind.kind === "Secret")
    return [
      name,
      ["TYPE", (one) => textAt(one, "type")],
      ["DATA", (one) => String(Object.keys(fieldsAt(one, "data")).length)],
      age,
    ];
  if (kind.kind === "Event")
    return [
      ["LAST SEEN", (one) => ageOf(textAt(one, "lastTimestamp"))],
      ["TYPE", (one) => textAt(one, "type")],
      ["REASON", (one) => textAt(one, "reason")],
      ["OBJECT", (one) => `${textAt(one, "involvedObject", "kind").toLowerCase()}/${textAt(one, "involvedObject", "name")}`],
      ["MESSAGE", (one) => textAt(one, "message")],
    ];
  return [name, age];
}

function statusOf(node: Fields): string {
  const ready = listAt(node, "status", "conditions")
    .filter(isFields)
    .find((one) => one["type"] === "Ready");
  const status = ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady";
  return at(node, "spec", "unschedulable") === true ? `${status},SchedulingDisabled` : status;
}

function rolesOf(node: Fields): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.keys(fieldsAt(node, "metadata", "labels")).filter((one) => one.startsWith(prefix));
  return (
    roles
      .map((one) => one.slice(prefix.length))
      .sort()
      .join(",") || "<none>"
  );
}

function ageOf(timestamp: string): string {
  const seconds = Math.max(0, Math.floor((Date.now() - new Date(timestamp).getTime()) / 1000));
  if (Number.isNaN(seconds)) return "<unknown>";
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => (row[index] ?? "").length)));
  return rows
    .map(
      (row) =>
        `${row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd((widths[index] ?? 0) + 3))).join("")}\n`,
    )
    .join("");
}
