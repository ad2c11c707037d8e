import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { Difference } from "../../contract.ts";
import { bytesOf, type Content } from "./content-collector.ts";

/** Ansible's limit for what a diff shows. */
const SHOWN_LIMIT = 104_448;

/** A digest by the name that the host's tools have for it: "sha1", "md5". */
export function digestOf(name: string, bytes: Uint8Array): string {
  return createHash(name).update(bytes).digest("hex");
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function sha1(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** Digests of what was and what will be; null where nothing was. */
export type Digests = { readonly before: string | null; readonly after: string };

/**
 * How contents differ: as text where it was asked for and can be shown, else as digests. `isSecret`: nothing of it is shown, not
 * even a digest, by which a short secret could be guessed.
 */
export function contentDifference(
  subject: string,
  digests: Digests,
  options: { readonly diff: boolean; readonly isSecret?: boolean; readonly before?: Content; readonly after?: Uint8Array },
): Difference {
  const field = (before: string | null, after: string): Difference => ({
    kind: "field",
    subject,
    name: "content",
    before,
    after,
  });
  if (options.isSecret === true) return field(digests.before === null ? null : "(hidden)", "(hidden)");
  const before = options.before === undefined || options.before.kind === "none" ? Buffer.alloc(0) : bytesOf(options.before);
  if (options.diff && before !== undefined && options.after !== undefined && isShowable(before) && isShowable(options.after)) {
    return { kind: "text", subject, before: before.toString("utf8"), after: Buffer.from(options.after).toString("utf8") };
  }
  return field(digests.before === null ? null : `sha256:${digests.before}`, `sha256:${digests.after}`);
}

function isShowable(bytes: Uint8Array): boolean {
  return bytes.byteLength <= SHOWN_LIMIT && isUtf8(bytes) && !bytes.includes(0);
}
