import { joinSh, type Sh, sh } from "../../../sh.ts";
import type { WantedAttributes } from "./attributes.ts";
import { hasCriteria, namesBelow, ownDeviations } from "./deviation-collector.ts";
import { clearOthers, MANAGED_FLAGS, type WantedFlags } from "./file-flags.ts";
import { listedDeviation } from "./listed-deviation.ts";

const KINDS = sh`\\( -type f -o -type d \\)`;

/** Links and the like have no flags. */
const deviating = (path: string, flags: WantedFlags): Sh =>
  sh`find ${namesBelow(path)} -mindepth 1 ${KINDS} -exec lsattr -d {} + | sed ${deviationFilter(flags)}`;

/** Files and directories below a directory whose flags are not what is wanted. */
export const flagDeviationQuestion = listedDeviation<WantedFlags>(
  "flag-deviation",
  "flags",
  (path, flags) => sh`! command -v lsattr >/dev/null 2>&1 || ${deviating(path, flags)}`,
);

/** A program for sed: of the lines of lsattr it leaves the names of those whose flags are not as wanted. */
export function deviationFilter({ operator, letters }: WantedFlags): string {
  const hasAll = (then: string): string => [...letters].reduceRight((inner, one) => `/^[^ ]*${one}/{\n${inner}\n}`, then);
  const isRight = {
    "+": hasAll("d"),
    "-": `/^[^ ]*[${letters}]/!d`,
    "=": `/^[-${MANAGED_FLAGS}${letters}]* /{\n${hasAll("d")}\n}`,
  };
  return `/^[-A-Za-z]* \\//!d\n${isRight[operator]}\ns/^[^ ]* //`;
}

/** Lifts what forbids the other changes that a recursion makes: of a task that names the flags, from the files that it will change. */
export function liftBelow(path: string, wanted: WantedAttributes): Sh[] {
  const named = wanted.flags === undefined ? "" : wanted.flags.operator === "=" ? "ai" : forbidding(wanted.flags.letters);
  if (named === "" || !hasCriteria(wanted)) return [];
  const others = ownDeviations(wanted);
  return [sh`find ${namesBelow(path)} -mindepth 1 ${KINDS} ${others} -exec chattr ${`-${named}`} {} + || exit 1`];
}

/** Sets what deviates, by the same search. */
export function flagRecursion(path: string, flags: WantedFlags): Sh {
  const { operator, letters } = flags;
  const lift = operator === "=" ? "ai" : operator === "+" ? forbidding(letters) : "";
  const steps = [
    ...(lift === "" ? [] : [sh`chattr ${`-${lift}`} "$f"`]),
    ...(operator === "=" ? [clearOthers(sh`"$f"`, letters)] : []),
    ...(letters === "" ? [] : [sh`chattr ${`${operator === "-" ? "-" : "+"}${letters}`} "$f"`]),
  ];
  return sh`${deviating(path, flags)} | while IFS= read -r f; do ${joinSh(steps, " && ")} || exit 1; done || exit 1`;
}

const forbidding = (letters: string): string => [...letters].filter((one) => "ia".includes(one)).join("");
