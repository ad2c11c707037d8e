import { X509Certificate } from "node:crypto";
import { parseDocument } from "yaml";
import { z } from "zod";
import { refuse } from "../diagnostic.ts";

const text = z.string().min(1);

/** What every client of Kubernetes reads; fields that we do not know stay as they are. */
const kubeconfig = z.looseObject({
  "current-context": z.string().nullish(),
  clusters: z.array(
    z.looseObject({ name: text, cluster: z.looseObject({ server: text, "certificate-authority-data": z.string().nullish() }) }),
  ),
  users: z.array(
    z.looseObject({
      name: text,
      user: z.looseObject({ "client-certificate-data": z.string().nullish(), "client-key-data": z.string().nullish() }),
    }),
  ),
  contexts: z.array(z.looseObject({ name: text, context: z.looseObject({ cluster: text, user: text }) })),
});
type Kubeconfig = z.infer<typeof kubeconfig>;

/** One way into one cluster: a cluster, a user, and the context that joins them. */
export type Access = {
  readonly cluster: Kubeconfig["clusters"][number];
  readonly user: Kubeconfig["users"][number];
  readonly context: Kubeconfig["contexts"][number];
};

/** Reads the kubeconfig of a server, whatever the names in it are. `from` says where it comes from. No message holds any of its contents. */
export function readAccess(source: string, from: string): Access {
  const file = readKubeconfig(source, from);
  const current = file["current-context"] ?? "";
  const context =
    file.contexts.find((one) => one.name === current) ?? (file.contexts.length === 1 ? file.contexts[0] : undefined);
  if (context === undefined) {
    return refuse("kubeconfig", `${from} has ${file.contexts.length} contexts, and none of them is its current-context`);
  }
  const cluster = file.clusters.find((one) => one.name === context.context.cluster);
  const user = file.users.find((one) => one.name === context.context.user);
  if (cluster === undefined || user === undefined) {
    return refuse(
      "kubeconfig",
      `${from} has no ${cluster === undefined ? "cluster" : "user"} of the name that its context gives`,
    );
  }
  if (!URL.canParse(cluster.cluster.server) || new URL(cluster.cluster.server).protocol !== "https:") {
    return refuse("kubeconfig", `the address of the server in ${from} is no https:// URL`);
  }
  const authority = pem(cluster.cluster["certificate-authority-data"], "certificate-authority-data", "CERTIFICATE", from);
  const certificate = pem(user.user["client-certificate-data"], "client-certificate-data", "CERTIFICATE", from);
  pem(user.user["client-key-data"], "client-key-data", "PRIVATE KEY", from);
  readCertificate(authority, "certificate-authority-data", from);
  readCertificate(certificate, "client-certificate-data", from);
  return { cluster, user, context };
}

/** When the client certificate ends, if that is in the past. */
export function expiredOn({ user }: Access, now: Date): Date | undefined {
  const end = new Date(new X509Certificate(Buffer.from(user.user["client-certificate-data"] ?? "", "base64")).validTo);
  return end.getTime() < now.getTime() ? end : undefined;
}

function readKubeconfig(source: string, from: string): Kubeconfig {
  // The messages of the reader quote the text, which holds a key.
  const document = parseDocument(source, { version: "1.1", prettyErrors: false, logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = source.slice(0, error.pos[0]).split("\n").length;
    return refuse("kubeconfig", `${from} is not YAML: line ${line}: ${error.code.toLowerCase().replaceAll("_", " ")}`);
  }
  const read = kubeconfig.safeParse(document.toJS());
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`);
  return refuse("kubeconfig", `${from} is not a kubeconfig: ${problems.join("; ")}`);
}

function pem(data: string | null | undefined, key: string, kind: string, from: string): Buffer {
  if (data === undefined || data === null || data === "") {
    return refuse("kubeconfig", `${from} has no ${key}`, {
      help: "K3s writes certificates and key into the file when it starts: restart it, and try again",
    });
  }
  const decoded = Buffer.from(data, "base64");
  if (!new RegExp(`-----BEGIN ([A-Z]+ )?${kind}-----`).test(decoded.toString("latin1"))) {
    return refuse("kubeconfig", `the ${key} in ${from} is no ${kind.toLowerCase()} in PEM form`);
  }
  return decoded;
}

function readCertificate(data: Buffer, key: string, from: string): X509Certificate {
  try {
    return new X509Certificate(data);
  } catch {
    return refuse("kubeconfig", `the ${key} in ${from} cannot be read as a certificate`);
  }
}
