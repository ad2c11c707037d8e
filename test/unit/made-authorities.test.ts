import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { renderFileText } from "../../src/template/template.ts";
import { contextOf } from "../../src/template/test-context.test-support.ts";
import { readKnobs } from "../k3s/knobs.ts";
import { Paths } from "../k3s/paths.ts";
import { newBootstrap, writeBootstrap } from "../k3s/pki.ts";
import { problemsOf } from "../k3s/replaced-authorities.ts";
import { caHash, certificatesIn } from "../k3s/token.ts";

const folder = mkdtempSync(join(tmpdir(), "made-authorities-"));
afterAll(() => rmSync(folder, { recursive: true }));

const template = join(import.meta.dirname, "..", "..", "roles", "certificates", "templates", "make-authorities.sh.j2");
// Each is made in the same way; two are enough, one of them in a folder of its own.
const NAMES = ["server-ca", "etcd/peer-ca"];

/** What the first server makes beside its data, in a process of its own as there. */
function make(data: string, word: string): string {
  const staging = join(data, "server", "rotate-ca", word);
  mkdirSync(join(data, "server", "rotate-ca"), { recursive: true });
  const vars = {
    k3s_host_data_dir: data,
    certificates__ca_staging: staging,
    certificates__authorities: NAMES,
    certificates_rotate_ca_force: false,
    certificates_rotate_ca_days: 3650,
  };
  const script = renderFileText(readFileSync(template, "utf8"), undefined, contextOf(JSON.stringify(vars)));
  execFileSync("sh", ["-c", script.text], { stdio: ["ignore", "ignore", "pipe"] });
  return join(staging, "tls");
}

const read = (tls: string): Record<string, string> =>
  Object.fromEntries(
    ["service.key", ...NAMES.flatMap((name) => [`${name}.crt`, `${name}.key`])].map((name) => [
      name,
      readFileSync(join(tls, name), "utf8"),
    ]),
  );

it("authorities that are made are taken by K3s, again and again, and over an authority whose root has its key elsewhere", {
  timeout: 60_000,
}, () => {
  const data = join(folder, "data");
  const tls = join(data, "server", "tls");
  const paths = new Paths(data);
  writeBootstrap(paths, newBootstrap(paths, readKnobs(join(folder, "no-such-knobs.json"))));
  for (const word of ["first", "second"]) {
    const next = read(make(data, word));
    expect(problemsOf(read(tls), next), word).toEqual([]);
    const [, root = ""] = certificatesIn(next["server-ca.crt"] ?? "");
    expect(caHash(next["server-ca.crt"] ?? "")).toBe(new X509Certificate(root).fingerprint256.replaceAll(":", "").toLowerCase());
    // The bundle does not grow from one time to the next.
    expect(certificatesIn(next["server-ca.crt"] ?? "")).toHaveLength(4);
    cpSync(join(data, "server", "rotate-ca", word, "tls"), tls, { recursive: true });
  }
  for (const name of NAMES) {
    const key = join(tls, `${name}.key`);
    writeFileSync(key, /^[\s\S]*?-----END [A-Z ]*-----\n/.exec(readFileSync(key, "utf8"))?.[0] ?? "");
  }
  expect(problemsOf(read(tls), read(make(data, "third")))).toEqual([]);
});
