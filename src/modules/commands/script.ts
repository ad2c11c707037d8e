import { randomBytes } from "node:crypto";
import { joinSh, Sh, sh } from "../../sh.ts";
import { actionModule, type HostTraits, ModuleFailure } from "../contract.ts";
import { bool, parameters, path, str } from "../parameters.ts";
import { executionParameters, executionResult, executionReturns, requireCommand } from "../support/commands/execution.ts";
import { baseName } from "../support/files/host-path.ts";
import { localSource, payloadOf } from "../support/files/local-source.ts";
import type { FileSource } from "../support/files/place-file.ts";
import { expandedWord, expandedWords, splitWords } from "../support/words.ts";
import { guardPromises, guards, reasonToSkip } from "./command.ts";

type Input = {
  readonly source: FileSource;
  readonly name: string;
  readonly words: readonly string[];
  readonly executable: string | undefined;
  readonly chdir: string | undefined;
  readonly creates: string | undefined;
  readonly removes: string | undefined;
};

/** The script travels with what runs it up to this size. */
const READ_UP_TO = 262_144;
const AS_IT_IS = { chdir: undefined, stdin: undefined, stdin_add_newline: true, strip_empty_ends: true };

export const script = actionModule({
  name: "script",
  summary: "Runs a script of the control node on the host.",
  description: [
    "The script is put into a directory that only its user can enter, run from there, and removed with it, also when it fails, has to be " +
      "killed, or the connection is lost. Where programs may not be started in /tmp, /var/tmp or the home directory is used.",
    "The text is split into words on the control node, as Python's `shlex` does; the first names the script (looked for in the role's files/ and " +
      "beside the task file), the rest are its arguments. `~` and `$NAME` in them are expanded on the host. Ansible hands them to the " +
      "host's shell, where pipes, patterns and semicolons in a value mean something; here they do not.",
    'In check mode it is not run; with `creates` or `removes` the answer is right nevertheless, without them it is "would run".',
  ],
  freeForm: "cmd",
  parameters: parameters(
    {
      cmd: { ...str(), required: true, description: "Path of the script and its arguments." },
      executable: {
        ...str(),
        description: "What runs the script, with its own arguments; otherwise the script's first line says so.",
      },
      chdir: { ...path(), description: "Change to this directory of the host first." },
      creates: executionParameters.creates,
      removes: executionParameters.removes,
      decrypt: { ...bool(), default: true, description: "Decrypt a script that Ansible Vault encrypted." },
    },
    {},
    ({ cmd, executable }) => {
      wordsOf(cmd);
      if (executable !== undefined) wordsOf(executable, "executable");
    },
  ),
  example: `- name: Write a script beside the playbook
  copy:
    content: |
      #!/bin/sh
      echo "$1 from $(uname -s)"
    dest: "{{ playbook_dir }}/greet.sh"
  delegate_to: localhost
- name: Run it on the host
  script: "'{{ playbook_dir }}/greet.sh' hello"
  register: greeting
  changed_when: false
`,
  returns: {
    cmd: "The script and its arguments.",
    ...executionReturns,
  },
  changesHost: true,
  async prepare(params, control): Promise<Input> {
    const [name = "", ...words] = wordsOf(params.cmd);
    const found = control.find(name, "files");
    const { kind, size } = await control.inspect(found);
    if (kind !== "file") throw new ModuleFailure(`the script ${found} is a directory`);
    return {
      source: await localSource(found, size, { readUpTo: READ_UP_TO, decrypt: params.decrypt }, control),
      name: baseName(found),
      words,
      executable: params.executable,
      chdir: params.chdir,
      creates: params.creates,
      removes: params.removes,
    };
  },
  probe: (input) => guards(input),
  skip: (state, input, context) => reasonToSkip(state, input, context),
  promises: (state) => guardPromises(state),
  run(input, { traits }) {
    const places = temporaryPlaces(traits);
    const payload = payloadOf(input.source, places[0] ?? "/tmp");
    return {
      script: runScript(input, places),
      ...(payload === undefined ? {} : { payloads: { script: payload } }),
      temporary: places,
    };
  },
  result: (output, input, elapsedMs) =>
    executionResult(
      output,
      [input.name, ...input.words],
      { ...AS_IT_IS, chdir: input.chdir, program: input.executable === undefined ? undefined : wordsOf(input.executable)[0] },
      elapsedMs,
    ),
});

function wordsOf(line: string, parameter = "cmd"): string[] {
  try {
    const words = splitWords(line);
    if (words.length > 0) return words;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ModuleFailure(`"${parameter}" cannot be split into words: ${error.message}: ${line}`, { rc: 256 });
  }
  throw new ModuleFailure(parameter === "cmd" ? "no script given" : `"${parameter}" is empty`, { rc: 256 });
}

/** Where the script may lie, the first that can be used; under a name that nobody can know. */
function temporaryPlaces({ home }: HostTraits): string[] {
  const name = `.k3sprov.${randomBytes(16).toString("hex")}`;
  return ["/tmp", "/var/tmp", ...(home.startsWith("/") ? [home.replace(/\/+$/, "")] : [])].map((place) => `${place}/${name}`);
}

// A file system may be mounted so that nothing on it can be run; only trying tells.
function runScript(input: Input, places: readonly string[]): Sh {
  const { setup, words } = expandedWords(input.words);
  const chdir = input.chdir === undefined ? undefined : expandedWord(input.chdir, "k3sprov_chdir");
  const program =
    input.executable === undefined
      ? sh``
      : joinSh(
          wordsOf(input.executable).map((word) => sh`${word}`),
          " ",
        );
  return joinSh([
    sh`k3_dir= k3_said=
for k3_try in ${places}; do
k3_said=$( (umask 077; mkdir "$k3_try") 2>&1) || continue
${input.executable === undefined ? sh`{ printf '#!/bin/sh\n' > "$k3_try/try" && chmod 700 "$k3_try/try" && "$k3_try/try"; } 2>/dev/null || { k3_said="programs cannot be started in it"; continue; }` : sh`:`}
k3_dir=$k3_try; break
done
[ -n "$k3_dir" ] || { printf '%s\n' "no place for the script can be found: $k3_try: $k3_said" >&2; exit 1; }
k3_script=$k3_dir/${input.name}
(umask 077; : > "$k3_script") && payload_into script "$k3_script" && chmod 700 "$k3_script" || { echo "the script could not be written to $k3_dir; is the disk full?" >&2; exit 1; }`,
    ...(chdir === undefined ? [] : [chdir.setup, sh`cd -- ${chdir.word} || { echo "k3sprov: chdir has failed" >&2; exit 1; }`]),
    ...(input.executable === undefined ? [] : [requireCommand(sh`${wordsOf(input.executable)[0] ?? ""}`)]),
    setup,
    new Sh("unset k3_dir k3_said k3_try"),
    sh`${program} "$k3_script" ${words}`,
  ]);
}
