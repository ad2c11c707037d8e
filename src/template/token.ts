export type TokenKind =
  | "data"
  | "variable-begin"
  | "variable-end"
  | "block-begin"
  | "block-end"
  | "name"
  | "string"
  | "integer"
  | "float"
  | "operator"
  | "end";

/** `at` and `end` are offsets into the source. A string's `value` is unescaped; a number's has no underscores. */
export type Token = { readonly kind: TokenKind; readonly value: string; readonly at: number; readonly end: number };

export type Delimiters = {
  readonly variableStart: string;
  readonly variableEnd: string;
  readonly blockStart: string;
  readonly blockEnd: string;
  readonly commentStart: string;
  readonly commentEnd: string;
};

export type Syntax = Delimiters & {
  /** Drop the newline that follows a block tag. */
  readonly trimBlocks: boolean;
  /** Drop the blanks between the start of a line and a block tag. */
  readonly lstripBlocks: boolean;
  readonly keepTrailingNewline: boolean;
  readonly newlineSequence: string;
  /** Backslashes of string literals in `{{ }}` stand for themselves, as in Ansible's YAML: `regex_replace('(.)', '\1')`. */
  readonly literalBackslashes: boolean;
};

export const defaultDelimiters: Delimiters = {
  variableStart: "{{",
  variableEnd: "}}",
  blockStart: "{%",
  blockEnd: "%}",
  commentStart: "{#",
  commentEnd: "#}",
};

/** Strings of playbooks and inventories. */
export const valueSyntax: Syntax = {
  ...defaultDelimiters,
  trimBlocks: true,
  lstripBlocks: false,
  keepTrailingNewline: true,
  newlineSequence: "\n",
  literalBackslashes: true,
};
