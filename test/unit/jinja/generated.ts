import fc from "fast-check";

const integer = fc
  .oneof(fc.integer({ min: -20, max: 20 }), fc.maxSafeInteger())
  .map((value) => (value < 0 ? `(${value})` : String(value)));
const float = fc
  .oneof(
    fc.integer({ min: -40, max: 40 }).map((value) => value / 4),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e18, max: 1e18 }),
  )
  .map((value) => {
    const text = Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : String(value).replace(/e\+?/, "e");
    const literal = /[.e]/.test(text) ? text : `${text}.0`;
    return value < 0 || Object.is(value, -0) ? `(${literal.startsWith("-") ? literal : `-${literal}`})` : literal;
  });
const number = fc.oneof({ weight: 3, arbitrary: integer }, float, fc.constantFrom("i", "n", "z", "f", "true", "false"));
const text = fc
  .string({ unit: fc.constantFrom("a", "b", "B", " ", "1", "-", "ä", "😀"), maxLength: 6 })
  .map((value) => `'${value}'`);
const list = fc.array(fc.oneof(number, text), { maxLength: 4 }).map((items) => `[${items.join(", ")}]`);
const any = fc.oneof(number, text, list, fc.constantFrom("none", "list", "words", "s", "()", "(1, 'a')"));

const arithmetic: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    number,
    fc
      .tuple(tie("node"), fc.constantFrom("+", "-", "*", "/", "//", "%", "~"), tie("node"))
      .map(([left, operator, right]) => `${left} ${operator} ${right}`),
    tie("node").map((inner) => `(${inner})`),
    tie("node").map((inner) => `-(${inner})`),
    // Powers of fractions differ in the last digit from one mathematical library to the next; those of integers do not.
    fc.tuple(integer, fc.integer({ min: 0, max: 4 })).map(([base, power]) => `${base} ** ${power}`),
  ),
})).node;

const bound = fc.option(fc.integer({ min: -8, max: 8 }), { nil: "" }).map(String);
const slice = fc
  .tuple(
    fc.oneof(text, list, fc.constantFrom("s", "u", "list", "words", "(1, 2, 3)")),
    bound,
    bound,
    fc.option(fc.integer({ min: -3, max: 3 }), { nil: "" }),
  )
  .map(([target, start, stop, step]) => `${target}[${start}:${stop}:${step}]`);
const comparison = fc
  .tuple(
    any,
    fc.array(fc.tuple(fc.constantFrom("==", "!=", "<", "<=", ">", ">=", "in", "not in"), any), { minLength: 1, maxLength: 2 }),
  )
  .map(([first, rest]) => `${first} ${rest.map((one) => one.join(" ")).join(" ")}`);
const logic: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    any,
    fc.tuple(tie("node"), fc.constantFrom("and", "or"), tie("node")).map((one) => one.join(" ")),
    tie("node").map((inner) => `not (${inner})`),
    fc
      .tuple(tie("node"), tie("node"), tie("node"))
      .map(([then, condition, otherwise]) => `(${then} if ${condition} else ${otherwise})`),
  ),
})).node;
const formatted = fc
  .tuple(fc.constantFrom("%d", "%5d", "%-7s|", "%05d", "%.3f", "%10.2f", "%e", "%g", "%x", "%s", "%r"), fc.oneof(number, text))
  .map(([format, value]) => `'${format}' % (${value},)`);
const filtered = fc
  .tuple(
    any,
    fc.constantFrom(
      "int",
      "float",
      "string",
      "length",
      "list",
      "sort",
      "unique | list",
      "sum",
      "min",
      "max",
      "abs",
      "round",
      "round(2)",
      "join('-')",
      "first",
      "last",
      "reverse | list",
      "upper",
      "title",
      "capitalize",
      "trim",
      "tojson",
      "default('x', true)",
    ),
  )
  .map(([value, filter]) => `(${value}) | ${filter}`);

/** Expressions made by chance, the same ones in every run of the same seed. */
export function generatedExpressions(seed: number): readonly string[] {
  return [arithmetic, slice, comparison, logic, formatted, filtered].flatMap((arbitrary, index) =>
    fc.sample(arbitrary, { numRuns: 150, seed: seed + index }),
  );
}
