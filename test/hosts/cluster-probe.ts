import { NODE_ON_HOSTS } from "./container.ts";
import type { TestHost } from "./host.ts";

export type Answers = {
  /** How many times all servers were asked. */
  readonly samples: number;
  /** How many of them did not answer at the same time, at the worst. */
  readonly mostAway: number;
};

// Written to the end of a file, a line for each round: how many servers gave no answer.
const PROGRAM = `
const { request } = require("node:https");
const { appendFileSync } = require("node:fs");
const ask = (host) => new Promise((resolve) => {
  const call = request({ host, port: 6443, path: "/readyz", rejectUnauthorized: false, timeout: 1000, agent: false }, (answer) => {
    answer.resume();
    // Nobody without credentials is told more than that there is somebody.
    answer.on("end", () => resolve(answer.statusCode === 401));
  });
  call.on("timeout", () => call.destroy());
  call.on("error", () => resolve(false));
  call.end();
});
setInterval(async () => {
  const answers = await Promise.all(process.argv.slice(1).map(ask));
  appendFileSync("/run/cluster-probe", answers.filter((one) => !one).length + "\\n");
}, 250);
`;

/** Asks each server four times a second, from another host, until it is told to end. */
export async function probeServers(from: TestHost, servers: readonly TestHost[]): Promise<{ end(): Promise<Answers> }> {
  const code = Buffer.from(PROGRAM).toString("base64");
  const addresses = servers.map((server) => server.internalAddress).join(" ");
  await from.read(
    `echo ${code} | base64 -d >/run/cluster-probe.cjs; rm -f /run/cluster-probe; systemd-run -q --unit=cluster-probe sh -c 'exec ${NODE_ON_HOSTS} -e "$(cat /run/cluster-probe.cjs)" ${addresses}'`,
  );
  return {
    async end() {
      const lines = await from.read("systemctl stop cluster-probe; cat /run/cluster-probe");
      const away = lines.split("\n").map(Number);
      return { samples: away.length, mostAway: Math.max(...away) };
    },
  };
}
