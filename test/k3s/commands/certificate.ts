import { X509Certificate } from "node:crypto";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import { join } from "node:path";
import { call, wordsOf } from "../http-client.ts";
import { aligned } from "../kubectl/print.ts";
import { Fatal, info, warning } from "../log.ts";
import { Paths } from "../paths.ts";
import { REPLACEABLE } from "../replaced-authorities.ts";
import { certificatesIn, parseToken } from "../token.ts";
import { hasChange, renewalDays, VERSION } from "../version.ts";
import { type Flags, parseFlags } from "./flags.ts";

/** Service -> its files below server/tls, or below agent where they begin with "agent/". */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  admin: ["client-admin"],
  "api-server": ["client-kube-apiserver", "serving-kube-apiserver"],
  "controller-manager": ["client-controller"],
  scheduler: ["client-scheduler"],
  "k3s-controller": ["client-k3s-controller", "agent/client-k3s-controller"],
  "k3s-server": ["client-supervisor"],
  supervisor: ["client-supervisor"],
  "cloud-controller": ["client-k3s-cloud-controller"],
  etcd: ["etcd/client", "etcd/server-client", "etcd/peer-server-client"],
  "auth-proxy": ["client-auth-proxy"],
  kubelet: ["agent/client-kubelet", "agent/serving-kubelet"],
  "kube-proxy": ["client-kube-proxy", "agent/client-kube-proxy"],
};

export async function certificate(argv: readonly string[]): Promise<number> {
  const [command = "", ...rest] = argv;
  const flags = parseFlags(rest, { d: "data-dir", s: "service" });
  const paths = new Paths(flags.text("data-dir"));
  if (command === "check") return check(flags, paths);
  if (command === "rotate") return rotate(flags, paths);
  if (command === "rotate-ca") return rotateAuthorities(flags, paths);
  throw new Fatal(`No help topic for '${command}'`);
}

function filesOf(flags: Flags, paths: Paths): readonly (readonly [service: string, path: string])[] {
  const wanted = flags.list("service");
  const unknown = wanted.find((one) => !(one in SERVICES));
  if (unknown !== undefined) throw new Fatal(`Error: ${unknown} is not a recognized service`);
  return Object.entries(SERVICES).flatMap(([service, files]) => {
    if (wanted.length > 0 ? !wanted.includes(service) : service === "supervisor") return [];
    const full = files.map((one) => (one.startsWith("agent/") ? paths.agent(one.slice(6)) : paths.tls(one)));
    return full.filter((one) => existsSync(`${one}.crt`)).map((one) => [service, one] as const);
  });
}

function check(flags: Flags, paths: Paths): number {
  const isTable = flags.text("output") === "table";
  if (flags.isGiven("output") && !hasChange(VERSION, ["v1.30.9+k3s1", "v1.31.5+k3s1", "v1.32.0+k3s1"]))
    throw new Fatal("flag provided but not defined: -output");
  const rows: string[][] = [];
  let last = "";
  for (const [service, path] of filesOf(flags, paths)) {
    if (service !== last && !isTable) info(`Checking certificates for ${service}`);
    last = service;
    for (const pem of certificatesIn(readFileSync(`${path}.crt`, "utf8"))) {
      const one = new X509Certificate(pem);
      const subject = one.subject.split("\n").reverse().join(",");
      const until = new Date(one.validTo);
      const days = (until.getTime() - Date.now()) / 86_400_000;
      const status =
        days < 0
          ? "EXPIRED"
          : new Date(one.validFrom).getTime() > Date.now()
            ? "NOT YET VALID"
            : days < renewalDays(VERSION)
              ? "WARNING"
              : "OK";
      const expires = until.toISOString().replace(/\.\d+Z$/, "Z");
      rows.push([
        path.split("/").at(-1) ?? "",
        /CN=([^\n]*)/.exec(one.subject)?.[1] ?? "",
        usagesOf(one),
        shownTime(until),
        residual(days),
        status,
      ]);
      if (isTable) continue;
      const what = `${path}.crt: certificate ${subject}`;
      if (status === "OK") info(`${what} is ok, expires at ${expires}`);
      else if (status === "EXPIRED") warning(`${what} has expired at ${expires}`);
      else warning(`${what} will expire within ${renewalDays(VERSION)} days at ${expires}`);
    }
  }
  if (!isTable) return 0;
  const titles = ["FILENAME", "SUBJECT", "USAGES", "EXPIRES", "RESIDUAL TIME", "STATUS"];
  const shown = rows.map(([file = "", ...others]) => [`${file}.crt`, ...others]);
  process.stdout.write(`\n${aligned([titles, titles.map((one) => one.replaceAll(/./g, "-")), ...shown])}`);
  return 0;
}

function usagesOf(one: X509Certificate): string {
  if (one.ca) return "CertSign";
  const names: Readonly<Record<string, string>> = { "1.3.6.1.5.5.7.3.1": "ServerAuth", "1.3.6.1.5.5.7.3.2": "ClientAuth" };
  // Node's types have string[] for what may be undefined.
  return (one.keyUsage ?? []).map((usage) => names[usage] ?? usage).join(",");
}

/** As Go's "Jan 02, 2006 15:04 MST". */
const shownTime = (time: Date): string => time.toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\d+:\d+).*/, "$2 $1, $3 $4 UTC");

const residual = (days: number): string =>
  days < 0 ? "-" : days >= 365 ? `${Math.floor(days / 365)} year${days >= 730 ? "s" : ""}` : `${Math.floor(days)} days`;

/** Old files go aside; the next start makes new ones. */
function rotate(flags: Flags, paths: Paths): number {
  const files = filesOf(flags, paths);
  const isServer = existsSync(paths.tls());
  const source = isServer ? paths.tls() : paths.agent();
  const backup = `${isServer ? paths.server("tls") : paths.agent("tls")}-${Math.floor(Date.now() / 1000)}`;
  if (isServer) cpSync(source, backup, { recursive: true });
  else
    for (const [, path] of files) Paths.write(join(backup, `${path.split("/").at(-1)}.crt`), readFileSync(`${path}.crt`), 0o644);
  let last = "";
  for (const [service, path] of files) {
    if (service !== last) info(`Rotating certificates for ${service}`);
    last = service;
    rmSync(`${path}.crt`);
    rmSync(`${path}.key`, { force: true });
  }
  info(`Successfully backed up certificates to ${backup}, please restart k3s server or agent to rotate certificates`);
  return 0;
}

/** The new authorities go into the datastore, if the server takes them; each server has them from there when it starts. */
async function rotateAuthorities(flags: Flags, paths: Paths): Promise<number> {
  const staging = flags.text("path");
  if (staging === "") throw new Fatal('Required flag "path" not set');
  const files: Record<string, string> = {};
  for (const name of REPLACEABLE) {
    const path = join(staging, "tls", name);
    if (existsSync(path)) files[name] = readFileSync(path, "utf8");
    else warning(`failed to stat ${path}: no such file or directory`);
  }
  const path = `/v1-k3s/cert/cacerts?force=${flags.isOn("force")}`;
  const { status } = await asServer(paths, { server: serverOf(flags), token: flags.text("token") }, path, files);
  if (status !== 204)
    throw new Fatal(`Error: see server log for details: ${serverOf(flags)}${path}: ${status} ${STATUS_CODES[status] ?? ""}`);
  process.stdout.write("certificates saved to datastore\n");
  return 0;
}

export const serverOf = (flags: Flags): string => flags.text("server") || process.env["K3S_URL"] || "https://127.0.0.1:6443";

type Asking = {
  readonly server: string;
  /** That of the host's own server where it is "". */
  readonly token: string;
  readonly method?: string;
};

/** Asks a server as another one does. */
export async function asServer(paths: Paths, { server, token, method = "PUT" }: Asking, path: string, body: unknown) {
  const text = token || Paths.readOr(paths.server("token"), "").trim();
  if (text === "") throw new Fatal(`Error: open ${paths.server("token")}: no such file or directory`);
  const { password } = parseToken(text, "server");
  try {
    return await call(`${server}${path}`, { method, body, basic: { user: "server", password } });
  } catch (error) {
    throw new Fatal(`Error: failed to get CA certs: Get "${server}/cacerts": ${wordsOf(error)}`);
  }
}
