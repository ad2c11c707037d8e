import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderFileText } from "../../src/template/template.ts";
import { contextOf } from "../../src/template/test-context.test-support.ts";

const folder = mkdtempSync(join(tmpdir(), "certificate-expiry-"));
afterAll(() => rmSync(folder, { recursive: true }));

const role = join(import.meta.dirname, "..", "..", "roles", "certificates");
const template = readFileSync(join(role, "templates", "expiry.sh.j2"), "utf8");
const variables = parse(readFileSync(join(role, "vars", "main.yml"), "utf8"));

/** A host whose programs are those that the script needs, but for openssl. */
const programs = join(folder, "programs");
mkdirSync(programs);
for (const name of ["awk", "env"])
  symlinkSync(
    execFileSync("sh", ["-c", `command -v ${name}`])
      .toString()
      .trim(),
    join(programs, name),
  );

type Host = {
  readonly version: string;
  /** What `k3s certificate check --output table` prints; undefined: it knows no --output. */
  readonly table?: string;
  readonly days?: number;
  readonly isExact?: boolean;
  readonly hasOpenssl?: boolean;
};

const data = join(folder, "data");
mkdirSync(join(data, "server", "tls", "etcd"), { recursive: true });

function look({ version, table, days = 120, isExact = false, hasOpenssl = false }: Host) {
  const k3s = join(folder, "k3s");
  const check = table === undefined ? "echo 'flag provided but not defined: -output'; exit 1" : `cat <<'END'\n${table}\nEND`;
  writeFileSync(
    k3s,
    `#!/bin/sh\nPATH=/usr/bin:/bin\nif [ "$1" = --version ]; then echo 'k3s version ${version} (0123abcd)\ngo version go1.24.11'; else ${check}\nfi\n`,
    { mode: 0o755 },
  );
  const vars = {
    k3s_host_data_dir: data,
    k3s_host_command: k3s,
    certificates_renew_within_days: days,
    certificates__is_exact: isExact,
    certificates__first_with_120: variables.certificates__first_with_120,
  };
  const { text } = renderFileText(template, undefined, contextOf(JSON.stringify(vars)));
  const PATH = hasOpenssl ? process.env["PATH"] : programs;
  return spawnSync("/bin/sh", ["-c", text], { encoding: "utf8", env: { PATH } });
}

/** What the role takes for a reason to restart K3s. */
function due(lines: readonly string[]): unknown {
  const expression = String(variables.certificates__due).replace(/ }}$/, " | to_json }}");
  return JSON.parse(renderFileText(expression, undefined, contextOf(JSON.stringify({ certificates__lines: lines }))).text);
}

const AGO = "Jan 02, 2020 15:04 UTC";
const NEW = `
FILENAME                 SUBJECT                     USAGES                  EXPIRES                  RESIDUAL TIME   STATUS
--------                 -------                     ------                  -------                  -------------   ------
client-admin.crt         system:admin                ClientAuth              Nov 26, 2027 19:04 UTC   1 year          OK
client-admin.crt         k3s-client-ca@1700000000    CertSign                Jan 24, 2027 19:04 UTC   1 month         WARNING
peer-server-client.crt   etcd-peer                   ServerAuth,ClientAuth   Jan 24, 2027 19:04 UTC   1 month         WARNING
peer-server-client.crt   authority of the house      ServerAuth,CertSign     ${AGO}   6 years         EXPIRED
serving-kubelet.crt      node1                       ServerAuth              ${AGO}   6 years         EXPIRED
client-kubelet.crt       system:node:node1           ClientAuth              Jan 24, 2028 19:04 UTC   1 year          NOT YET VALID`;

const MIDDLE = `
CERTIFICATE             SUBJECT                              STATUS         EXPIRES
-----------             -------                              ------         -------
client-admin.crt        CN=system:admin,O=system:masters     OK             2027-11-26T19:04:00Z
client-admin.crt        CN=k3s-client-ca@1700000000          WARNING        2027-01-24T19:04:00Z
peer-server-client.crt  CN=etcd-peer                         WARNING        2027-01-24T19:04:00Z
peer-server-client.crt  CN=k3s-etcd-peer-ca@1700000000       OK             2033-11-12T19:04:00Z
serving-kubelet.crt     CN=node1                             EXPIRED        2020-01-02T15:04:00Z
client-kubelet.crt      CN=system:node:node1,O=system:nodes  NOT YET VALID  2028-01-24T19:04:00Z`;

describe("a host without openssl", () => {
  it.each([
    ["v1.34.2+k3s1", NEW, ["system:admin", "etcd-peer", "node1", "system:node:node1"]],
    [
      "v1.32.4+k3s1",
      MIDDLE,
      ["CN=system:admin,O=system:masters", "CN=etcd-peer", "CN=node1", "CN=system:node:node1,O=system:nodes"],
    ],
  ])("is told of by what K3s %s prints", (version, table, subjects) => {
    const { stdout, stderr, status } = look({ version, table });
    const [admin, peer, serving, kubelet] = subjects;
    expect([stderr, status]).toEqual(["", 0]);
    expect(stdout.split("\n")).toEqual([
      `OK|client-admin.crt||${admin}`,
      `RENEW|peer-server-client.crt||${peer}`,
      `ENDED|serving-kubelet.crt||${serving}`,
      `RENEW|client-kubelet.crt||${kubelet}`,
      "",
    ]);
  });

  it("fails where nobody can tell", () => {
    const { stderr, status } = look({ version: "v1.31.4+k3s1" });
    expect(stderr).toBe(
      "the host has no openssl, and this K3s cannot tell when certificates end: install openssl, or upgrade K3s\n",
    );
    expect(status).toBe(1);
    expect(look({ version: "v1.34.2+k3s1", table: NEW, days: 100 }).stderr).toBe(
      "the host has no openssl, and K3s itself only tells which certificates end within 120 days, not 100: ask for 120, or install openssl\n",
    );
    expect(look({ version: "v1.32.4+k3s1", table: MIDDLE, days: 120, isExact: true }).stderr).toContain("ask for 90");
  });
});

describe("a host with openssl", () => {
  const file = join(data, "server", "tls", "client-admin.crt");
  const key = join(folder, "key");
  execFileSync("openssl", ["genrsa", "-out", key, "2048"], { stdio: "ignore" });
  execFileSync("openssl", ["req", "-x509", "-new", "-key", key, "-days", "100", "-subj", "/CN=one", "-out", file]);
  const state = (version: string, more: Partial<Host> = {}) =>
    look({ version, hasOpenssl: true, ...more })
      .stdout.split("|")
      .slice(0, 2);

  it.each([
    ["v1.30.12+k3s1", "OK"],
    ["v1.30.13+k3s1", "RENEW"],
    ["v1.31.8+k3s1", "OK"],
    ["v1.31.9-rc1+k3s1", "RENEW"],
    ["v1.32.3+k3s1", "OK"],
    ["v1.32.10+k3s1", "RENEW"],
    ["v1.33.0+k3s1", "OK"],
    ["v1.33.1+k3s1", "RENEW"],
    ["v1.36.0+k3s1", "RENEW"],
  ])("has a certificate of 100 days renewed where K3s does that: %s", (version, expected) => {
    expect(state(version)).toEqual([expected, "server/tls/client-admin.crt"]);
  });

  it("may want it later, and may ask for any day", () => {
    expect(state("v1.36.0+k3s1", { days: 99 })[0]).toBe("OK");
    expect(state("v1.32.3+k3s1", { days: 120, isExact: true })[0]).toBe("RENEW");
  });
});

it("a restart is for nothing but what it renews", () => {
  const files = (...names: readonly string[]) => names.map((name) => `RENEW|${name}|Jan 24 19:04:00 2027 GMT|CN=one`);
  const leaves = files("server/tls/client-k3s-cloud-controller.crt", "server/tls/etcd/client.crt", "agent/client-kubelet.crt");
  const others = files(
    "server/tls/client-ca.crt",
    "server/tls/client-ca.nochain.crt",
    "server/tls/server-ca.nochain.crt",
    "server/tls/etcd/peer-ca.crt",
    "agent/server-ca.crt",
    "server/tls/client-cloud-controller.crt",
  );
  expect(due(["OK|server/tls/client-admin.crt|Nov 26 19:04:00 2027 GMT|CN=one", ...others, ...leaves])).toEqual(leaves);
});
