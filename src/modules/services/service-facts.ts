import { stateModule } from "../contract.ts";
import { parameters } from "../parameters.ts";
import { serviceList } from "../support/services/service-list.ts";

export const serviceFacts = stateModule({
  name: "service_facts",
  summary: "Tells which services there are, and in which state.",
  description: [
    "Changes nothing. The fact `services` maps each name to `name`, `state`, `source` and, where the manager knows it, `status`.",
    "systemd names services with their suffix (`cron.service`); init scripts come along under their bare name, with the source `sysv`.",
    "In check mode it tells what is, not what earlier tasks would have brought.",
  ],
  parameters: parameters({}),
  example: `- name: Which services are there?
  service_facts:
- name: The host is entered by SSH
  assert:
    that: "'ssh.service' in ansible_facts.services or 'sshd.service' in ansible_facts.services"
`,
  returns: {
    "ansible_facts.services": "name -> what is known of it",
    "ansible_facts.services.NAME.state": "systemd: running, stopped, inactive or unknown; openrc: started, stopped, crashed, …",
    "ansible_facts.services.NAME.status": "systemd: enabled, disabled, static, indirect, masked, failed, not-found, …",
    "ansible_facts.services.NAME.source": "systemd, openrc or sysv",
    "ansible_facts.services.NAME.runlevels": "openrc: where it is enabled; null for nowhere",
  },
  probe: () => ({ services: { collector: serviceList, item: "" } }),
  readsOnly: true,
  plan: () => undefined,
  apply: () => {
    throw new Error("bug: service_facts has nothing to apply");
  },
  result: ({ services }) => ({ ansible_facts: { services } }),
});
