import { type Change, ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { type Plan, predictPlans, providedBy } from "../support/files/apply-plans.ts";
import { writtenFields } from "../support/files/atomic-write.ts";
import { hostPath } from "../support/files/host-path.ts";
import { applySettings, Known, planSettings, settingsQuestions, settingsText } from "../support/files/settings-file.ts";

const ITEMS = [
  ..."core data fsize memlock nofile rss stack cpu nproc as maxlogins maxsyslogins priority locks sigpending".split(" "),
  ..."msgqueue nice rtprio chroot".split(" "),
];

const params = parameters(
  {
    domain: { ...str(), required: true, description: "A user, `@group`, `%group`, `*`, or a range of numbers." },
    limit_type: { ...choice("hard", "soft", "-"), required: true, description: "Kind of limit; `-` is both." },
    limit_item: { ...choice(...ITEMS), required: true, description: "What is limited." },
    value: { ...str(), required: true, description: "A number, or `unlimited`, `infinity` or `-1`." },
    use_min: { ...bool(), default: false, description: "Keep what is there if it is lower." },
    use_max: { ...bool(), default: false, description: "Keep what is there if it is higher." },
    dest: { ...path(), default: "/etc/security/limits.conf", description: "The file." },
    comment: { ...str(), default: "", description: "Comment behind the limit; the one that is there is kept otherwise." },
    backup: { ...bool(), default: false, description: "Keep the old file beside the new one, with the time in its name." },
  },
  {},
  (given) => {
    if (given.use_min && given.use_max) throw new ModuleFailure('"use_min" and "use_max" exclude each other; give one of them');
    if (!/^[^\s#]+$/.test(given.domain)) throw new ModuleFailure(`"domain" is "${given.domain}", but must be one word`);
    if (/[\r\n]/.test(given.comment)) throw new ModuleFailure('"comment" must be one line');
    numberOf(given.value, given.limit_item);
  },
);

type Input = ParametersOf<typeof params> & { readonly file: string };

export const pamLimits = stateModule<ParametersOf<typeof params>, Input, Questions, readonly Plan[]>({
  name: "pam_limits",
  aliases: ["community.general.pam_limits"],
  summary: "Sets limits of resources for users and groups, as they hold from the next login on.",
  description: [
    "There is one line for each domain, type and item: where there were several, of which the last one counted, the others are removed.",
    "Services of systemd do not heed these limits; they have their own, such as `LimitNOFILE`.",
  ],
  parameters: params,
  example: `- name: More open files for everybody
  pam_limits:
    domain: "*"
    limit_type: soft
    limit_item: nofile
    value: 65536
`,
  returns: { msg: "The line.", backup_file: "Path of the backup, if one was made." },
  async prepare(given, _control, context) {
    return { ...given, file: hostPath(given.dest, context.traits) };
  },
  probe: (input, context) => settingsQuestions(input.file, context),
  plan(state, input, context): Change<readonly Plan[]> | undefined {
    const known = new Known(state);
    const before = settingsText(input.file, known);
    const { text } = withLimit(before, input);
    return text === before ? undefined : planSettings(input.file, text, known, context, { backup: input.backup });
  },
  apply: ({ data }, _input, { traits }) => applySettings(data, traits),
  predict: ({ data }, _state, _input, { traits }) => predictPlans(data, traits),
  provides: ({ data }) => providedBy(data),
  result: (state, input) => ({ msg: withLimit(settingsText(input.file, new Known(state)), input).line }),
  applied: writtenFields,
});

const INFINITE: ReadonlySet<string> = new Set(["unlimited", "infinity", "-1"]);

function numberOf(value: string, item: string): number {
  // A niceness of -1 is one.
  if (INFINITE.has(value) && !(item === "nice" || item === "priority")) return Number.POSITIVE_INFINITY;
  if (!/^[+-]?\d+$/.test(value)) {
    throw new ModuleFailure(`"value" is "${value}", but must be a number, unlimited, infinity or -1`);
  }
  if (item === "nice" && (Number(value) < -20 || Number(value) > 19)) {
    throw new ModuleFailure(`"value" is "${value}", but a niceness goes from -20 to 19`);
  }
  return Number(value);
}

type Limit = { readonly domain: string; readonly limit_type: string; readonly limit_item: string };
type Wanted = Limit & { readonly value: string; readonly use_min: boolean; readonly use_max: boolean; readonly comment: string };

/** The text with exactly one line for the limit, and that line. */
export function withLimit(text: string, wanted: Wanted): { readonly text: string; readonly line: string } {
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const places = lines.flatMap((line, index) => (isAbout(line, wanted) ? [index] : []));
  // pam_limits goes through the lines from the top: the last one counts.
  const last = places.at(-1);
  const current = last === undefined ? undefined : (lines[last] ?? "");
  const value = current === undefined ? wanted.value : chosen(fieldsOf(current)[3] ?? "", wanted);
  const isRight =
    current !== undefined &&
    fieldsOf(current)[3] === value &&
    (wanted.comment === "" || commentOf(current) === wanted.comment.trim());
  const comment = wanted.comment.trim() || (current === undefined ? "" : commentOf(current));
  const fresh = [wanted.domain, wanted.limit_type, wanted.limit_item, value, ...(comment === "" ? [] : [`# ${comment}`])].join(
    "\t",
  );
  const line = isRight ? current : fresh;
  if (last === undefined) return { text: `${[...lines, line].join("\n")}\n`, line };
  if (isRight && places.length === 1) return { text, line };
  const kept = lines
    .map((one, index) => (index === last ? line : one))
    .filter((_, index) => index === last || !places.includes(index));
  return { text: `${kept.join("\n")}\n`, line };
}

function chosen(current: string, { value, limit_item, use_min, use_max }: Wanted): string {
  if (!use_min && !use_max) return value;
  const [now, asked] = [numberOf(current, limit_item), numberOf(value, limit_item)];
  return (use_min ? now <= asked : now >= asked) ? current : value;
}

const fieldsOf = (line: string): string[] => line.replace(/#.*$/, "").trim().split(/\s+/);
const commentOf = (line: string): string => /#(.*)$/.exec(line)?.[1]?.trim() ?? "";

function isAbout(line: string, { domain, limit_type, limit_item }: Limit): boolean {
  const [first, type, item, value] = fieldsOf(line);
  return first === domain && type === limit_type && item === limit_item && value !== undefined;
}
