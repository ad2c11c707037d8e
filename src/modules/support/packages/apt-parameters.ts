import { bool, choice, int, listOf, type ParameterSet, parameters, path, str } from "../../parameters.ts";

/** Parameters of `apt`, with Ansible's names and defaults. */
export const aptParameters = parameters(
  {
    name: {
      ...listOf(str()),
      default: [],
      aliases: ["package", "pkg"],
      description:
        "Packages; `name=version` wants a version. `*` and `?` are allowed in both. `*` alone, with `state: latest`, means all.",
    },
    state: {
      ...choice("present", "absent", "latest", "build-dep", "fixed"),
      default: "present",
      description:
        "`latest` is what the host's package lists say is newest; `build-dep` means what is needed to build the packages; `fixed` mends broken dependencies along the way.",
    },
    update_cache: { ...bool(), aliases: ["update-cache"], description: "Fetch the package lists when they are old." },
    cache_valid_time: { ...int(), description: "Seconds for which package lists are new enough; implies `update_cache`." },
    update_cache_retries: { ...int(), default: 5, description: "How often to try again when a server cannot be reached." },
    update_cache_retry_max_delay: { ...int(), default: 12, description: "The longest pause before trying again, in seconds." },
    purge: { ...bool(), default: false, description: "Remove configuration files too." },
    autoremove: { ...bool(), default: false, description: "Remove packages that nothing needs any more." },
    autoclean: { ...bool(), default: false, description: "Delete package files that cannot be fetched any more." },
    clean: { ...bool(), default: false, description: "Delete all package files from apt's cache." },
    install_recommends: {
      ...bool(),
      aliases: ["install-recommends"],
      description: "Install recommended packages; apt's own setting when not given.",
    },
    default_release: { ...str(), aliases: ["default-release"], description: "The release to prefer: `bookworm-backports`." },
    force: {
      ...bool(),
      default: false,
      description: "Allow unsigned packages, downgrades, and removal of essential and held packages. Dangerous.",
    },
    allow_unauthenticated: {
      ...bool(),
      default: false,
      aliases: ["allow-unauthenticated"],
      description: "Allow unsigned packages.",
    },
    allow_downgrade: {
      ...bool(),
      default: false,
      aliases: ["allow-downgrade", "allow_downgrades", "allow-downgrades"],
      description: "Allow an older version than the installed one.",
    },
    allow_change_held_packages: { ...bool(), default: false, description: "Change packages that are on hold." },
    only_upgrade: { ...bool(), default: false, description: "Upgrade what is installed, install nothing." },
    fail_on_autoremove: { ...bool(), default: false, description: "Fail when other packages would have to be removed." },
    force_apt_get: { ...bool(), default: false, description: "Accepted; apt-get is used always." },
    upgrade: {
      ...choice("no", "yes", "safe", "full", "dist"),
      default: "no",
      description: "Upgrade all packages: `yes` and `safe` remove none, `full` and `dist` may.",
    },
    deb: { ...path(), description: "A .deb file, on the host or by its address, to install with what it depends on." },
    dpkg_options: {
      ...listOf(str()),
      default: ["force-confdef", "force-confold"],
      description: "Options for dpkg, without dashes.",
    },
    lock_timeout: { ...int(), default: 60, description: "Seconds to wait for the locks of dpkg and of the package lists." },
    policy_rc_d: {
      ...int(),
      description: "While this runs, answer with this number when packages ask whether they may start services (101: no).",
    },
    auto_install_module_deps: { ...bool(), default: true, description: "Accepted; nothing on the host is needed." },
  },
  {
    mutuallyExclusive: [
      ["name", "deb"],
      ["deb", "upgrade"],
    ],
    requiredOneOf: [["name", "upgrade", "update_cache", "cache_valid_time", "deb", "autoremove", "autoclean", "clean"]],
  },
);

export type AptParams = typeof aptParameters extends ParameterSet<infer P> ? P : never;
