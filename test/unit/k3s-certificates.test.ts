import { execFileSync } from "node:child_process";
import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readKnobs } from "../k3s/knobs.ts";
import { Paths } from "../k3s/paths.ts";
import { keepLeaves, newBootstrap, serverLeaves, writeBootstrap } from "../k3s/pki.ts";
import { changed, newState, seal, unseal } from "../k3s/state.ts";
import { caHash, parseToken, secureToken, shownChain } from "../k3s/token.ts";
import { issue, newKey, selfSigned } from "../k3s/x509.ts";

// Those of a host without the file.
const knobs = readKnobs(join(tmpdir(), "no-such-knobs.json"));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "k3s-stand-in-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const openssl = (...args: readonly string[]): string =>
  execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

describe("a certificate of the stand-in", () => {
  it("is what openssl takes for one, with its names, its usages and its chain", () => {
    const from = new Date(Date.now() - 60_000);
    const rootKey = newKey();
    const root = { certificate: selfSigned("k3s-server-ca@1", rootKey, from, 3650), key: rootKey };
    const names = ["node1", "10.0.0.1", "fd00::1", "::1"];
    const subject = { commonName: "kube-apiserver", organizations: ["system:masters"] };
    const leaf = issue(root, { subject, publicKey: createPublicKey(newKey()), from, days: 365, usage: "both", names });
    writeFileSync(join(folder, "ca.pem"), root.certificate);
    writeFileSync(join(folder, "leaf.pem"), leaf);
    expect(openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.pem", "leaf.pem")).toBe("leaf.pem: OK\n");
    expect(openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.pem", "leaf.pem")).toBe("leaf.pem: OK\n");
    const text = openssl("x509", "-noout", "-text", "-in", "leaf.pem");
    expect(text).toContain("DNS:node1, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, IP Address:0:0:0:0:0:0:0:1");
    expect(text).toContain("Subject: O = system:masters, CN = kube-apiserver");
    const days = (new Date(new X509Certificate(leaf).validTo).getTime() - from.getTime()) / 86_400_000;
    expect(Math.round(days)).toBe(365);
  });

  it("takes the name of an issuer that openssl has made, byte for byte", () => {
    openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "own.key",
      "-out",
      "own.pem",
      "-subj",
      "/C=DE/O=Own/CN=Root é",
      "-utf8",
    );
    const own = {
      certificate: readFileSync(join(folder, "own.pem"), "utf8"),
      key: readFileSync(join(folder, "own.key"), "utf8"),
    };
    const request = {
      subject: { commonName: "a" },
      publicKey: createPublicKey(newKey()),
      from: new Date(),
      days: 1,
      usage: "client",
    };
    writeFileSync(join(folder, "below.pem"), issue(own, { ...request, usage: "client" }));
    expect(openssl("verify", "-CAfile", "own.pem", "below.pem")).toBe("below.pem: OK\n");
  });

  it("is renewed with its key within the window, and left alone outside of it", () => {
    const said = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    const paths = new Paths(join(folder, "data"));
    const files = newBootstrap(paths, knobs);
    writeBootstrap(paths, files);
    const leaves = serverLeaves(paths, ["node1"], true);
    const read = (name: string): string => readFileSync(paths.tls(name), "utf8");
    keepLeaves(leaves, files, { ...knobs, issuedDaysAgo: 250 });
    const [old, key] = [read("client-admin.crt"), read("client-admin.key")];
    keepLeaves(leaves, files, knobs);
    const renewed = read("client-admin.crt");
    expect(renewed).not.toBe(old);
    expect(said).toHaveBeenCalledWith(expect.stringContaining('msg="certificate system:admin signed by client-ca is renewed"'));
    expect(read("client-admin.key")).toBe(key);
    keepLeaves(leaves, files, knobs);
    expect(read("client-admin.crt")).toBe(renewed);
    keepLeaves(serverLeaves(paths, ["node1", "lb.example"], true), files, knobs);
    expect(new X509Certificate(read("serving-kube-apiserver.crt")).subjectAltName).toBe("DNS:node1, DNS:lb.example");
  });
});

describe("a token of the stand-in", () => {
  const hash = "ab".repeat(32);

  it.each([
    ["", "token must not be empty"],
    ["K10abc::server:x", "invalid token CA hash length"],
    [`K10${hash}`, "invalid token format"],
    [`K10${hash}::nocolon`, "invalid token format"],
  ])("%s is refused: %s", (text, message) => {
    expect(() => parseToken(text, "node")).toThrow(message);
  });

  it.each([
    ["secret", { caHash: undefined, user: "node", password: "secret", isBootstrap: false }],
    [`K10${hash}::server:se:cret`, { caHash: hash, user: "server", password: "se:cret", isBootstrap: false }],
    [`K10${hash}::abcdef.0123456789abcdef`, { caHash: hash, user: "abcdef", password: "0123456789abcdef", isBootstrap: true }],
    ["abcdef.0123456789abcdef", { caHash: undefined, user: "abcdef", password: "0123456789abcdef", isBootstrap: true }],
  ])("%s is understood", (text, token) => {
    expect(parseToken(text, "node")).toEqual(token);
  });

  it("has the hash of the file, or the fingerprint of a bundle's root", () => {
    const from = new Date();
    const rootKey = newKey();
    const root = { certificate: selfSigned("root", rootKey, from, 10), key: rootKey };
    expect(caHash(root.certificate)).toBe(createHash("sha256").update(root.certificate).digest("hex"));
    const below = issue(root, { subject: { commonName: "ca" }, publicKey: createPublicKey(newKey()), from, days: 10 });
    const fingerprint = new X509Certificate(root.certificate).fingerprint256.replaceAll(":", "").toLowerCase();
    expect(secureToken(`${below}${root.certificate}`, "server", "p")).toBe(`K10${fingerprint}::server:p`);
  });
});

describe("a chain that is shown", () => {
  it("has a cross-signed root, and no root that signed itself", () => {
    const from = new Date();
    const self = (name: string) => {
      const key = newKey();
      return { certificate: selfSigned(name, key, from, 10), key };
    };
    const [old, root] = [self("old"), self("root")];
    const subject = { commonName: "root" };
    const crossed = issue(old, { subject, publicKey: createPublicKey(root.key), from, days: 10 });
    const leaf = issue(root, {
      subject: { commonName: "a" },
      publicKey: createPublicKey(newKey()),
      from,
      days: 10,
      usage: "server",
    });
    expect(shownChain(`${leaf}${root.certificate}${crossed}${old.certificate}`)).toBe(`${leaf}${crossed}`);
  });
});

it("an authority is also there without what stands above it", () => {
  const paths = new Paths(join(folder, "chained"));
  const files = newBootstrap(paths, knobs);
  const above = selfSigned("root", newKey(), new Date(), 10);
  writeBootstrap(paths, { ...files, "server-ca.crt": `${files["server-ca.crt"]}${above}` });
  for (const name of ["server-ca", "client-ca"])
    expect(readFileSync(paths.tls(`${name}.nochain.crt`), "utf8")).toBe(files[`${name}.crt`]);
});

describe("the stand-in's datastore", () => {
  it("opens with the token that it was closed with, and with no other", () => {
    const sealed = seal({ "server-ca.key": "secret" }, "right");
    expect(unseal(sealed, "right")).toEqual({ "server-ca.key": "secret" });
    expect(unseal(sealed, "wrong")).toBeUndefined();
    expect(sealed).not.toContain("secret");
  });

  it("knows one learner at a time, and refuses a change of what has changed", () => {
    const member = (id: string, isLearner: boolean) => ({ id, name: id, node: id, url: "", isLearner });
    let state = changed(newState(""), { kind: "member", member: member("a", false) });
    state = changed(state, { kind: "member", member: member("b", true) });
    expect(() => changed(state, { kind: "member", member: member("c", true) })).toThrow("too many learner members in cluster");
    state = changed(state, { kind: "member", member: member("b", false) });
    expect(changed(state, { kind: "member", member: member("c", true) }).members.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    state = changed(state, { kind: "put", key: "/k", object: { spec: 1 }, after: "" });
    expect(() => changed(state, { kind: "put", key: "/k", object: { spec: 2 }, after: "" })).toThrow("has been modified");
  });
});
