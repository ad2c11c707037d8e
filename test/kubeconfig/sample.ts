import { DiagnosticError } from "../../src/diagnostic.ts";
import { certificateAuthority } from "../hosts/certificates.ts";

const authority = certificateAuthority("k3s-server-ca");
const admin = authority.issue("system:admin");
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What stands in a kubeconfig in base64. The certificates are real, and valid for a day. */
export const credentials = {
  authority: base64(authority.certificate),
  certificate: base64(admin.certificate),
  key: base64(admin.key),
};

export type SampleOptions = {
  readonly server?: string;
  readonly names?: { readonly cluster: string; readonly user: string; readonly context: string };
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
};

/** A kubeconfig as K3s writes it. */
export function k3sYaml(options: SampleOptions = {}): string {
  const { server = "https://127.0.0.1:6443", names = { cluster: "default", user: "default", context: "default" } } = options;
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${options.authority ?? credentials.authority}
    server: ${server}
  name: ${names.cluster}
contexts:
- context:
    cluster: ${names.cluster}
    user: ${names.user}
  name: ${names.context}
current-context: ${names.context}
kind: Config
preferences: {}
users:
- name: ${names.user}
  user:
    client-certificate-data: ${options.certificate ?? credentials.certificate}
    client-key-data: ${options.key ?? credentials.key}
`;
}

/** What is said when `work` is refused. */
export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.message;
    throw error;
  }
  return "nothing was refused";
}
