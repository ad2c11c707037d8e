import { nearest } from "../suggest.ts";
import type { ModuleRegistry } from "./loading.ts";

/**
 * Short names of modules that Ansible ships (ansible-core and ansible.posix) or that playbooks for Linux hosts commonly use.
 * Only for the message: "there is no such module" and "we do not have it yet" are different news.
 */
const ansibleModules = new Set(
  `acl add_host alternatives apache2_module apk apt apt_key apt_repository apt_rpm archive assemble assert async_status at authorized_key
  blockinfile capabilities command copy cron cronvar deb822_repository debconf debug dnf dnf5 docker_compose docker_compose_v2
  docker_container docker_image docker_login docker_network docker_volume dpkg_selections expect fail fetch file filesystem find
  firewalld gather_facts gem get_url getent git github_release group group_by hostname htpasswd include_vars ini_file interfaces_file
  iptables java_cert k8s k8s_exec k8s_info kernel_blacklist known_hosts helm helm_repository lineinfile locale_gen logrotate lvg lvol
  meta mail make modprobe mount mysql_db mysql_user nmcli npm nosh open_iscsi openssh_keypair openssl_certificate openssl_csr
  openssl_dhparam openssl_privatekey package package_facts pacman pam_limits pamd parted patch pause ping pip postgresql_db
  postgresql_ext postgresql_privs postgresql_user raw reboot redhat_subscription replace rhsm_release rhsm_repository rpm_key
  runit script seboolean sefcontext selinux selinux_permissive seport service service_facts set_fact set_stats setup shell slack slurp
  snap ssh_config stat subversion sudoers supervisorctl svc synchronize sysctl systemd systemd_service sysvinit tempfile template
  terraform timezone ufw unarchive uri user validate_argument_spec wait_for wait_for_connection x509_certificate xattr xml yarn yum
  yum_repository zypper zypper_repository`
    .split(/\s+/)
    .filter((name) => name !== ""),
);

/** Modules that there will never be, why, and what to use instead. */
const refusedModules: Readonly<Record<string, { readonly message: string; readonly help: string }>> = {
  apt_key: {
    message:
      "there is no module apt_key on purpose: a key that it adds is trusted for every repository of the host, and the program it needs is gone from Debian 13",
    help: 'name the key at its repository: deb822_repository with "signed_by" (a URL, a file or the key itself), or apt_repository with "[signed-by=/etc/apt/keyrings/NAME.gpg]"',
  },
};

/** The short name of a module of Ansible itself; others stay as they are. */
export function bareName(name: string): string {
  return name.replace(/^ansible\.(builtin|legacy)\./, "");
}

/** What to say of a module that the registry does not know. */
export function unknownModule(
  name: string,
  registry: ModuleRegistry,
): { readonly message: string; readonly isAnsible: boolean; readonly isRefused?: true; readonly help?: string } {
  const short = bareName(name);
  const isQualified = /^[a-z_]\w*\.[a-z_]\w*\.[a-z_]\w*$/i.test(short);
  if (ansibleModules.has(short) || isQualified || short.startsWith("win_")) {
    const known = isQualified ? registry.findModule(short.split(".").at(-1) ?? "") : undefined;
    const replaced = Object.hasOwn(refusedModules, short) ? refusedModules[short] : undefined;
    if (replaced !== undefined) return { ...replaced, isAnsible: true, isRefused: true };
    const message = `k3sprov has no module ${short} yet`;
    if (known !== undefined) return { message: `${message}; did you mean "${known.name}"?`, isAnsible: true };
    return { message, isAnsible: true, help: "`k3sprov doc` lists the modules there are" };
  }
  const near = nearest(short, registry.moduleNames()) ?? nearest(short, ansibleModules);
  return { message: `there is no module "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}`, isAnsible: false };
}
