import { resolve } from "node:path";
import { DiagnosticError, refuse } from "../../diagnostic.ts";
import { serverAt } from "../../kubeconfig/address.ts";
import { merged, othersIn } from "../../kubeconfig/merge.ts";
import { defaultPlace, rewriteFile } from "../../kubeconfig/place.ts";
import { type Access, expiredOn, readAccess } from "../../kubeconfig/read.ts";
import { isUnnamed, kubeconfigText, rewritten } from "../../kubeconfig/rewrite.ts";
import { oneLine } from "../../report/terminal-safe.ts";
import { exitCodes } from "../exit-codes.ts";
import { type Fetched, fetchKubeconfigs, type Said } from "../fetch-kubeconfig.ts";
import type { Invocation } from "../invocation.ts";
import { expandHome } from "../settings.ts";
import { UsageError } from "../usage.ts";

type Wishes = {
  readonly server: string | undefined;
  readonly name: string | undefined;
  /** undefined: standard output. */
  readonly file: string | undefined;
  readonly merge: boolean;
  readonly setContext: boolean;
  readonly force: boolean;
};

/** `k3sprov kubeconfig [HOST]`. */
export async function run(invocation: Invocation): Promise<number> {
  const { args, process: at } = invocation;
  const wishes = readWishes(invocation);
  const fetched = await fetchKubeconfigs(invocation, args[0]);
  if (fetched.code === exitCodes.interrupted.code || fetched.code === exitCodes.terminated.code) return fetched.code;
  const found = firstReadable(fetched, invocation);
  if (found === undefined) {
    const isAway = fetched.answers.every((answer) => "problem" in answer && answer.unreachable);
    return (isAway ? exitCodes.unreachable : exitCodes.failed).code;
  }
  warnOfExpiry(found, invocation);
  const access = rewritten(found.access, identity(found, fetched.firstServer, wishes));
  if (wishes.file === undefined) at.stdout.write(kubeconfigText(access));
  else await write(access, wishes.file, wishes, invocation);
  return exitCodes.ok.code;
}

type Found = { readonly host: string; readonly said: Said; readonly access: Access };

function readWishes({ own, process: at }: Invocation): Wishes {
  const text = (name: string): string | undefined => (typeof own[name] === "string" ? own[name] : undefined);
  const output = text("output");
  const merge = own["merge"] === true;
  const wishes = {
    server: text("server"),
    name: text("name"),
    merge,
    setContext: own["set-context"] === true,
    force: own["force"] === true,
  };
  if (wishes.setContext && !merge) throw new UsageError("--set-context goes with --merge only");
  if (wishes.force && !merge && output === undefined) throw new UsageError("--force goes with --merge or --output only");
  if (wishes.name !== undefined && (wishes.name.trim() === "" || oneLine(wishes.name) !== wishes.name)) {
    throw new UsageError("--name is empty, or holds characters that no name can have");
  }
  // Asked before any host is: the port of the fetched address is only what remains when none is given.
  if (wishes.server !== undefined && serverAt(wishes.server, "https://localhost:6443") === undefined) {
    throw new UsageError(
      `--server is "${oneLine(wishes.server)}", but must be an https:// URL without a path, a name or an IP address`,
    );
  }
  const named = output === undefined ? undefined : resolve(at.cwd, expandHome(output));
  return { ...wishes, file: named ?? (merge ? defaultPlace(at.environment, at.cwd) : undefined) };
}

/** The first host, in the order of the inventory, that has a kubeconfig; what the others lack is told. */
function firstReadable({ answers }: Fetched, { process: at, warn }: Invocation): Found | undefined {
  const problems: string[] = [];
  for (const answer of answers) {
    if ("problem" in answer) {
      // What went wrong with a connection begins with the host and its address.
      const isNamed = answer.problem.startsWith(`${answer.host} (`);
      problems.push(isNamed ? answer.problem : `${answer.host}: ${answer.problem}`);
      continue;
    }
    try {
      const access = readAccess(answer.text, `${answer.said.file} of ${answer.host}`);
      for (const message of problems) warn({ severity: "warning", code: "kubeconfig", message });
      return { host: answer.host, said: answer.said, access };
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      problems.push(
        ...error.diagnostics.map(({ message, help }) => (help === undefined ? message : `${message}\n  help: ${help}`)),
      );
    }
  }
  for (const problem of problems) at.stderr.write(`error: ${problem.split("\n").map(oneLine).join("\n")}\n`);
  if (answers.length > 1) at.stderr.write(`error: none of ${answers.length} servers has given a kubeconfig\n`);
  return undefined;
}

function warnOfExpiry({ host, said, access }: Found, { warn }: Invocation): void {
  const end = expiredOn(access, new Date());
  if (end === undefined) return;
  warn({
    severity: "warning",
    code: "certificate-expired",
    message: `the client certificate in ${said.file} of ${host} expired on ${end.toISOString()}: the cluster refuses it`,
    help: "K3s renews it when it restarts; fetch it again after that",
  });
}

function identity({ host, said, access }: Found, firstServer: string, wishes: Wishes): { server: string; name?: string } {
  const fetched = access.cluster.cluster.server;
  const sources: readonly (readonly [string, string | undefined])[] = [
    ["--server", wishes.server],
    ["k3s_server_registration_address", said.registration],
    // Of a host with addresses of both families, the first is that of the cluster.
    ["k3s_node_ip", said.nodeIp.split(",")[0]],
    ["ansible_host", said.address],
  ];
  const [source, wanted] = sources.find(([, value]) => value !== undefined && value !== "") ?? ["ansible_host", host];
  const server = serverAt(wanted ?? host, fetched);
  if (server === undefined) {
    return refuse("kubeconfig-address", `${source} of ${host} is "${wanted}", which is no address that the API could have`, {
      help: "give one with --server",
    });
  }
  const name = wishes.name ?? (said.cluster || (isUnnamed(access) ? firstServer : undefined));
  return name === undefined ? { server } : { server, name };
}

async function write(access: Access, file: string, wishes: Wishes, { process: at, settings }: Invocation): Promise<void> {
  const did: string[] = [];
  await rewriteFile(file, (before) => {
    if (wishes.merge) {
      const { text, added, replaced } = merged(before ?? "", access, {
        into: file,
        force: wishes.force,
        setContext: wishes.setContext,
      });
      if (added.length > 0) did.push(`added ${added.join(", ")}`);
      if (replaced.length > 0) did.push(`replaced ${replaced.join(", ")}`);
      return text;
    }
    if (before !== undefined && !wishes.force) refuseOthers(before, access, file);
    return kubeconfigText(access);
  });
  if (settings.quiet) return;
  const context = `context ${JSON.stringify(access.context.name)}, ${access.cluster.cluster.server}`;
  at.stderr.write(`${oneLine(`${file}: ${context}${wishes.merge ? `; ${did.join("; ") || "nothing to add"}` : ""}`)}\n`);
}

function refuseOthers(before: string, access: Access, file: string): void {
  const others = othersIn(before, access);
  if (others?.length === 0) return;
  const what = others === undefined ? "is there, and is no kubeconfig" : `holds ${others.join(", ")}, which would be lost`;
  refuse("kubeconfig-file", `${file} ${what}`, {
    help: others === undefined ? "--force replaces it" : "--merge adds to it, --force replaces it",
  });
}
