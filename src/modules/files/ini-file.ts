import { ModuleFailure, type Questions, stateModule } from "../contract.ts";
import { bool, choice, dict, listOf, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { attributeParameters } from "../support/files/attributes.ts";
import { type EditChange, type EditInput, editedFile, editing, editParameters } from "../support/files/edited-file.ts";
import { type IniCondition, type IniWish, iniEdit } from "../support/files/ini-edit.ts";

const params = parameters(
  {
    path: { ...path(), required: true, aliases: ["dest"], description: "The file." },
    section: { ...str(), description: "The section, without brackets. What stands before the first section when not given." },
    section_has_values: {
      ...listOf(dict()),
      description:
        "Among several sections of that name, the one that has all these options: a list of mappings with `option` and `value` or `values`.",
    },
    option: { ...str(), description: "The option; without it, the task is about the section as a whole." },
    value: { ...str(), description: "Its value." },
    values: { ...listOf(str()), description: "Its values, one line each, instead of value." },
    state: {
      ...choice("present", "absent"),
      default: "present",
      description: "Whether the option, or the section, shall be there.",
    },
    exclusive: {
      ...bool(),
      default: true,
      description:
        "The option has these values and no others. false: lines with other values stay; absent removes these values only.",
    },
    allow_no_value: {
      ...bool(),
      default: false,
      description: "An option without a value is written without an equals sign; needed to make an empty section.",
    },
    no_extra_spaces: { ...bool(), default: false, description: "Write option=value, not option = value." },
    ignore_spaces: {
      ...bool(),
      default: false,
      description: "A line that has the value stays, whatever blanks are around the equals sign.",
    },
    modify_inactive_option: {
      ...bool(),
      default: true,
      description: "A line of the option that is commented out (# or ;) may be turned into the one that is wanted.",
    },
    create: { ...bool(), default: true, description: "Make the file, and the directories above it, where they are missing." },
    follow: {
      ...bool(),
      default: false,
      description: "Edit what a symbolic link leads to; otherwise a file takes the link's place.",
    },
    backup: editParameters.backup,
    ...attributeParameters,
  },
  { mutuallyExclusive: [["value", "values"]] },
  (given) => {
    editedFile(given);
    wishOf(given);
  },
);

type Params = ParametersOf<typeof params>;

export const iniFile = stateModule<Params, EditInput, Questions, EditChange>({
  name: "ini_file",
  isLight: true,
  aliases: ["community.general.ini_file"],
  summary: "Sets options in a file of sections, as .ini files are.",
  description: [
    "Comments, blank lines and the order of everything else stay. An option that is new goes behind the last line of its section that is neither " +
      "blank nor a comment, a section that is new to the end of the file.",
    "A line that is in force is changed rather than one that is commented out above it; Ansible takes the first it finds. " +
      "`exclusive` holds with `allow_no_value` too. Line ends stay as they are (CR LF), and so does a byte order mark.",
    "state: absent with neither section nor option is refused: it would empty the file's head.",
    "The file is replaced in one step, with its owner, mode, ACL, SELinux context and all that copy keeps.",
  ],
  parameters: params,
  example: `- name: Let the service listen on all addresses
  ini_file:
    path: /etc/example.ini
    section: server
    option: listen
    value: 0.0.0.0
    mode: "0644"
- name: Two mirrors
  ini_file:
    path: /etc/example.ini
    section: mirrors
    option: url
    values:
      - https://a.example.com
      - https://b.example.com`,
  returns: {
    path: "the file",
    msg: "option changed, option added, section and option added, only section added, section removed; OK when there was nothing to do",
    backup_file: "path of the backup, if one was made",
  },

  async prepare(given) {
    const isPresent = given.state === "present";
    const edit = iniEdit(wishOf(given));
    const file = { ...editedFile(given), create: given.create && isPresent, needed: !given.create, follow: given.follow };
    return { file, edit };
  },

  ...editing,
  result: (...args) => ({ ...editing.result(...args), msg: "OK" }),
});

function wishOf(given: Params): IniWish {
  const values = given.value === undefined ? (given.values ?? []) : [given.value];
  const section = given.section === undefined || given.section.trim() === "" ? undefined : given.section;
  const option = given.option === undefined || given.option.trim() === "" ? undefined : given.option;
  if (given.state === "present" && !given.allow_no_value && values.length === 0) {
    throw new ModuleFailure('with state: present it needs "value" or "values", or allow_no_value: true');
  }
  if (section === undefined && option === undefined)
    throw new ModuleFailure(`with state: ${given.state} it needs "section" or "option"`);
  const conditions = conditionsOf(given.section_has_values ?? []);
  if (section === undefined && conditions.length > 0) throw new ModuleFailure('"section_has_values" needs "section"');
  refuseLineBreaks({ section, option, values, conditions });
  return {
    section,
    conditions,
    option,
    values,
    state: given.state,
    exclusive: given.exclusive,
    allowNoValue: given.allow_no_value,
    noExtraSpaces: given.no_extra_spaces,
    ignoreSpaces: given.ignore_spaces,
    modifyInactive: given.modify_inactive_option,
  };
}

function conditionsOf(given: readonly Readonly<Record<string, unknown>>[]): IniCondition[] {
  const allowed = new Set(["option", "value", "values"]);
  return given.map((one) => {
    const fault = (what: string): never => {
      throw new ModuleFailure(`section_has_values: ${what}: ${JSON.stringify(one)}`);
    };
    const unknown = Object.keys(one).find((key) => !allowed.has(key));
    if (unknown !== undefined) fault(`there is no "${unknown}", only option, value and values`);
    const option = textOf(one["option"]) ?? fault('"option" is needed, as a string');
    if (one["value"] !== undefined && one["values"] !== undefined) fault("value and values exclude each other");
    const list = one["values"] ?? one["value"] ?? [];
    const values = (Array.isArray(list) ? list : [list]).map((value) => textOf(value) ?? fault("a value must be a string"));
    return { option, values };
  });
}

function textOf(value: unknown): string | undefined {
  const parsed = str().type.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function refuseLineBreaks(wish: {
  readonly section: string | undefined;
  readonly option: string | undefined;
  readonly values: readonly string[];
  readonly conditions: readonly IniCondition[];
}): void {
  const all = [
    ...[wish.section ?? "", wish.option ?? ""],
    ...wish.values,
    ...wish.conditions.flatMap((one) => [one.option, ...one.values]),
  ];
  const broken = all.find((one) => /[\r\n]/.test(one));
  if (broken !== undefined)
    throw new ModuleFailure(`an .ini file has one line for each option, but this has more: ${JSON.stringify(broken)}`);
}
