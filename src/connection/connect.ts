import type { Connector } from "./connection.ts";
import { HostConnection } from "./host-connection.ts";
import { openLocal } from "./local.ts";

/** Makes the connection to one host; nothing is contacted before the first script runs. */
export const connect: Connector = (options) => {
  if (options.kind === "local") return new HostConnection(options, "local", options.name, openLocal(options.name));
  throw new Error("ssh: not yet");
};
