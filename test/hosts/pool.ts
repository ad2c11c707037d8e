import { afterAll, beforeAll, inject } from "vitest";
import { attachHost, type HostHandle, type HostOptions, startHosts, type TestHost } from "./host.ts";

declare module "vitest" {
  interface ProvidedContext {
    testHosts: readonly HostHandle[];
  }
}

/**
 * Hosts that run already and serve every test file in turn ("host1" and so on, at most `POOL_SIZE`). For tests that leave a host
 * as they found it, or do not mind how they find it.
 */
export function withHosts(count: number): readonly TestHost[] {
  const handles = inject("testHosts");
  if (count > handles.length) throw new Error(`there are ${handles.length} shared hosts; ask freshHosts for ${count}`);
  return handles.slice(0, count).map(attachHost);
}

/** Hosts of the calling file or `describe` alone, removed at its end; about a second for each two. */
export function freshHosts(count: number, options: HostOptions & { readonly prefix?: string } = {}): () => readonly TestHost[] {
  let hosts: readonly TestHost[] = [];
  // The first file that asks for an image of its own also waits until that is built.
  const timeoutMs = (options.image ?? "host") === "host" ? undefined : 900_000;
  beforeAll(async () => {
    hosts = await startHosts(count, { prefix: "host", ...options });
  }, timeoutMs);
  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.stop()));
  });
  return () => {
    if (hosts.length === 0) throw new Error("fresh hosts are there in tests and hooks, not while tests are being collected");
    return hosts;
  };
}

/** The same for one host. */
export function freshHost(options: HostOptions = {}): () => TestHost {
  const hosts = freshHosts(1, { prefix: "fresh", ...options });
  return () => {
    const [host] = hosts();
    if (host === undefined) throw new Error("no host was started");
    return host;
  };
}

/** Both of two hosts. */
export function pairOf(hosts: readonly TestHost[]): readonly [TestHost, TestHost] {
  const [one, other] = hosts;
  if (one === undefined || other === undefined || hosts.length > 2) throw new Error(`these are ${hosts.length} hosts, not two`);
  return [one, other];
}
