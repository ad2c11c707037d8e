import { bool, choice, int, listOf, type ParametersOf, parameters, path, str } from "../../parameters.ts";
import { DEFAULT_VALID_SECONDS } from "./package-task.ts";

/** Parameters of `dnf`, with Ansible's names and defaults. */
export const dnfParameters = parameters(
  {
    name: {
      ...listOf(str()),
      default: [],
      aliases: ["pkg"],
      description:
        "Packages: names, with or without version (`name-1.2-3`, `name = 1.2`), patterns, `@groups`, paths that one provides, and .rpm files, on the host or by address. `*` alone, with `state: latest`, means all.",
    },
    state: {
      ...choice("present", "installed", "latest", "absent", "removed"),
      default: "present",
      description: "What is wanted.",
    },
    list: {
      ...str(),
      description: "Change nothing; `results` tells about packages: `installed`, `updates`, `available`, `repos`, or a name.",
    },
    update_cache: {
      ...bool(),
      default: false,
      aliases: ["expire-cache"],
      description: "Fetch the package lists when they are old and something is to be installed.",
    },
    cache_valid_time: {
      ...int(),
      default: DEFAULT_VALID_SECONDS,
      description: "Seconds for which package lists are new enough (not in Ansible).",
    },
    update_only: { ...bool(), default: false, description: "With `state: latest`: install nothing that is not there." },
    security: { ...bool(), default: false, description: "With `state: latest`: only what mends a security problem." },
    bugfix: { ...bool(), default: false, description: "With `state: latest`: only what mends a bug." },
    enablerepo: { ...listOf(str()), default: [], description: "Repositories to use although they are off." },
    disablerepo: { ...listOf(str()), default: [], description: "Repositories not to use." },
    exclude: { ...listOf(str()), default: [], description: "Packages to leave out." },
    disable_excludes: { ...str(), description: "Pass over excludes of the configuration: `all`, `main` or a repository's id." },
    disable_gpg_check: {
      ...bool(),
      default: false,
      description: "Do not check signatures, which are checked of files and addresses too.",
    },
    sslverify: { ...bool(), default: true, description: "Check the certificates of repositories." },
    validate_certs: { ...bool(), default: true, description: "Check the certificate of an address in `name`." },
    install_weak_deps: { ...bool(), default: true, description: "Install recommended packages." },
    allowerasing: { ...bool(), default: false, description: "Remove packages that are in the way." },
    allow_downgrade: { ...bool(), default: false, description: "Allow an older version than the installed one." },
    nobest: { ...bool(), default: false, description: "Take an older version where the newest cannot be had." },
    skip_broken: { ...bool(), default: false, description: "Leave out packages whose needs cannot be met." },
    autoremove: {
      ...bool(),
      default: false,
      description: "With `state: absent`, remove what was only needed by what goes; alone, all that nothing needs.",
    },
    cacheonly: { ...bool(), default: false, description: "Use the lists and packages that are on the host, and no network." },
    download_only: {
      ...bool(),
      default: false,
      description: "Fetch the packages, do not install them. Reported as a change each time.",
    },
    download_dir: { ...path(), description: "Where to, with `download_only`." },
    installroot: { ...path(), default: "/", description: "Only / is supported." },
    conf_file: { ...path(), description: "Configuration to use instead of dnf's own." },
    enable_plugin: { ...listOf(str()), default: [], description: "Plugins to use." },
    disable_plugin: { ...listOf(str()), default: [], description: "Plugins not to use." },
    releasever: { ...str(), description: "The release to take packages from." },
    lock_timeout: { ...int(), default: 30, description: "Seconds to wait for the locks of dnf and rpm." },
    install_repoquery: { ...bool(), default: true, description: "Accepted; nothing on the host is needed." },
    use_backend: {
      ...choice("auto", "yum", "yum4", "dnf", "dnf4", "dnf5"),
      default: "auto",
      description: "dnf where it is there, else yum.",
    },
  },
  { requiredOneOf: [["name", "list", "autoremove", "update_cache"]], mutuallyExclusive: [["name", "list"]] },
);
export type DnfParams = ParametersOf<typeof dnfParameters>;
