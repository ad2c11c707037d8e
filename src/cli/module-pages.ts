import type { Module } from "../modules/contract.ts";
import type { Parameter } from "../modules/parameters.ts";
import { allModules } from "../modules/registry.ts";

const KINDS: Readonly<Record<Module["kind"], string>> = {
  state: "State: probed, changed only where it differs, probed again. Works in check mode.",
  action: "Action: runs each time. Check mode says that it would run.",
  control: "Runs on the control node; no host is contacted.",
  engine: "Acts on the run itself: its variables, hosts or order.",
};

/** The reference page of a module, as Markdown. */
export function renderModulePage(module: Module): string {
  const { parameters, constraints } = module.parameters;
  const rules = [
    ...(constraints.requiredOneOf ?? []).map((names) => `One of ${code(names)} is required.`),
    ...(constraints.mutuallyExclusive ?? []).map((names) => `Only one of ${code(names)} can be given.`),
    ...(constraints.requiredTogether ?? []).map((names) => `${code(names)} go together.`),
    ...(constraints.requiredIf ?? []).map(
      ([name, value, names]) => `With \`${name}: ${String(value)}\`, ${code(names)} must be given.`,
    ),
    ...(constraints.openNames === true ? ["Any other name is taken as it is."] : []),
  ];
  const lines = [
    `# ${module.name}`,
    "",
    module.summary,
    "",
    KINDS[module.kind],
    ...(module.description ?? []).flatMap((paragraph) => ["", paragraph]),
    "",
    `Also: \`ansible.builtin.${module.name}\`${(module.aliases ?? []).map((alias) => `, \`${alias}\``).join("")}.`,
    "",
    "```yaml",
    module.example.trimEnd(),
    "```",
    "",
    "## Parameters",
    "",
  ];
  const entries = Object.entries(parameters);
  if (entries.length === 0) lines.push("None.");
  else
    lines.push(
      "| Name | Type | Default | What |",
      "|---|---|---|---|",
      ...entries.map(([name, one]) => row(name, one, module.freeForm === name)),
    );
  for (const rule of rules) lines.push("", rule);
  if (module.returns !== undefined) {
    lines.push("", "## Result", "", "| Field | What |", "|---|---|");
    for (const [name, text] of Object.entries(module.returns)) lines.push(`| \`${name}\` | ${cell(text)} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** The list of all modules. */
export function renderModuleIndex(): string {
  const rows = allModules().map((module) => `| [${module.name}](${module.name}.md) | ${cell(module.summary)} | ${module.kind} |`);
  return `${["# Modules", "", "`k3sprov doc MODULE` shows the same in a terminal.", "", "| Module | What it does | Kind |", "|---|---|---|", ...rows].join("\n")}\n`;
}

/** File name below docs/modules -> content. */
export function modulePages(): ReadonlyMap<string, string> {
  return new Map([
    ["README.md", renderModuleIndex()],
    ...allModules().map((module) => [`${module.name}.md`, renderModulePage(module)] as const),
  ]);
}

function row(name: string, parameter: Parameter, isFreeForm: boolean): string {
  const shown =
    parameter.required === true ? "required" : parameter.default === undefined ? "" : `\`${JSON.stringify(parameter.default)}\``;
  const notes = [
    parameter.description,
    parameter.choices === undefined ? "" : `One of ${code(parameter.choices)}.`,
    parameter.aliases === undefined || parameter.aliases.length === 0 ? "" : `Also ${code(parameter.aliases)}.`,
    isFreeForm ? "Takes free-form text." : "",
    parameter.secret === true ? "Never shown." : "",
  ];
  return `| \`${name}\` | ${parameter.typeName} | ${cell(shown)} | ${cell(notes.filter((one) => one !== "").join(" "))} |`;
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
