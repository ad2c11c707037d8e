import type { Scope } from "../playbook/model.ts";

/** A play that says nothing. */
export const playScope: Scope = {
  kind: "play",
  position: undefined,
  parent: undefined,
  keywords: {},
  vars: undefined,
  when: [],
  tags: [],
  role: undefined,
};
