import type { ControlNode, Payload } from "../../contract.ts";
import { bytesSource, type FileSource } from "./place-file.ts";

/** A file of the control node, read only where Ansible Vault encrypted it (unless that is how it is wanted) or it is not larger than `readUpTo`. */
export async function localSource(
  path: string,
  size: number,
  how: { readonly readUpTo: number; readonly decrypt: boolean },
  control: ControlNode,
): Promise<FileSource> {
  const { readUpTo, decrypt } = how;
  const isEncrypted = decrypt && size > 0 && (await control.isEncrypted(path));
  if (isEncrypted || size <= readUpTo) return bytesSource(await control.read(path, { decrypt }));
  const { sha1, sha256: digest } = await control.digests(path, ["sha1", "sha256"]);
  return { kind: "local", path, size, digest, sha1 };
}

/** How it travels; undefined for a file of the host, which need not. `near`: see Payload. */
export function payloadOf(source: FileSource, near: string): Payload | undefined {
  if (source.kind === "bytes") return { content: source.bytes };
  if (source.kind === "host") return undefined;
  return { file: source.path, size: source.size, digest: source.digest, near };
}
