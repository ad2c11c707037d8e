import { joinSh, type Sh, sh } from "../../../sh.ts";
import type { Apply, Payload } from "../../contract.ts";
import { fieldsAt } from "../cluster/data.ts";
import type { ContainerParameters } from "./container-parameters.ts";
import { type ContainerWork, NEW_SUFFIX, OLD_SUFFIX } from "./container-plan.ts";
import { linesOf } from "./environment.ts";
import { connectWords, createWords, type Network } from "./networks.ts";
import { programOf, type Setting } from "./settings.ts";

type Texts = Readonly<Record<string, string>>;

/**
 * The new container is made under another name while the old one runs; only then the old one is stopped, and it comes back when the new one
 * cannot be started. What is left when the connection dies in between carries one of two names that the next run finds.
 */
export function containerScript(work: ContainerWork, params: ContainerParameters, networks: readonly Network[]): Apply {
  const { name } = params;
  const docker = sh`docker ${params.docker_host === "" ? [] : ["-H", params.docker_host]}`;
  const parts: Sh[] = [
    sh`dk() { ${docker} "$@"; }
k3_has() { dk container inspect "$1" >/dev/null 2>&1; }
k3_drop() { dk rm -f ${params.keep_volumes ? [] : ["-v"]} "$1" >/dev/null || ! k3_has "$1"; }
k3_runs() { [ "$(dk container inspect -f '{{.State.Running}}' "$1" 2>/dev/null)" = true ]; }
k3_end() { ${ending(params)}; }`,
  ];
  const payloads: Record<string, Payload> = {};
  if (work.pull) parts.push(sh`dk pull -q ${params.image ?? ""} >/dev/null || exit`);
  if (work.create || work.refresh) {
    const { env, labels } = filesOf(work.settings);
    if (env !== "") payloads["env"] = { content: Buffer.from(env) };
    if (labels !== "") payloads["labels"] = { content: Buffer.from(labels) };
    const files = joinSh(Object.keys(payloads).map((one) => sh`payload ${one} > "$k3_dir"/${one} || exit`));
    parts.push(sh`umask 077
k3_dir=$(mktemp -d) || exit
trap 'rm -rf "$k3_dir"' EXIT
trap 'exit 1' HUP INT TERM
${files}
umask 022
${replacement(work, params, networks, Object.keys(payloads))}`);
  }
  for (const one of work.leftovers) parts.push(sh`if k3_has ${one}; then k3_drop ${one} || exit; fi`);
  if (work.remove)
    parts.push(
      sh`if k3_runs ${name}; then k3_end ${name} || ! k3_runs ${name} || exit 1; fi`,
      sh`if k3_has ${name}; then k3_drop ${name} || exit; fi`,
    );
  if (work.refresh) {
    parts.push(sh`k3_id=$(dk image inspect -f '{{.Id}}' ${params.image ?? ""}) && k3_now=$(dk container inspect -f '{{.Image}}' ${name}) || exit
if [ "$k3_id" != "$k3_now" ]; then k3_replace; exit; fi`);
  }
  if (work.create) parts.push(sh`k3_replace || exit`);
  else parts.push(...inPlace(work, params));
  return { script: joinSh(parts), payloads };
}

function filesOf(settings: readonly Setting[]): { readonly env: string; readonly labels: string } {
  const texts = (name: string): string => {
    const wanted = settings.find((one) => one.name === name)?.wanted;
    // Settings of these names are mappings of text.
    return wanted === undefined ? "" : linesOf(name, fieldsAt(wanted) as Texts);
  };
  return { env: texts("env"), labels: texts("labels") };
}

/** Refuses early what the files cannot hold. */
export function checkFiles(settings: readonly Setting[]): void {
  filesOf(settings);
}

function ending(params: ContainerParameters): Sh {
  if (params.force_kill) return sh`dk kill ${params.kill_signal === undefined ? [] : ["-s", params.kill_signal]} "$1" >/dev/null`;
  return sh`dk stop ${params.stop_timeout === undefined ? [] : ["-t", params.stop_timeout]} "$1" >/dev/null`;
}

/** Defines `k3_replace`. */
function replacement(
  work: ContainerWork,
  params: ContainerParameters,
  networks: readonly Network[],
  files: readonly string[],
): Sh {
  const { name } = params;
  const [fresh, old] = [`${name}${NEW_SUFFIX}`, `${name}${OLD_SUFFIX}`];
  const { entrypoint, command } = programOf(params);
  const main = params.network_mode ?? networks[0]?.name;
  const first = networks.find((one) => one.name === main);
  const network = first === undefined ? (main === undefined ? [] : [`--network=${main}`]) : createWords(first);
  const words = [
    ...network,
    ...work.settings.flatMap((one) => one.args),
    ...(entrypoint === undefined ? [] : [`--entrypoint=${entrypoint[0] ?? ""}`]),
  ];
  const fileWords = joinSh(
    files.map((one) => (one === "env" ? sh`--env-file "$k3_dir"/env` : sh`--label-file "$k3_dir"/labels`)),
    " ",
  );
  const connects = joinSh(
    networks
      .filter((one) => one !== first)
      .map(
        (one) => sh`dk network connect ${connectWords(one)} ${one.name} ${fresh} || { dk rm -f ${fresh} >/dev/null; return 1; }`,
      ),
  );
  // With `present`, what ran before runs again.
  const starts = params.state === "started" ? sh`true` : params.state === "stopped" ? sh`false` : sh`[ "$k3_ran" = true ]`;
  const run = params.detach ? sh`dk start ${name} >/dev/null` : sh`k3_attached`;
  return sh`k3_attached() { dk start -a ${name}; k3_rc=$?; ${params.cleanup ? sh`k3_drop ${name}` : sh`:`}; exit $k3_rc; }
k3_replace() {
if k3_has ${fresh}; then k3_drop ${fresh} || return; fi
dk create --name ${fresh} ${fileWords} ${words} ${params.image ?? ""} ${command ?? []} >/dev/null || return
${connects}
k3_ran=
if k3_has ${name}; then
if k3_has ${old}; then k3_drop ${old} || return; fi
if k3_runs ${name}; then k3_ran=true; fi
dk rename ${name} ${old} || return
fi
dk rename ${fresh} ${name} || { dk rename ${old} ${name}; return 1; }
# One that Docker removes at its end may be gone by now.
if k3_runs ${old}; then k3_end ${old} || ! k3_runs ${old} || return 1; fi
if ${starts}; then
${run} || {
dk rm -f ${name} >/dev/null
if k3_has ${old}; then dk rename ${old} ${name} && { [ "$k3_ran" != true ] || dk start ${name} >/dev/null; }; fi
return 1
}
fi
if k3_has ${old}; then k3_drop ${old} || return; fi
return 0
}`;
}

function inPlace(work: ContainerWork, params: ContainerParameters): readonly Sh[] {
  const { name } = params;
  return [
    ...(work.update.length === 0 ? [] : [sh`dk update ${work.update} ${name} >/dev/null || exit`]),
    ...work.disconnect.map((one) => sh`dk network disconnect ${one} ${name} || exit`),
    ...work.connect.map((one) => sh`dk network connect ${connectWords(one)} ${one.name} ${name} || exit`),
    ...(work.stop ? [sh`k3_end ${name} || exit`] : []),
    ...(work.restart
      ? [sh`dk restart ${params.stop_timeout === undefined ? [] : ["-t", params.stop_timeout]} ${name} >/dev/null || exit`]
      : []),
    ...(work.start ? [sh`dk start ${name} >/dev/null || exit`] : []),
  ];
}
