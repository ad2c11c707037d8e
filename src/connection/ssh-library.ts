import type { NodeSSH } from "node-ssh";
import type Ssh2 from "ssh2";

export type SshLibrary = { readonly NodeSSH: typeof NodeSSH; readonly ssh2: typeof Ssh2 };

let loading: Promise<SshLibrary> | undefined;

/** Loads the library when the first connection needs it (it takes longer than all of `k3sprov --version`). */
export function loadSsh(): Promise<SshLibrary> {
  loading ??= load();
  return loading;
}

// ssh2 is what node-ssh is made of. Its classes are compared by identity, so it must be the same copy: package.json asks for the
// version that node-ssh asks for.
async function load(): Promise<SshLibrary> {
  const [{ NodeSSH }, { default: ssh2 }] = await Promise.all([import("node-ssh"), import("ssh2")]);
  return { NodeSSH, ssh2 };
}
