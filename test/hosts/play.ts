import { join } from "node:path";
import { repository } from "./run.ts";

/** A playbook of these tasks, as root, on every host there is. */
export const play = (tasks: string): string => `
- hosts: all
  become: true
  gather_facts: false
  tasks:
${tasks.replace(/^/gm, "    ")}
`;

/** One that runs these of the playbooks that come along, one after the other. */
export const playbooks = (...names: readonly string[]): string =>
  names.map((name) => `- import_playbook: ${join(repository, "playbooks", `${name}.yaml`)}\n`).join("");
