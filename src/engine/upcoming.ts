import type { Node } from "../playbook/model.ts";

/** What a host will come to next: the rest of a list, and of the lists around it. */
export type Upcoming = { readonly nodes: readonly Node[]; readonly from: number; readonly outer: Upcoming | undefined };

/** All that follows, innermost first. Blocks are given as they are. */
export function* follow(upcoming: Upcoming | undefined): Generator<Node> {
  for (let here = upcoming; here !== undefined; here = here.outer) {
    for (let index = here.from; index < here.nodes.length; index += 1) {
      const node = here.nodes[index];
      if (node !== undefined) yield node;
    }
  }
}
