import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateAuthority } from "./certificates.ts";
import type { TestHost } from "./host.ts";

/** An archive as etcd's project publishes them, and what its SHA256SUMS has to say. */
export type EtcdRelease = {
  /** "3.5.16" */
  readonly version: string;
  /** "etcd-v3.5.16-linux-amd64" */
  readonly name: string;
  readonly archive: Buffer;
};

/** The real one, of a host with the image "etcd". */
export async function etcdRelease(host: TestHost): Promise<EtcdRelease> {
  const name = await host.read("basename /usr/local/lib/test-host/etcd/*.tar.gz .tar.gz");
  const archive = Buffer.from(await host.read(`base64 -w 0 "/usr/local/lib/test-host/etcd/${name}.tar.gz"`), "base64");
  return { version: /v([\d.]+)-/.exec(name)?.[1] ?? "", name, archive };
}

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** SHA256SUMS as beside each release: of several archives, this one among them. */
export function checksums({ name, archive }: EtcdRelease): string {
  return [
    `${sha256(Buffer.from("another platform"))}  ${name.replace("-linux-", "-darwin-")}.zip`,
    `${sha256(archive)}  ${name}.tar.gz`,
    `${sha256(Buffer.from("another processor"))}  ${name.replace(/-[^-]*$/, "-riscv64")}.tar.gz`,
    "",
  ].join("\n");
}

/** Runs etcd on a host with the image "etcd", with its certificates where K3s has them and on the ports that K3s gives it. */
export async function startEtcd(host: TestHost): Promise<void> {
  const authority = certificateAuthority("etcd-server-ca");
  const server = authority.issue("etcd-server", ["localhost", "127.0.0.1"]);
  const client = authority.issue("etcd-client");
  const folder = "/var/lib/rancher/k3s/server/tls/etcd";
  const files = {
    "server-ca.crt": authority.certificate,
    "server-client.crt": server.certificate,
    "server-client.key": server.key,
    "client.crt": client.certificate,
    "client.key": client.key,
  };
  const options = [
    "--name=test --data-dir=/var/lib/rancher/k3s/server/db/etcd --listen-peer-urls=http://127.0.0.1:2380",
    "--listen-client-urls=https://127.0.0.1:2379 --advertise-client-urls=https://127.0.0.1:2379",
    `--client-cert-auth --trusted-ca-file=${folder}/server-ca.crt`,
    `--cert-file=${folder}/server-client.crt --key-file=${folder}/server-client.key`,
  ].join(" ");
  const unit = `[Unit]\nDescription=etcd\n[Service]\nType=notify\nExecStart=/usr/local/lib/test-host/etcd/etcd ${options}\n`;
  await writeFiles(host, folder, { ...files, "/etc/systemd/system/etcd-test.service": unit });
  await host.read("systemctl daemon-reload && systemctl start etcd-test");
}

/** What K3s needs to keep its data in an etcd that is not its own. */
export type ExternalEtcd = { readonly address: string; readonly ca: string; readonly certificate: string; readonly key: string };

/** The same etcd as a datastore for others: on the network, with certificates of an authority of its own that it asks clients for, too. */
export async function startExternalEtcd(host: TestHost): Promise<ExternalEtcd> {
  const authority = certificateAuthority("datastore-ca");
  const server = authority.issue("datastore", ["localhost", "127.0.0.1", host.internalAddress]);
  const client = authority.issue("k3s");
  const files = { "ca.crt": authority.certificate, "server.crt": server.certificate, "server.key": server.key };
  const options = [
    "--name=datastore --data-dir=/srv/etcd/data --listen-peer-urls=http://127.0.0.1:2380",
    `--listen-client-urls=https://0.0.0.0:2379 --advertise-client-urls=https://${host.internalAddress}:2379`,
    "--client-cert-auth --trusted-ca-file=/srv/etcd/ca.crt --cert-file=/srv/etcd/server.crt --key-file=/srv/etcd/server.key",
  ].join(" ");
  const unit = `[Unit]\nDescription=etcd\n[Service]\nType=notify\nExecStart=/usr/local/lib/test-host/etcd/etcd ${options}\n`;
  await writeFiles(host, "/srv/etcd", { ...files, "/etc/systemd/system/etcd-test.service": unit });
  await host.read("systemctl daemon-reload && systemctl start etcd-test");
  const { certificate, key } = client;
  return { address: `https://${host.internalAddress}:2379`, ca: authority.certificate, certificate, key };
}

/** Files with mode 0600, below a folder unless their path is absolute. */
export async function writeFiles(host: TestHost, folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const written = Object.entries(files).map(
    ([name, text]) => `echo ${Buffer.from(text).toString("base64")} | base64 -d >${name} && chmod 600 ${name}`,
  );
  await host.read([`mkdir -p ${folder} && cd ${folder}`, ...written].join(" && "));
}

/** One of texts in the place of programs, with another member at will. */
export function smallRelease(
  version: string,
  extra?: string,
  programs: readonly string[] = ["etcd", "etcdctl", "etcdutl"],
): EtcdRelease {
  const processor = process.arch === "arm64" ? "arm64" : "amd64";
  const name = `etcd-v${version}-linux-${processor}`;
  const folder = mkdtempSync(join(tmpdir(), "k3sprov-etcd-"));
  try {
    mkdirSync(join(folder, name));
    for (const program of programs)
      writeFileSync(join(folder, name, program), `#!/bin/sh\necho ${program} ${version}\n`, { mode: 0o755 });
    writeFileSync(join(folder, "extra"), "* * * * * root touch /evil\n");
    const members = extra === undefined ? [] : ["extra", `--transform=s,^extra$,${extra},`];
    const archive = execFileSync("tar", ["-C", folder, "-P", "-czf", "-", name, ...members]);
    return { version, name, archive };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
