import { type Diagnostic, refuse } from "../diagnostic.ts";
import type { Playbook, VarsPrompt } from "../playbook/model.ts";
import { type Key, Secret, TemplateString, type Value } from "../vars/value.ts";
import type { Prompter } from "./prompt.ts";
import type { Basics } from "./sources.ts";

/** Asks what `vars_prompt` of the plays asks, once for each name; variables of the command line answer in advance. */
export async function askPromptedVars(
  playbooks: readonly Playbook[],
  { extraVars, redactor }: Basics,
  prompter: Prompter,
  warn: (warning: Diagnostic) => void,
): Promise<ReadonlyMap<string, Value>> {
  const answers = new Map<string, Value>();
  const isGiven = (name: Key): boolean => extraVars.some((vars) => vars.has(name));
  for (const prompt of playbooks.flatMap((playbook) => playbook.plays.flatMap((play) => play.varsPrompt))) {
    if (answers.has(prompt.name) || isGiven(prompt.name)) continue;
    const answer = await askOne(prompt, prompter, warn);
    if (prompt.isPrivate && typeof answer === "string") redactor.add(answer);
    answers.set(prompt.name, prompt.isPrivate ? new Secret(answer) : answer);
  }
  return answers;
}

async function askOne(prompt: VarsPrompt, prompter: Prompter, warn: (warning: Diagnostic) => void): Promise<Value> {
  const ask = prompt.isPrivate ? prompter.hidden : prompter.visible;
  const label = text(prompt.prompt) ?? prompt.name;
  const preset = prompt.default === undefined || prompt.default === null ? "" : ` [${text(prompt.default) ?? ""}]`;
  for (;;) {
    const answer = await ask(`${label}${preset}: `);
    if (answer === undefined) return unanswered(prompt, warn);
    if (answer === "" && prompt.default !== undefined) return prompt.default;
    if (!prompt.confirm) return answer;
    const second = await ask(`confirm ${label}: `);
    if (second === answer) return answer;
    if (second === undefined) return unanswered(prompt, warn);
  }
}

function unanswered(prompt: VarsPrompt, warn: (warning: Diagnostic) => void): Value {
  if (prompt.default === undefined) {
    return refuse("vars-prompt", `nobody can be asked for "${prompt.name}", and it has no default`, {
      help: `give it with -e ${prompt.name}=VALUE`,
    });
  }
  warn({ severity: "warning", code: "vars-prompt", message: `nobody can be asked for "${prompt.name}": its default is taken` });
  return prompt.default;
}

function text(value: Value | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  return value instanceof TemplateString ? value.source : String(value);
}
