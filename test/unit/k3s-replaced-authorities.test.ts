import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Bootstrap } from "../k3s/pki.ts";
import { problemsOf } from "../k3s/replaced-authorities.ts";
import { caHash } from "../k3s/token.ts";
import { type Issuer, issue, newKey, selfSigned } from "../k3s/x509.ts";

const now = new Date(Date.now() - 60_000);

function root(name: string): Issuer {
  const key = newKey();
  return { certificate: selfSigned(name, key, now, 100), key };
}

function below(above: Issuer, name: string, from = now): Issuer {
  const key = newKey();
  return { certificate: issue(above, { subject: { commonName: name }, publicKey: createPublicKey(key), from, days: 100 }), key };
}

/** The same name and key, signed by another one. */
const crossed = (one: Issuer, by: Issuer, name: string): string =>
  issue(by, { subject: { commonName: name }, publicKey: createPublicKey(one.key), from: now, days: 100 });

const serviceKey = (): string =>
  String(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }));

const old = root("k3s-server-ca@1");
const next = root("root");
const own = below(next, "k3s-server-ca@2");
const present: Bootstrap = { "server-ca.crt": old.certificate, "server-ca.key": old.key, "service.key": serviceKey() };
const UNKNOWN = "ServerCA: new CA cert cannot be verified using old CA chain: x509: certificate signed by unknown authority";

describe("authorities in the place of others", () => {
  it("are taken where a present root has signed the new one, be it across", () => {
    const bundle = `${own.certificate}${next.certificate}${crossed(next, old, "root")}${old.certificate}`;
    expect(problemsOf(present, { "server-ca.crt": bundle, "server-ca.key": `${own.key}${next.key}` })).toEqual([]);
    const direct = below(old, "k3s-server-ca@3");
    expect(
      problemsOf(present, { "server-ca.crt": `${direct.certificate}${old.certificate}`, "server-ca.key": direct.key }),
    ).toEqual([]);
    expect(problemsOf(present, {})).toEqual([]);
  });

  it.each<[string, Bootstrap, string]>([
    ["of another root", { "server-ca.crt": `${own.certificate}${next.certificate}`, "server-ca.key": own.key }, UNKNOWN],
    [
      "alone",
      { "server-ca.crt": own.certificate, "server-ca.key": own.key },
      "ServerCA: new CA bundle contains only a single certificate but should include root or intermediate CA certificates",
    ],
    [
      "with the key of another one",
      { "server-ca.crt": `${below(old, "a").certificate}${old.certificate}`, "server-ca.key": own.key },
      "ServerCAKey: new CA cert and key cannot be loaded as X590KeyPair: tls: private key does not match public key",
    ],
    [
      "without the old key for service accounts",
      { "service.key": serviceKey() },
      "ServiceKey: old ServiceAccount signing key not in new ServiceAccount key list",
    ],
  ])("%s are refused", (_, files, problem) => {
    expect(problemsOf(present, files)).toEqual([problem]);
  });

  it("that have ended are refused", () => {
    const ended = below(old, "a", new Date(Date.now() - 200 * 86_400_000));
    const files = { "server-ca.crt": `${ended.certificate}${old.certificate}`, "server-ca.key": ended.key };
    expect(problemsOf(present, files)[0]).toMatch(
      /^ServerCA: new CA cert cannot be verified using old CA chain: x509: certificate has expired/,
    );
  });

  it("keep the key for service accounts behind a new one", () => {
    expect(problemsOf(present, { "service.key": `${serviceKey()}${present["service.key"]}` })).toEqual([]);
  });
});

it("a token has the hash of the root that the first certificate leads to, whatever stands first", () => {
  const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
  const cross = crossed(next, old, "root");
  expect(caHash(`${own.certificate}${cross}${old.certificate}${next.certificate}`)).toBe(fingerprint(next.certificate));
  expect(caHash(`${own.certificate}${cross}${old.certificate}`)).toBe(fingerprint(old.certificate));
});
