import type { Connector } from "./connection.ts";
import { HostConnection } from "./host-connection.ts";
import { openLocal } from "./local.ts";
import { openSsh } from "./ssh.ts";
import { hostLabel } from "./ssh-target.ts";

/** Makes the connection to one host; nothing is contacted before the first script runs. */
export const connect: Connector = (options) => {
  if (options.kind === "local") return new HostConnection(options, "local", options.name, openLocal(options.name));
  const label = hostLabel(options.name, options.host, options.port);
  const user = options.user === undefined ? "" : `${options.user}@`;
  const port = options.port === undefined || options.port === 22 ? "" : ` -p ${options.port}`;
  return new HostConnection(options, `ssh ${user}${options.host}${port}`, label, openSsh(options));
};
