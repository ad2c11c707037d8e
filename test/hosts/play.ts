/** A playbook of these tasks, as root, on every host there is. */
export const play = (tasks: string): string => `
- hosts: all
  become: true
  gather_facts: false
  tasks:
${tasks.replace(/^/gm, "    ")}
`;
