import { describe, expect, it } from "vitest";
import { credentials, k3sYaml, refusal } from "../../test/kubeconfig/sample.ts";
import { serverAt } from "./address.ts";
import { expiredOn, readAccess } from "./read.ts";
import { isUnnamed, kubeconfigText, rewritten } from "./rewrite.ts";

describe("reading a kubeconfig", () => {
  it("takes the names from the file, whatever they are", () => {
    const unnamed = readAccess(k3sYaml(), "it");
    expect([unnamed.cluster.name, unnamed.user.name, unnamed.context.name, isUnnamed(unnamed)]).toEqual([
      "default",
      "default",
      "default",
      true,
    ]);
    const named = readAccess(k3sYaml({ names: { cluster: "prod", user: "prod-admin", context: "prod-context" } }), "it");
    expect([named.cluster.name, named.user.name, named.context.name, isUnnamed(named)]).toEqual([
      "prod",
      "prod-admin",
      "prod-context",
      false,
    ]);
  });

  it("takes the only context where none is current", () => {
    expect(readAccess(k3sYaml().replace("current-context: default", 'current-context: ""'), "it").context.name).toBe("default");
  });

  it.each([
    ["that is no YAML", k3sYaml().replace("kind: Config", "kind: [Config"), "it is not YAML: line 14: bad indent"],
    [
      "that is another file",
      "apiVersion: v1\n",
      "it is not a kubeconfig: clusters: Invalid input: expected array, received undefined; users: Invalid input: expected array, received undefined; contexts: Invalid input: expected array, received undefined",
    ],
    [
      "without a cluster of the context's",
      k3sYaml().replace("    cluster: default\n", "    cluster: other\n"),
      "it has no cluster of the name that its context gives",
    ],
    [
      "without a user of the context's",
      k3sYaml().replace("    user: default\n", "    user: other\n"),
      "it has no user of the name that its context gives",
    ],
    [
      "with many contexts and none current",
      k3sYaml()
        .replace("contexts:\n", "contexts:\n- {name: a, context: {cluster: a, user: a}}\n")
        .replace("current-context: default", "current-context: b"),
      "it has 2 contexts, and none of them is its current-context",
    ],
    ["without TLS", k3sYaml({ server: "http://127.0.0.1:8080" }), "the address of the server in it is no https:// URL"],
    ["without an authority", k3sYaml().replace(/ +certificate-authority-data.*\n/, ""), "it has no certificate-authority-data"],
    ["without a certificate", k3sYaml().replace(/ +client-certificate-data.*\n/, ""), "it has no client-certificate-data"],
    ["without a key", k3sYaml({ key: '""' }), "it has no client-key-data"],
    [
      "with a key for a certificate",
      k3sYaml({ certificate: credentials.key }),
      "the client-certificate-data in it is no certificate in PEM form",
    ],
    [
      "with a certificate that is cut off",
      k3sYaml({ authority: Buffer.from("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").toString("base64") }),
      "the certificate-authority-data in it cannot be read as a certificate",
    ],
    [
      "with a certificate for a key",
      k3sYaml({ key: credentials.certificate }),
      "the client-key-data in it is no private key in PEM form",
    ],
  ])("refuses one %s, and shows nothing of it", (_, text, message) => {
    expect(refusal(() => readAccess(text, "it"))).toBe(message);
  });

  it("tells when the certificate has ended", () => {
    const access = readAccess(k3sYaml(), "it");
    expect(expiredOn(access, new Date())).toBeUndefined();
    const later = new Date(Date.now() + 2 * 86_400_000);
    const end = expiredOn(access, later);
    expect(Math.abs((end?.getTime() ?? 0) - (Date.now() + 86_400_000))).toBeLessThan(600_000);
  });
});

describe("the address", () => {
  it.each([
    ["192.0.2.1", "https://127.0.0.1:6443", "https://192.0.2.1:6443"],
    ["k3s.example.com", "https://[::1]:6443", "https://k3s.example.com:6443"],
    ["k3s.example.com:443", "https://127.0.0.1:6443", "https://k3s.example.com:443"],
    ["https://k3s.example.com/", "https://127.0.0.1:7443", "https://k3s.example.com:7443"],
    ["https://k3s.example.com:443", "https://127.0.0.1:6443", "https://k3s.example.com:443"],
    ["k3s", "https://127.0.0.1", "https://k3s:443"],
    ["2001:db8::1", "https://[::1]:6443", "https://[2001:db8::1]:6443"],
    ["[2001:db8::1]", "https://[::1]:6443", "https://[2001:db8::1]:6443"],
    ["https://[2001:db8::1]:8443", "https://[::1]:6443", "https://[2001:db8::1]:8443"],
    [" 192.0.2.1 ", "https://127.0.0.1:6443", "https://192.0.2.1:6443"],
    ["http://k3s", "https://127.0.0.1:6443", undefined],
    ["https://k3s/path", "https://127.0.0.1:6443", undefined],
    ["https://me:pass@k3s", "https://127.0.0.1:6443", undefined],
    ["k3s:0", "https://127.0.0.1:6443", undefined],
    ["k3s:66000", "https://127.0.0.1:6443", undefined],
    ["192.0.2.300", "https://127.0.0.1:6443", undefined],
    ["[192.0.2.1]", "https://127.0.0.1:6443", undefined],
    ["-k3s", "https://127.0.0.1:6443", undefined],
    ["k3s example", "https://127.0.0.1:6443", undefined],
    ["", "https://127.0.0.1:6443", undefined],
  ])("%j instead of %s is %s", (wanted, fetched, expected) => {
    expect(serverAt(wanted, fetched)).toBe(expected);
  });
});

describe("rewriting", () => {
  it("changes the address and the names, and nothing that only looks like them", () => {
    const text = k3sYaml().replace("    user: default\n", "    namespace: default\n    user: default\n");
    const access = rewritten(readAccess(text, "it"), { server: "https://[2001:db8::1]:6443", name: "prod" });
    expect(kubeconfigText(access)).toBe(
      text
        .replace("https://127.0.0.1:6443", "https://[2001:db8::1]:6443")
        .replaceAll("name: default", "name: prod")
        .replace("cluster: default", "cluster: prod")
        .replace("user: default", "user: prod")
        .replace("current-context: default", "current-context: prod")
        .replace("name: prod\nspace", "namespace")
        .replace("namespace: prod", "namespace: default"),
    );
  });

  it("keeps the names that K3s was told", () => {
    const names = { cluster: "prod", user: "admin", context: "prod" };
    const text = k3sYaml({ names });
    expect(kubeconfigText(rewritten(readAccess(text, "it"), { server: "https://127.0.0.1:6443" }))).toBe(text);
  });

  it.each(["on", "123", "0755", "1e3", "null", "a: b", "# x", "2026-01-01", "12:30:45", "é", "~"])(
    "writes the name %j so that it is read as a text",
    (name) => {
      const text = kubeconfigText(rewritten(readAccess(k3sYaml(), "it"), { server: "https://k3s:6443", name }));
      expect(readAccess(text, "it").context.name).toBe(name);
    },
  );
});
