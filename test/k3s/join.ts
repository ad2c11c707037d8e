import type { Settings } from "./config.ts";
import { parseFields, textAt, textsAt } from "./fields.ts";
import { CRITICAL, FLAGS } from "./flags.ts";
import { call, wordsOf } from "./http-client.ts";
import { Fatal } from "./log.ts";
import type { Bootstrap } from "./pki.ts";
import { type Member, parseState, type State } from "./state.ts";
import { caHash } from "./token.ts";

type Joining = { readonly member: Member; readonly token: string; readonly hash: string | undefined };

const PREFIX = "starting kubernetes: preparing server:";

/** What servers must agree on: the name by which K3s calls it when they do not -> the value. */
export function criticalValues(settings: Settings): Readonly<Record<string, string>> {
  const value = (name: string): string => (FLAGS.get(name)?.kind === "bool" ? String(settings.isOn(name)) : settings.text(name));
  return {
    ...Object.fromEntries(CRITICAL.map((name) => [name, value(name)])),
    "disable-service-lb": String(settings.list("disable").includes("servicelb")),
  };
}

/** Becomes a learner of the cluster behind `--server`, or ends with what stands against it. */
export async function joinCluster(
  settings: Settings,
  { member, token, hash }: Joining,
): Promise<{ readonly state: State; readonly bootstrap: Bootstrap }> {
  const server = settings.text("server").replace(/\/$/, "");
  const ask = async (path: string, options: Parameters<typeof call>[1]) => {
    try {
      return await call(`${server}${path}`, options);
    } catch (error) {
      throw new Fatal(`${PREFIX} failed to get CA certs: Get "${server}${path}": ${wordsOf(error)}`);
    }
  };
  const { body: ca } = await ask("/cacerts", {});
  if (hash !== undefined && hash !== caHash(ca))
    throw new Fatal(`${PREFIX} token CA hash does not match the Cluster CA certificate hash: ${hash} != ${caHash(ca)}`);
  const credentials = { ca, basic: { user: "server", password: token } };
  const bootstrap = await ask("/v1-k3s/server-bootstrap", credentials);
  if (bootstrap.status !== 200)
    throw new Fatal(
      `${PREFIX} failed to bootstrap cluster data: ${server}/v1-k3s/server-bootstrap: ${bootstrap.status} Unauthorized`,
    );
  const shared = parseFields((await ask("/v1-k3s/config", credentials)).body);
  const different = Object.entries(criticalValues(settings)).flatMap(([name, value]) =>
    value === textAt(shared, name) ? [] : [name],
  );
  if (different.length > 0)
    throw new Fatal(
      `${PREFIX} failed to validate server configuration: critical configuration value mismatch between servers: ${different.join(", ")}`,
    );
  const joined = await ask("/v1-k3s/join", { ...credentials, method: "POST", body: member });
  if (joined.status !== 200)
    throw new Fatal(`${PREFIX} start managed database: etcd cluster join failed: ${textAt(parseFields(joined.body), "message")}`);
  return { state: parseState(joined.body), bootstrap: textsAt(parseFields(bootstrap.body)) };
}
