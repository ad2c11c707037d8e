import { joinSh, type Sh, sh } from "../../../sh.ts";

/**
 * Runs subcommands of semanage, several of them in one transaction: all or none. Its errors are lines like "ValueError: …"; for lack of
 * a file of a package that nobody names, it says no more than "protocol not found".
 */
export function semanageScript(commands: readonly Sh[], flags: readonly string[]): Sh {
  const [first] = commands;
  if (first === undefined) return sh`:`;
  const run =
    commands.length === 1
      ? sh`k3_said=$(semanage ${first} 2>&1)`
      : sh`k3_said=$(printf '%s\\n' ${commands.map((one) => one.text)} | semanage import ${flags} 2>&1)`;
  return joinSh([
    run,
    sh`k3_rc=$?
if [ $k3_rc -ne 0 ]; then
printf '%s\\n' "$k3_said" | grep -v -e '^libsemanage\\.add_user: ' -e '^libsemanage\\.[a-z_]*: WARNING: ' >&2
case $k3_said in *'protocol not found'*) echo 'semanage needs /etc/protocols; install the package netbase (Debian) or setup (RHEL)' >&2 ;; esac
exit 1
fi`,
  ]);
}
