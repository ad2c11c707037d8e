import { joinSh, type Sh, sh } from "../../../sh.ts";
import type { Apply, Payload } from "../../contract.ts";
import { textAt } from "../cluster/data.ts";
import { kubePath } from "./kube-collector.ts";
import type { KubeTask, KubeWork, Step } from "./kube-plan.ts";
import { shownName } from "./manifests.ts";

export type Carrying = {
  readonly continueOnError: boolean;
  readonly validate: boolean | undefined;
  readonly waitTimeout: number;
  readonly waitSleep: number;
  readonly deleteWords: readonly string[];
};

/**
 * One kubectl for each object that changes, so that a kind defined by one can be used by the next, and the first failure ends it unless
 * told otherwise. Objects travel on standard input: a list of processes shows none of them.
 */
export function kubeScript(work: KubeWork, task: KubeTask, how: Carrying): Apply {
  const payloads: Record<string, Payload> = {};
  const parts: Sh[] = [sh`${kubePath}\nkc() { ${task.access} "$@"; }\nk3_failed=0`];
  const orEnd = how.continueOnError ? sh`k3_failed=1` : sh`exit 1`;
  const validate = how.validate === undefined ? [] : [`--validate=${how.validate}`];
  work.steps.forEach((step, index) => {
    const payload = `object${index}`;
    payloads[payload] = { content: Buffer.from(JSON.stringify(step.manifest)) };
    const input = sh`payload ${payload} |`;
    if (step.how === "create") parts.push(sh`${input} kc create ${validate} -f - -o json || ${orEnd}`);
    if (step.how === "replace") parts.push(sh`${input} kc replace ${validate} -f - >/dev/null || ${orEnd}`);
    if (step.how === "delete")
      parts.push(
        sh`${input} kc delete --ignore-not-found ${how.deleteWords} --wait=${String(step.waits)} --timeout=${how.waitTimeout}s -f - >/dev/null || ${orEnd}`,
      );
    if (step.how === "apply") {
      const force = task.forceConflicts ? ["--force-conflicts"] : [];
      const apply = sh`kc apply --server-side --field-manager=${task.manager} ${force} ${validate} -f - >/dev/null`;
      // The API needs a moment until it knows a kind that it was just told about.
      if (!isAfterDefinition(work.steps, index)) parts.push(sh`${input} ${apply} || ${orEnd}`);
      else
        parts.push(sh`k3_try=0
until ${input} ${apply}; do
k3_try=$((k3_try + 1)); [ $k3_try -lt 10 ] || break; sleep 1
done
[ $k3_try -lt 10 ] || ${orEnd}`);
    }
    if (step.waits)
      parts.push(
        sh`{ ${waiting(step, task, how, input)}; } || { echo ${`${shownName(step.wanted.name)} did not get there within ${how.waitTimeout} s`} >&2; ${orEnd}; }`,
      );
  });
  parts.push(sh`[ $k3_failed = 0 ]`);
  return { script: joinSh(parts), payloads };
}

function isAfterDefinition(steps: readonly Step[], index: number): boolean {
  const group = steps[index]?.wanted.name.apiVersion.split("/")[0];
  return steps
    .slice(0, index)
    .some(
      ({ manifest }) => textAt(manifest, "kind") === "CustomResourceDefinition" && textAt(manifest, "spec", "group") === group,
    );
}

const ROLLED_OUT = new Set(["Deployment", "DaemonSet", "StatefulSet"]);

function waiting(step: Step, task: KubeTask, { waitTimeout, waitSleep }: Carrying, input: Sh): Sh {
  const { kind } = step.wanted.name;
  if (step.how === "delete") return sh`:`;
  if (task.state === "absent") return sh`${input} kc wait --for=delete --timeout=${waitTimeout}s -f - >/dev/null`;
  if (task.waitCondition === undefined) {
    if (ROLLED_OUT.has(kind)) return sh`${input} kc rollout status --timeout=${waitTimeout}s -f - >/dev/null`;
    if (kind === "Pod") return sh`${input} kc wait --for=condition=Ready --timeout=${waitTimeout}s -f - >/dev/null`;
    if (kind === "CustomResourceDefinition")
      return sh`${input} kc wait --for=condition=Established --timeout=${waitTimeout}s -f - >/dev/null`;
    return sh`:`;
  }
  const { type, status, reason } = task.waitCondition;
  const format = `jsonpath={range .status.conditions[?(@.type=="${type}")]}{.status}/{.reason}{end}`;
  return sh`k3_end=$(($(date +%s) + ${waitTimeout}))
k3_met=1
while :; do
case $(${input} kc get -f - -o ${format}) in ${status}/${reason === "" ? sh`*` : reason}) k3_met=0; break;; esac
[ "$(date +%s)" -lt $k3_end ] || break
sleep ${waitSleep}
done
[ $k3_met = 0 ]`;
}
