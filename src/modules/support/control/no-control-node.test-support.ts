import { type ControlNode, ModuleFailure } from "../../contract.ts";

/** The control node of tests that need none: every use of it fails. */
export function noControlNode(message = "this test gives no control node"): ControlNode {
  const none = (): never => {
    throw new ModuleFailure(message);
  };
  const files = { find: none, read: none, inspect: none, isEncrypted: none, digests: none, renderTemplate: none, walk: none };
  return { host: "here", path: none, exists: none, ask: none, ...files };
}
