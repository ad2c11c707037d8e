import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Apply, type HostTraits, ModuleFailure } from "../../contract.ts";
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
  if (change.kind === "create") parts.push(hasShadowTools ? useradd(change, params) : adduser(change, params));
  else if (hasShadowTools) parts.push(usermod(change, params));
  else parts.push(addToGroups(change, name), leaveGroups(change, name), refuseWithoutUsermod(change));
  if (change.password !== undefined) parts.push(sh`payload password | chpasswd -e || exit`);
  if (change.lock === true) parts.push(hasShadowTools ? sh`usermod -L ${name} || exit` : sh`passwd -l ${name} || exit`);
  if (change.lock === false) parts.push(hasShadowTools ? sh`usermod -U ${name} || exit` : sh`passwd -u ${name} || exit`);
  parts.push(chage(change, name));
  if (change.makeHome === true) parts.push(makeHome(params));
  if (change.makeKey === true) parts.push(makeKey(params));
  const script = joinSh(parts.filter((part) => part.text !== ""));
  if (change.password === undefined) return { script };
  return { script, payloads: { password: { content: new TextEncoder().encode(`${name}:${change.password}\n`) } } };
}

function useradd(change: UserChange, params: UserParams): Sh {
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
    ...(params.umask === undefined ? [] : ["-K", `UMASK=${params.umask}`]),
    ...(params.create_home ? ["-m", ...(params.skeleton === undefined ? [] : ["-k", params.skeleton])] : ["-M"]),
  ];
  // useradd -r passes over -e.
  const expiry = change.expires === undefined ? sh`` : sh`usermod -e ${change.expires} ${params.name} || exit`;
  // useradd makes the home directory, but not what is above it.
  const above =
    change.home === undefined || !params.create_home
      ? sh``
      : sh`mkdir -p -- ${change.home.replace(/\/[^/]+\/*$/, "") || "/"} || exit`;
  return joinSh([above, sh`useradd ${words} ${params.name} || exit`, expiry]);
}

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
  ];
  return words.length === 0 ? sh`` : sh`chage ${words} ${name} || exit`;
}

/** Sets $h, $u and $g to home, user and group numbers. */
const readEntry = (name: string): Sh =>
  sh`h=; while IFS=: read -r n p u g c h s; do [ "$n" = ${name} ] && break; h=; done < /etc/passwd
[ -n "$h" ] || { echo ${`the user "${name}" has no home directory in /etc/passwd`} >&2; exit 1; }`;

function makeHome(params: UserParams): Sh {
  return sh`${readEntry(params.name)}
case $h in */*/*) mkdir -p -- "\${h%/*}" || exit ;; esac
m=$(sed -n 's/^HOME_MODE[[:space:]]*\\([0-7]*\\).*/\\1/p' /etc/login.defs 2>/dev/null)
cp -R -- ${params.skeleton ?? "/etc/skel"} "$h" 2>/dev/null || mkdir -- "$h" || exit
chown -R "$u:$g" "$h" && chmod "\${m:-0755}" "$h" || exit`;
}

function makeKey(params: UserParams): Sh {
  const file = params.ssh_key_file ?? `.ssh/id_${params.ssh_key_type.replace(/-.*$/, "")}`;
  const bits = params.ssh_key_bits === undefined ? [] : ["-b", String(params.ssh_key_bits)];
  const comment = params.ssh_key_comment === undefined ? sh`"k3sprov-generated on $(uname -n)"` : sh`${params.ssh_key_comment}`;
  return sh`${readEntry(params.name)}
f=${file}; case $f in /*) ;; *) f=$h/$f ;; esac
d=\${f%/*}; [ -d "$d" ] || { mkdir -m 0700 -- "$d" && chown "$u:$g" "$d"; } || exit
ssh-keygen -q -t ${params.ssh_key_type} ${bits} -C ${comment} -N '' -f "$f" </dev/null || exit
chown "$u:$g" "$f" "$f.pub" || exit`;
}
