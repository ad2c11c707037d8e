import { Lexer } from "yaml";

/**
 * A lexer that takes quoted texts and `{…}`, `[…]` over several lines wherever their lines begin, as PyYAML does. YAML itself, and
 * the library, want each of these lines indented deeper than the key above.
 */
export function lenientLexer(): Lexer {
  const lexer = new Lexer();
  // Both read the depth that a line must have from `indentNext`; 0 is what it is at the top of a file. There is no option for it.
  for (const name of ["parseQuotedScalar", "parseFlowCollection"]) {
    const original: unknown = Reflect.get(lexer, name);
    if (typeof original !== "function") throw new Error(`the YAML library has no Lexer.${name} any more`);
    Reflect.set(lexer, name, function* (): Generator<string, unknown> {
      const depth: unknown = Reflect.get(lexer, "indentNext");
      Reflect.set(lexer, "indentNext", 0);
      try {
        const tokens: Generator<string, unknown> = Reflect.apply(original, lexer, []);
        return yield* tokens;
      } finally {
        Reflect.set(lexer, "indentNext", depth);
      }
    });
  }
  return lexer;
}
