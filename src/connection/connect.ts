import type { Connection, ConnectionOptions, Connector } from "./connection.ts";
import { HostConnection } from "./host-connection.ts";
import { openLocal } from "./local.ts";
import { openSsh } from "./ssh.ts";
import { hostLabel, resolveTarget } from "./ssh-target.ts";

/** Makes the connection to one host; nothing is read or contacted before the first script runs. */
export const connect: Connector = (options) =>
  options.kind === "local" ? new HostConnection(options, "local", options.name, openLocal(options.name)) : connectSsh(options);

function connectSsh(options: ConnectionOptions): Connection {
  const { user, host, port } = options;
  const target = ["ssh", ...(port === undefined ? [] : [`-p ${port}`]), user === undefined ? host : `${user}@${host}`].join(" ");
  // The configuration is looked at here too late to fail before the run, and early enough to be told for this host alone.
  return new HostConnection(options, target, hostLabel(options.name, host, port), async (signal) =>
    openSsh(resolveTarget(options), options)(signal),
  );
}
