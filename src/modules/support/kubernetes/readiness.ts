import { at, type Fields, isFields, textAt } from "../cluster/data.ts";
import { generationOf } from "./compare.ts";
import { conditionsOf } from "./manifests.ts";

export type WaitCondition = { readonly type: string; readonly status: string; readonly reason: string };

/** Has what `wait` waits for happened? Kinds that do not get ready by and by are ready once they are there. */
export function isReady(object: Fields, condition: WaitCondition | undefined): boolean {
  if (condition !== undefined) {
    return conditionsOf(object).some(
      (one) =>
        textAt(one, "type") === condition.type &&
        textAt(one, "status") === condition.status &&
        (condition.reason === "" || textAt(one, "reason") === condition.reason),
    );
  }
  const status = (name: string): number => Number(at(object, "status", name) ?? 0);
  const isCurrent = status("observedGeneration") >= generationOf(object);
  switch (textAt(object, "kind")) {
    case "Deployment": {
      const replicas = Number(at(object, "spec", "replicas") ?? 1);
      return (
        isCurrent &&
        status("replicas") === replicas &&
        status("updatedReplicas") === replicas &&
        status("availableReplicas") === replicas
      );
    }
    case "StatefulSet": {
      const replicas = Number(at(object, "spec", "replicas") ?? 1);
      return (
        isCurrent &&
        status("readyReplicas") === replicas &&
        (onDelete(object) || status("updatedReplicas") === replicas || replicas === 0)
      );
    }
    case "DaemonSet": {
      const wanted = status("desiredNumberScheduled");
      return (
        isCurrent && status("numberAvailable") === wanted && (onDelete(object) || status("updatedNumberScheduled") === wanted)
      );
    }
    case "Pod":
      return textAt(object, "status", "phase") === "Succeeded" || hasTrue(object, "Ready");
    case "CustomResourceDefinition":
      return hasTrue(object, "Established");
    default:
      return true;
  }
}

const onDelete = (object: Fields): boolean => textAt(object, "spec", "updateStrategy", "type") === "OnDelete";
const hasTrue = (object: Fields, type: string): boolean =>
  conditionsOf(object).some((one) => isFields(one) && one["type"] === type && one["status"] === "True");
