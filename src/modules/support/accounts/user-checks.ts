import { ModuleFailure } from "../../contract.ts";
import { parseRanges } from "./sub-ids.ts";
import type { UserParams } from "./user-parameters.ts";

const KEY_TYPES: readonly string[] = ["rsa", "dsa", "ecdsa", "ed25519", "ecdsa-sk", "ed25519-sk"];

/** Refuses what can be known to be wrong before the host is looked at. */
export function checkUser(params: UserParams): void {
  const { name, password, umask, password_expire_max: max, password_expire_min: min } = params;
  if (!/^[A-Za-z0-9_.][^\s:/,]*$/.test(name)) throw new ModuleFailure(`"${name}" is no name of a user`);
  // A hash has a "$", or is one of the old ones of 13 characters; "!" and "*" lock the account.
  if (password !== undefined && !/^$|^[!*]|\$|^_|^x$|^[./0-9A-Za-z]{13}$/.test(password)) {
    throw new ModuleFailure(
      `"password" is no hash, and with it nobody could log in; make one with: "{{ the_password | password_hash('sha512') }}"`,
    );
  }
  if (password !== undefined && /[:\n]/.test(password)) throw new ModuleFailure('"password" holds a character that no hash has');
  if (umask !== undefined && !/^[0-7]{1,4}$/.test(umask)) {
    throw new ModuleFailure(`"umask" is "${umask}", but must be octal, such as "077"`);
  }
  if (min !== undefined && max !== undefined && min > max && max >= 0) {
    throw new ModuleFailure(
      `"password_expire_min" (${min}) is more than "password_expire_max" (${max}): the password could never be changed`,
    );
  }
  if (/[:\n]/.test(params.comment ?? "")) throw new ModuleFailure('"comment" must not hold a colon or a line break');
  if (/\n/.test(params.ssh_key_passphrase ?? "")) throw new ModuleFailure('"ssh_key_passphrase" must be one line');
  parseRanges("subuid_ranges", params.subuid_ranges ?? []);
  parseRanges("subgid_ranges", params.subgid_ranges ?? []);
  const { uid, uid_min: least, uid_max: most } = params;
  for (const id of ["uid", "uid_min", "uid_max"] as const) {
    if ((params[id] ?? 0) < 0) throw new ModuleFailure(`"${id}" is ${params[id]}, but must not be negative`);
  }
  if (least !== undefined && most !== undefined && least > most)
    throw new ModuleFailure(`"uid_min" (${least}) is more than "uid_max" (${most})`);
  if (params.non_unique && uid === undefined) throw new ModuleFailure('"non_unique" needs "uid"');
  if (params.move_home && params.home === undefined) throw new ModuleFailure('"move_home" needs "home", the new place');
  if (params.remove && params.state === "present") throw new ModuleFailure('"remove" goes with state: absent only');
  if (!KEY_TYPES.includes(params.ssh_key_type)) {
    throw new ModuleFailure(`"ssh_key_type" is "${params.ssh_key_type}", but must be one of ${KEY_TYPES.join(", ")}`);
  }
}
