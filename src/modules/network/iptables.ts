import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, ModuleFailure, type Prediction, type Question, stateModule } from "../contract.ts";
import { type IptablesParams, iptablesParameters } from "../support/firewall/iptables-parameters.ts";
import {
  type Chain,
  type PredictedRule,
  programOf,
  ruleQuestion,
  type Table,
  tableQuestion,
  WAIT,
} from "../support/firewall/iptables-questions.ts";
import { type Family, jumpOf, ruleArguments } from "../support/firewall/iptables-rule.ts";
import { nothing } from "../support/question.ts";

/** What is to be done with one of the two programs. */
type Step = {
  readonly family: Family;
  readonly kind: "rule" | "no rule" | "make chain" | "remove chain" | "flush" | "policy";
  /** With "rule": make the chain first. */
  readonly makesChain: boolean;
};
type Data = { readonly steps: readonly Step[] };
type Questions = {
  readonly [key: `table ${string}`]: Question<Table>;
  readonly [key: `rule ${string}`]: Question<PredictedRule>;
};
type State = { readonly [key: `table ${string}`]: Table; readonly [key: `rule ${string}`]: PredictedRule };

export const iptables = stateModule<IptablesParams, IptablesParams, Questions, Data>({
  name: "iptables",
  summary: "Sees to it that the kernel's firewall has a rule, or does not have it.",
  description: [
    "A rule that is there, wherever it is in its chain, is not moved. With `state: absent` it is removed as often as it is there; Ansible removes one of several.",
    "`flush` is converged when there are no rules. Ansible reports a change each time.",
    "A rule without anything in it is never made: Ansible appends one that matches everything when only `chain` is given.",
    "Rules are gone after a reboot unless something saves them, such as Debian's iptables-persistent.",
  ],
  parameters: iptablesParameters,
  example: `- name: Let SSH in
  iptables:
    chain: INPUT
    protocol: tcp
    destination_port: "22"
    ctstate: [NEW]
    jump: ACCEPT
    comment: SSH
`,
  returns: {
    chain: "As given.",
    table: "As given.",
    state: "As given.",
    ip_version: "As given.",
    rule: "The arguments of the rule.",
    flush: "As given.",
  },
  probe: (params) => {
    const questions: { [key: `table ${string}`]: Question<Table>; [key: `rule ${string}`]: Question<PredictedRule> } = {};
    for (const family of familiesOf(params)) {
      const words = ruleArguments(params, family);
      questions[`table ${family}`] = tableQuestion(family, params.table);
      questions[`rule ${family}`] = isAboutRule(params, words)
        ? ruleQuestion(family, params.table, params.chain ?? "", words)
        : nothing<PredictedRule>({ state: "absent" });
    }
    return questions;
  },
  plan(state, params) {
    const differences: Difference[] = [];
    const steps = familiesOf(params).flatMap((family) => planFamily(state, params, family, differences));
    return steps.length === 0 ? undefined : { differences, data: { steps } };
  },
  apply: ({ data }, params) => ({ script: joinSh(data.steps.map((step) => stepScript(step, params))) }),
  predict: ({ data }, state, params) => data.steps.flatMap((step) => predictStep(step, state, params)),
  result: (_state, params) => ({
    chain: params.chain ?? null,
    table: params.table,
    state: params.state,
    ip_version: params.ip_version,
    flush: params.flush,
    rule: ruleArguments(params, familiesOf(params)[0] ?? "ipv4").join(" "),
    chain_management: params.chain_management,
  }),
});

const familiesOf = (params: IptablesParams): readonly Family[] =>
  params.ip_version === "both" ? ["ipv4", "ipv6"] : [params.ip_version];

const isAboutRule = (params: IptablesParams, words: readonly string[]): boolean =>
  !params.flush && params.policy === undefined && words.length > 0;

function planFamily(state: State, params: IptablesParams, family: Family, differences: Difference[]): Step[] {
  const table = state[`table ${family}`];
  const program = programOf(family);
  if (table === undefined || table === "no program") {
    throw new MissingPrerequisite(`command:${program}`, `the host has no "${program}" command; install the package iptables`);
  }
  const { chain: name = "" } = params;
  const chain = table.find((one) => one.name === name);
  const subject = `${program} ${params.table}${name === "" ? "" : ` ${name}`}`;
  const step = (
    kind: Step["kind"],
    what: string,
    before: string | number,
    after: string | number,
    makesChain = false,
  ): Step[] => {
    differences.push({ kind: "field", subject, name: what, before, after });
    return [{ family, kind, makesChain }];
  };
  if (params.flush) {
    if (name !== "" && chain === undefined) throw noChain(name, params.table);
    const rules = (chain === undefined ? table : [chain]).reduce((sum, one) => sum + one.rules, 0);
    return rules === 0 ? [] : step("flush", "rules", rules, 0);
  }
  if (params.policy !== undefined) {
    if (chain === undefined) throw noChain(name, params.table);
    if (chain.policy === undefined)
      throw new ModuleFailure(`the chain ${name} is not one of the system's own, so it has no policy`);
    return chain.policy === params.policy ? [] : step("policy", "policy", chain.policy, params.policy);
  }
  const words = ruleArguments(params, family);
  if (words.length === 0) return planChain(params, chain, step);
  const rule = state[`rule ${family}`];
  if (rule === undefined) throw new Error("bug: the rule was not asked for");
  const isStale = chain?.isFlushed === true && rule.isPredicted !== true;
  const isThere = chain !== undefined && rule.state === "present" && !isStale;
  if (params.state === "absent") return isThere ? step("no rule", "rule", words.join(" "), "absent") : [];
  if (isThere) return [];
  const target = params.goto ?? jumpOf(params);
  const isOwnTarget = target !== undefined && table.some((one) => one.name === target);
  // A chain that an earlier task of a dry run would have made is not there yet: iptables cannot judge such a rule.
  if (rule.state === "refused" && !isOwnTarget) throw new ModuleFailure(`${program} does not take the rule: ${rule.said}`);
  if (chain === undefined && !params.chain_management) throw noChain(name, params.table);
  return step("rule", "rule", "absent", words.join(" "), chain === undefined);
}

function planChain(
  params: IptablesParams,
  chain: Chain | undefined,
  step: (kind: Step["kind"], what: string, before: string, after: string) => Step[],
): Step[] {
  const { chain: name = "", table } = params;
  if (params.state === "present") {
    if (chain !== undefined) return [];
    if (!params.chain_management) throw noChain(name, table);
    return step("make chain", "chain", "absent", "present");
  }
  if (chain === undefined) return [];
  if (!params.chain_management) {
    throw new ModuleFailure(`there is no rule in this task; to remove the chain ${name} itself, set chain_management: true`);
  }
  if (chain.policy !== undefined) throw new ModuleFailure(`the chain ${name} is the system's own and cannot be removed`);
  if (chain.rules > 0) throw new ModuleFailure(`the chain ${name} still has ${chain.rules} rules; flush it first`);
  return step("remove chain", "chain", "present", "absent");
}

const noChain = (chain: string, table: string): ModuleFailure =>
  new ModuleFailure(`there is no chain "${chain}" in the table ${table}; chain_management: true makes it`);

function stepScript({ family, kind, makesChain }: Step, params: IptablesParams): Sh {
  const command = sh`${programOf(family)} -w ${Number(params.wait ?? WAIT)} -t ${params.table}`;
  const { chain = "" } = params;
  const words = ruleArguments(params, family);
  switch (kind) {
    case "flush":
      return sh`${command} -F ${chain === "" ? [] : [chain]} || exit`;
    case "policy":
      return sh`${command} -P ${chain} ${params.policy ?? ""} || exit`;
    case "make chain":
      return sh`${command} -N ${chain} || exit`;
    case "remove chain":
      return sh`${command} -X ${chain} || exit`;
    case "no rule":
      // Counted, so that a -C that goes on saying yes cannot keep us here for ever.
      return sh`n=0; while ${command} -C ${chain} ${words} 2>/dev/null && [ $n -lt 1000 ]; do ${command} -D ${chain} ${words} || exit; n=$((n + 1)); done`;
    case "rule": {
      const place =
        params.action === "insert" ? ["-I", chain, ...(params.rule_num === undefined ? [] : [params.rule_num])] : ["-A", chain];
      const add = sh`${command} ${place} ${words}`;
      if (!makesChain) return sh`${add} || exit`;
      return sh`${command} -N ${chain} || exit
${add} || { s=$?; ${command} -X ${chain}; exit $s; }`;
    }
  }
}

function predictStep({ family, kind, makesChain }: Step, state: State, params: IptablesParams): Prediction[] {
  const before = state[`table ${family}`];
  const table = before === undefined || before === "no program" ? [] : before;
  const { chain: name = "" } = params;
  const isMine = (one: Chain): boolean => one.name === name || (name === "" && kind === "flush");
  const fresh: Chain = { name, policy: undefined, rules: 0, isFlushed: true };
  const withChain = makesChain || kind === "make chain" ? [...table, fresh] : table;
  const after = withChain.flatMap((one): Chain[] => {
    if (!isMine(one)) return [one];
    switch (kind) {
      case "flush":
        return [{ ...one, rules: 0, isFlushed: true }];
      case "policy":
        return [{ ...one, policy: params.policy }];
      case "remove chain":
        return [];
      case "rule":
        return [{ ...one, rules: one.rules + 1 }];
      case "no rule":
        return [{ ...one, rules: Math.max(0, one.rules - 1) }];
      default:
        return [one];
    }
  });
  const rule: PredictedRule = { state: kind === "rule" ? "present" : "absent", isPredicted: true };
  return [
    { question: tableQuestion(family, params.table), answer: after },
    ...(kind === "rule" || kind === "no rule"
      ? [{ question: ruleQuestion(family, params.table, name, ruleArguments(params, family)), answer: rule }]
      : []),
  ];
}
