import { sh } from "../../sh.ts";
import { type Change, ModuleFailure, type Prediction, type Question, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, str } from "../parameters.ts";
import {
  FILE_TYPES,
  type FileContext,
  fileContext,
  type Substitution,
  type Substitutions,
  substitutions,
} from "../support/selinux/file-contexts.ts";
import { noReload, policyName, requirePolicy, requireSemanage } from "../support/selinux/policy-store.ts";
import { semanageScript } from "../support/selinux/semanage.ts";

const params = parameters(
  {
    target: {
      ...str(),
      required: true,
      aliases: ["path"],
      description: "Regular expression of paths, as the policy writes them: `/srv/www(/.*)?`. With `substitute`: a path.",
    },
    setype: { ...str(), description: "The type they are to have; `<<none>>` for no label." },
    ftype: {
      ...choice(...FILE_TYPES),
      default: "a",
      description:
        "Which files: `a` all, `b` block devices, `c` character devices, `d` directories, `f` regular files, `l` symbolic links, `p` pipes, `s` sockets.",
    },
    substitute: { ...str(), aliases: ["equal"], description: "Label `target` and what is below it as if it were this path." },
    seuser: { ...str(), description: "User part of the context; what is there stays, and is `system_u` otherwise." },
    selevel: {
      ...str(),
      aliases: ["serange"],
      description: "Level (MLS/MCS) part of the context; what is there stays, and is `s0` otherwise.",
    },
    reload: { ...bool(), default: true, description: "Load the changed policy into the kernel." },
    state: { ...choice("present", "absent"), default: "present", description: "`absent` removes a local change." },
    ignore_selinux_state: { ...bool(), default: false, description: "Work where SELinux is disabled too." },
  },
  {
    mutuallyExclusive: [
      ["setype", "substitute"],
      ["substitute", "ftype"],
      ["substitute", "seuser"],
      ["substitute", "selevel"],
    ],
  },
  (given) => {
    check(given);
  },
);

type Params = ParametersOf<typeof params>;
type Questions = { readonly context: Question<FileContext>; readonly substitutions: Question<Substitutions> };
type Answers = { readonly context: FileContext; readonly substitutions: Substitutions };
type Data = { readonly commands: readonly (readonly string[])[]; readonly predictions: readonly Prediction[] };

export const sefcontext = stateModule<Params, Params, Questions, Data>({
  name: "sefcontext",
  aliases: ["community.general.sefcontext"],
  summary: "Tells the SELinux policy which label files are to have.",
  description: [
    "This is about what new files get and what restorecon gives; files that are there keep their labels until it is run: `command: restorecon -irv PATH`.",
    "`absent` removes a local change; what the policy itself says of the target holds again.",
    "A target that lies below a path with a substitute never matches, and is refused with the path that does.",
  ],
  parameters: params,
  example: `- name: Label the web site
  sefcontext:
    target: /srv/www(/.*)?
    setype: httpd_sys_content_t
    state: present
  when: ansible_facts['selinux']['status'] == 'enabled'
`,
  returns: {
    target: "As given.",
    ftype: "As given.",
    setype: "As given.",
    substitute: "As given.",
    state: "As given.",
    seuser: "User part of the context.",
    serange: "Level part of the context.",
  },
  probe: ({ target, ftype }) => ({ context: fileContext(target, ftype), substitutions: substitutions() }),
  plan(state, given, context) {
    const { store } = state.context;
    requirePolicy(store, { ...given, module: "sefcontext" }, context);
    const rule = state.substitutions.list.find((one) => one.target === given.target && one.by === "local");
    const isAboutRule =
      given.substitute !== undefined || (given.state === "absent" && given.setype === undefined && rule !== undefined);
    const found = isAboutRule ? planSubstitution(given, rule, state.substitutions) : planContext(state, given);
    if (found === undefined) return undefined;
    requireSemanage(store, "sefcontext", context);
    return found;
  },
  apply: ({ data }, given, context) => {
    const flags = noReload(given.reload, context);
    const commands = data.commands.map(([verb = "", ...rest]) => sh`fcontext ${[verb, ...flags, ...rest]}`);
    return { script: semanageScript(commands, flags) };
  },
  predict: ({ data }) => data.predictions,
  result: ({ context }, given) => {
    const [user = "system_u", , , ...level] = (context.local ?? context.policy ?? "").split(":");
    const { target, ftype, setype = null, substitute = null, state } = given;
    return {
      target,
      ftype,
      setype,
      substitute,
      state,
      seuser: given.seuser ?? (user || null),
      serange: given.selevel ?? (level.join(":") || null),
    };
  },
});

function check(given: Params): void {
  const { target, setype, substitute, seuser, selevel, state } = given;
  if (state === "present" && setype === undefined && substitute === undefined) {
    throw new ModuleFailure('sefcontext: with state: present it needs "setype" or "substitute"');
  }
  if (!target.startsWith("/") || /\s/.test(target)) {
    throw new ModuleFailure(`"target" is "${target}", but must begin with "/" and hold no blanks; "\\s" stands for one`);
  }
  if (substitute !== undefined) {
    for (const [name, value] of [
      ["target", target],
      ["substitute", substitute],
    ] as const) {
      if (!/^\/\S*[^/\s]$/.test(value)) {
        throw new ModuleFailure(`"${name}" is "${value}", but with "substitute" must be an absolute path without "/" at its end`);
      }
    }
  }
  if (setype !== undefined && setype !== "<<none>>") policyName("setype", setype);
  if (seuser !== undefined) policyName("seuser", seuser);
  if (selevel !== undefined && !/^[A-Za-z0-9_.,:-]+$/.test(selevel)) {
    throw new ModuleFailure(`"selevel" is "${selevel}", but must be a level or range such as s0 or s0-s0:c0.c1023`);
  }
}

const shown = (label: string | null): string => label ?? "none";
const typeOf = (label: string): string => (label === "<<none>>" ? label : (label.split(":")[2] ?? ""));

function planContext({ context, substitutions: rules }: Answers, given: Params): Change<Data> | undefined {
  const { target, ftype, setype, state } = given;
  const current = context.local ?? context.policy;
  const change = (local: string | null, command: readonly string[]): Change<Data> => ({
    differences: [
      {
        kind: "field",
        subject: `file context of ${target}${ftype === "a" ? "" : ` (${ftype})`}`,
        name: "context",
        before: shown(current),
        after: shown(local ?? context.policy),
      },
    ],
    data: {
      commands: [command],
      predictions: [{ question: fileContext(target, ftype), answer: { ...context, local, stored: local } }],
    },
  });
  if (state === "absent") {
    if (context.local !== null) return change(null, ["--delete", "-f", ftype, target]);
    if (context.policy !== null && setype !== undefined && typeOf(context.policy) === setype) {
      throw new ModuleFailure(
        `sefcontext: ${target} is ${setype} by the policy itself, which cannot be removed; give it another setype with state: present`,
      );
    }
    return undefined;
  }
  const rule = rules.list.find((one) => target.startsWith(`${one.target}/`));
  if (rule !== undefined && current === null) {
    const instead = `${rule.source}${target.slice(rule.target.length)}`;
    throw new ModuleFailure(
      `sefcontext: nothing below ${rule.target} is looked up under its own name, since it is labelled as ${rule.source}; use the target ${instead}`,
    );
  }
  const wanted = contextOf(given, current);
  if (wanted === current) return undefined;
  const user = given.seuser === undefined ? [] : ["-s", given.seuser];
  const level = given.selevel === undefined ? [] : ["-r", given.selevel];
  const verb = (context.stored ?? context.policy) === null ? "--add" : "--modify";
  return change(wanted, [verb, "-f", ftype, "-t", setype ?? "", ...user, ...level, target]);
}

/** Parts that are not asked for stay as they are. */
function contextOf({ setype = "", seuser, selevel }: Params, current: string | null): string {
  if (setype === "<<none>>") return setype;
  const isNew = current === null || current === "<<none>>";
  const [user = "", role = "", , ...level] = (isNew ? "system_u:object_r::s0" : current).split(":");
  const last = selevel ?? level.join(":");
  return [seuser ?? user, role, setype, ...(last === "" ? [] : [last])].join(":");
}

function planSubstitution(
  given: Params,
  rule: Substitution | undefined,
  { list, store }: Substitutions,
): Change<Data> | undefined {
  const { target, substitute, state } = given;
  const before = rule?.source ?? "none";
  const others = list.filter((one) => one !== rule);
  const change = (after: string | undefined, ...commands: readonly (readonly string[])[]): Change<Data> => ({
    differences: [{ kind: "field", subject: `file contexts below ${target}`, name: "as", before, after: after ?? "none" }],
    data: {
      commands,
      predictions: [
        {
          question: substitutions(),
          answer: { store, list: after === undefined ? others : [{ target, source: after, by: "local" }, ...others] },
        },
      ],
    },
  });
  if (state === "absent") {
    const isOurs = rule !== undefined && (substitute === undefined || rule.source === substitute);
    return isOurs ? change(undefined, ["--delete", "-e", rule.source, target]) : undefined;
  }
  if (substitute === undefined || rule?.source === substitute) return undefined;
  const add = ["--add", "-e", substitute, target];
  // semanage cannot modify one (3.4: "already exists"), but takes both steps in one transaction.
  return rule === undefined ? change(substitute, add) : change(substitute, ["--delete", "-e", rule.source, target], add);
}
