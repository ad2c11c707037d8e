import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, ModuleFailure, type Prediction, type Question, stateModule } from "../contract.ts";
import { bool, choice, dict, int, listOf, type ParametersOf, parameters, str } from "../parameters.ts";
import { type Answer, firewalldQuestion, type Scope } from "../support/firewall/firewalld-questions.ts";
import { optionOf, type Setting, settingsOf } from "../support/firewall/firewalld-setting.ts";
import { nothing } from "../support/question.ts";

const SETTINGS = [
  ..."icmp_block icmp_block_inversion forward masquerade port port_forward protocol rich_rule service source interface".split(
    " ",
  ),
  "target",
];

const params = parameters(
  {
    service: { ...str(), description: "A service that firewalld knows: `firewall-cmd --get-services`." },
    protocol: { ...str(), description: "An IP protocol." },
    port: { ...str(), description: "A port or a range: `8080/tcp`, `8000-8010/udp`." },
    port_forward: { ...listOf(dict()), description: "Ports to forward: `port`, `proto`, `toport` and perhaps `toaddr`." },
    rich_rule: { ...str(), description: "A rich rule." },
    source: { ...str(), description: "Address or network whose packets belong to the zone." },
    interface: { ...str(), description: "Interface that belongs to the zone; it is taken out of the one it is in." },
    icmp_block: { ...str(), description: "A type of ICMP to block." },
    icmp_block_inversion: { ...str(), description: "Let through only the types of ICMP that are blocked." },
    forward: { ...str(), description: "Forward packets between interfaces of the zone." },
    masquerade: { ...str(), description: "Hide the addresses of those behind this host." },
    zone: { ...str(), description: "The zone; firewalld's default zone otherwise." },
    state: {
      ...choice("absent", "disabled", "enabled", "present"),
      required: true,
      description: "`enabled` and `disabled` are for settings, `present` and `absent` for zones and their target.",
    },
    permanent: { ...bool(), description: "Change what firewalld reads when it starts." },
    immediate: { ...bool(), default: false, description: "Change what it does now; the default where `permanent` is not set." },
    offline: {
      ...bool(),
      default: false,
      description: "With `permanent`: change the files when firewalld does not run, and leave out `immediate`.",
    },
    timeout: { ...int(), default: 0, description: "Seconds after which a change that is not permanent ends by itself." },
    target: { ...choice("default", "ACCEPT", "DROP", "%%REJECT%%"), description: "What happens to other packets of the zone." },
  },
  { mutuallyExclusive: [SETTINGS] },
  (given) => {
    check(given);
    settingsOf(given);
  },
);

type Params = ParametersOf<typeof params>;
type Input = Params & { readonly settings: readonly Setting[]; readonly scopes: readonly Scope[] };
type Step = { readonly scope: Scope; readonly words: readonly string[]; readonly isOffline: boolean };
type Data = { readonly steps: readonly Step[]; readonly predictions: readonly Prediction<Answer>[] };
type Questions = {
  readonly zones: Question<Answer>;
  readonly target: Question<Answer>;
  readonly service: Question<Answer>;
  readonly [key: `${Scope} ${number}`]: Question<Answer>;
};
type State = {
  readonly zones: Answer;
  readonly target: Answer;
  readonly service: Answer;
  readonly [key: `${Scope} ${number}`]: Answer;
};

const NOT_ASKED: Answer = { daemon: "running", status: 0, said: "" };

export const firewalld = stateModule<Params, Input, Questions, Data>({
  name: "firewalld",
  aliases: ["ansible.posix.firewalld"],
  summary: "Changes the zones of firewalld.",
  description: [
    "Without `permanent` the change is made now and is gone after a restart; with `permanent` alone it holds from the next start or reload on; both together do both.",
    "With `offline`, the files are changed by firewall-offline-cmd when firewalld does not run; `immediate` then has nothing to change, and the result says `offline: true`.",
    "A zone that was made is known to the running firewall after a reload.",
  ],
  parameters: params,
  example: `- name: Let HTTPS in, from the next start of firewalld on
  firewalld:
    service: https
    permanent: true
    offline: true
    state: enabled
`,
  returns: {
    zone: "As given.",
    state: "As given.",
    permanent: "As given.",
    immediate: "Was it to be changed now?",
    offline: "Does firewalld not run?",
  },
  prepare: (given) => Promise.resolve(inputOf(given)),
  probe(input) {
    const isZone = input.settings.length === 0 && input.target === undefined;
    const asked: { [key: `${Scope} ${number}`]: Question<Answer> } = {};
    for (const scope of input.scopes) {
      input.settings.forEach((setting, index) => {
        asked[`${scope} ${index}`] = settingQuestion(input, scope, setting);
      });
    }
    const { service } = input;
    return {
      ...asked,
      zones: isZone || input.zone !== undefined ? zonesQuestion : nothing(NOT_ASKED),
      target: input.target === undefined ? nothing(NOT_ASKED) : targetQuestion(input),
      service: service === undefined ? nothing(NOT_ASKED) : firewalldQuestion("permanent", [`--info-service=${service}`]),
    };
  },
  plan(state, input) {
    const differences: Difference[] = [];
    const isAboutZone = input.settings.length === 0 && input.target === undefined;
    const found = isAboutZone
      ? planZone(state, input, differences)
      : input.target !== undefined
        ? planTarget(state, input, input.target, differences)
        : planSettings(state, input, differences);
    return found.length === 0
      ? undefined
      : { differences, data: { steps: found.map((one) => one.step), predictions: found.map((one) => one.prediction) } };
  },
  apply: ({ data }, input) => ({ script: joinSh(data.steps.map((step) => stepScript(step, input))) }),
  predict: ({ data }) => data.predictions,
  result: (state, input) => ({
    zone: input.zone ?? null,
    state: input.state,
    permanent: input.permanent ?? false,
    immediate: input.scopes.includes("runtime"),
    offline: Object.values(state).some((answer: Answer) => answer.daemon === "stopped"),
  }),
});

function inputOf(given: Params): Input {
  const isImmediate = given.immediate || given.permanent !== true;
  const scopes: Scope[] = [
    ...(given.permanent === true ? (["permanent"] as const) : []),
    ...(isImmediate ? (["runtime"] as const) : []),
  ];
  return { ...given, settings: settingsOf(given), scopes: hasSetting(given) ? scopes : ["permanent"] };
}

const hasSetting = (given: Params): boolean =>
  SETTINGS.some((name) => name !== "target" && Object.entries(given).some(([key, value]) => key === name && value !== undefined));

function check(given: Params): void {
  const isSetting = hasSetting(given);
  const isZoneState = given.state === "present" || given.state === "absent";
  if (isSetting && isZoneState) {
    throw new ModuleFailure(
      `state: ${given.state} is for zones; for a setting of a zone it is ${given.state === "present" ? "enabled" : "disabled"}`,
    );
  }
  if (!isSetting && given.target === undefined && (given.zone === undefined || !isZoneState)) {
    throw new ModuleFailure("it needs a setting, such as service or port; or a zone and state: present or absent");
  }
  if (!isSetting && given.permanent !== true)
    throw new ModuleFailure("zones and their targets are permanent: set permanent: true");
  if ((given.interface !== undefined || given.target !== undefined) && given.zone === undefined) {
    throw new ModuleFailure(`"${given.target === undefined ? "interface" : "target"}" needs "zone"`);
  }
  if (given.timeout < 0) throw new ModuleFailure(`"timeout" is ${given.timeout}, but must not be negative`);
  if (given.timeout > 0 && given.permanent === true) throw new ModuleFailure('"timeout" is for changes that are not permanent');
  if (given.zone !== undefined && !/^[A-Za-z0-9_/-]{1,17}$/.test(given.zone)) {
    throw new ModuleFailure(`"zone" is "${given.zone}", but must be a word of at most 17 letters, digits, "_", "-" and "/"`);
  }
}

const inZone = ({ zone }: Pick<Params, "zone">): string[] => (zone === undefined ? [] : [`--zone=${zone}`]);
const zonesQuestion = firewalldQuestion("permanent", ["--get-zones"]);
const targetQuestion = (input: Input): Question<Answer> => firewalldQuestion("permanent", [...inZone(input), "--get-target"]);
const settingQuestion = (input: Input, scope: Scope, setting: Setting): Question<Answer> =>
  firewalldQuestion(scope, [...inZone(input), optionOf("query", setting)]);

/** Throws where there is no firewalld to ask. False: there is nothing to change in this scope, because it does not run and need not. */
function isReachable(answer: Answer, scope: Scope, input: Input): boolean {
  if (answer.daemon === "no program") {
    throw new MissingPrerequisite("command:firewall-cmd", "the host has no firewalld; install the package firewalld");
  }
  if (answer.daemon === "running") return true;
  if (!input.offline || input.permanent !== true) {
    throw new MissingPrerequisite(
      "unit:firewalld",
      "firewalld is not running; start it, or set permanent: true and offline: true to change what it reads when it starts",
    );
  }
  return scope === "permanent";
}

type Found = { readonly step: Step; readonly prediction: Prediction<Answer> };

function planSettings(state: State, input: Input, differences: Difference[]): Found[] {
  return input.scopes.flatMap((scope) =>
    input.settings.flatMap((setting, index) => {
      const answer = state[`${scope} ${index}`];
      if (answer === undefined) throw new Error("bug: the setting was not asked for");
      if (!isReachable(answer, scope, input)) return [];
      const isThere = answer.status === 0;
      // What an earlier task of a dry run would have made firewalld cannot know yet.
      const isNewZone = answer.status === 112 && scope === "permanent" && hasZone(state.zones, input.zone);
      if (answer.status === 112 && !isNewZone) throw noZone(input.zone ?? "", scope);
      // The running firewall refuses to look for a service that it does not know; the offline program says no.
      const isNoService = answer.status === 101 && setting.name === "service";
      if (answer.status !== 0 && answer.status !== 1 && !isNewZone && !isNoService)
        throw new ModuleFailure(`firewalld does not take this: ${answer.said}`);
      if (isThere === setting.isWanted) return [];
      if (setting.name === "service" && setting.isWanted && state.service.status !== 0) {
        const { value = "" } = setting;
        throw new MissingPrerequisite(`path:/etc/firewalld/services/${value}.xml`, `firewalld knows no service "${value}"`);
      }
      const label = `${setting.name}${setting.value === undefined ? "" : ` ${setting.value}`}`;
      const word = (enabled: boolean): string => (enabled ? "enabled" : "disabled");
      const subject = `firewalld ${input.zone ?? "(default zone)"} ${scope}`;
      differences.push({ kind: "field", subject, name: label, before: word(isThere), after: word(setting.isWanted) });
      const words = [...inZone(input), optionOf(setting.isWanted ? "add" : "remove", setting)];
      const after: Answer = { ...answer, status: setting.isWanted ? 0 : 1, said: "" };
      return [
        {
          step: { scope, words, isOffline: answer.daemon === "stopped" },
          prediction: { question: settingQuestion(input, scope, setting), answer: after },
        },
      ];
    }),
  );
}

function planZone(state: State, input: Input, differences: Difference[]): Found[] {
  const { zones } = state;
  const { zone = "" } = input;
  isReachable(zones, "permanent", input);
  if (zones.status !== 0) throw new ModuleFailure(`firewalld cannot list its zones: ${zones.said}`);
  const isThere = hasZone(zones, zone);
  const isWanted = input.state === "present";
  if (isThere === isWanted) return [];
  differences.push({
    kind: "field",
    subject: `firewalld ${zone}`,
    name: "zone",
    before: isThere ? "present" : "absent",
    after: input.state,
  });
  const names = zones.said.split(/\s+/);
  const after = { ...zones, said: (isWanted ? [...names, zone] : names.filter((one) => one !== zone)).join(" ") };
  const step: Step = {
    scope: "permanent",
    words: [`--${isWanted ? "new" : "delete"}-zone=${zone}`],
    isOffline: zones.daemon === "stopped",
  };
  return [{ step, prediction: { question: zonesQuestion, answer: after } }];
}

function planTarget(state: State, input: Input, wanted: string, differences: Difference[]): Found[] {
  const { target } = state;
  isReachable(target, "permanent", input);
  const isNewZone = target.status === 112 && hasZone(state.zones, input.zone);
  if (target.status === 112 && !isNewZone) throw noZone(input.zone ?? "", "permanent");
  if (target.status !== 0 && !isNewZone) throw new ModuleFailure(`firewalld cannot tell the target of a zone: ${target.said}`);
  const before = isNewZone ? "default" : target.said;
  // Without a target of its own a zone has the default one.
  const after = input.state === "absent" || input.state === "disabled" ? "default" : wanted;
  if (before === after || (input.state === "absent" && before !== wanted)) return [];
  differences.push({ kind: "field", subject: `firewalld ${input.zone ?? ""}`, name: "target", before, after });
  const step: Step = {
    scope: "permanent",
    words: [...inZone(input), `--set-target=${after}`],
    isOffline: target.daemon === "stopped",
  };
  return [{ step, prediction: { question: targetQuestion(input), answer: { ...target, status: 0, said: after } } }];
}

const hasZone = (zones: Answer, zone: string | undefined): boolean =>
  zone !== undefined && zones.said.split(/\s+/).includes(zone);

function noZone(zone: string, scope: Scope): ModuleFailure {
  return new ModuleFailure(
    scope === "runtime"
      ? `the running firewall has no zone "${zone}"; a zone that was made is known to it after a reload`
      : `firewalld has no zone "${zone}"; state: present and permanent: true make it`,
  );
}

function stepScript({ scope, words, isOffline }: Step, input: Input): Sh {
  if (isOffline) {
    // There --remove-service is an option of the time before zones, and goes with no other.
    const offline = words.map((word) => word.replace(/^--remove-service=/, "--remove-service-from-zone="));
    return sh`firewall-offline-cmd ${offline} >/dev/null || exit`;
  }
  const timeout =
    scope === "runtime" && input.timeout > 0 && words.some((word) => word.startsWith("--add-"))
      ? [`--timeout=${input.timeout}`]
      : [];
  return sh`firewall-cmd ${scope === "permanent" ? ["--permanent"] : []} ${words} ${timeout} >/dev/null || exit`;
}
