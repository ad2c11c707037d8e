import { z } from "zod";
import { joinSh, type Sh, sh } from "../../../sh.ts";
import {
  type Collector,
  type Difference,
  MissingPrerequisite,
  ModuleFailure,
  type Prediction,
  type Question,
  Unknown,
} from "../../contract.ts";
import type { Parameter } from "../../parameters.ts";
import { inPieces } from "./missing-path.ts";

/** What a task asks of the flags that chattr sets: these too, not these, or these and no others. */
export type WantedFlags = { readonly operator: "+" | "-" | "="; readonly letters: string };

/** Flags of a file or directory, symbolic links followed. `none`: nothing is there, but something with flags could be. */
export type FlagState =
  | { readonly kind: "flags"; readonly letters: string }
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "no-tools" };

/** What chattr has to do. */
export type FlagChange = {
  /** Flags that are set and forbid all other changes (i, a): cleared first. */
  readonly lift: string;
  readonly add: string;
  readonly remove: string;
  /** All others are cleared, those too that a new file has from its directory. */
  readonly only: string | undefined;
  /** The flags that there will be. */
  readonly after: string;
};

const SETTABLE = "aAcCdDeFijmPsStTux";
/** Flags by which a file system tells how it keeps a file: nobody means them when asking for "=i". */
export const MANAGED_FLAGS = "eEhINVXZB";
const FORM = new RegExp(`^(?:[-+=]?[${SETTABLE}]+|=)$`);

export const flagsType: Pick<Parameter<string>, "type" | "typeName"> = {
  type: z.unknown().transform((value, context) => {
    if (typeof value === "string" && FORM.test(value)) return value;
    const message =
      `is ${JSON.stringify(value)}, but must be flags of chattr (${SETTABLE}) with + to set them, - to clear them, or = or nothing ` +
      'for these and no others, like "+i"';
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  }),
  typeName: "str",
};

/** Reads a parameter that `flagsType` has let through. */
export function wantedFlags(text: string): WantedFlags {
  const operator = text.startsWith("+") ? "+" : text.startsWith("-") ? "-" : "=";
  return { operator, letters: inOrder(text.replace(/^[-+=]/, "")) };
}

// As lsattr shows them.
const ORDER = "suSDiadAcBZXEjItTehCxFNPVm";
const inOrder = (letters: string): string => [...new Set(letters)].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)).join("");
const without = (letters: string, others: string): string => [...letters].filter((one) => !others.includes(one)).join("");
const among = (letters: string, others: string): string => [...letters].filter((one) => others.includes(one)).join("");

/** For what is not there its directory is asked: whether the file system has flags at all. Item: an absolute path. */
export const flagCollector: Collector<FlagState> = {
  name: "chattr-flags",
  beforeTraits: true,
  script: (items) => joinSh(inPieces(items).map(pieceScript)),
  decode: (output, items) => {
    const tokens = output.stdout.toString("utf8").split("\0");
    return items.map((item, index) => decoded(tokens[index] ?? "", item));
  },
};

const pieceScript = (items: readonly string[]): Sh => sh`if command -v lsattr >/dev/null 2>&1 && command -v chattr >/dev/null 2>&1
then k3_tools=1; else k3_tools=; fi
for p in ${items}; do
if [ -z "$k3_tools" ]; then printf '?\\0'; continue; fi
k3_at=$p k3_kind==
[ ! -L "$p" ] || k3_at=$(readlink -f -- "$p")
while [ -n "$k3_at" ] && [ ! -e "$k3_at" ]; do k3_at=\${k3_at%/*} k3_kind=0; done
if k3_said=$(lsattr -d "\${k3_at:-/}" 2>&1); then printf '%s%s\\0' "$k3_kind" "$k3_said"
else printf '!%s\\0' "$k3_said"; fi
done`;

function decoded(token: string, item: string): FlagState | Unknown {
  const said = token.slice(1).trim();
  if (token.startsWith("?")) return { kind: "no-tools" };
  if (token.startsWith("!")) return { kind: "refused", why: said };
  const letters = /^([-A-Za-z]+) /.exec(said)?.[1];
  if (letters === undefined) return new Unknown(`cannot tell the flags of ${item}: ${said || "no answer"}`);
  return token.startsWith("0") ? { kind: "none" } : { kind: "flags", letters: letters.replaceAll("-", "") };
}

/** Asks for the flags where some are wanted. */
export function flagQuestions(path: string, wanted: WantedFlags | undefined): Question<FlagState>[] {
  return wanted === undefined ? [] : [flagQuestion(path)];
}

export function flagQuestion(path: string): Question<FlagState> {
  return { collector: flagCollector, item: path };
}

/** The flags that are set, "" for what is not there. Throws where the host or the file system has no flags. */
export function lettersOf(subject: string, wanted: WantedFlags, state: FlagState | undefined): string {
  if (state === undefined) throw new Error(`bug: the flags of ${subject} were not asked`);
  const shown = `${wanted.operator}${wanted.letters}`;
  switch (state.kind) {
    case "flags":
      return state.letters;
    case "none":
      return "";
    case "refused":
      throw new ModuleFailure(`cannot set attributes "${shown}" of ${subject}: the file system has no such flags: ${state.why}`);
    case "no-tools":
      throw new MissingPrerequisite(
        "command:chattr",
        `cannot set attributes "${shown}" of ${subject}: the host has no chattr and lsattr; install e2fsprogs`,
      );
  }
}

function flagsAfter(current: string, { operator, letters }: WantedFlags): string {
  if (operator === "+") return inOrder(current + letters);
  return inOrder(operator === "-" ? without(current, letters) : among(current, MANAGED_FLAGS) + letters);
}

/** What makes of these flags what is wanted, while something else of the file is changed, or it is made. */
export function flagChange(subject: string, current: string, wanted: WantedFlags): FlagChange {
  const lift = among(current, "ia");
  const unnamed = wanted.operator === "=" ? "" : without(lift, wanted.letters);
  if (unnamed !== "") {
    const what = unnamed.includes("i") ? "is immutable (flag i)" : "can only be appended to (flag a)";
    const flag = unnamed.charAt(0);
    throw new ModuleFailure(
      `${subject} ${what}, and the task does not say what becomes of that: attributes "-${flag}" clears it, "+${flag}" lifts it for the change and sets it again`,
    );
  }
  const after = flagsAfter(current, wanted);
  const isClearing = wanted.operator === "-";
  return {
    lift,
    add: inOrder(among(lift, after) + (isClearing ? "" : wanted.letters)),
    remove: isClearing ? without(wanted.letters, lift) : "",
    only: wanted.operator === "=" ? wanted.letters : undefined,
    after,
  };
}

/** How flags differ from what is wanted; `isTouched`: something else differs. Undefined: there is nothing for chattr to do. */
export function planFlags(
  subject: string,
  wanted: WantedFlags,
  state: FlagState | undefined,
  isTouched: boolean,
): { readonly change: FlagChange; readonly differences: readonly Difference[] } | undefined {
  const current = inOrder(lettersOf(subject, wanted, state));
  const after = flagsAfter(current, wanted);
  const isSame = after === current;
  if (isSame && (!isTouched || among(current, "ia") === "")) return undefined;
  const change = flagChange(subject, current, wanted);
  return {
    change,
    differences: isSame ? [] : [{ kind: "field", subject, name: "attributes", before: current, after }],
  };
}

/**
 * Clears the flags that forbid changes, runs the commands (none: an empty text), and gives the flags that are wanted. What was cleared
 * comes back when a command fails. `path` is a word of a script, and no symbolic link.
 */
export function withFlags(path: Sh, change: FlagChange | undefined, commands: Sh): Sh {
  if (change === undefined) return commands;
  const { lift, add, remove, only } = change;
  const others = only === undefined ? [] : [clearOthers(path, only)];
  const steps = [
    ...(commands.text === "" ? [] : [commands]),
    ...(remove === "" ? [] : [sh`chattr ${`-${remove}`} ${path}`]),
    ...others,
    ...(add === "" ? [] : [sh`chattr ${`+${add}`} ${path}`]),
  ];
  const all = steps.length === 0 ? sh`:` : joinSh(steps, " && ");
  if (lift === "") return all;
  return sh`{ chattr ${`-${lift}`} ${path} && { ${all} || { chattr ${`+${lift}`} ${path}; false; }; }; }`;
}

/** A command that clears every flag but these and those that are the file system's. */
export function clearOthers(path: Sh, letters: string): Sh {
  return sh`{ k3_over=$(lsattr -d ${path}) && k3_over=$(printf %s "\${k3_over%% *}" | tr -d ${`${MANAGED_FLAGS}${letters}-`}) && { [ -z "$k3_over" ] || chattr "-$k3_over" ${path}; }; }`;
}

/** For check mode. */
export function flagPredictions(path: string, change: FlagChange | undefined): Prediction[] {
  if (change === undefined) return [];
  return [{ question: flagQuestion(path), answer: { kind: "flags", letters: change.after } }];
}
