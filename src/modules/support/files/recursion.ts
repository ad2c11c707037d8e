import { joinSh, type Sh } from "../../../sh.ts";
import type { Difference, HostTraits, Prediction, Question } from "../../contract.ts";
import type { WantedAttributes } from "./attributes.ts";
import { contextDeviationQuestion, contextRecursion } from "./context-deviation.ts";
import { deviationQuestion, deviationScript, hasCriteria } from "./deviation-collector.ts";
import { flagDeviationQuestion, flagRecursion, liftBelow } from "./flag-deviation.ts";
import type { Known } from "./known.ts";

/** Sets the attributes of everything below a directory. */
export type RecurseStep = {
  readonly kind: "recurse";
  readonly path: string;
  readonly wanted: WantedAttributes;
  readonly differences: readonly Difference[];
};

/** Which names below the directory have not what is wanted: the answers to all of them are lists of names. */
export function recursionQuestions(path: string, wanted: WantedAttributes, traits: HostTraits): Question<readonly string[]>[] {
  const { flags, context } = wanted;
  return [
    ...(hasCriteria(wanted) ? [deviationQuestion(path, wanted)] : []),
    ...(context !== undefined && traits.selinux ? [contextDeviationQuestion(path, context)] : []),
    ...(flags !== undefined ? [flagDeviationQuestion(path, flags)] : []),
  ];
}

const SHOWN_NAMES = 10;

/** Undefined when everything is as it shall be. */
export function planRecursion(path: string, wanted: WantedAttributes, known: Known, traits: HostTraits): RecurseStep | undefined {
  const names = [...new Set(recursionQuestions(path, wanted, traits).flatMap((question) => known.of(question)))];
  if (names.length === 0) return undefined;
  const after = shown(wanted, traits);
  const differs = (subject: string, before: string): Difference => ({
    kind: "field",
    subject,
    name: "attributes",
    before,
    after,
  });
  const rest = names.length - SHOWN_NAMES;
  const more = rest <= 0 ? [] : [differs(path, `${rest} more with others`)];
  const differences = [...names.slice(0, SHOWN_NAMES).map((one) => differs(one, "others")), ...more];
  return { kind: "recurse", path, wanted, differences };
}

function shown({ mode, owner, group, context, flags }: WantedAttributes, traits: HostTraits): string {
  const { user: seuser, role: serole, type: setype, level: selevel } = traits.selinux ? (context ?? {}) : {};
  const flagText = flags === undefined ? undefined : `${flags.operator}${flags.letters}`;
  return Object.entries({ mode, owner, group, seuser, serole, setype, selevel, flags: flagText })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
    .join(", ");
}

export function recursionScript({ path, wanted }: RecurseStep, traits: HostTraits): Sh {
  const { flags, context } = wanted;
  return joinSh([
    ...liftBelow(path, wanted),
    ...(hasCriteria(wanted) ? [deviationScript(path, wanted)] : []),
    ...(context !== undefined && traits.selinux ? [contextRecursion(path, context)] : []),
    ...(flags === undefined ? [] : [flagRecursion(path, flags)]),
  ]);
}

export function predictRecursion({ path, wanted }: RecurseStep, traits: HostTraits): Prediction[] {
  return recursionQuestions(path, wanted, traits).map((question) => ({ question, answer: [] }));
}
