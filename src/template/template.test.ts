import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { toPlain } from "../vars/plain.ts";
import { Namespace, omit, Secret, TemplateString, Undefined, type Value, VaultText } from "../vars/value.ts";
import {
  checkSyntax,
  evaluateCondition,
  evaluateExpression,
  NotYetKnown,
  referencedNames,
  renderFileText,
  renderText,
  renderValue,
} from "./template.ts";
import { contextOf } from "./test-context.test-support.ts";

const text = (source: string) => new TemplateString(source);
const evaluate = (expression: string, yaml = "", more?: ReadonlyMap<string, Value>) =>
  toPlain(evaluateExpression(expression, undefined, contextOf(yaml, more)));

function problem(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(formatDiagnostic).join("\n");
    throw error;
  }
  return "no problem";
}

describe("values", () => {
  it.each([
    ["{{ 5 }}", 5],
    ["{{ [1, 'a'] }}", [1, "a"]],
    ["{{ {'a': none} }}", { a: null }],
    ["{{ none }}", null],
    ["{{ 1 }}{{ 2 }}", "12"],
    ["x{{ none }}y", "xy"],
    [" {{ 5 }}", " 5"],
    ["{% if true %}{{ 5 }}{% endif %}", 5],
    ["{% if false %}x{% endif %}", ""],
    ["{{ 'no' if false }}", ""],
    ["{{ True }}-{{ 1.0 }}", "True-1.0"],
    ["{{ '{{ not again }}' }}", "{{ not again }}"],
    ["{{ 'a1' | regex_replace('(.)(.)', '\\2\\1') }}", "1a"],
    ["{{ 'a\\nb' }}", "a\\nb"],
    ["{% set x = 'a\\nb' %}{{ x }}", "a\nb"],
    ["a\n{% if true %}\nb\n{% endif %}\n", "a\nb\n"],
  ])("%j gives %j", (source, expected) => {
    expect(toPlain(renderValue(text(source), contextOf("")))).toEqual(expected);
  });

  it("renders what is inside of containers, and leaves out what is omitted", () => {
    const context = contextOf(
      "name: bob\nargs:\n  a: '{{ name }}'\n  b: '{{ omit }}'\n  c: ['{{ name | upper }}', '{{ omit }}', 1]\n",
    );
    expect(toPlain(renderValue(text("{{ args }}"), context))).toEqual({ a: "bob", c: ["BOB", 1] });
    expect(renderValue(text("{{ nope | default(omit) }}"), context)).toBe(omit);
  });

  it("reads variables lazily: only the member that is asked for has to be defined", () => {
    const yaml = "cfg:\n  good: '{{ base }}/x'\n  bad: '{{ nope }}'\nbase: /srv\n";
    expect(evaluate("cfg.good", yaml)).toBe("/srv/x");
    expect(evaluate("cfg['good'] | upper", yaml)).toBe("/SRV/X");
    expect(evaluate("cfg.keys() | list", yaml)).toEqual(["good", "bad"]);
    expect(evaluate("cfg.bad is defined", yaml)).toBe(false);
    expect(evaluate("cfg.bad | default('d')", yaml)).toBe("d");
    expect(problem(() => evaluate("cfg | to_json", yaml))).toBe(
      "error: \"nope\" is undefined\n  vars.yml:3:12\n  2 |   good: '{{ base }}/x'\n  3 |   bad: '{{ nope }}'\n    |            ^^^^",
    );
  });

  it("never renders what a template gave", () => {
    const more = new Map<string, Value>([["fact", "{{ lookup('pipe', 'echo pwned') }}"]]);
    expect(evaluate("fact", "", more)).toBe("{{ lookup('pipe', 'echo pwned') }}");
    expect(evaluate("copy", "copy: '{{ fact }}'", more)).toBe("{{ lookup('pipe', 'echo pwned') }}");
  });

  it("names a cycle", () => {
    expect(problem(() => evaluate("a", "a: '{{ b }}'\nb: 'x{{ c }}'\nc: '{{ a }}'\n"))).toBe(
      "error: the variable \"a\" is made of itself: a -> b -> c -> a\n  vars.yml:1:5\n  1 | a: '{{ b }}'\n    |     ^^^^^^^",
    );
  });

  it("refuses recursion without end", () => {
    expect(problem(() => renderText("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", undefined, contextOf("")))).toBe(
      "error: the template calls itself without end",
    );
  });
});

describe("undefined", () => {
  it.each([
    ["usr", '"usr" is undefined; did you mean "user"?'],
    ["user.nmae", '"user.nmae" is undefined; did you mean "name"?'],
    ["user.nope.deep", '"user.nope" is undefined'],
    ["1 + usr", '"usr" is undefined; did you mean "user"?'],
    ["usr | upper", '"usr" is undefined; did you mean "user"?'],
    ["[usr] | join", '"usr" is undefined; did you mean "user"?'],
    ["broken", '"gone" is undefined'],
    ["undef(hint='set it')", "set it"],
    ["nope | mandatory", '"nope" is undefined'],
    ["nope | mandatory('needed!')", "needed!"],
  ])("%s: %s", (expression, message) => {
    expect(problem(() => evaluate(expression, "user: { name: bob }\nbroken: 'x{{ gone }}'\n")).split("\n")[0]).toBe(
      `error: ${message}`,
    );
  });

  it("is a value for those that ask for it", () => {
    expect(evaluate("[nope is defined, nope.x.y is undefined, nope | default(1), (nope | default({})).x is defined]")).toEqual([
      false,
      true,
      1,
      false,
    ]);
  });
});

describe("places", () => {
  it("finds the place in quoted, plain, folded and block scalars", () => {
    const yaml = "one: \"{{ 1 + 'x' }}\"\ntwo: a {{ nope }}\nthree: |\n  first\n    {{ 'x' | nofilter }}\n";
    expect(problem(() => evaluate("one", yaml))).toMatch(/vars\.yml:1:10\n/);
    expect(problem(() => evaluate("two", yaml))).toMatch(/vars\.yml:2:11\n/);
    expect(problem(() => evaluate("three", yaml))).toMatch(/vars\.yml:5:14\n/);
  });

  it("finds the place in a file", () => {
    const source = "#jinja2: trim_blocks:False\nline\n  {{ nope }}\n";
    expect(problem(() => renderText(source, { file: "x.j2", line: 1, column: 1 }, contextOf("")))).toMatch(/x\.j2:/);
  });
});

describe("syntax", () => {
  it.each([
    ["{{ 1 + }}", 'unexpected "}}"; an expression was expected'],
    ["{% if x %}", 'if is not closed; "{% endif %}" is missing'],
    ["{% fi x %}", 'unknown statement "fi"; did you mean "if"?'],
    ["{% endif %}", 'unexpected "endif"; nothing is open'],
    ["{% for x in y %}{% endif %}", 'unexpected "endif"; "endfor" was expected'],
    ["{{ x", '{{ is not closed; "}}" is missing'],
    ["{{ 'x }}", "the string is not closed; ' is missing"],
    ["{{ x | uper }}", 'there is no filter "uper"; did you mean "upper"?'],
    ["{{ x is defnied }}", 'there is no test "defnied"; did you mean "defined"?'],
    ["{{ lookup('fiel', 'x') }}", 'there is no lookup "fiel"; did you mean "file"?'],
    ["{{ x | map('uper') }}", 'there is no filter "uper"; did you mean "upper"?'],
    ["{{ x | selectattr('a', 'equalt', 1) }}", 'there is no test "equalt"; did you mean "equalto"?'],
    ["{{ x | json_query('a') }}", 'there is no filter "json_query"'],
    ["{% do x %}", '"do" is an extension of Jinja2 that Ansible does not switch on'],
    ["{{ a && b }}", 'unexpected character "&"'],
  ])("%s: %s", (source, message) => {
    expect(checkSyntax(source, undefined, "template").map((one) => one.message)).toEqual([message]);
  });

  it("tells all of them, and takes full names", () => {
    expect(checkSyntax("{{ x | a | b }}", undefined, "template")).toHaveLength(2);
    const full = "x | ansible.builtin.combine({}) | community.general.dict2items is ansible.builtin.version('1', '<')";
    expect(checkSyntax(full, undefined, "expression")).toEqual([]);
    expect(checkSyntax("{% if %}{{ x | bad }}{% endif %}", undefined, "template")).toHaveLength(1);
  });

  it("knows which names are read from outside", () => {
    const source =
      "{% set a = b %}{{ a }}{% for x in xs if x.y > limit %}{{ x }}{{ loop.index }}{% endfor %}{{ x }}{% macro m(p=w) %}{{ p }}{% endmacro %}{{ range(n) }}";
    expect([...referencedNames(source, "template")].sort()).toEqual(["b", "limit", "n", "w", "x", "xs"]);
    expect([...referencedNames("a.b[c] is defined and not d | default(e)", "expression")].sort()).toEqual(["a", "c", "d", "e"]);
  });
});

describe("conditions", () => {
  const yaml = `yes_text: "yes"\nno_text: "False"\nempty: ""\nnothing: null\nzero: 0\nname: bob\ncond: "name == 'bob'"\nlist: [1]\none: "1"\n`;
  it.each([
    ["name == 'bob'", true],
    [true, true],
    [false, false],
    ["yes_text", true],
    ["no_text", false],
    ["one", true],
    ["empty", false],
    ["nothing", false],
    ["zero", false],
    ["list", true],
    ["name is defined and name", true],
    ["nope is defined and nope.x", false],
    ["{{ name == 'bob' }}", true],
    ["'\\d' is match('.d')", true],
    ["", true],
  ])("%j is %j", (source, expected) => {
    expect(evaluateCondition(source, undefined, contextOf(yaml))).toBe(expected);
  });

  it("refuses a variable with text, whose content is never evaluated", () => {
    expect(problem(() => evaluateCondition("cond", undefined, contextOf(yaml)))).toBe(
      'error: the condition "cond" is a text, not a boolean\n  help: say what is asked for: cond | length > 0, cond == "…", or cond | bool',
    );
    expect(problem(() => evaluateCondition("{{ name }} == 'bob'", undefined, contextOf(yaml)))).toBe(
      "error: a condition is an expression already; it cannot hold templates\n  help: write the variables without braces: a == b",
    );
  });
});

describe("what only an apply can tell", () => {
  const more = new Map<string, Value>([["result", new Undefined("result", "not-yet-known")]]);
  it.each([
    "result.rc == 0",
    "result is defined",
    "result is changed",
    "result | default(1)",
    "result.stdout.split()",
    "not result",
    "[result] | length",
    "'x' ~ result",
    "result or true",
    "via is defined",
  ])("%s", (expression) => {
    const context = contextOf("via: 'x{{ result.stdout }}'", more);
    expect(() => evaluateCondition(expression, undefined, context)).toThrow(NotYetKnown);
  });

  it("carries the name, and does not matter where it is not read", () => {
    expect(() => evaluate("result.stdout_lines | length", "", more)).toThrow("result.stdout_lines is known only after an apply");
    expect(evaluate("false and result.rc == 0", "", more)).toBe(false);
    expect(() => renderValue(text("a {{ result.stdout }}"), contextOf("", more))).toThrow(NotYetKnown);
  });
});

/** What `register` stores for a task that check mode did not run, and what `hostvars` is. */
class Computed extends Namespace {
  readonly label: string;
  readonly #read: (key: string) => Value | undefined;
  readonly #keys: readonly string[];
  constructor(label: string, keys: readonly string[], read: (key: string) => Value | undefined) {
    super();
    this.label = label;
    this.#keys = keys;
    this.#read = read;
  }
  get(key: string): Value | undefined {
    return this.#read(key);
  }
  keys(): Iterable<string> {
    return this.#keys;
  }
}

describe("computed mappings", () => {
  const host = (name: string) =>
    new Computed(`hostvars['${name}']`, ["ip"], (key) => {
      if (key === "broken") return renderValue(text("{{ nope }}"), contextOf(""));
      return key === "ip" ? `10.0.0.${name.length}` : undefined;
    });
  const hosts = new Computed("hostvars", ["a", "bb"], (key) => (["a", "bb"].includes(key) ? host(key) : undefined));
  const partial = new Computed("result", ["changed"], (key) =>
    key === "changed" ? true : new Undefined(`result.${key}`, "not-yet-known"),
  );
  const more = new Map<string, Value>([
    ["hostvars", hosts],
    ["result", partial],
    ["groups", new Map<string, Value>([["all", ["a", "bb"]]])],
  ]);
  it.each<[string, unknown]>([
    ["hostvars['bb'].ip", "10.0.0.2"],
    ["hostvars.a['ip']", "10.0.0.1"],
    ["'a' in hostvars and 'c' not in hostvars", true],
    ["hostvars['c'] is defined", false],
    ["hostvars['a'].nope | default('d')", "d"],
    ["hostvars['a'].broken is defined", false],
    ["hostvars['a'].broken | default('d')", "d"],
    ["hostvars.keys() | list", ["a", "bb"]],
    ["hostvars | length", 2],
    ["groups.all | map('extract', hostvars, 'ip') | list", ["10.0.0.1", "10.0.0.2"]],
    ["groups['all'] | map('extract', hostvars) | map(attribute='ip') | join(',')", "10.0.0.1,10.0.0.2"],
    ["hostvars | dict2items | map(attribute='key') | list", ["a", "bb"]],
    ["hostvars.values() | map(attribute='ip') | list", ["10.0.0.1", "10.0.0.2"]],
    ["result is changed", true],
    ["result.changed", true],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression, "", more)).toEqual(expected);
  });

  it.each([
    "result.stdout",
    "result is failed",
    "result | to_json",
    "result.items() | list",
    "result | combine({})",
    "result | dict2items",
    "result | length",
  ])("%s is not known yet", (expression) => {
    expect(() => evaluate(expression, "", more)).toThrow(NotYetKnown);
  });

  it("explains what is broken where it is needed", () => {
    expect(() => evaluate("hostvars['a'].broken ~ 'x'", "", more)).toThrow('"nope" is undefined');
  });
});

describe("nothing but data can be reached", () => {
  it.each([
    "''.constructor",
    "''.constructor.constructor('return 1')()",
    "{}.__proto__",
    "{}['__proto__']",
    "{}.constructor",
    "[].constructor",
    "[].length",
    "[].map",
    "(1).toFixed",
    "true.valueOf",
    "d.size",
    "d.get.call",
    "range.constructor",
    "lookup.call",
    "''.__class__.__mro__",
    "namespace().constructor",
    "'{0.constructor}'.format('x')",
    "'{0.__class__}'.format('x')",
    "[{}] | map(attribute='constructor') | list",
    "['x'] | map(attribute='length') | list",
    "'x' | attr('constructor')",
  ])("%s", (expression) => {
    expect(() => evaluate(expression, "d: { a: 1 }")).toThrow(DiagnosticError);
  });
  it("keys of that name are data", () => {
    expect(evaluate("d.constructor ~ d['__proto__']", "d: { constructor: a, __proto__: b }")).toBe("ab");
  });
});

describe("secrets", () => {
  const more = new Map<string, Value>([
    ["pw", new Secret("hunter22")],
    ["box", new Secret(new Map([["a", "inner"]]))],
    [
      "user",
      new Map<string, Value>([
        ["name", "bob"],
        ["pw", new Secret("hunter22")],
      ]),
    ],
    ["vaulted", new VaultText("$ANSIBLE_VAULT;1.1;AES256\n00")],
  ]);
  const secret = (expression: string) => evaluateExpression(expression, undefined, contextOf("", more));

  it.each([
    ["pw", "hunter22"],
    ["pw ~ '!'", "hunter22!"],
    ["pw + 'x'", "hunter22x"],
    ["pw[0:3]", "hun"],
    ["pw | upper", "HUNTER22"],
    ["pw.upper()", "HUNTER22"],
    ["'%s' % pw", "hunter22"],
    ["'{}'.format(pw)", "hunter22"],
    ["'-'.join(['a', pw])", "a-hunter22"],
    ["['a', pw] | join('-')", "a-hunter22"],
    ["'x' | replace('x', pw)", "hunter22"],
    ["box.a", "inner"],
    ["box['a'] | length", 5],
    ["user | to_json", '{"name": "bob", "pw": "hunter22"}'],
    ["user.pw", "hunter22"],
    ["[user] | map(attribute='pw') | first", "hunter22"],
    ["pw if true else 'x'", "hunter22"],
    ["nope | default(pw)", "hunter22"],
    ["vaulted", "opened"],
    ["pw | b64encode", "aHVudGVyMjI="],
    ["dict([['a', pw]]).a", "hunter22"],
    ["dict(pw | regex_findall('(hunter)(22)')).hunter", "22"],
  ])("%s is one", (expression, expected) => {
    const value = secret(expression);
    expect(value).toBeInstanceOf(Secret);
    expect(value instanceof Secret ? value.value : undefined).toEqual(expected);
  });

  it.each([
    "user.name",
    "[user] | map(attribute='name') | first",
    "pw == 'x'",
    "pw is defined",
    "pw | length > 3",
    "'a' if pw else 'b'",
    "(pw == 'x') | ternary('a', 'b')",
  ])("%s is none", (expression) => {
    expect(secret(expression)).not.toBeInstanceOf(Secret);
  });

  it("boxes a text that one went into, and tells the pieces", () => {
    const context = contextOf("", more);
    expect(renderValue(text("a {{ pw }} b"), context)).toEqual(new Secret("a hunter22 b"));
    expect(context.secrets).toEqual(["hunter22"]);
    expect(renderText("x={{ pw | upper }}", undefined, context)).toEqual({ text: "x=HUNTER22", secret: true });
    expect(context.secrets).toContain("HUNTER22");
    expect(renderText("x={{ user.name }}", undefined, context)).toEqual({ text: "x=bob", secret: false });
    const loop = renderText("{% for k, v in user.items() %}{{ k }}{% endfor %}", undefined, context);
    expect(loop).toEqual({ text: "namepw", secret: false });
    expect(renderText("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(pw) }}", undefined, context).secret).toBe(true);
    expect(renderText("{% set x %}{{ pw }}{% endset %}{{ x | length }}", undefined, context).secret).toBe(true);
  });
});

describe("template files", () => {
  const options = { trimBlocks: true, lstripBlocks: false };
  it.each([
    ["#jinja2: trim_blocks:False\n{% if true %}\na\n{% endif %}\n", "\na\n"],
    ["#jinja2: trim_blocks:False, keep_trailing_newline:True\n{% if true %}{% endif %}\n", "\n"],
    ["x{% if false %}y{% endif %}\n\n", "x\n\n"],
    ["x{% if true %}y{% endif %}\n", "xy\n"],
    ["x\n{% if true %}{% endif %}\n", "x\n"],
    ["#jinja2: lstrip_blocks: True, trim_blocks: True\n  {% if true %}\n  a\n  {% endif %}\n", "  a\n"],
    ["#jinja2: variable_start_string:'[%', variable_end_string:'%]'\n[% 1 %]{{ 1 }}\n", "1{{ 1 }}\n"],
    ["{% set x = 'a\\nb' %}{{ x }}{{ '\\\\' }}\n", "a\nb\\\n"],
    ["{{ none }}|{{ 'x' if false }}|\n", "||\n"],
  ])("%j gives %j", (source, expected) => {
    expect(renderFileText(source, undefined, contextOf(""), options).text).toBe(expected);
  });

  it("end in the newlines that are asked for", () => {
    const given = { ...options, newlineSequence: "\r\n" };
    expect(renderFileText("a{% if true %}{% endif %}\n\n\n", undefined, contextOf(""), given).text).toBe("a\r\n\r\n\r\n");
  });

  it("refuses an unknown option in the first line", () => {
    expect(problem(() => renderText("#jinja2: trim_block:False\n", undefined, contextOf("")))).toBe(
      'error: #jinja2: knows no "trim_block"; did you mean "trim_blocks"?',
    );
  });
});

describe("speed", () => {
  it("renders 10,000 simple templates in the blink of an eye", () => {
    const context = contextOf("name: bob\nbase: '/srv/{{ name }}'\n");
    const template = text("{{ base }}/x-{{ name | upper }}");
    renderValue(template, context);
    const start = performance.now();
    for (let round = 0; round < 10_000; round += 1) renderValue(template, context);
    // Three times what it takes on a slow machine with other work to do.
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
