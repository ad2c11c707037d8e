import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** PEM texts. */
export type Certificate = { readonly certificate: string; readonly key: string };
export type Authority = Certificate & {
  /** A certificate for these names and addresses. */
  issue(commonName: string, names?: readonly string[]): Certificate;
};

/** A certificate authority of its own, made with openssl in a few milliseconds; valid for a day. */
export function certificateAuthority(commonName = "k3sprov test authority"): Authority {
  return inFolder((folder) => {
    const pair = openssl(folder, ["req", "-x509", ...newKey, "-days", "1", "-subj", `/CN=${commonName}`]);
    return {
      ...pair,
      issue: (name, names = []) => inFolder((other) => issue(other, pair, name, names)),
    };
  });
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"];

function issue(folder: string, authority: Certificate, name: string, names: readonly string[]): Certificate {
  writeFileSync(join(folder, "ca.pem"), authority.certificate);
  writeFileSync(join(folder, "ca-key.pem"), authority.key);
  const alternatives = names.map((one) => (/^[\d.]+$|:/.test(one) ? `IP:${one}` : `DNS:${one}`)).join(",");
  writeFileSync(join(folder, "extensions"), alternatives === "" ? "" : `subjectAltName=${alternatives}\n`);
  run(folder, ["req", ...newKey, "-subj", `/CN=${name}`, "-out", "request.pem"]);
  const from = ["-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"];
  run(folder, ["x509", "-req", ...from, "-days", "1", "-extfile", "extensions", "-out", "certificate.pem"]);
  return pairIn(folder);
}

function openssl(folder: string, args: readonly string[]): Certificate {
  run(folder, [...args, "-out", "certificate.pem"]);
  return pairIn(folder);
}

function pairIn(folder: string): Certificate {
  return {
    certificate: readFileSync(join(folder, "certificate.pem"), "utf8"),
    key: readFileSync(join(folder, "key.pem"), "utf8"),
  };
}

function run(folder: string, args: readonly string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "k3sprov-certificates-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
