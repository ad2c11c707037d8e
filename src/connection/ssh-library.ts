import { createRequire } from "node:module";
import type { NodeSSH } from "node-ssh";
import type * as Ssh2 from "ssh2";

export type SshLibrary = { readonly NodeSSH: typeof NodeSSH; readonly ssh2: typeof Ssh2 };

let loading: Promise<SshLibrary> | undefined;

/** Loads the library when the first connection needs it (it takes longer than all of `k3sprov --version`). */
export function loadSsh(): Promise<SshLibrary> {
  loading ??= load();
  return loading;
}

async function load(): Promise<SshLibrary> {
  const { NodeSSH } = await import("node-ssh");
  // The very ssh2 that node-ssh uses, wherever npm has put it: its classes are compared by identity.
  const requireBesideNodeSsh = createRequire(createRequire(import.meta.url).resolve("node-ssh"));
  // require answers `any`; the types are those of the same package.
  return { NodeSSH, ssh2: requireBesideNodeSsh("ssh2") as typeof Ssh2 };
}
