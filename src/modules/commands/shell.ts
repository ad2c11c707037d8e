import { joinSh, sh } from "../../sh.ts";
import { actionModule, ModuleFailure } from "../contract.ts";
import { parameters, path, str } from "../parameters.ts";
import {
  execution,
  executionParameters,
  executionResult,
  executionReturns,
  requireCommand,
} from "../support/commands/execution.ts";
import { guardPromises, guards, reasonToSkip } from "./command.ts";

// The kernel takes no longer string in an environment (MAX_ARG_STRLEN).
const LONGEST = 128 * 1024 - 64;
const POSIX_SHELLS = /(^|\/)(sh|bash|dash|ash|ksh|ksh93|mksh|zsh|rbash)$/;

export const shell = actionModule({
  name: "shell",
  summary: "Runs a command line with a shell.",
  description: [
    "The text is handed to the shell so that it does not show in the host's list of processes.",
    'In check mode it is not run; with `creates` or `removes` the answer is right nevertheless, without them it is "would run".',
  ],
  freeForm: "cmd",
  parameters: parameters(
    {
      cmd: { ...str(), required: true, description: "What to run." },
      executable: { ...path(), default: "/bin/sh", description: "The shell to run it with; an absolute path." },
      ...executionParameters,
    },
    {},
    ({ cmd }) => {
      if (Buffer.byteLength(cmd) > LONGEST) {
        throw new ModuleFailure("the text is longer than 128 KiB; put it into a file and use `script`, or `copy` and `command`");
      }
      if (cmd.trim() === "") throw new ModuleFailure("no command given");
    },
  ),
  example: `- name: Count the users
  shell: "cut -d: -f1 /etc/passwd | wc -l"
  register: users
  changed_when: false
`,
  returns: {
    cmd: "The text.",
    ...executionReturns,
  },
  changesHost: true,
  probe: (params) => guards(params),
  skip: (state, params, context) => reasonToSkip(state, params, context),
  promises: (state) => guardPromises(state),
  run: (params) => {
    const required = requireCommand(sh`${params.executable}`);
    if (!POSIX_SHELLS.test(params.executable)) {
      return execution(joinSh([required, sh`exec ${params.executable} -c ${params.cmd}`]), params);
    }
    const run = sh`k3sprov_text=${params.cmd}; export k3sprov_text; exec ${params.executable} -c ${'eval "unset k3sprov_text; $k3sprov_text"'}`;
    return execution(joinSh([required, run]), params);
  },
  result: (output, params, elapsedMs) =>
    executionResult(output, params.cmd, { ...params, program: params.executable }, elapsedMs),
});
