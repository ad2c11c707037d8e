import { type HostTraits, ModuleFailure } from "../../contract.ts";
import { dnfManager } from "./dnf.ts";
import type { DnfParams } from "./dnf-parameters.ts";
import type { PackageTask } from "./package-task.ts";
import { uniqueNames, wantedState } from "./wanted.ts";

/** What `dnf` shall do, besides its packages. */
export type DnfInput = {
  readonly command: "dnf" | "yum";
  readonly packages: PackageTask;
  /** Flags of an upgrade of everything; undefined: there is none. */
  readonly upgradeAll: readonly string[] | undefined;
  readonly autoremoveAll: boolean;
  readonly downloadOnly: boolean;
  readonly list: string | undefined;
};

export function dnfInput(params: DnfParams, traits: HostTraits): DnfInput {
  const command =
    params.use_backend === "yum" || (params.use_backend === "auto" && traits.packageManager === "yum") ? "yum" : "dnf";
  const all = params.name.includes("*");
  const advisories = [...(params.security ? ["--security"] : []), ...(params.bugfix ? ["--bugfix"] : [])];
  refuse(params, all, advisories, command);
  const repositories = [
    ...params.disablerepo.map((one) => `--disablerepo=${one}`),
    ...params.enablerepo.map((one) => `--enablerepo=${one}`),
    ...params.exclude.map((one) => `--exclude=${one}`),
    ...(params.disable_excludes === undefined ? [] : [`--disableexcludes=${params.disable_excludes}`]),
    ...(params.releasever === undefined ? [] : [`--releasever=${params.releasever}`]),
    ...(params.conf_file === undefined ? [] : [`--config=${params.conf_file}`]),
  ];
  const common = [
    ...repositories,
    ...params.enable_plugin.map((one) => `--enableplugin=${one}`),
    ...params.disable_plugin.map((one) => `--disableplugin=${one}`),
    ...(params.sslverify && params.validate_certs ? [] : ["--setopt=sslverify=0"]),
    ...(params.cacheonly ? ["--cacheonly"] : []),
  ];
  // Left to itself, dnf installs a file or an address without a look at its signature.
  const isAnyFile = params.name.some((name) => name.trim().endsWith(".rpm") || name.includes("://"));
  const flags = [
    ...common,
    ...advisories,
    ...(params.disable_gpg_check ? ["--nogpgcheck"] : isAnyFile ? ["--setopt=localpkg_gpgcheck=True"] : []),
    ...(params.install_weak_deps ? [] : ["--setopt=install_weak_deps=False"]),
    ...(params.allowerasing ? ["--allowerasing"] : []),
    ...(params.nobest ? ["--nobest"] : []),
    ...(params.skip_broken ? ["--skip-broken"] : []),
    ...(params.download_only ? ["--downloadonly"] : []),
    ...(params.download_dir === undefined ? [] : [`--destdir=${params.download_dir}`]),
  ];
  const manager = dnfManager(command, [...repositories, ...advisories]);
  return {
    command,
    packages: {
      manager,
      wanted: all ? [] : uniqueNames(params.name, manager),
      state: wantedState(params.state),
      refresh: params.update_cache,
      validSeconds: params.cache_valid_time,
      onlyUpgrade: params.update_only,
      purge: false,
      allowsDowngrade: params.allow_downgrade,
      downgradeParameter: "allow_downgrade",
      options: {
        flags,
        cacheFlags: common,
        // By default dnf takes along what was only needed by what it removes; Ansible does so when told to.
        removeFlags: [...common, ...(params.autoremove || command === "yum" ? [] : ["--noautoremove"])],
        lockTimeoutSeconds: params.lock_timeout,
      },
    },
    upgradeAll: all ? [...repositories, ...advisories] : undefined,
    autoremoveAll: params.autoremove && params.name.length === 0,
    downloadOnly: params.download_only,
    list: params.list,
  };
}

function refuse(params: DnfParams, all: boolean, advisories: readonly string[], command: "dnf" | "yum"): void {
  if (all && (params.state !== "latest" || params.name.length > 1))
    throw new ModuleFailure('"name: *" goes with "state: latest" only');
  if (advisories.length > 0 && params.state !== "latest")
    throw new ModuleFailure('"security" and "bugfix" go with "state: latest" only');
  if (params.update_only && params.state !== "latest") throw new ModuleFailure('"update_only" goes with "state: latest" only');
  if (params.autoremove && !["absent", "removed"].includes(params.state) && params.name.length > 0)
    throw new ModuleFailure('"autoremove" goes with "state: absent", or without "name"');
  if (params.autoremove && command === "yum" && params.name.length === 0)
    throw new ModuleFailure('"autoremove" without "name" needs dnf: yum cannot tell what nothing needs');
  if (params.download_dir !== undefined && !params.download_only)
    throw new ModuleFailure('"download_dir" goes with "download_only" only');
  if (params.installroot !== "/") throw new ModuleFailure(`"installroot: ${params.installroot}" is not supported; only / is`);
  if (params.lock_timeout < 0) throw new ModuleFailure(`"lock_timeout" is ${params.lock_timeout}, but must not be negative`);
}
