import { type HostTraits, ModuleFailure } from "../../contract.ts";
import { followed } from "./file-fields.ts";
import type { PathState, Present } from "./path-collector.ts";

const OTHERS_WRITE = 0o002;

/**
 * Refuses to follow a link that somebody else put into a directory where everybody can: the rule of the kernel's
 * fs.protected_symlinks, which does not hold for what a script finds out first and does later.
 */
export function refusePlantedLink(path: string, link: Present, parent: PathState, traits: Pick<HostTraits, "userId">): void {
  const directory = followed(parent);
  if (directory === undefined || (directory.mode & OTHERS_WRITE) === 0) return;
  if (link.uid === traits.userId || link.uid === directory.uid) return;
  throw new ModuleFailure(
    `${path} is a symbolic link that ${link.owner} made in a directory everybody can write to; refusing to follow it`,
    { path },
  );
}

/**
 * Refuses to change, as root, what a link of a user leads to unless it is that user's own: the link may have been put there for root to
 * follow. Looking through it is harmless, so nothing is refused where nothing is to be changed.
 */
export function refuseForeignLink(path: string, link: PathState, traits: Pick<HostTraits, "userId">): void {
  if (link.kind !== "link" || traits.userId !== 0 || link.uid === 0 || followed(link)?.uid === link.uid) return;
  throw new ModuleFailure(
    `${path} is a symbolic link that ${link.owner} made, to what is not ${link.owner}'s own; refusing to follow it as root`,
    { path },
  );
}
