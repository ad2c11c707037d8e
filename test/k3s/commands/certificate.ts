import { createPrivateKey, X509Certificate } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { textAt } from "../fields.ts";
import { call } from "../http-client.ts";
import { aligned } from "../kubectl/print.ts";
import { Fatal, info, warning } from "../log.ts";
import { Paths } from "../paths.ts";
import { AUTHORITIES } from "../pki.ts";
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
        expires,
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

/** The new authorities go into the datastore; each server takes them from there when it starts. */
async function rotateAuthorities(flags: Flags, paths: Paths): Promise<number> {
  const staging = flags.text("path");
  if (staging === "") throw new Fatal('Required flag "path" not set');
  const folder = existsSync(join(staging, "server", "tls")) ? join(staging, "server", "tls") : join(staging, "tls");
  if (!existsSync(folder)) throw new Fatal(`Error: open ${join(staging, "tls")}: no such file or directory`);
  if (folder === paths.tls()) throw new Fatal("Error: --path must not be the current tls directory");
  const names = [...Object.keys(AUTHORITIES).flatMap((one) => [`${one}.crt`, `${one}.key`]), "service.key"];
  const files = names.flatMap((name) =>
    existsSync(join(folder, name)) ? [[name, readFileSync(join(folder, name), "utf8")] as const] : [],
  );
  if (files.length === 0) throw new Fatal(`Error: no certificates found in ${folder}: ${readdirSync(folder).join(", ")}`);
  const given = Object.fromEntries(files);
  for (const name of Object.keys(AUTHORITIES)) {
    const [next, key] = [given[`${name}.crt`], given[`${name}.key`]];
    if (next === undefined || key === undefined) continue;
    validate(name, next, key, Paths.readOr(paths.tls(`${name}.crt`), ""), flags.isOn("force"));
  }
  const { status, body } = await asServer(paths, flags, "/v1-k3s/cert/cacerts", given);
  if (status !== 200) throw new Fatal(`Error: see server log for details: ${textAt(JSON.parse(body), "message")}`);
  process.stdout.write("certificates saved to datastore\n");
  return 0;
}

function validate(name: string, next: string, key: string, present: string, isForced: boolean): void {
  const [own = "", ...chain] = certificatesIn(next);
  const certificate = new X509Certificate(own);
  const problem = (text: string): never => {
    throw new Fatal(`Error: failed to validate new CA certificates and keys: ${name}.crt: ${text}`);
  };
  if (!certificate.ca) problem("certificate is not a CA");
  if (new Date(certificate.validTo).getTime() < Date.now()) problem("certificate has expired");
  if (!isPair(certificate, key)) problem("tls: private key does not match public key");
  if (isForced || present === "") return;
  const known = certificatesIn(present).map((one) => new X509Certificate(one));
  const all = [certificate, ...chain.map((one) => new X509Certificate(one))];
  // One of the new ones is one of the old ones, or signed by one: nodes that trust the old ones then trust it.
  const isTrusted = all.some((one) =>
    known.some((old) => old.fingerprint256 === one.fingerprint256 || one.verify(old.publicKey)),
  );
  if (!isTrusted) problem("x509: certificate signed by unknown authority");
}

function isPair(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** Asks the server of this host with its own token. */
export async function asServer(paths: Paths, flags: Flags, path: string, body: unknown, token = flags.text("token")) {
  const text = token || Paths.readOr(paths.server("token"), "").trim();
  if (text === "") throw new Fatal(`Error: open ${paths.server("token")}: no such file or directory`);
  const { password } = parseToken(text, "server");
  const server = flags.text("server") || "https://127.0.0.1:6443";
  try {
    return await call(`${server}${path}`, { method: "PUT", body, basic: { user: "server", password } });
  } catch (error) {
    throw new Fatal(`Error: failed to get CA certs: Get "${server}/cacerts": ${error instanceof Error ? error.message : ""}`);
  }
}
