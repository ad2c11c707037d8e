import type { Node, Role, Scope } from "../playbook/model.ts";
import { scopes, whenChain } from "../playbook/scope.ts";
import type { PlayContext, RunContext } from "./context.ts";
import { attempt } from "./foreseen.ts";
import { playContext } from "./play.ts";
import { patternOf } from "./run.ts";

type RolesOfPlay = {
  readonly context: PlayContext;
  readonly hosts: ReadonlySet<string>;
  readonly scopes: readonly (readonly [Role, Scope])[];
};

/**
 * What the variable `k3sprov_roles` says: the roles that all plays of a run apply to a host, so that a role can refuse another one that it
 * cannot live with. Neither `--limit` nor `--tags` narrow it: what is refused does not depend on which part of the inventory is looked at.
 */
export class HostRoles {
  readonly #run: () => RunContext;
  readonly #known = new Map<string, readonly string[]>();
  readonly #asked = new Set<string>();
  #plays: readonly RolesOfPlay[] | undefined;

  constructor(run: () => RunContext) {
    this.#run = run;
  }

  /** Undefined while a condition of a role depends on facts that are not there yet. */
  of(host: string): readonly string[] | undefined {
    const known = this.#known.get(host);
    if (known !== undefined) return known;
    // A condition of a role that asks for the roles itself.
    if (this.#asked.has(host)) return [];
    this.#asked.add(host);
    try {
      return this.#find(host);
    } finally {
      this.#asked.delete(host);
    }
  }

  #find(host: string): readonly string[] | undefined {
    const run = this.#run();
    // The mapping `ansible_facts` itself is always there.
    const hasFacts = run.store.factsOf(host).size > 1;
    const names: string[] = [];
    for (const { context, hosts, scopes: places } of this.#rolesOfPlays()) {
      if (!hosts.has(host)) continue;
      for (const [role, scope] of places) {
        const evaluator = run.evaluator(context, host, scope);
        const applies = attempt(() => evaluator.firstFalse(whenChain(scope)) === undefined);
        // Once there are facts, a condition that cannot be evaluated is a mistake that the role's tasks will tell.
        if (applies === undefined && !hasFacts) return undefined;
        if (applies !== false && attempt(() => evaluator.text(stateOf(role, evaluator))) !== "absent") names.push(role.name);
      }
    }
    const found = [...new Set(names)];
    this.#known.set(host, found);
    return found;
  }

  #rolesOfPlays(): readonly RolesOfPlay[] {
    const run = this.#run();
    const { inventory, playbooks } = run.options;
    this.#plays ??= playbooks
      .flatMap((playbook) => playbook.plays)
      .map((play) => {
        const names = inventory.select(patternOf(run, play)).map((one) => one.name);
        return {
          context: playContext(run, play, [], names, true),
          hosts: new Set(names),
          scopes: roleScopes([...play.preTasks, ...play.roleTasks, ...play.tasks, ...play.postTasks]),
        };
      });
    return this.#plays;
  }
}

/** `docker_runtime_state` of role `docker-runtime`: by convention, "absent" is to undo the role. */
const stateOf = (role: Role, evaluator: ReturnType<RunContext["evaluator"]>) =>
  evaluator.context.names.lookup(`${role.name.replaceAll("-", "_")}_state`);

/** The roles that tasks stand in, each with the scope of its entry: that in `roles:`, a dependency, an import. */
function roleScopes(nodes: readonly Node[]): readonly (readonly [Role, Scope])[] {
  const found = new Map<Scope, Role>();
  for (const node of nodes) {
    for (const scope of scopes(node)) if (scope.role !== undefined && scope.kind === "role") found.set(scope, scope.role);
    if (node.kind === "block")
      for (const [role, scope] of roleScopes([...node.block, ...node.rescue, ...node.always])) found.set(scope, role);
  }
  return [...found].map(([scope, role]) => [role, scope]);
}
