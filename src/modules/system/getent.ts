import { sh } from "../../sh.ts";
import {
  type Json,
  MissingPrerequisite,
  ModuleFailure,
  type Output,
  type Question,
  type Resource,
  stateModule,
  Unknown,
} from "../contract.ts";
import { bool, parameters, str } from "../parameters.ts";
import { ask, lines } from "../support/question.ts";

/** What `getent` found; `status` is its exit status (getent(1)), `lines` what it printed. */
export type Entries = { readonly status: number; readonly lines: readonly string[] };

const COLON_SEPARATED = new Set(["passwd", "shadow", "group", "gshadow"]);

/** getent's exit statuses besides 0. */
const BAD_ARGUMENTS = 1;
const NOT_FOUND = 2;
const NO_ENUMERATION = 3;

export const getent = stateModule({
  name: "getent",
  summary: "Reads entries of the host's databases: users, groups, hosts, services and others.",
  description: [
    "Changes nothing. What was found goes into the fact `getent_DATABASE`: a mapping from each key to the list of its other fields.",
    "On a host without a `getent` command (a bare busybox), passwd, group, shadow and gshadow are read from their files.",
    "In check mode, a user or group that an earlier task would make is not there yet: the task says that it would change.",
  ],
  parameters: parameters(
    {
      database: { ...str(), required: true, description: "The database: passwd, group, hosts, services and others." },
      key: { ...str(), description: "What to look up; without it all entries are read." },
      service: { ...str(), description: "Ask only this service of the name service switch: files, ldap and others." },
      split: {
        ...str(),
        description: "What separates the fields. A colon for passwd, shadow, group and gshadow, otherwise white space.",
      },
      fail_key: {
        ...bool(),
        default: true,
        description: "Fail when the key is not there; otherwise the fact holds `null` for it.",
      },
    },
    {},
    ({ database, key, split }) => {
      if (!/^[a-z][a-z0-9_]*$/.test(database)) {
        throw new ModuleFailure(`"database" is "${database}", but must be a word such as passwd, group or hosts`);
      }
      if (key === "") throw new ModuleFailure('"key" is empty; leave it out to read all entries');
      if (split === "") throw new ModuleFailure('"split" is empty, but must be what stands between two fields');
    },
  ),
  example: `- name: Look up root
  getent:
    database: passwd
    key: root
- name: Root is number 0
  assert:
    that: ansible_facts.getent_passwd.root[1] == "0"
`,
  returns: { ansible_facts: "`getent_DATABASE`: key -> the other fields, as text." },
  probe: (params) => ({ entries: entriesOf(params.database, params.key, params.service) }),
  plan: ({ entries }, params) => {
    if (entries.status === BAD_ARGUMENTS) throw new ModuleFailure(`Missing arguments, or database unknown: "${params.database}"`);
    if (entries.status === NO_ENUMERATION)
      throw new ModuleFailure(`Enumeration not supported on this database: ${params.database}; give a "key"`);
    if (entries.status !== NOT_FOUND || !params.fail_key) return undefined;
    const message = `One or more supplied key could not be found in the database: ${params.database} has no "${params.key}"`;
    const provided = resourceOf(params.database, params.key);
    if (provided === undefined) throw new ModuleFailure(message);
    throw new MissingPrerequisite(provided, message);
  },
  apply: () => {
    throw new Error("bug: getent has nothing to apply");
  },
  result: ({ entries }, params) => ({
    ansible_facts: { [`getent_${params.database}`]: fieldsOf(entries, params) },
  }),
});

function entriesOf(database: string, key: string | undefined, service: string | undefined): Question<Entries> {
  // To others getent says of every key that it is not there.
  const needsRoot = sh`[ ! -e ${`/etc/${database}`} ] || [ -r ${`/etc/${database}`} ] || { echo ${`only root may look into ${database}`} >&2; exit 1; }\n`;
  const script = sh`${/^g?shadow$/.test(database) ? needsRoot : sh``}if command -v getent >/dev/null 2>&1; then
getent ${service === undefined ? [] : ["-s", service]} ${database} ${key === undefined ? [] : [key]}; echo "status $?"
else case ${database} in
passwd|group|shadow|gshadow) k3_key=${key ?? ""}
[ -r ${`/etc/${database}`} ] || { echo "cannot read /etc/${database}" >&2; exit 1; }
k3_status=0; [ -z "$k3_key" ] || k3_status=2
while IFS= read -r l || [ -n "$l" ]; do
[ -n "$l" ] || continue
if [ -z "$k3_key" ]; then printf '%s\\n' "$l"
else
k3_rest=\${l#*:*:}
case $l in "$k3_key":*) printf '%s\\n' "$l"; k3_status=0 ;; *) case ${database}:\${k3_rest%%:*} in passwd:"$k3_key"|group:"$k3_key") printf '%s\\n' "$l"; k3_status=0 ;; esac ;; esac
fi
done < ${`/etc/${database}`}
echo "status $k3_status" ;;
*) echo 'the host has no "getent" command' >&2; exit 127 ;;
esac; fi`;
  return ask("getent", script, decodeEntries);
}

function decodeEntries(output: Output): Entries | Unknown {
  const all = lines(output.stdout);
  const status = /^status (\d+)$/.exec(all.at(-1) ?? "")?.[1];
  if (output.rc !== 0 || status === undefined) {
    return new Unknown(`cannot read the database: ${output.stderr.toString("utf8").trim()}`);
  }
  return { status: Number(status), lines: all.slice(0, -1) };
}

function resourceOf(database: string, key: string | undefined): Resource | undefined {
  if (key === undefined) return undefined;
  if (database === "passwd" || database === "shadow") return `user:${key}`;
  return database === "group" || database === "gshadow" ? `group:${key}` : undefined;
}

type Asked = { readonly database: string; readonly key: string | undefined; readonly split: string | undefined };

/** A key that stands on several lines (a host with several addresses) has a list of lists, as in Ansible. */
export function fieldsOf(entries: Entries, { database, key, split }: Asked): Json {
  if (entries.status !== 0) return key === undefined ? {} : { [key]: null };
  const separator = split ?? (COLON_SEPARATED.has(database) ? ":" : undefined);
  const found = new Map<string, string[][]>();
  for (const line of entries.lines) {
    const [name = "", ...fields] = separator === undefined ? line.trim().split(/\s+/) : line.split(separator);
    found.set(name, [...(found.get(name) ?? []), fields]);
  }
  return Object.fromEntries([...found].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? []) : all]));
}
