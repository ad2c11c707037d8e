import { joinSh, type Sh, sh } from "../../sh.ts";
import { actionModule, type JsonObject, ModuleFailure, type Output } from "../contract.ts";
import { parameters, path, str } from "../parameters.ts";
import { execution, faultOf, requireCommand } from "../support/commands/execution.ts";

// The kernel takes no longer argument (MAX_ARG_STRLEN).
const LONGEST = 128 * 1024 - 64;

export const raw = actionModule({
  name: "raw",
  summary: "Runs a command line as it stands.",
  description: [
    "For Ansible it is the module that needs no Python on the host. None of ours does, so `shell` is nearly always the better choice: it has " +
      "`creates`, `removes`, `chdir` and `stdin`.",
    'In check mode it is not run: the answer is "would run". A text that is not for /bin/sh needs `executable`; it is then run as ' +
      "`executable -c TEXT` and shows in the host's list of processes while it runs.",
  ],
  freeForm: "free_form",
  parameters: parameters(
    {
      free_form: { ...str(), required: true, aliases: ["cmd"], description: "What to run; it stands behind the module's name." },
      executable: { ...path(), description: "The shell to run it with; an absolute path. /bin/sh when not given." },
    },
    {},
    ({ free_form: text }) => {
      if (Buffer.byteLength(text) > LONGEST)
        throw new ModuleFailure("the text is longer than 128 KiB; put it into a file and use `script`");
      if (text.trim() === "") throw new ModuleFailure("no command given");
    },
  ),
  example: `- name: Look who is there
  raw: id -un
  register: me
  changed_when: false
`,
  returns: {
    rc: "Exit status.",
    stdout: "What it printed; `stdout_lines` has the lines.",
    stderr: "What it printed to standard error; `stderr_lines` has the lines.",
    msg: "Why it failed.",
  },
  changesHost: true,
  run: ({ free_form: text, executable }) => {
    const how = { chdir: undefined, stdin: undefined, stdin_add_newline: false, strip_empty_ends: false };
    return execution(command(text, executable), how);
  },
  result: (output, input) => rawResult(output, input.executable),
});

function command(text: string, executable: string | undefined): Sh {
  // Our session's own shell is /bin/sh: nothing has to be started, and nothing shows.
  if (executable === undefined) return sh`eval ${text}`;
  return joinSh([requireCommand(sh`${executable}`), sh`exec ${executable} -c ${text}`]);
}

function rawResult(output: Output, program: string | undefined): JsonObject {
  const fault =
    program === undefined ? undefined : faultOf(output, output.stderr.toString("utf8"), "", { chdir: undefined, program });
  if (fault !== undefined) return { changed: false, failed: true, msg: fault.msg, rc: output.rc, stdout: "", stderr: "" };
  const fields = {
    changed: true,
    rc: output.rc,
    stdout: output.stdout.toString("utf8"),
    stderr: output.stderr.toString("utf8"),
  };
  return output.rc === 0 ? { ...fields, msg: "" } : { ...fields, failed: true, msg: "non-zero return code" };
}
