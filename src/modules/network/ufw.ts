import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, ModuleFailure, type Question, stateModule } from "../contract.ts";
import { bool, choice, int, type ParametersOf, parameters, str } from "../parameters.ts";
import { type Direction, type UfwRule, type UfwState, ufwRule, ufwState } from "../support/firewall/ufw-questions.ts";
import { isAsked, nothing } from "../support/question.ts";

const params = parameters(
  {
    state: {
      ...choice("enabled", "disabled", "reloaded", "reset"),
      description: "`enabled`: now and at boot. `reloaded`: each time. `reset`: disabled, and all rules removed.",
    },
    default: { ...choice("allow", "deny", "reject"), aliases: ["policy"], description: "What happens where no rule decides." },
    direction: {
      ...choice("in", "incoming", "out", "outgoing", "routed"),
      description: "What `default`, or the rule, is for; incoming otherwise.",
    },
    logging: { ...choice("on", "off", "low", "medium", "high", "full"), description: "How much is logged." },
    insert: { ...int(), description: "Number that a new rule gets." },
    insert_relative_to: {
      ...choice("first-ipv4", "first-ipv6", "last-ipv4", "last-ipv6", "zero"),
      default: "zero",
      description: "What `insert` is counted from.",
    },
    rule: { ...choice("allow", "deny", "limit", "reject"), description: "Add, or with `delete` remove, a rule that does this." },
    log: { ...bool(), default: false, description: "Log the connections that the rule is about." },
    from_ip: { ...str(), default: "any", aliases: ["from", "src"], description: "Address or network it comes from." },
    from_port: { ...str(), description: "Port it comes from." },
    to_ip: { ...str(), default: "any", aliases: ["dest", "to"], description: "Address or network it goes to." },
    to_port: { ...str(), aliases: ["port"], description: "Port, ports or range it goes to: `22`, `80,443`, `8000:8010`." },
    proto: {
      ...choice("any", "tcp", "udp", "ipv6", "esp", "ah", "gre", "igmp", "vrrp"),
      aliases: ["protocol"],
      description: "Protocol.",
    },
    name: { ...str(), aliases: ["app"], description: "An application that ufw knows: `ufw app list`." },
    delete: { ...bool(), default: false, description: "Remove the rule." },
    interface: { ...str(), aliases: ["if"], description: "Interface, for the `direction`." },
    interface_in: { ...str(), aliases: ["if_in"], description: "Interface it comes in by." },
    interface_out: { ...str(), aliases: ["if_out"], description: "Interface it goes out by." },
    route: { ...bool(), default: false, description: "A rule for packets that are passed on." },
    comment: { ...str(), description: "A comment on the rule." },
  },
  {
    mutuallyExclusive: [
      ["name", "proto", "logging"],
      ["interface", "interface_in"],
      ["interface", "interface_out"],
    ],
    requiredOneOf: [["state", "default", "rule", "logging"]],
  },
  (given) => {
    check(given);
  },
);

type Params = ParametersOf<typeof params>;
/** The words of one call of ufw. */
type Step = readonly string[];
type Data = { readonly steps: readonly Step[]; readonly after: UfwState };
type Questions = { readonly state: Question<UfwState>; readonly rule: Question<UfwRule> };

export const ufw = stateModule<Params, Params, Questions, Data>({
  name: "ufw",
  aliases: ["community.general.ufw"],
  summary: "Changes the firewall with ufw.",
  description: [
    "Enabling it keeps established connections, but a new one needs a rule: allow SSH in a task before.",
    "Whether a rule is there is asked with `ufw --dry-run`, which changes nothing. A rule that is there is not moved by `insert`.",
    "`reset` is converged when ufw is disabled and has no rules; Ansible resets each time.",
  ],
  parameters: params,
  example: `- name: Let SSH in
  ufw:
    rule: limit
    port: ssh
    proto: tcp
`,
  returns: { msg: "What changed.", commands: "The commands that were run." },
  prepare(given) {
    check(given);
    return Promise.resolve(given);
  },
  probe: (input) => ({
    state: ufwState,
    rule: input.rule === undefined ? nothing<UfwRule>({ state: "same" }) : ufwRule(ruleWords(input)),
  }),
  plan({ state, rule }, input) {
    if (!state.isInstalled) throw new MissingPrerequisite("command:ufw", "the host has no ufw; install the package ufw");
    const differences: Difference[] = [];
    const steps: Step[] = [];
    const differs = (name: string, before: Difference["before"], after: Difference["before"], step: Step): void => {
      differences.push({ kind: "field", subject: "ufw", name, before, after });
      steps.push(step);
    };
    let after = planState(state, input, differs);
    if (input.logging !== undefined && !(input.logging === "on" ? after.logging !== "off" : after.logging === input.logging)) {
      differs("logging", after.logging, input.logging, ["logging", input.logging]);
      after = { ...after, logging: input.logging === "on" ? "low" : input.logging };
    }
    if (input.default !== undefined) {
      const direction = DIRECTIONS[input.direction ?? "incoming"] ?? "incoming";
      const before = after.policies[direction];
      if (before !== input.default) {
        differs(`default ${direction}`, before, input.default, ["default", input.default, direction]);
        after = { ...after, policies: { ...after.policies, [direction]: input.default } };
      }
    }
    if (input.rule !== undefined) {
      if (rule.state === "refused") throw new ModuleFailure(`ufw does not take the rule: ${rule.said.replace(/^ERROR: /, "")}`);
      // After a reset no rule is there, whatever was asked before it.
      const isStale = after.isReset === true && rule.isPredicted !== true;
      const isSame = isStale ? input.delete : rule.state === "same";
      const words = ruleWords(input);
      if (!isSame) {
        const text = words.filter((word) => word !== "delete").join(" ");
        const place = insertWords(input, after);
        const [before, now] = input.delete ? [text, "absent"] : ["absent", text];
        differs("rule", before, now, withInsert(words, place));
        const sign = input.delete ? -1 : 1;
        after = { ...after, count: { ipv4: Math.max(0, after.count.ipv4 + sign), ipv6: Math.max(0, after.count.ipv6 + sign) } };
      }
    }
    if (steps.length === 0) return undefined;
    const change = { differences, data: { steps, after } };
    return input.state === "reloaded" ? { ...change, verify: false } : change;
  },
  apply: ({ data }) => ({ script: joinSh(data.steps.map(stepScript)) }),
  predict({ data }, _state, input) {
    const question = input.rule === undefined ? undefined : ufwRule(ruleWords(input));
    return [
      { question: ufwState, answer: data.after },
      ...(question === undefined || !isAsked(question)
        ? []
        : [{ question, answer: { state: "same", isPredicted: true } satisfies UfwRule }]),
    ];
  },
  result: (_state, input) => ({ commands: input.rule === undefined ? [] : [`ufw ${ruleWords(input).join(" ")}`] }),
});

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  in: "incoming",
  incoming: "incoming",
  out: "outgoing",
  outgoing: "outgoing",
  routed: "routed",
};

type Differs = (name: string, before: Difference["before"], after: Difference["before"], step: Step) => void;

function planState(state: UfwState, { state: wanted }: Params, differs: Differs): UfwState {
  const word = (isEnabled: boolean): string => (isEnabled ? "enabled" : "disabled");
  const step = (command: string): Step => ["--force", command];
  switch (wanted) {
    case undefined:
      return state;
    case "enabled":
    case "disabled":
      if (state.isEnabled !== (wanted === "enabled"))
        differs("state", word(state.isEnabled), wanted, step(wanted === "enabled" ? "enable" : "disable"));
      return { ...state, isEnabled: wanted === "enabled" };
    case "reloaded":
      if (!state.isEnabled) throw new ModuleFailure("ufw is not enabled, so there is nothing to reload");
      differs("state", "enabled", "reloaded", ["reload"]);
      return state;
    case "reset": {
      const rules = state.count.ipv4 + state.count.ipv6;
      if (!state.isEnabled && rules === 0) return state;
      differs("state", `${word(state.isEnabled)}, ${rules} rules`, "reset", step("reset"));
      return { ...state, isEnabled: false, count: { ipv4: 0, ipv6: 0 }, isReset: true };
    }
  }
}

/** The words of the rule, in ufw's long form, without a place. */
function ruleWords(input: Params): string[] {
  const direction =
    input.direction === undefined ? [] : [input.direction === "in" || input.direction === "incoming" ? "in" : "out"];
  const option = (name: string, value: string | undefined): string[] =>
    value === undefined || value === "" ? [] : [name, value];
  return [
    ...(input.route ? ["route"] : []),
    ...(input.delete ? ["delete"] : []),
    input.rule ?? "",
    ...direction,
    ...option("on", input.interface),
    ...(input.interface_in === undefined ? [] : ["in", "on", input.interface_in]),
    ...(input.interface_out === undefined ? [] : ["out", "on", input.interface_out]),
    ...(input.log ? ["log"] : []),
    "from",
    input.from_ip,
    ...option("port", input.from_port),
    "to",
    input.to_ip,
    ...option("port", input.to_port),
    ...option("proto", input.proto),
    ...option("app", input.name),
    ...(input.delete ? [] : option("comment", input.comment)),
  ];
}

/** `insert NUMBER`; none where that would be the end, which ufw does not take for a place. */
function insertWords({ insert, insert_relative_to: from, delete: isDelete }: Params, { count }: UfwState): string[] {
  if (insert === undefined || isDelete) return [];
  const all = count.ipv4 + count.ipv6;
  const start: Readonly<Record<typeof from, number>> = {
    zero: 0,
    "first-ipv4": 1,
    "last-ipv4": Math.max(count.ipv4, 1),
    "first-ipv6": count.ipv4 + 1,
    "last-ipv6": count.ipv6 > 0 ? all : all + 1,
  };
  const place = insert + start[from];
  if (place < 1)
    throw new ModuleFailure(`"insert" is ${insert} ${from === "zero" ? "" : `from ${from} `}and so before the first rule`);
  return place > all ? [] : ["insert", String(place)];
}

function withInsert(words: readonly string[], place: readonly string[]): string[] {
  return words[0] === "route" ? ["route", ...place, ...words.slice(1)] : [...place, ...words];
}

function check(input: Params): void {
  const { rule, direction, interface: on, interface_in: within, interface_out: out } = input;
  if (rule === undefined && input.default === undefined && direction !== undefined) {
    throw new ModuleFailure('"direction" needs "default" or "rule"');
  }
  if (rule !== undefined && direction === "routed")
    throw new ModuleFailure("direction: routed is for default; for a rule it is route: true");
  if (input.default !== undefined && rule !== undefined && direction !== undefined) {
    throw new ModuleFailure('"direction" cannot be for "default" and "rule" at once; make two tasks of it');
  }
  if (on !== undefined && direction === undefined) throw new ModuleFailure('"interface" needs "direction"');
  if (direction !== undefined && (within !== undefined || out !== undefined)) {
    throw new ModuleFailure('"direction" does not go with "interface_in" and "interface_out", which say it themselves');
  }
  if (within !== undefined && out !== undefined && !input.route) {
    throw new ModuleFailure("only rules with route: true have both interface_in and interface_out");
  }
  for (const name of [
    "from_ip",
    "from_port",
    "to_ip",
    "to_port",
    "name",
    "interface",
    "interface_in",
    "interface_out",
  ] as const) {
    if (/^-|[\s'"]/.test(input[name] ?? "") && name !== "name")
      throw new ModuleFailure(`"${name}" is "${input[name]}", but must be one word`);
  }
  if (/['"\n]/.test(input.comment ?? "")) throw new ModuleFailure('"comment" must not hold quotes or line breaks');
  if (rule === undefined && (input.delete || input.to_port !== undefined || input.name !== undefined)) {
    throw new ModuleFailure('a rule needs "rule": allow, deny, limit or reject');
  }
}

const stepScript = (step: Step): Sh => sh`ufw ${step} >/dev/null || exit`;
