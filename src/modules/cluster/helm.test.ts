import { describe, expect, it } from "vitest";
import { inputOf } from "../../../test/local-shell.ts";
import { contextOf, planned } from "../../../test/module-cases.ts";
import { Unknown } from "../contract.ts";
import { decodeRelease } from "../support/helm/release-collector.ts";
import { helm } from "./helm.ts";

type Fields = Readonly<Record<string, unknown>>;

const release = (more: Fields = {}): Fields => ({
  kind: "found",
  chart: "cert-manager",
  version: "v1.16.2",
  appVersion: "v1.16.2",
  status: "deployed",
  revision: 3,
  values: { replicas: 2, crds: { enabled: true } },
  ...more,
});
const absent = { kind: "absent" };
const file = (text: string) => ({ kind: "file", base64: Buffer.from(text).toString("base64") });

async function run(raw: Fields, ...answers: readonly unknown[]) {
  const all = { name: "cm", namespace: "certs", chart_ref: "jetstack/cert-manager", ...raw };
  const input = await inputOf(helm, all, contextOf());
  const keys = Object.keys(helm.probe(input, contextOf()));
  return planned(helm, all, Object.fromEntries(keys.map((key, index) => [key, answers[index]])));
}

describe("helm", () => {
  const values = { replicas: 2, crds: { enabled: true } };

  it.each<[string, Fields, readonly unknown[], readonly string[]]>([
    ["installs", { values }, [absent], ["state: absent -> deployed"]],
    ["converged", { values }, [release()], []],
    ["converged with a version", { values, chart_version: "1.16.2" }, [release()], []],
    ["another version", { values, chart_version: "v1.17.0" }, [release()], ["chart_version: v1.16.2 -> v1.17.0"]],
    ["another chart", { values, chart_ref: "oci://x.org/issuer" }, [release()], ["chart: cert-manager -> issuer"]],
    ["an archive of the chart", { values, chart_ref: "/srv/cert-manager-v1.16.2.tgz" }, [release()], []],
    [
      "values, without showing them",
      { values: { replicas: 3, crds: { enabled: true, keep: true } } },
      [release()],
      ["values.crds.keep: another value -> as given", "values.replicas: another value -> as given"],
    ],
    ["values that are no longer given", { values: { replicas: 2 } }, [release()], ["values.crds: another value -> as given"]],
    ["no values at all", {}, [release({ values: {} })], []],
    [
      "files of values",
      { values_files: ["/a", "/b"], values: { replicas: 2 } },
      [release(), file("replicas: 1\ncrds: {enabled: false}"), file("crds: {enabled: yes}")],
      [],
    ],
    ["a failed one", { values }, [release({ status: "failed" })], ["status: failed -> deployed"]],
    ["one that was cut off", { values }, [release({ status: "pending-upgrade" })], ["status: pending-upgrade -> deployed"]],
    ["one that was uninstalled", { values }, [release({ status: "uninstalled" })], ["state: uninstalled -> deployed"]],
    ["absent", { state: "absent" }, [release()], ["state: deployed -> absent"]],
    ["absent already", { state: "absent" }, [absent], []],
    ["absent with its history", { state: "absent", purge: false }, [release({ status: "uninstalled" })], []],
  ])("%s", async (_name, raw, answers, differences) => {
    const result = await run(raw, ...answers);
    expect(result.differences).toEqual(differences);
    expect(result.left).toBeUndefined();
  });

  it("hands values over on standard input", async () => {
    const raw = {
      values: { token: "s3cret" },
      create_namespace: true,
      chart_version: "1.0.0",
      wait: true,
      timeout: "5m",
      atomic: true,
      skip_crds: true,
    };
    const { script } = await run({ ...raw, kubeconfig: "/etc/kube", binary_path: "/usr/local/bin/helm" }, absent);
    expect(script).toBe(
      "hm() { /usr/local/bin/helm '--kubeconfig=/etc/kube' \"$@\"; }\npayload values | hm upgrade --install --reset-values cm jetstack/cert-manager '--namespace=certs' --wait '--timeout=5m' --create-namespace '--version=1.0.0' --atomic --skip-crds --values=- >/dev/null",
    );
  });

  it("updates the list of charts first when asked to, and removes without hooks", async () => {
    expect((await run({ update_repo_cache: true }, absent)).script).toContain("hm repo update >/dev/null || exit\npayload");
    expect((await run({ state: "absent", disable_hook: true, purge: false }, release())).script).toContain(
      "hm uninstall cm '--namespace=certs' --no-hooks --keep-history",
    );
  });

  it.each<[string, Fields, readonly unknown[], string]>([
    ["no chart", { chart_ref: null }, [absent], 'helm: with state: present it needs "chart_ref"'],
    [
      "two durations",
      { timeout: "1m", wait_timeout: "1m" },
      [absent],
      'helm: "timeout" and "wait_timeout" exclude each other; give one of them',
    ],
    ["values", { values: ["a"] }, [absent], 'helm: "values" is ["a"], but must be a mapping'],
    [
      "a file that is not there",
      { values_files: ["/etc/v.yaml"] },
      [absent, { kind: "none" }],
      "helm: there is no file /etc/v.yaml (values_files)",
    ],
    [
      "a file that is no YAML",
      { values_files: ["/v"] },
      [absent, file("a: [")],
      "helm: /v is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 5:",
    ],
    [
      "no helm",
      {},
      [{ kind: "no-helm", reason: 'there is no helm on the host; install it first, or name another with "binary_path"' }],
      'there is no helm on the host; install it first, or name another with "binary_path"',
    ],
  ])("refuses: %s", async (_name, raw, answers, message) => {
    await expect(run(raw, ...answers)).rejects.toHaveProperty("message", message);
  });

  it("tells a release that is absent from one that nobody could ask for", () => {
    const list = (...all: readonly Fields[]) => JSON.stringify(all);
    const one = { name: "cm", chart: "cert-manager-v1.16.2", app_version: "v1.16.2", status: "deployed", revision: "3" };
    expect(decodeRelease(`${list(one)}\n\n#rc 0 \n{"replicas":2}\n\n#rc 0 \n`, "helm", "cm")).toEqual(
      release({ values: { replicas: 2 } }),
    );
    expect(decodeRelease(`${list(one)}\n\n#rc 0 \nnull\n\n#rc 0 \n`, "helm", "cm")).toMatchObject({ values: {} });
    expect(decodeRelease("[]\n\n#rc 0 \n\n#rc 1 Error: release: not found\n", "helm", "cm")).toEqual(absent);
    expect(
      decodeRelease('\n#rc 1 Error: Kubernetes cluster unreachable: Get "http://localhost:8080/version"\n', "helm", "cm"),
    ).toEqual({
      kind: "no-api",
      reason: 'helm list: Error: Kubernetes cluster unreachable: Get "http://localhost:8080/version"',
    });
    expect(decodeRelease("\n#rc 1 Error: list: failed to list: secrets is forbidden\n", "helm", "cm")).toEqual(
      new Unknown("helm list: Error: list: failed to list: secrets is forbidden"),
    );
    expect(decodeRelease("#none\n", "helm", "cm")).toMatchObject({ kind: "no-helm" });
  });
});
