import type { TestHost } from "./host.ts";
import { startProgram } from "./host-program.ts";

export type Answers = {
  /** How many times all servers were asked. */
  readonly samples: number;
  /** How many of them did not answer at the same time, at the worst. */
  readonly mostAway: number;
  /** How many calls through the registration address failed. */
  readonly failedCalls: number;
};

// Written to the end of a file, a line for each round: how many servers gave no answer, and whether the registration address gave one.
const PROGRAM = `
const { request } = require("node:https");
const { appendFileSync } = require("node:fs");
const ask = (host) => new Promise((resolve) => {
  const call = request({ host, port: 6443, path: "/readyz", rejectUnauthorized: false, timeout: 1000, agent: false }, (answer) => {
    answer.resume();
    // Nobody without credentials is told more than that the API is there; before it is, the answer is 503.
    answer.on("end", () => resolve(answer.statusCode === 401));
  });
  call.on("timeout", () => call.destroy());
  call.on("error", () => resolve(false));
  call.end();
});
setInterval(async () => {
  const [registration, ...servers] = await Promise.all(process.argv.slice(1).map(ask));
  appendFileSync("/run/cluster-probe", servers.filter((one) => !one).length + " " + (registration ? 0 : 1) + "\\n");
}, 250);
`;

/** Calls each server and the registration address four times a second, from another host, until it is told to end. */
export async function probeServers(
  from: TestHost,
  registration: TestHost,
  servers: readonly TestHost[],
): Promise<{ end(): Promise<Answers> }> {
  await from.read("rm -f /run/cluster-probe");
  await startProgram(
    from,
    "cluster-probe",
    PROGRAM,
    [registration, ...servers].map((server) => server.internalAddress),
  );
  return {
    async end() {
      const lines = (await from.read("systemctl stop cluster-probe; cat /run/cluster-probe")).split("\n");
      const rounds = lines.map((line) => line.split(" ").map(Number));
      const [away, failed] = [0, 1].map((column) => rounds.map((round) => round[column] ?? Number.NaN));
      return {
        samples: rounds.length,
        mostAway: Math.max(...(away ?? [])),
        failedCalls: (failed ?? []).reduce((sum, one) => sum + one, 0),
      };
    },
  };
}
