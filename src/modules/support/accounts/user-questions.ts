import { sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import { ask, lines } from "../question.ts";

/** Groups that list a user as a member (not the user's primary group). Item: the user's name. */
const membershipCollector: Collector<readonly string[]> = {
  name: "user-memberships",
  beforeTraits: true,
  // A shell reads a file byte by byte, a system call for each; from a kilobyte on a process is cheaper. The last line may lack its end.
  script: () => sh`cat /etc/group && echo`,
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`cannot read /etc/group: ${output.stderr.toString("utf8").trim()}`));
    const groups = lines(output.stdout).map((line) => line.split(":"));
    return items.map((item) =>
      groups.filter((fields) => (fields[3] ?? "").split(",").includes(item)).map((fields) => fields[0] ?? ""),
    );
  },
};

export function memberships(user: string): Question<readonly string[]> {
  return { collector: membershipCollector, item: user };
}

/** A line of /etc/shadow. Days since 1970 for `expires`; null where the field is empty. */
export type Shadow = {
  readonly password: string;
  readonly minDays: number | null;
  readonly maxDays: number | null;
  readonly warnDays: number | null;
  readonly inactiveDays: number | null;
  readonly expires: number | null;
};

const shadowCollector: Collector<Shadow | null> = {
  name: "user-shadow",
  beforeTraits: true,
  script: (items) => sh`[ -r /etc/shadow ] || { echo 'no permission to read /etc/shadow' >&2; exit 1; }
while IFS= read -r l || [ -n "$l" ]; do for u in ${items}; do case $l in "$u":*) printf '%s\\n' "$l";; esac; done; done < /etc/shadow`,
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`cannot read passwords: ${output.stderr.toString("utf8").trim()}`));
    const entries = lines(output.stdout).map((line) => line.split(":"));
    const number = (text: string | undefined): number | null => (text === undefined || text === "" ? null : Number(text));
    return items.map((item) => {
      const entry = entries.find((fields) => fields[0] === item);
      if (entry === undefined) return null;
      return {
        password: entry[1] ?? "",
        minDays: number(entry[3]),
        maxDays: number(entry[4]),
        warnDays: number(entry[5]),
        inactiveDays: number(entry[6]),
        expires: number(entry[7]),
      };
    });
  },
};

export function shadow(user: string): Question<Shadow | null> {
  return { collector: shadowCollector, item: user };
}

/** Whether a user's home directory is there. A user that does not exist has none to look for: "present". */
export function homeState(user: string, home: string | undefined): Question<"present" | "missing"> {
  const script = sh`h=${home ?? ""}
[ -n "$h" ] || while IFS=: read -r n p u g c d s; do [ "$n" = ${user} ] && { h=$d; break; }; done < /etc/passwd
if [ -z "$h" ] || [ -d "$h" ]; then echo present
elif [ -x "\${h%/*}/" ] || [ ! -e "\${h%/*}/" ]; then echo missing; else echo "no permission to look at $h" >&2; exit 1; fi`;
  return ask("user home", script, (output) => {
    const said = output.stdout.toString("utf8").trim();
    return said === "present" || said === "missing" ? said : new Unknown(output.stderr.toString("utf8").trim());
  });
}

/** What `useradd` does where it is not told: where homes are made and with which permissions, and the login shell. */
export type AccountDefaults = {
  readonly homes: string;
  readonly homeMode: number | null;
  readonly umask: number;
  readonly shell: string;
};

export const accountDefaults: Question<AccountDefaults> = ask(
  "account defaults",
  sh`set --; for f in /etc/login.defs /etc/default/useradd; do [ ! -r "$f" ] || set -- "$@" "$f"; done
[ $# -eq 0 ] || sed -n -e 's/^[[:space:]]*\\(HOME_MODE\\)[[:space:]][[:space:]]*\\([^[:space:]]*\\).*/\\1=\\2/p' \\
-e 's/^[[:space:]]*\\(UMASK\\)[[:space:]][[:space:]]*\\([^[:space:]]*\\).*/\\1=\\2/p' -e '/^HOME=/p' -e '/^SHELL=/p' -- "$@"`,
  (output) => {
    if (output.rc !== 0) return new Unknown(`cannot read the defaults of accounts: ${output.stderr.toString("utf8").trim()}`);
    const said = new Map(
      lines(output.stdout).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const octal = (name: string): number | null =>
      /^[0-7]+$/.test(said.get(name) ?? "") ? Number.parseInt(said.get(name) ?? "", 8) : null;
    const homeMode = octal("HOME_MODE");
    return { homes: said.get("HOME") ?? "/home", homeMode, umask: octal("UMASK") ?? 0o22, shell: said.get("SHELL") ?? "" };
  },
);

export type SshKey = { readonly file: string; readonly publicKey: string; readonly fingerprint: string };

/** A user's SSH key: null when there is none yet. `file` is absolute, or below the user's home. */
export function sshKey(user: string, home: string | undefined, file: string): Question<SshKey | null> {
  const script = sh`h=${home ?? ""}
[ -n "$h" ] || while IFS=: read -r n p u g c d s; do [ "$n" = ${user} ] && { h=$d; break; }; done < /etc/passwd
f=${file}; case $f in /*) ;; *) f=$h/$f ;; esac
[ -e "$f" ] || { echo missing; exit 0; }
printf '%s\\n' "$f"; cat -- "$f.pub"; ssh-keygen -l -f "$f.pub"`;
  return ask("user ssh key", script, (output) => {
    const [path = "", publicKey = "", fingerprint = ""] = lines(output.stdout);
    if (path === "missing") return null;
    if (path === "") return new Unknown(`cannot look at the SSH key: ${output.stderr.toString("utf8").trim()}`);
    return { file: path, publicKey, fingerprint };
  });
}
