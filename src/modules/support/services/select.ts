import { type HostTraits, MissingPrerequisite, ModuleFailure } from "../../contract.ts";
import { openrc } from "./openrc.ts";
import type { ServiceManager } from "./service-manager.ts";
import { systemd } from "./systemd.ts";
import { sysvinit } from "./sysvinit.ts";

const managers: readonly ServiceManager[] = [systemd, openrc, sysvinit];

/** The back end for a host; `use` names one by hand, as in Ansible. */
export function serviceManager(traits: HostTraits, use = "auto"): ServiceManager {
  const name = use === "auto" || use === "" ? traits.serviceManager : use.replace(/^(sysv|service)$/, "sysvinit");
  const manager = managers.find((one) => one.name === name);
  if (manager !== undefined) return manager;
  if (use === "auto" || use === "") {
    const message = "the host runs no service manager that is known here (systemd, OpenRC, SysV init)";
    // It comes with the first package that has a service.
    throw new MissingPrerequisite("path:/etc/init.d", message);
  }
  throw new ModuleFailure(`there is no service manager "${use}"; known are systemd, openrc and sysvinit`);
}
