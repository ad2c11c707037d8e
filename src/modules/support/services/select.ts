import { type HostTraits, MissingPrerequisite, ModuleFailure } from "../../contract.ts";
import { openrc } from "./openrc.ts";
import type { ServiceManager } from "./service-manager.ts";
import { systemd } from "./systemd.ts";
import { sysvinit } from "./sysvinit.ts";

const managers: readonly ServiceManager[] = [systemd, openrc, sysvinit];

const nameOf = (use: string): string => use.replace(/^(sysv|service)$/, "sysvinit");

/** Throws ModuleFailure when no service manager has that name. */
export function checkServiceManager(use: string): void {
  if (use === "auto" || use === "" || managers.some((one) => one.name === nameOf(use))) return;
  throw new ModuleFailure(`"use" is "${use}", but must be one of auto, systemd, openrc, sysvinit`);
}

/** The back end for a host; `use` names one by hand, as in Ansible. */
export function serviceManager(traits: HostTraits, use = "auto"): ServiceManager {
  const name = use === "auto" || use === "" ? traits.serviceManager : nameOf(use);
  const manager = managers.find((one) => one.name === name);
  if (manager !== undefined) return manager;
  checkServiceManager(use);
  // It comes with the first package that has a service.
  const message = "the host runs no service manager that is known here (systemd, OpenRC, SysV init)";
  throw new MissingPrerequisite("path:/etc/init.d", message);
}
