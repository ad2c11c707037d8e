import type { Include, Node, Task } from "../playbook/model.ts";
import { whenChain } from "../playbook/scope.ts";

/** Handlers that listen to this run at the end of each play, notified or not: for what is a state, such as "runs with what its files say now". */
export const END_OF_PLAY = "end of play";

/** The handlers of a play. Names may hold templates; `name` renders them. */
export class HandlerTable {
  readonly #nodes: Node[];
  /** Each host asks several times, and the answer changes only with `add`. */
  #atEnd: readonly (Task | Include)[] | undefined;

  constructor(nodes: readonly Node[]) {
    this.#nodes = [...nodes];
  }

  /** In the order in which they run: the play's, then those that includes brought. */
  get all(): readonly Node[] {
    return this.#nodes;
  }

  /**
   * Handlers that run at the end of the play in any case. Several roles may bring the same one, by what they depend on: it runs once, in
   * the place of the one with the fewest conditions.
   */
  get atEnd(): readonly (Task | Include)[] {
    if (this.#atEnd === undefined) {
      const listening = this.#nodes.flatMap(flatten).filter((handler) => handler.listen.includes(END_OF_PLAY));
      this.#atEnd = listening.filter(
        (handler, index) => !listening.some((other, at) => at !== index && replaces(other, at, handler, index)),
      );
    }
    return this.#atEnd;
  }

  /** Handlers of a role that was included while the play ran. */
  add(nodes: readonly Node[]): void {
    for (const node of nodes) if (!this.#nodes.includes(node)) this.#nodes.push(node);
    this.#atEnd = undefined;
  }

  /**
   * Handlers that `notify: wanted` means: the last one of that name (as in Ansible, a later definition replaces an earlier one), and
   * all that listen to it. A role's handler also answers to `role : name`.
   */
  find(wanted: string, name: (handler: Task | Include) => string | undefined): readonly Node[] {
    const handlers = this.#nodes.flatMap(flatten);
    const named = handlers.findLast((handler) => {
      const own = name(handler);
      if (own === undefined) return false;
      const role = roleName(handler);
      return own === wanted || (role !== undefined && `${role} : ${own}` === wanted);
    });
    const listening = handlers.filter((handler) => handler.listen.includes(wanted));
    return [...new Set([...(named === undefined ? [] : [named]), ...listening])];
  }
}

/** Whether `other`, which stands at `at`, is the same handler and runs whenever `handler` would; of two equal ones the first stays. */
function replaces(other: Task | Include, at: number, handler: Task | Include, index: number): boolean {
  const { position } = handler;
  if (other.position.file !== position.file || other.position.line !== position.line) return false;
  const [wide, narrow] = [other, handler].map((one) => whenChain(one).map((condition) => String(condition.source)));
  if (wide === undefined || narrow === undefined || !wide.every((one) => narrow.includes(one))) return false;
  return wide.length < narrow.length || at < index;
}

/** Handlers below blocks are handlers too. */
export function flatten(node: Node): (Task | Include)[] {
  return node.kind === "block" ? node.block.flatMap(flatten) : [node];
}

function roleName(handler: Task | Include): string | undefined {
  for (let scope: Node | Task["parent"] = handler; scope !== undefined; scope = scope.parent) {
    if (scope.role !== undefined) return scope.role.name;
  }
  return undefined;
}
