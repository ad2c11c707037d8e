import type { TestHost } from "./host.ts";
import { startProgram } from "./host-program.ts";

// What stands before the servers of a cluster: connections go to the servers that are in, in turn; one that does not take them is passed over at
// once, and out until it answers again. Whether a server is in is asked as usual: of its API, without credentials, which 401 answers.
const PROGRAM = `
const { connect, createServer } = require("node:net");
const { request } = require("node:https");
const servers = process.argv.slice(1).map((host) => ({ host, isIn: false }));
const look = (server) => {
  const call = request({ host: server.host, port: 6443, path: "/readyz", rejectUnauthorized: false, timeout: 1000, agent: false }, (answer) => {
    answer.resume();
    server.isIn = answer.statusCode === 401;
  });
  call.on("timeout", () => call.destroy());
  call.on("error", () => { server.isIn = false; });
  call.end();
};
setInterval(() => servers.forEach(look), 500);
servers.forEach(look);
let turn = 0;
createServer((client) => {
  client.pause();
  client.on("error", () => client.destroy());
  turn += 1;
  const left = servers.map((_, index) => servers[(turn + index) % servers.length]).filter((one) => one.isIn);
  const tryNext = () => {
    const server = left.shift();
    if (server === undefined) return client.destroy();
    const upstream = connect(6443, server.host);
    upstream.once("error", () => { server.isIn = false; tryNext(); });
    upstream.once("connect", () => {
      upstream.removeAllListeners("error");
      upstream.on("error", () => client.destroy());
      client.on("close", () => upstream.destroy());
      client.pipe(upstream).pipe(client);
    });
  };
  tryNext();
}).listen(6443);
`;

/** Makes a host the registration address of a cluster: a load balancer before port 6443 of its servers. */
export async function startBalancer(host: TestHost, servers: readonly TestHost[]): Promise<void> {
  await startProgram(
    host,
    "balancer",
    PROGRAM,
    servers.map((server) => server.internalAddress),
  );
}
