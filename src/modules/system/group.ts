import { sh } from "../../sh.ts";
import { type Difference, ModuleFailure, stateModule } from "../contract.ts";
import { bool, choice, int, parameters, str } from "../parameters.ts";
import { type GroupAccount, groupQuestion } from "../support/accounts/accounts-collector.ts";

type Data = { readonly step: "create" | "change" | "remove" };

export const group = stateModule({
  name: "group",
  summary: "Creates, changes and removes groups.",
  parameters: parameters(
    {
      name: { ...str(), required: true, description: "The group." },
      gid: { ...int(), description: "Its number." },
      state: { ...choice("present", "absent"), default: "present", description: "Whether it is to be there." },
      system: { ...bool(), default: false, description: "Give a new group a number of the system's range." },
      non_unique: { ...bool(), default: false, description: "Allow a `gid` that another group has." },
      gid_min: { ...int(), description: "Lowest number that a new group may get." },
      gid_max: { ...int(), description: "Highest number that a new group may get." },
      local: { ...bool(), default: false, description: "Accepted: groups are always made in the host's own files." },
      force: { ...bool(), default: false, description: "Remove it although it is the primary group of a user." },
    },
    {},
    (given) => {
      if (!/^[A-Za-z0-9_.][^\s:/,]*$/.test(given.name)) throw new ModuleFailure(`"${given.name}" is no name of a group`);
      for (const id of ["gid", "gid_min", "gid_max"] as const) {
        if ((given[id] ?? 0) < 0) throw new ModuleFailure(`"${id}" is ${given[id]}, but must not be negative`);
      }
      if (given.gid_min !== undefined && given.gid_max !== undefined && given.gid_min > given.gid_max)
        throw new ModuleFailure(`"gid_min" (${given.gid_min}) is more than "gid_max" (${given.gid_max})`);
      if (given.non_unique && given.gid === undefined) throw new ModuleFailure('"non_unique" needs "gid"');
    },
  ),
  example: `- name: The group of those who may read the backups
  group:
    name: backupreaders
    system: true
`,
  returns: { name: "The group.", gid: "Its number.", state: "`present` or `absent`.", system: "As given." },
  probe: (params) => ({
    group: groupQuestion(params.name),
    // Who else has the number: groupadd would say so too late for a dry run.
    holder: groupQuestion(params.gid === undefined || params.non_unique || params.state === "absent" ? "" : String(params.gid)),
  }),
  plan: (state, params) => {
    const differs = (name: string, before: Difference["before"], after: Difference["before"], step: Data["step"]) => ({
      differences: [{ kind: "field", subject: params.name, name, before, after } satisfies Difference],
      data: { step } satisfies Data,
    });
    if (params.state === "absent") return state.group === null ? undefined : differs("state", "present", "absent", "remove");
    if (state.holder !== null && state.holder.name !== params.name) {
      throw new ModuleFailure(
        `GID ${params.gid} already belongs to the group "${state.holder.name}" (non_unique: true would allow it)`,
      );
    }
    if (state.group === null) return differs("state", "absent", "present", "create");
    if (params.gid === undefined || state.group.gid === params.gid) return undefined;
    return differs("gid", state.group.gid, params.gid, "change");
  },
  apply: (change, params, context) => {
    const has = (name: string): boolean => context.traits.commands.has(name);
    const gid = params.gid === undefined ? [] : ["-g", params.gid];
    const duplicate = params.non_unique && params.gid !== undefined ? ["-o"] : [];
    const range = [
      ...(params.gid_min === undefined ? [] : ["-K", `GID_MIN=${params.gid_min}`]),
      ...(params.gid_max === undefined ? [] : ["-K", `GID_MAX=${params.gid_max}`]),
    ];
    switch (change.data.step) {
      case "create":
        if (has("groupadd"))
          return { script: sh`groupadd ${gid} ${duplicate} ${range} ${params.system ? ["-r"] : []} ${params.name}` };
        return { script: sh`addgroup ${gid} ${params.system ? ["-S"] : []} ${params.name}` };
      case "change":
        if (!has("groupmod")) throw new ModuleFailure('the host has no "groupmod" to change the number of a group with');
        return { script: sh`groupmod ${gid} ${duplicate} ${params.name}` };
      case "remove":
        if (has("groupdel")) return { script: sh`groupdel ${params.force ? ["-f"] : []} ${params.name}` };
        return { script: sh`delgroup ${params.name}` };
    }
  },
  predict: (change, state, params) => {
    const after: GroupAccount | null =
      change.data.step === "remove"
        ? null
        : {
            name: params.name,
            gid: params.gid ?? state.group?.gid ?? null,
            members: state.group?.members ?? [],
            ...(typeof state.group?.gid === "number" ? { formerGid: state.group.gid } : {}),
          };
    return [
      { question: groupQuestion(params.name), answer: after },
      ...(params.gid !== undefined && after !== null && !params.non_unique
        ? [{ question: groupQuestion(String(params.gid)), answer: after }]
        : []),
    ];
  },
  provides: (change, params) => (change.data.step === "create" ? [`group:${params.name}`] : []),
  result: (state, params) => ({
    name: params.name,
    state: params.state,
    ...(params.state === "present" ? { system: params.system, gid: state.group?.gid ?? null } : {}),
  }),
});
