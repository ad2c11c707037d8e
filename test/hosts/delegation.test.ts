import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { freshHosts } from "./pool.ts";

const hosts = freshHosts(2);

describe("a task that is delegated to the control node", () => {
  it("runs there, once, without SSH, and costs the hosts nothing", { timeout: 60_000 }, async () => {
    const playbook = `
- hosts: all
  gather_facts: false
  tasks:
    - name: first
      file: { path: /srv, state: directory }
    - name: here
      command: hostname
      delegate_to: localhost
      run_once: true
      register: here
      changed_when: false
    - name: everybody knows
      debug: { msg: "{{ here.stdout }} for {{ inventory_hostname }}" }
    - name: last
      copy: { dest: /srv/last, content: "{{ here.stdout }}" }
`;
    await apply(hosts(), playbook);
    const again = await apply(hosts(), playbook);
    expect(again.changes).toEqual({});
    for (const host of hosts()) {
      expect(again.stdout).toContain(`${hostname()} for ${host.name}`);
      expect(await host.read("cat /srv/last")).toBe(hostname());
      // The traits, what is known at the start, and what depends on the output.
      expect(again.costs[host.name]?.roundTrips).toBeLessThanOrEqual(3);
    }
    expect(again.costs["localhost"]?.roundTrips).toBeLessThanOrEqual(2);
  });
});
