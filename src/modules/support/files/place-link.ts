import { type Sh, sh } from "../../../sh.ts";
import type { Difference, HostTraits, Prediction, Question } from "../../contract.ts";
import { ModuleFailure } from "../../contract.ts";
import { attributeCommands } from "./attribute-script.ts";
import {
  type AttributeSet,
  accountQuestions,
  newInode,
  planAttributes,
  resolveAttributes,
  type WantedAttributes,
} from "./attributes.ts";
import { stepScript } from "./file-steps.ts";
import type { Known } from "./known.ts";
import { type PathState, pathQuestion } from "./path-collector.ts";

/** A symbolic link that has to be made, or given another owner. */
export type LinkPlan = {
  readonly kind: "link";
  readonly path: string;
  readonly to: string;
  readonly make: boolean;
  readonly set: AttributeSet;
  readonly before: PathState;
  readonly differences: readonly Difference[];
};

/** What has to be known about a symbolic link. */
export function linkQuestions(path: string, wanted: WantedAttributes): Question<unknown>[] {
  const accounts = accountQuestions(wanted);
  return [pathQuestion(path), accounts.owner, accounts.group];
}

/** A file at the path is replaced by the link (`force`), a directory never. */
export function planLink(path: string, to: string, wanted: WantedAttributes, force: boolean, known: Known): LinkPlan | undefined {
  const { mode: _, context: __, flags: ___, ...owned } = wanted;
  const before = known.path(path);
  if (before.kind === "directory") throw new ModuleFailure(`${path} is a directory, where a symbolic link to ${to} shall be`);
  if (before.kind !== "absent" && !force) return undefined;
  const accounts = known.accounts(wanted);
  const plan = { kind: "link", path, to, before } as const;
  if (before.kind === "link" && before.link?.target === to) {
    const planned = planAttributes(path, before, owned, accounts);
    return planned === undefined ? undefined : { ...plan, make: false, ...planned };
  }
  const was = before.kind === "absent" ? "absent" : before.kind === "link" ? `link to ${before.link?.target ?? ""}` : before.kind;
  const difference: Difference = { kind: "field", subject: path, name: "state", before: was, after: `link to ${to}` };
  return { ...plan, make: true, set: resolveAttributes(owned, accounts, 0o777, false), differences: [difference] };
}

export function linkScript(plan: LinkPlan, traits: HostTraits): Sh {
  if (!plan.make) return sh`${attributeCommands(sh`${plan.path}`, plan.set, { link: true })} || exit 1`;
  const end = { target: plan.to, path: "", inode: null };
  const { path, set, differences } = plan;
  return stepScript(
    { kind: "symlink", path, src: plan.to, end, set, removesDirectory: false, content: undefined, differences },
    traits,
  );
}

/** Where the new link will lead is not looked at: a later task that goes through it is told that nothing is there. */
export function predictLink(plan: LinkPlan, traits: HostTraits): Prediction[] {
  const { before, set } = plan;
  const base = before.kind === "link" && before.link !== undefined ? before : newInode("link", 0o777, traits, plan.to.length);
  const owned = {
    ...base,
    ...(set.owner === undefined ? {} : { owner: set.owner.name, uid: set.owner.id }),
    ...(set.group === undefined ? {} : { group: set.group.name, gid: set.group.id }),
  };
  const link = plan.make || before.kind === "absent" ? { target: plan.to, path: "", inode: null } : before.link;
  return [{ question: pathQuestion(plan.path), answer: link === undefined ? owned : { ...owned, link } }];
}
