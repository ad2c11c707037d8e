import { dockerContainer } from "./cluster/docker-container.ts";
import { dockerImage } from "./cluster/docker-image.ts";
import { dockerNetwork } from "./cluster/docker-network.ts";
import { helm } from "./cluster/helm.ts";
import { k8s } from "./cluster/k8s.ts";
import { k8sNodes } from "./cluster/k8s-nodes.ts";
import { command } from "./commands/command.ts";
import { raw } from "./commands/raw.ts";
import { reboot } from "./commands/reboot.ts";
import { script } from "./commands/script.ts";
import { shell } from "./commands/shell.ts";
import { waitFor } from "./commands/wait-for.ts";
import { waitForConnection } from "./commands/wait-for-connection.ts";
import type { Module } from "./contract.ts";
import { assert } from "./control/assert.ts";
import { debug } from "./control/debug.ts";
import { addHost, groupBy, includeVars, meta, pause, setFact, validateArgumentSpec } from "./control/engine-modules.ts";
import { fail } from "./control/fail.ts";
import { getUrl } from "./downloads/get-url.ts";
import { uri } from "./downloads/uri.ts";
import { assemble } from "./files/assemble.ts";
import { blockinfile } from "./files/blockinfile.ts";
import { copy } from "./files/copy.ts";
import { fetch } from "./files/fetch.ts";
import { file } from "./files/file.ts";
import { find } from "./files/find.ts";
import { iniFile } from "./files/ini-file.ts";
import { lineinfile } from "./files/lineinfile.ts";
import { replace } from "./files/replace.ts";
import { slurp } from "./files/slurp.ts";
import { stat } from "./files/stat.ts";
import { tempfile } from "./files/tempfile.ts";
import { template } from "./files/template.ts";
import { unarchive } from "./files/unarchive.ts";
import { firewalld } from "./network/firewalld.ts";
import { iptables } from "./network/iptables.ts";
import { ufw } from "./network/ufw.ts";
import { apk } from "./packages/apk.ts";
import { apt } from "./packages/apt.ts";
import { aptRepository } from "./packages/apt-repository.ts";
import { deb822Repository } from "./packages/deb822-repository.ts";
import { dnf } from "./packages/dnf.ts";
import { dpkgSelections } from "./packages/dpkg-selections.ts";
import { packageModule } from "./packages/package.ts";
import { packageFacts } from "./packages/package-facts.ts";
import { rpmKey } from "./packages/rpm-key.ts";
import { yumRepository } from "./packages/yum-repository.ts";
import { zypper } from "./packages/zypper.ts";
import { zypperRepository } from "./packages/zypper-repository.ts";
import { authorizedKey } from "./security/authorized-key.ts";
import { knownHosts } from "./security/known-hosts.ts";
import { seboolean } from "./security/seboolean.ts";
import { sefcontext } from "./security/sefcontext.ts";
import { selinux } from "./security/selinux.ts";
import { seport } from "./security/seport.ts";
import { alternatives } from "./services/alternatives.ts";
import { cron } from "./services/cron.ts";
import { service } from "./services/service.ts";
import { serviceFacts } from "./services/service-facts.ts";
import { systemd } from "./services/systemd.ts";
import { sysvinit } from "./services/sysvinit.ts";
import { getent } from "./system/getent.ts";
import { group } from "./system/group.ts";
import { hostname } from "./system/hostname.ts";
import { modprobe } from "./system/modprobe.ts";
import { mount } from "./system/mount.ts";
import { pamLimits } from "./system/pam-limits.ts";
import { ping } from "./system/ping.ts";
import { setup } from "./system/setup.ts";
import { sysctl } from "./system/sysctl.ts";
import { timezone } from "./system/timezone.ts";
import { user } from "./system/user.ts";

/** Every module there is. */
const modules: readonly Module[] = [
  addHost,
  alternatives,
  apk,
  apt,
  aptRepository,
  assemble,
  assert,
  authorizedKey,
  blockinfile,
  command,
  copy,
  cron,
  deb822Repository,
  debug,
  dnf,
  dpkgSelections,
  dockerContainer,
  dockerImage,
  dockerNetwork,
  fail,
  fetch,
  file,
  find,
  firewalld,
  getent,
  getUrl,
  group,
  groupBy,
  helm,
  hostname,
  includeVars,
  iniFile,
  iptables,
  k8s,
  k8sNodes,
  knownHosts,
  lineinfile,
  meta,
  modprobe,
  mount,
  packageFacts,
  packageModule,
  pamLimits,
  pause,
  ping,
  raw,
  reboot,
  replace,
  rpmKey,
  script,
  seboolean,
  sefcontext,
  selinux,
  seport,
  service,
  serviceFacts,
  setFact,
  setup,
  shell,
  slurp,
  stat,
  sysctl,
  systemd,
  sysvinit,
  tempfile,
  template,
  timezone,
  ufw,
  unarchive,
  uri,
  user,
  validateArgumentSpec,
  waitFor,
  waitForConnection,
  yumRepository,
  zypper,
  zypperRepository,
];

const byName = new Map<string, Module>(
  modules.flatMap((module) => [module.name, ...(module.aliases ?? [])].map((name) => [name, module])),
);

/** The module of that name: short, `ansible.builtin.NAME`, `ansible.legacy.NAME`, or an alias such as `ansible.posix.sysctl`. */
export function findModule(name: string): Module | undefined {
  return byName.get(name) ?? byName.get(name.replace(/^ansible\.(builtin|legacy)\./, ""));
}

/** Every name that `findModule` knows without a collection in front, sorted: for suggestions and listings. */
export function moduleNames(): readonly string[] {
  return [...byName.keys()].filter((name) => !name.includes(".")).sort();
}

/** Every module once, sorted by name. */
export function allModules(): readonly Module[] {
  return [...modules].sort((a, b) => (a.name < b.name ? -1 : 1));
}
