import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type JsonObject, type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";

const INSTALLED = "%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t@System\\n";
const AVAILABLE = "%{name}\\t%{epoch}\\t%{version}\\t%{release}\\t%{arch}\\t%{repoid}";

/** The `results` of `list`: of installed packages, of newer or available ones, of repositories, or of all that a name matches. */
export function dnfList(command: "dnf" | "yum", what: string): Question<readonly JsonObject[]> {
  return ask(`${command} list`, script(command, what), (output) => {
    if (output.rc !== 0) return new Unknown(`${command} cannot list "${what}": ${output.stderr.toString("utf8").trim()}`);
    const rows = output.stdout
      .toString("utf8")
      .split("\n")
      .filter((row) => row !== "")
      .map((row) => row.split("\t"));
    if (what === "repos" || what === "repositories") return rows.map(([repoid = "", state = ""]) => ({ repoid, state }));
    return rows.map(([name = "", epoch = "0", version = "", release = "", arch = "", repo = ""]) => ({
      name,
      epoch,
      version,
      release,
      arch,
      repo,
      nevra: `${epoch}:${name}-${version}-${release}.${arch}`,
      envra: `${epoch}:${name}-${version}-${release}.${arch}`,
      yumstate: repo === "@System" ? "installed" : "available",
    }));
  });
}

function script(command: "dnf" | "yum", what: string): Sh {
  const installed = (name: readonly string[]): Sh => sh`rpm -qa --qf ${INSTALLED} ${name}`;
  const query = (words: readonly string[]): Sh =>
    command === "dnf"
      ? sh`dnf -C -q repoquery --qf ${AVAILABLE} ${words}`
      : sh`echo 'only "installed" and "repos" can be listed with yum' >&2; exit 1`;
  switch (what) {
    case "installed":
      return installed([]);
    case "available":
      return query(["--available"]);
    case "updates":
    case "upgrades":
      return query(["--upgrades"]);
    case "repos":
    case "repositories":
      return sh`set -f; ${command} -C -q repolist enabled | sed -e 1d -e 's/^[!*]*\\([^ 	][^ 	]*\\).*/\\1	enabled/'`;
    default:
      return joinSh([sh`${installed([what])} || exit`, query([what])]);
  }
}
