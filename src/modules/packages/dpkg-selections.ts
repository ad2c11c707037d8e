import { type Sh, sh } from "../../sh.ts";
import { type Collector, MissingPrerequisite, ModuleFailure, type Question, stateModule, Unknown } from "../contract.ts";
import { choice, int, type ParametersOf, parameters, str } from "../parameters.ts";
import { waitForDpkg } from "../support/packages/lock-wait.ts";

const params = parameters({
  name: { ...str(), required: true, description: "The package, with `:architecture` where that matters." },
  selection: {
    ...choice("install", "hold", "deinstall", "purge"),
    required: true,
    description: "What dpkg shall do with it; `hold`: no upgrade touches it.",
  },
  lock_timeout: { ...int(), default: 60, description: "Seconds to wait for dpkg's lock (not in Ansible)." },
});
type Params = ParametersOf<typeof params>;
/** null: dpkg does not know the package. */
type Selection = string | null;

/** One `dpkg-query` for all packages. */
const selections: Collector<Selection> = {
  name: "dpkg-selection",
  beforeTraits: true,
  script: (items) => sh`set -- ${items}
dpkg-query -W -f '\${Package}\\t\${Architecture}\\t\${db:Status-Want}\\n' -- "$@" 2>/dev/null; s=$?
[ $s -le 1 ] || { echo "dpkg-query ended with status $s" >&2; exit $s; }`,
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`cannot list packages: ${output.stderr.toString("utf8").trim()}`));
    const rows = output.stdout
      .toString("utf8")
      .split("\n")
      .map((line) => line.split("\t"));
    return items.map((item) => {
      const [name, architecture] = item.split(":");
      const row = rows.find(
        (one) => one[0] === name && (architecture === undefined || one[1] === architecture || one[1] === "all"),
      );
      return row?.[2] ?? null;
    });
  },
};
const selectionOf = (name: string): Question<Selection> => ({ collector: selections, item: name });

export const dpkgSelections = stateModule<Params, Params, { readonly selection: Question<Selection> }>({
  name: "dpkg_selections",
  summary: "Tells dpkg what to do with a package: hold it at its version, for instance.",
  description: ["A package that dpkg does not know is an error; Ansible says that it has changed something, each time."],
  parameters: params,
  example: `- name: Keep this version
  dpkg_selections:
    name: ca-certificates
    selection: hold
`,
  returns: { before: "What was selected before.", after: "What is selected." },
  prepare: (given) => {
    if (!/^[a-z0-9][a-z0-9+.-]*(:[a-z0-9-]+)?$/.test(given.name))
      throw new ModuleFailure(`"name: ${given.name}": that is no name of a Debian package`);
    return Promise.resolve(given);
  },
  probe: (given) => ({ selection: selectionOf(given.name) }),
  plan: ({ selection }, given) => {
    const known = selection === "unknown" ? null : selection;
    if (known === null)
      throw new MissingPrerequisite(`package:${given.name}`, `dpkg does not know the package "${given.name}"; install it first`);
    if (known === given.selection) return undefined;
    return {
      differences: [{ kind: "field", subject: given.name, name: "selection", before: known, after: given.selection }],
      data: undefined,
    };
  },
  apply: (_change, given) => ({ script: selectScript(given) }),
  predict: (_change, _state, given) => [{ question: selectionOf(given.name), answer: given.selection }],
});

function selectScript(given: Params): Sh {
  return sh`${waitForDpkg(given.lock_timeout)}
printf '%s %s\\n' ${given.name} ${given.selection} | dpkg --set-selections || exit`;
}
