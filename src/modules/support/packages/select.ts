import { type HostTraits, MissingPrerequisite, ModuleFailure } from "../../contract.ts";
import { apk } from "./apk.ts";
import { apt } from "./apt.ts";
import { dnfManager } from "./dnf.ts";
import type { PackageManager } from "./package-manager.ts";
import { zypper } from "./zypper.ts";

const managers: readonly PackageManager[] = [apt, dnfManager("dnf"), dnfManager("yum"), zypper, apk];

/** The back end for a host; `use` names one by hand, as in Ansible. */
export function packageManager(traits: HostTraits, use = "auto"): PackageManager {
  const name = use === "auto" || use === "" ? traits.packageManager : use.replace(/^.*\./, "").replace(/^dnf5$/, "dnf");
  const manager = managers.find((one) => one.name === name);
  if (manager !== undefined) return manager;
  const known = managers.map((one) => one.name).join(", ");
  if (use === "auto" || use === "")
    throw new MissingPrerequisite("command:apt-get", `the host has no package manager that is known here (${known})`);
  throw new ModuleFailure(`there is no package manager "${use}"; known are ${known}`);
}
