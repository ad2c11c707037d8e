import { joinSh, quote, Sh, sh } from "../../sh.ts";
import { actionModule, type Json, ModuleFailure, type ProbeContext } from "../contract.ts";
import { bool, listOf, parameters, path, str } from "../parameters.ts";
import {
  type Execution,
  execution,
  executionParameters,
  executionResult,
  executionReturns,
  requireCommand,
} from "../support/commands/execution.ts";
import { isPattern, isPresent, type Presence, presence } from "../support/files/presence.ts";
import { expandedWords, splitWords } from "../support/words.ts";

type Input = Execution & {
  readonly words: readonly string[];
  readonly expand: boolean;
  readonly creates: string | undefined;
  readonly removes: string | undefined;
};

export const command = actionModule({
  name: "command",
  summary: "Runs a command, without a shell.",
  description: [
    "The command is split into words on the control node, as Python's `shlex` does; pipes, redirections and patterns mean nothing. `~` and `$NAME` are expanded on the host.",
    'In check mode it is not run; with `creates` or `removes` the answer is right nevertheless, without them it is "would run".',
  ],
  freeForm: "cmd",
  parameters: parameters(
    {
      cmd: { ...str(), description: "The command line." },
      argv: { ...listOf(str()), description: "The command as a list of words, instead of `cmd`." },
      expand_argument_vars: { ...bool(), default: true, description: "Expand `$NAME` and `~` in the words." },
      executable: { ...path(), description: "Accepted and ignored, as in Ansible: no shell is used." },
      ...executionParameters,
    },
    { mutuallyExclusive: [["cmd", "argv"]], requiredOneOf: [["cmd", "argv"]] },
    ({ argv, cmd }) => {
      if (argv === undefined) wordsOf(cmd ?? "");
      else if (argv.length === 0 || argv[0] === "") throw new ModuleFailure('"argv" must begin with the name of a program');
    },
  ),
  example: `- name: Make the key once
  command:
    cmd: touch /var/tmp/example-key
    creates: /var/tmp/example-key
- name: Ask the kernel's version
  command: uname -r
  register: kernel
  changed_when: false
`,
  returns: {
    cmd: "The words.",
    ...executionReturns,
  },
  changesHost: true,
  prepare: (params): Promise<Input> =>
    Promise.resolve({
      words: params.argv ?? wordsOf(params.cmd ?? ""),
      expand: params.expand_argument_vars,
      creates: params.creates,
      removes: params.removes,
      chdir: params.chdir,
      stdin: params.stdin,
      stdin_add_newline: params.stdin_add_newline,
      strip_empty_ends: params.strip_empty_ends,
    }),
  probe: (input) => guards(input),
  skip: (state, input, context) => reasonToSkip(state, input, context),
  promises: (state) => guardPromises(state),
  run: (input) => {
    const { setup, words } = input.expand
      ? expandedWords(input.words)
      : { setup: sh``, words: new Sh(input.words.map(quote).join(" ")) };
    const first = input.expand ? expandedWords(input.words.slice(0, 1)).words : sh`${input.words[0] ?? ""}`;
    return execution(joinSh([setup, requireCommand(first), sh`exec ${words}`]), input);
  },
  result: (output, input, elapsedMs) => executionResult(output, words(input), input, elapsedMs),
});

/** What `creates` and `removes` ask. */
export function guards(input: Pick<Input, "creates" | "removes" | "chdir">) {
  return {
    ...(input.creates === undefined ? {} : { creates: presence(input.creates, input.chdir) }),
    ...(input.removes === undefined ? {} : { removes: presence(input.removes, input.chdir) }),
  };
}

type Guards = { readonly creates?: Presence; readonly removes?: Presence };

/** What their answers mean. */
export function reasonToSkip(
  state: Guards,
  input: Pick<Input, "creates" | "removes">,
  context: Pick<ProbeContext, "paths">,
): string | undefined {
  const { creates, removes } = state;
  if (creates !== undefined && isPresent(creates, context.paths)) return `skipped, since ${input.creates} exists`;
  if (removes !== undefined && !isPresent(removes, context.paths)) return `skipped, since ${input.removes} does not exist`;
  return undefined;
}

/** A command makes what it `creates`, and takes away what it `removes`; which of a pattern's names it makes is not known. */
export function guardPromises({ creates, removes }: Guards): ReadonlyMap<string, boolean> {
  return new Map([
    ...(removes?.matches ?? []).map((path): [string, boolean] => [path, false]),
    ...(creates === undefined || isPattern(creates.pattern) ? [] : [[creates.pattern, true] as const]),
  ]);
}

function wordsOf(line: string): string[] {
  try {
    const words = splitWords(line);
    if (words.length > 0) return words;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ModuleFailure(`the command cannot be split into words: ${error.message}: ${line}`, { rc: 256 });
  }
  throw new ModuleFailure("no command given", { rc: 256 });
}

const words = (input: Input): Json => [...input.words];
