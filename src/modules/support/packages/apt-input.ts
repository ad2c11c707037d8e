import { ModuleFailure } from "../../contract.ts";
import { aptManager, type Retries } from "./apt.ts";
import type { AptParams } from "./apt-parameters.ts";
import { DEFAULT_VALID_SECONDS, type PackageTask } from "./package-task.ts";
import { uniqueNames, wantedState } from "./wanted.ts";

/** What `apt` shall do, besides its packages. */
export type AptInput = {
  readonly packages: PackageTask;
  readonly upgrade: "upgrade" | "dist-upgrade" | undefined;
  /** A package file on the host, or the address of one. */
  readonly deb: { readonly path: string } | { readonly url: string } | undefined;
  /** Packages whose build dependencies are to be installed. */
  readonly buildDep: readonly string[];
  readonly autoremove: boolean;
  readonly clean: "clean" | "autoclean" | undefined;
  readonly policy: number | undefined;
  readonly allowDowngrade: boolean;
  readonly retries: Retries;
};

export function aptInput(params: AptParams, onHost: (path: string) => string): AptInput {
  const all = params.name.includes("*");
  if (all && (params.state !== "latest" || params.name.length > 1))
    throw new ModuleFailure('"name: *" goes with "state: latest" only');
  if (params.state === "build-dep" && params.name.length === 0)
    throw new ModuleFailure('"state: build-dep" needs the "name" of what is to be built');
  if (params.policy_rc_d !== undefined && (params.policy_rc_d < 0 || params.policy_rc_d > 255))
    throw new ModuleFailure(`"policy_rc_d" is ${params.policy_rc_d}, but an exit status is 0 to 255`);
  if (params.lock_timeout < 0) throw new ModuleFailure(`"lock_timeout" is ${params.lock_timeout}, but must not be negative`);
  const manager = aptManager(params.default_release);
  const isBuildDep = params.state === "build-dep";
  return {
    packages: {
      manager,
      wanted: all || isBuildDep ? [] : uniqueNames(params.name, manager),
      state: wantedState(params.state),
      refresh: params.update_cache ?? params.cache_valid_time !== undefined,
      validSeconds: params.cache_valid_time ?? DEFAULT_VALID_SECONDS,
      onlyUpgrade: params.only_upgrade,
      purge: params.purge,
      downgradeParameter: "allow_downgrade",
      allowsDowngrade: params.allow_downgrade || params.force,
      allowsHeld: params.allow_change_held_packages || params.force,
      options: { flags: flagsOf(params), lockTimeoutSeconds: params.lock_timeout },
    },
    upgrade: all ? "upgrade" : verbOf(params.upgrade),
    deb: debOf(params.deb, onHost),
    buildDep: isBuildDep ? params.name.map((name) => aptManager().parse(name).spec) : [],
    autoremove: params.autoremove,
    clean: params.clean ? "clean" : params.autoclean ? "autoclean" : undefined,
    policy: params.policy_rc_d,
    allowDowngrade: params.allow_downgrade || params.force,
    retries: { times: params.update_cache_retries, mostSeconds: params.update_cache_retry_max_delay },
  };
}

function debOf(deb: string | undefined, onHost: (path: string) => string): AptInput["deb"] {
  if (deb === undefined) return undefined;
  if (/^(https?|ftp):\/\//.test(deb)) return { url: deb };
  if (/^[a-z][a-z0-9+.-]*:\/\//.test(deb))
    throw new ModuleFailure(`"deb: ${deb}" must be a path on the host, or an address with https, http or ftp`);
  return { path: onHost(deb) };
}

function verbOf(upgrade: AptParams["upgrade"]): AptInput["upgrade"] {
  if (upgrade === "no") return undefined;
  return upgrade === "dist" || upgrade === "full" ? "dist-upgrade" : "upgrade";
}

function flagsOf(params: AptParams): string[] {
  const flags = params.dpkg_options.flatMap((option) => ["-o", `Dpkg::Options::=--${option}`]);
  if (params.install_recommends !== undefined)
    flags.push("-o", `APT::Install-Recommends=${params.install_recommends ? "yes" : "no"}`);
  if (params.default_release !== undefined) flags.push("-t", params.default_release);
  if (params.state === "fixed") flags.push("--fix-broken");
  if (params.only_upgrade) flags.push("--only-upgrade");
  if (params.purge) flags.push("--purge");
  if (params.autoremove) flags.push("--auto-remove");
  if (params.fail_on_autoremove) flags.push("--no-remove");
  if (params.allow_unauthenticated || params.force) flags.push("--allow-unauthenticated");
  if (params.allow_downgrade || params.force) flags.push("--allow-downgrades");
  if (params.allow_change_held_packages || params.force) flags.push("--allow-change-held-packages");
  if (params.force) flags.push("--allow-remove-essential");
  return flags;
}
