import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DiagnosticError } from "../../src/diagnostic.ts";
import type { EvaluationContext } from "../../src/template/context.ts";
import { toRepr } from "../../src/template/repr.ts";
import { evaluateExpression, renderText, type TextOptions } from "../../src/template/template.ts";
import { fromPlain } from "../../src/vars/plain.ts";
import { isMap } from "../../src/vars/value.ts";
import { expressions } from "./jinja/expressions.ts";
import { generatedExpressions } from "./jinja/generated.ts";
import { type TemplateCase, templates } from "./jinja/templates.ts";
import { files, variables } from "./jinja/variables.ts";

type Answer = { readonly value?: string; readonly error?: string };

const python = "/usr/bin/python3";
const seed = Number(process.env["K3SPROV_TEST_SEED"] ?? 20260101);
const generated = generatedExpressions(seed);
const folder = mkdtempSync(join(tmpdir(), "k3sprov-jinja-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = fromPlain(variables);
const context: EvaluationContext = {
  names: {
    lookup: (name) => (isMap(names) ? names.get(name) : undefined),
    names: () => Object.keys(variables),
  },
  lookups: { searchPath: () => [folder], workingDirectory: folder },
  decrypt: () => {
    throw new Error("nothing is encrypted here");
  },
  onSecret: () => undefined,
};

let reference: { readonly expressions: readonly Answer[]; readonly templates: readonly Answer[] };

beforeAll(() => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const probe = spawnSync(python, ["-c", "import jinja2"]);
  if (probe.status !== 0) throw new Error("the reference is missing: apt-get install -y python3-jinja2");
  const corpus = { vars: variables, files, templates, expressions: [...expressions, ...generated] };
  const output = execFileSync(python, [join(import.meta.dirname, "jinja/reference.py")], {
    input: JSON.stringify(corpus),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  reference = JSON.parse(output);
}, 60_000);

function attempt(work: () => string): Answer {
  try {
    return { value: work() };
  } catch (error) {
    // Anything but a refusal is a bug, and fails the test.
    if (!(error instanceof DiagnosticError)) throw error;
    return { error: error.message };
  }
}

/** Where ours is meant to differ, and why. */
const deliberate: ReadonlyMap<string, string> = new Map([
  ["s.__class__", "only data and Python's documented methods can be reached"],
  ["nope.x | default('deep')", "as in Ansible, a member of something undefined is undefined, not an error"],
  ["1 if false", "Python prints the word Undefined for it; printed in a template it is empty on both sides"],
]);

function optionsOf({ options }: TemplateCase): TextOptions {
  const text = (name: string): string | undefined => (typeof options[name] === "string" ? options[name] : undefined);
  return {
    trimBlocks: options["trim_blocks"] === true,
    lstripBlocks: options["lstrip_blocks"] === true,
    keepTrailingNewline: options["keep_trailing_newline"] === true,
    newlineSequence: text("newline_sequence"),
    variableStart: text("variable_start_string"),
    variableEnd: text("variable_end_string"),
    blockStart: text("block_start_string"),
    blockEnd: text("block_end_string"),
    commentStart: text("comment_start_string"),
    commentEnd: text("comment_end_string"),
  };
}

/** Every case that differs, as one readable text. */
function differences(cases: readonly string[], answers: readonly Answer[], ours: (index: number) => Answer): string {
  return cases
    .map((label, index) => {
      const expected = answers[index] ?? { error: "no answer" };
      const actual = ours(index);
      // Jinja2 folds constants through Python's source form, which has no word for infinity: no answer at all.
      if (/^NameError: name '(?:inf|nan)'/.test(expected.error ?? "")) return "";
      const isSame = expected.error === undefined ? actual.value === expected.value : actual.error !== undefined;
      if (isSame || deliberate.has(label)) return "";
      return `${label}\n  Jinja2: ${JSON.stringify(expected)}\n  ours:   ${JSON.stringify(actual)}`;
    })
    .filter((one) => one !== "")
    .join("\n");
}

const expression = (source: string) => attempt(() => toRepr(evaluateExpression(source, undefined, context)));

describe("templates against the real Jinja2", () => {
  it(`evaluates ${expressions.length} written expressions alike`, () => {
    expect(differences(expressions, reference.expressions, (index) => expression(expressions[index] ?? ""))).toBe("");
  });

  it(`evaluates ${generated.length} generated expressions alike`, () => {
    const answers = reference.expressions.slice(expressions.length);
    expect(differences(generated, answers, (index) => expression(generated[index] ?? ""))).toBe("");
  });

  it(`renders ${templates.length} templates alike`, () => {
    const labels = templates.map((one) => `${JSON.stringify(one.source)} ${JSON.stringify(one.options)}`);
    const ours = (index: number): Answer => {
      const one = templates[index];
      return one === undefined ? {} : attempt(() => renderText(one.source, undefined, context, optionsOf(one)).text);
    };
    expect(differences(labels, reference.templates, ours)).toBe("");
  });

  it("has no exception for a case that is not there", () => {
    const known = new Set([...expressions, ...generated, ...templates.map((one) => one.source)]);
    expect([...deliberate.keys()].filter((one) => !known.has(one) && !one.startsWith('"'))).toEqual([]);
  });
});
