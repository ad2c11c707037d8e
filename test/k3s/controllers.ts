import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Api } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import type { Settings } from "./config.ts";
import { at, type Fields, fieldsAt, isFields, textAt } from "./fields.ts";
import { flatten, folderOf, kindOf } from "./kinds.ts";
import { info, log, messageOf } from "./log.ts";
import { controlNodes, isReady } from "./nodes.ts";
import { PACKAGED } from "./packaged.ts";
import { Paths } from "./paths.ts";
import { applied } from "./server-side-apply.ts";

/** Deploys what lies in server/manifests, once for each version of a file. */
export type Deployer = { readonly folder: string; readonly done: Map<string, number> };

export function newDeployer(settings: Settings, paths: Paths): Deployer {
  const disabled = settings.list("disable");
  for (const [name, text] of Object.entries(PACKAGED))
    if (!disabled.includes(name.replace(/\.yaml$/, ""))) Paths.writeIfNew(paths.server("manifests", name), text);
  return { folder: paths.server("manifests"), done: new Map() };
}

/** One round of everything that works behind the API. */
export async function controlApi(api: Api, cluster: Cluster, deployer: Deployer): Promise<void> {
  if (cluster.leads) {
    for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
      const status = { phase: "Active" };
      await api.update(`/api/v1/namespaces/${name}`, (present) => (present === undefined ? { status } : undefined));
    }
    await controlNodes(api, cluster);
    await controlPods(api);
    await controlCharts(api);
  }
  if (api.get("/api/v1/namespaces/kube-system") !== undefined) await deploy(api, deployer);
}

async function deploy(api: Api, { folder, done }: Deployer): Promise<void> {
  if (!existsSync(folder)) return;
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((one) => /\.(ya?ml|json)$/.test(one));
  for (const name of names.sort()) {
    const path = join(folder, name);
    const { mtimeMs } = statSync(path);
    if (done.get(path) === mtimeMs || existsSync(`${path}.skip`)) continue;
    done.set(path, mtimeMs);
    try {
      for (const object of flatten(parseAllDocuments(readFileSync(path, "utf8")).map((one): unknown => one.toJS())))
        await put(api, object);
      info(`Applied manifest at ${path}`);
    } catch (error) {
      log("error", `Failed to process config: failed to process ${path}: ${messageOf(error)}`);
    }
  }
}

async function put(api: Api, object: Fields): Promise<void> {
  const kind = kindOf(api.kinds(), object);
  if (kind === undefined)
    throw new Error(`no matches for kind "${textAt(object, "kind")}" in version "${textAt(object, "apiVersion")}"`);
  const namespace = kind.isNamespaced ? textAt(object, "metadata", "namespace") || "default" : "";
  const key = `${folderOf(kind, namespace)}/${textAt(object, "metadata", "name")}`;
  await api.update(key, (present) => applied(present ?? {}, object, "deploy@k3s", true));
}

/** Pods go to a node that takes them, and run; those that end, end at once. */
async function controlPods(api: Api): Promise<void> {
  const nodes = api.list("/api/v1/nodes").filter((one) => isReady(one) && at(one, "spec", "unschedulable") !== true);
  const [first] = nodes;
  for (const [key, pod] of podsOf(api)) {
    const phase = textAt(pod, "status", "phase");
    if (phase === "Running" || phase === "Succeeded" || first === undefined) continue;
    const nodeName = textAt(pod, "spec", "nodeName") || textAt(first, "metadata", "name");
    const ends = textAt(pod, "spec", "restartPolicy") === "Never" || textAt(pod, "spec", "restartPolicy") === "OnFailure";
    const conditions = [{ type: "Ready", status: ends ? "False" : "True" }];
    const status = { ...fieldsAt(pod, "status"), phase: ends ? "Succeeded" : "Running", conditions };
    await api.update(key, (present) =>
      present === undefined ? undefined : { ...present, spec: { ...fieldsAt(present, "spec"), nodeName }, status },
    );
  }
}

const podsOf = (api: Api): readonly (readonly [string, Fields])[] =>
  api.list("/api/v1/namespaces").flatMap((pod) => {
    const isPod = textAt(pod, "kind") === "Pod" && isFields(pod);
    return isPod
      ? [[`/api/v1/namespaces/${textAt(pod, "metadata", "namespace")}/pods/${textAt(pod, "metadata", "name")}`, pod] as const]
      : [];
  });

/** What the helm controller leaves at a chart that it has installed. */
async function controlCharts(api: Api): Promise<void> {
  for (const chart of api.list("/apis/helm.cattle.io/v1/namespaces")) {
    const name = textAt(chart, "metadata", "name");
    if (textAt(chart, "kind") !== "HelmChart" || textAt(chart, "status", "jobName") !== "") continue;
    const key = `/apis/helm.cattle.io/v1/namespaces/${textAt(chart, "metadata", "namespace")}/helmcharts/${name}`;
    await api.update(key, (present) =>
      present === undefined ? undefined : { ...present, status: { jobName: `helm-install-${name}` } },
    );
  }
}
