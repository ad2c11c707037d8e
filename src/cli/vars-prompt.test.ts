import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../diagnostic.ts";
import type { Playbook, VarsPrompt } from "../playbook/model.ts";
import { Redactor } from "../vars/taint.ts";
import { Secret } from "../vars/value.ts";
import type { Prompter } from "./prompt.ts";
import { askPromptedVars } from "./vars-prompt.ts";

const prompt = (name: string, rest: Partial<VarsPrompt> = {}): VarsPrompt => ({
  name,
  prompt: undefined,
  isPrivate: false,
  default: undefined,
  confirm: false,
  ...rest,
});

async function ask(prompts: readonly VarsPrompt[], answers: readonly (string | undefined)[], given: readonly string[] = []) {
  const asked: string[] = [];
  const rest = [...answers];
  const next = (kind: string) => (question: string) => {
    asked.push(`${kind} ${question}`);
    return Promise.resolve(rest.shift());
  };
  const prompter: Prompter = { hidden: next("hidden"), visible: next("visible"), around: undefined };
  const warnings: Diagnostic[] = [];
  const redactor = new Redactor();
  // What is asked of playbooks and basics here is what these objects have.
  const playbooks = [{ file: "x", plays: [{ varsPrompt: prompts }] }] as unknown as readonly Playbook[];
  const basics = { extraVars: [new Map(given.map((name) => [name, "given"]))], redactor } as unknown as Parameters<
    typeof askPromptedVars
  >[1];
  const values = await askPromptedVars(playbooks, basics, prompter, (one) => warnings.push(one));
  const shown = Object.fromEntries(
    [...values].map(([name, value]) => [name, value instanceof Secret ? ["secret", value.value] : value]),
  );
  return { shown, asked, warnings: warnings.map((one) => one.message), masked: redactor.redact("tell hunter2") };
}

describe("askPromptedVars", () => {
  it("asks for each, hides what is private, and keeps it out of all output", async () => {
    const found = await ask([prompt("user", { prompt: "Who" }), prompt("pw", { isPrivate: true })], ["bob", "hunter2"]);
    expect(found).toEqual({
      shown: { user: "bob", pw: ["secret", "hunter2"] },
      asked: ["visible Who: ", "hidden pw: "],
      warnings: [],
      masked: "tell ********",
    });
  });

  it("takes defaults, and what the command line has given", async () => {
    const found = await ask([prompt("a", { default: "x" }), prompt("b")], [""], ["b"]);
    expect(found.shown).toEqual({ a: "x" });
    expect(found.asked).toEqual(["visible a [x]: "]);
  });

  it("asks again until both answers are the same", async () => {
    const found = await ask([prompt("a", { confirm: true })], ["one", "two", "two", "two"]);
    expect(found.shown).toEqual({ a: "two" });
  });

  it("takes the default when nobody is there, and refuses without one", async () => {
    const found = await ask([prompt("a", { default: "x" })], [undefined]);
    expect(found).toMatchObject({ shown: { a: "x" }, warnings: ['nobody can be asked for "a": its default is taken'] });
    await expect(ask([prompt("a")], [undefined])).rejects.toThrow('nobody can be asked for "a", and it has no default');
  });
});
