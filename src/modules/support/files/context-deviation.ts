import { type Sh, sh } from "../../../sh.ts";
import { contextFlags } from "./attribute-script.ts";
import { namesBelow } from "./deviation-collector.ts";
import { listedDeviation } from "./listed-deviation.ts";
import type { WantedContext } from "./selinux-context.ts";

const deviating = (path: string, wanted: WantedContext): Sh =>
  sh`find ${namesBelow(path)} -mindepth 1 -exec stat -c '%C %n' -- {} + | sed ${contextFilter(wanted)}`;

/** Names below a directory whose SELinux context is not what is wanted; of links it is their own. Where SELinux is on. */
export const contextDeviationQuestion = listedDeviation<WantedContext>("context-deviation", "SELinux contexts", deviating);

/** A program for sed: of lines of contexts and names it leaves the names of those whose context is not as wanted. */
export function contextFilter({ user, role, type, level }: WantedContext): string {
  const part = (text: string | undefined): string => (text === undefined ? "[^: ]*" : text.replace(/[.[\]*^$\\/]/g, "\\$&"));
  // A level may hold colons, and need not be there.
  const last = level === undefined ? "\\(:[^ ]*\\)\\{0,1\\}" : `:${part(level)}`;
  return `/^${part(user)}:${part(role)}:${part(type)}${last} /d\ns/^[^ ]* //`;
}

/** Sets what deviates, by the same search. */
export function contextRecursion(path: string, wanted: WantedContext): Sh {
  return sh`${deviating(path, wanted)} | while IFS= read -r f; do chcon -h ${contextFlags(wanted)} "$f" || exit 1; done || exit 1`;
}
