import type { Include, Node, Task } from "../playbook/model.ts";

/** The handlers of a play. Names may hold templates; `name` renders them. */
export class HandlerTable {
  readonly #nodes: Node[];

  constructor(nodes: readonly Node[]) {
    this.#nodes = [...nodes];
  }

  /** In the order in which they run: the play's, then those that includes brought. */
  get all(): readonly Node[] {
    return this.#nodes;
  }

  /** Handlers of a role that was included while the play ran. */
  add(nodes: readonly Node[]): void {
    for (const node of nodes) if (!this.#nodes.includes(node)) this.#nodes.push(node);
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
