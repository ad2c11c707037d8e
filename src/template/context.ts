import type { Secret, Value, VaultText } from "../vars/value.ts";

/** Names that templates can read. `vars/` implements it; lookups are lazy, so a layer is read only when it is asked for. */
export interface Names {
  /** The raw value, perhaps a TemplateString, or undefined when there is no such variable. */
  lookup(name: string): Value | undefined;
  names(): Iterable<string>;
}

/** What `lookup('file', …)` and its like may reach on the control node. */
export type LookupEnvironment = {
  /** Folders searched for relative files, nearest first (role's files/, task file's folder, playbook's). */
  readonly searchPath: (kind: "files" | "templates" | "vars") => readonly string[];
  /** Folder that `pipe` runs in. */
  readonly workingDirectory: string;
};

/** Everything an evaluation depends on. Evaluation is synchronous and changes nothing here. */
export type EvaluationContext = {
  readonly names: Names;
  readonly lookups: LookupEnvironment;
  /** Decrypts vault text; throws DiagnosticError when it cannot. */
  readonly decrypt: (vault: VaultText) => Secret;
  /** Told every text that came out of a secret, so that it is masked wherever it turns up later. */
  readonly onSecret: (text: string) => void;
  /** For a task whose turn may never come: lookups that run commands or write files are not known yet. */
  readonly isAhead?: boolean;
};
