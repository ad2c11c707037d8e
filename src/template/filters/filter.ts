import type { Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";

/**
 * A filter. `secrets` says what it gets to see:
 * - "open" (the usual): input and arguments without boxes, settled in depth; if a secret was anywhere in them, the result is one.
 * - "keep": settled in depth, members keep their boxes, and hand them on to the result. Only a boxed input itself is opened.
 * - "raw": what the template had, undefined values too.
 */
export type Filter = {
  readonly parameters: readonly string[];
  readonly secrets?: "keep" | "raw";
  readonly run: (input: Value, call: Call) => Value;
};

export type FilterTable = Readonly<Record<string, Filter>>;
