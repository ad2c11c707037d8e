import { stringify } from "yaml";
import type { Access } from "./read.ts";

/** The same access through another address, under another name; without a name, the names that the file has stay. */
export function rewritten(access: Access, { server, name }: { readonly server: string; readonly name?: string }): Access {
  const { cluster, user, context } = access;
  const names = { cluster: name ?? cluster.name, user: name ?? user.name, context: name ?? context.name };
  return {
    cluster: { ...cluster, name: names.cluster, cluster: { ...cluster.cluster, server } },
    user: { ...user, name: names.user },
    context: { ...context, name: names.context, context: { ...context.context, cluster: names.cluster, user: names.user } },
  };
}

/** Whether the file has the names that K3s gives where nobody has named the cluster. */
export function isUnnamed({ cluster, user, context }: Access): boolean {
  return [cluster.name, user.name, context.name].every((name) => name === "default");
}

/** A kubeconfig with this access alone. Texts that either version of YAML would take for something else are quoted. */
export function kubeconfigText({ cluster, user, context }: Access): string {
  return stringify(
    {
      apiVersion: "v1",
      clusters: [cluster],
      contexts: [context],
      "current-context": context.name,
      kind: "Config",
      preferences: {},
      users: [user],
    },
    { version: "1.1", lineWidth: 0, indentSeq: false, sortMapEntries: true },
  );
}
