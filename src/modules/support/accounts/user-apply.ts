import { privateDirectory } from "../../../private-directory.ts";
import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Apply, type HostTraits, ModuleFailure } from "../../contract.ts";
import { applyPlans } from "../files/apply-plans.ts";
import type { UserParams } from "./user-parameters.ts";
import type { UserChange } from "./user-plan.ts";

/** The script that makes a change to a user. */
export function applyUser(change: UserChange, params: UserParams, traits: HostTraits): Apply {
  const { name } = params;
  const hasShadowTools = traits.commands.has("useradd");
  if (change.kind === "remove") {
    if (hasShadowTools) return { script: sh`userdel ${params.force ? ["-f"] : []} ${params.remove ? ["-r"] : []} ${name}` };
    return { script: sh`deluser ${params.remove ? ["--remove-home"] : []} ${name}` };
  }
  const parts: Sh[] = [];
  if (change.kind === "create") parts.push(hasShadowTools ? useradd(change, params, traits) : adduser(change, params));
  else if (hasShadowTools) parts.push(usermod(change, params));
  else parts.push(addToGroups(change, name), leaveGroups(change, name), refuseWithoutUsermod(change));
  if (change.password !== undefined) parts.push(sh`payload password | chpasswd -e || exit`);
  if (change.lock === true) parts.push(hasShadowTools ? sh`usermod -L ${name} || exit` : sh`passwd -l ${name} || exit`);
  if (change.lock === false) parts.push(hasShadowTools ? sh`usermod -U ${name} || exit` : sh`passwd -u ${name} || exit`);
  parts.push(chage(change, name));
  if (change.makeHome === true) parts.push(makeHome(params, traits));
  const payloads: Record<string, { readonly content: Uint8Array }> = {};
  const encoder = new TextEncoder();
  if (change.password !== undefined) payloads["password"] = { content: encoder.encode(`${name}:${change.password}\n`) };
  if (change.makeKey === true) {
    parts.push(makeKey(params, traits));
    const passphrase = params.ssh_key_passphrase ?? "";
    // ssh-keygen asks twice.
    if (passphrase !== "") payloads["passphrase"] = { content: encoder.encode(`${passphrase}\n${passphrase}\n`) };
  }
  if (change.subIds !== undefined) {
    const written = applyPlans(change.subIds, traits);
    parts.push(sh`(${written.script}) || exit`);
    Object.assign(payloads, written.payloads);
  }
  return { script: joinSh(parts.filter((part) => part.text !== "")), payloads };
}

const homeMode = (umask: string): string => (0o777 & ~Number.parseInt(umask, 8)).toString(8).padStart(4, "0");

function useradd(change: UserChange, params: UserParams, traits: HostTraits): Sh {
  const primary = change.group !== undefined ? ["-g", change.group] : change.ownGroupExists === true ? ["-N"] : [];
  const groups = change.addGroups ?? [];
  const words = [
    ...(change.uid === undefined ? [] : ["-u", String(change.uid), ...(params.non_unique ? ["-o"] : [])]),
    ...primary,
    ...(groups.length === 0 ? [] : ["-G", groups.join(",")]),
    ...(change.comment === undefined ? [] : ["-c", change.comment]),
    ...(change.home === undefined ? [] : ["-d", change.home]),
    ...(change.shell === undefined ? [] : ["-s", change.shell]),
    ...(params.system ? ["-r"] : []),
    // login.defs may have a HOME_MODE, which would count more.
    ...(params.umask === undefined ? [] : ["-K", `UMASK=${params.umask}`, "-K", `HOME_MODE=${homeMode(params.umask)}`]),
    ...(params.uid_min === undefined ? [] : ["-K", `UID_MIN=${params.uid_min}`]),
    ...(params.uid_max === undefined ? [] : ["-K", `UID_MAX=${params.uid_max}`]),
    // Ranges that are given are written by us; useradd would add one of its own.
    ...(params.subuid_ranges === undefined ? [] : ["-K", "SUB_UID_COUNT=0"]),
    ...(params.subgid_ranges === undefined ? [] : ["-K", "SUB_GID_COUNT=0"]),
    ...(params.seuser === undefined || !traits.selinux ? [] : ["-Z", params.seuser]),
    ...(params.create_home ? ["-m", ...(params.skeleton === undefined ? [] : ["-k", params.skeleton])] : ["-M"]),
  ];
  // useradd -r passes over -e.
  const expiry = change.expires === undefined ? sh`` : sh`usermod -e ${change.expires} ${params.name} || exit`;
  // useradd makes the home directory, but not what is above it.
  const above =
    change.home === undefined || !params.create_home
      ? sh``
      : sh`mkdir -p -- ${change.home.replace(/\/[^/]+\/*$/, "") || "/"} || exit`;
  const needed = params.create_home && params.skeleton !== undefined ? [requireSkeleton(params)] : [];
  return joinSh([...needed, above, sh`useradd ${words} ${params.name} || exit`, expiry]);
}

// useradd passes over one that is not there, and so would leave a home without what it was to have.
const requireSkeleton = ({ skeleton }: UserParams): Sh =>
  skeleton === undefined
    ? sh``
    : sh`[ -d ${skeleton} ] || { echo ${`the directory ${skeleton}, which is to be the skeleton of the home, does not exist`} >&2; exit 1; }`;

function usermod(change: UserChange, params: UserParams): Sh {
  const words = [
    ...(change.uid === undefined ? [] : ["-u", String(change.uid), ...(params.non_unique ? ["-o"] : [])]),
    ...(change.group === undefined ? [] : ["-g", change.group]),
    ...(change.comment === undefined ? [] : ["-c", change.comment]),
    ...(change.home === undefined ? [] : ["-d", change.home, ...(params.move_home ? ["-m"] : [])]),
    ...(change.shell === undefined ? [] : ["-s", change.shell]),
    ...(change.expires === undefined ? [] : ["-e", change.expires]),
    // Leaving groups is only to be had by naming all that stay.
    ...((change.leaveGroups ?? []).length > 0 ? ["-G", (params.groups ?? []).join(",")] : []),
    ...((change.leaveGroups ?? []).length === 0 && (change.addGroups ?? []).length > 0
      ? ["-a", "-G", (change.addGroups ?? []).join(",")]
      : []),
  ];
  return words.length === 0 ? sh`` : sh`usermod ${words} ${params.name} || exit`;
}

function adduser(change: UserChange, params: UserParams): Sh {
  const words = [
    "-D",
    ...(change.uid === undefined ? [] : ["-u", String(change.uid)]),
    ...(change.group !== undefined ? ["-G", change.group] : change.ownGroupExists === true ? ["-G", params.name] : []),
    ...(change.comment === undefined ? [] : ["-g", change.comment]),
    ...(change.home === undefined ? [] : ["-h", change.home]),
    ...(change.shell === undefined ? [] : ["-s", change.shell]),
    ...(params.system ? ["-S"] : []),
    ...(params.skeleton === undefined ? [] : ["-k", params.skeleton]),
    ...(params.create_home ? [] : ["-H"]),
  ];
  return joinSh([sh`adduser ${words} ${params.name} || exit`, addToGroups(change, params.name)]);
}

const addToGroups = (change: UserChange, name: string): Sh =>
  joinSh((change.addGroups ?? []).map((group) => sh`addgroup ${name} ${group} || exit`));

const leaveGroups = (change: UserChange, name: string): Sh =>
  joinSh((change.leaveGroups ?? []).map((group) => sh`delgroup ${name} ${group} || exit`));

function refuseWithoutUsermod(change: UserChange): Sh {
  const { uid, group, comment, home, shell } = change;
  const wanted = Object.entries({ uid, group, comment, home, shell }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  if (wanted.length === 0) return sh``;
  throw new ModuleFailure(`the host has no "usermod" to change ${wanted.join(", ")} with; install the package "shadow"`);
}

function chage(change: UserChange, name: string): Sh {
  const words = [
    ...(change.minDays === undefined ? [] : ["-m", String(change.minDays)]),
    ...(change.maxDays === undefined ? [] : ["-M", String(change.maxDays)]),
    ...(change.warnDays === undefined ? [] : ["-W", String(change.warnDays)]),
    ...(change.inactiveDays === undefined ? [] : ["-I", String(change.inactiveDays)]),
  ];
  return words.length === 0 ? sh`` : sh`chage ${words} ${name} || exit`;
}

/** Sets $h, $u and $g to home, user and group numbers. */
const readEntry = (name: string): Sh =>
  sh`h=; while IFS=: read -r n p u g c h s; do [ "$n" = ${name} ] && break; h=; done < /etc/passwd
[ -n "$h" ] || { echo ${`the user "${name}" has no home directory in /etc/passwd`} >&2; exit 1; }`;

/**
 * A home is closed to others until it is complete, and belongs to the user last of all: until then nobody else can put a link in the way.
 * usermod may have moved it there already.
 */
function makeHome(params: UserParams, traits: HostTraits): Sh {
  const mode =
    params.umask === undefined
      ? sh`m=$(sed -n 's/^HOME_MODE[[:space:]]*\\([0-7]*\\).*/\\1/p' /etc/login.defs 2>/dev/null)
if [ -z "$m" ]; then
m=$(sed -n 's/^UMASK[[:space:]]*\\([0-7]*\\).*/\\1/p' /etc/login.defs 2>/dev/null); m=$(printf '%04o' $((0777 & ~0\${m:-022})))
fi`
      : sh`m=${homeMode(params.umask)}`;
  const skeleton = params.skeleton ?? "/etc/skel";
  return sh`${readEntry(params.name)}
if [ ! -d "$h" ]; then
${requireSkeleton(params)}
case $h in */*/*) mkdir -p -- "\${h%/*}" || exit ;; esac
${mode}
(umask 077; mkdir -- "$h") || exit
if [ -d ${skeleton} ]; then cp -R -P -- ${skeleton}/. "$h"/ || exit; fi
${traits.selinux ? sh`if command -v restorecon >/dev/null 2>&1; then restorecon -R "$h"; fi` : sh`:`}
chmod "$m" "$h" && chown -R -h "$u:$g" "$h" || exit
fi`;
}

/**
 * The key is made in a directory that only we can enter and then put in its place by a rename: the user owns the directory above, and could
 * otherwise lead ssh-keygen to any file of the host with a link.
 */
function makeKey(params: UserParams, traits: HostTraits): Sh {
  const file = params.ssh_key_file ?? `.ssh/id_${params.ssh_key_type.replace(/-.*$/, "")}`;
  const bits = params.ssh_key_bits === undefined ? [] : ["-b", String(params.ssh_key_bits)];
  const comment = params.ssh_key_comment === undefined ? sh`"k3sprov-generated on $(uname -n)"` : sh`${params.ssh_key_comment}`;
  const words = sh`-q -t ${params.ssh_key_type} ${bits} -C ${comment} -f ./key`;
  // Without a terminal ssh-keygen reads the passphrase from its standard input; setsid takes the terminal away where there is one.
  const setsid = traits.commands.has("setsid") ? sh`setsid ` : sh``;
  const generate =
    (params.ssh_key_passphrase ?? "") === ""
      ? sh`ssh-keygen ${words} -N '' </dev/null`
      : sh`payload passphrase | { unset DISPLAY; SSH_ASKPASS_REQUIRE=never ${setsid}ssh-keygen ${words} >/dev/null 2>&1; }`;
  return sh`${readEntry(params.name)}
f=${file}; case $f in /*) ;; *) f=$h/$f ;; esac
d=\${f%/*}
if [ -L "$d" ] && [ "$(id -u)" = 0 ] && [ "$(stat -c %u "$d")" != 0 ]; then
echo "$d is a symbolic link that the user made; refusing to follow it as root" >&2; exit 1
fi
[ -d "$d" ] || { (umask 077; mkdir -- "$d") && chown -h "$u:$g" "$d"; } || exit
(
${privateDirectory}
k3_dir=
k3_fail() { echo "$1" >&2; exit 1; }
trap '[ -z "$k3_dir" ] || rm -rf "$k3_dir"' EXIT
trap 'exit 1' HUP INT TERM
k3_alone "$d"
${generate} || { echo 'ssh-keygen could not make the key' >&2; exit 1; }
[ -s key ] && [ -s key.pub ] || { echo 'ssh-keygen made no key' >&2; exit 1; }
chown "$u:$g" key key.pub && k3_place key "\${f##*/}" && k3_place key.pub "\${f##*/}.pub"
) || exit`;
}
