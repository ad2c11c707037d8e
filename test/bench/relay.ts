import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP relay that holds back what passes, as a long line would. Its port, and a way to end it. */
export type Relay = { readonly port: number; readonly close: () => Promise<void> };

/** Relays to `host:port` so that a round trip takes `roundTripMs` longer. */
export async function startRelay(host: string, port: number, roundTripMs: number): Promise<Relay> {
  const open = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host, port, noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      hold(from, to, roundTripMs / 2);
      from.on("close", () => open.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the relay has no port");
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

// Each chunk is passed on `delayMs` after it came, whatever came before it: a line has latency, not less bandwidth.
function hold(from: Socket, to: Socket, delayMs: number): void {
  from.on("data", (chunk) => {
    if (delayMs === 0) to.write(chunk);
    else setTimeout(() => to.writable && to.write(chunk), delayMs);
  });
  from.on("end", () => setTimeout(() => to.end(), delayMs));
  from.on("error", () => to.destroy());
  from.on("close", () => setTimeout(() => to.destroy(), delayMs));
}
