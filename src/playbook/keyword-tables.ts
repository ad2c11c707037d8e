import type { Kind } from "./fields.ts";
import type { Inheritable } from "./model.ts";

/** Keywords that are handed down, by the names that users write. */
export const inheritable: Readonly<Record<string, { readonly field: keyof Inheritable; readonly kind: Kind }>> = {
  become: { field: "become", kind: "bool" },
  become_user: { field: "becomeUser", kind: "text" },
  become_method: { field: "becomeMethod", kind: "text" },
  become_flags: { field: "becomeFlags", kind: "text" },
  become_exe: { field: "becomeExe", kind: "text" },
  remote_user: { field: "remoteUser", kind: "text" },
  port: { field: "port", kind: "int" },
  connection: { field: "connection", kind: "text" },
  environment: { field: "environment", kind: "mappings" },
  ignore_errors: { field: "ignoreErrors", kind: "bool" },
  ignore_unreachable: { field: "ignoreUnreachable", kind: "bool" },
  any_errors_fatal: { field: "anyErrorsFatal", kind: "bool" },
  check_mode: { field: "checkMode", kind: "bool" },
  diff: { field: "diff", kind: "bool" },
  no_log: { field: "noLog", kind: "bool" },
  run_once: { field: "runOnce", kind: "bool" },
  throttle: { field: "throttle", kind: "int" },
  timeout: { field: "timeout", kind: "int" },
  module_defaults: { field: "moduleDefaults", kind: "mappings" },
};

/** Those of them that a play has not. */
export const delegation: typeof inheritable = {
  delegate_to: { field: "delegateTo", kind: "text" },
  delegate_facts: { field: "delegateFacts", kind: "bool" },
};

/** Accepted, since playbooks for Ansible have them, and told to be without effect. */
export const ignored = ["collections", "debugger"] as const;

const shared = ["name", "vars", "tags", ...ignored, ...Object.keys(inheritable)];
const belowPlay = [...shared, "when", ...Object.keys(delegation)];

export const playKeywords: readonly string[] = [
  ...shared,
  "hosts",
  "vars_files",
  "vars_prompt",
  "roles",
  "pre_tasks",
  "tasks",
  "post_tasks",
  "handlers",
  "serial",
  "strategy",
  "max_fail_percentage",
  "gather_facts",
  "gather_subset",
  "gather_timeout",
  "order",
  "force_handlers",
  "fact_path",
];

export const roleKeywords: readonly string[] = [...belowPlay, "role"];

/** Of `block:` itself, and of `apply:`. */
export const blockKeywords: readonly string[] = [...belowPlay, "notify"];

const repetition = ["loop", "loop_control", "until", "retries", "delay"];
const verdict = ["register", "changed_when", "failed_when"];

export const taskKeywords: readonly string[] = [
  ...blockKeywords,
  ...repetition,
  ...verdict,
  "listen",
  "args",
  "action",
  "local_action",
  "async",
  "poll",
];

/** What `include_tasks` and `include_role` take beside themselves; all else goes below `apply:`. */
export const includeKeywords: readonly string[] = [
  "name",
  "args",
  "collections",
  "debugger",
  "ignore_errors",
  "loop",
  "loop_control",
  "no_log",
  "register",
  "run_once",
  "tags",
  "timeout",
  "vars",
  "when",
  "notify",
  "listen",
  "delegate_to",
  "delegate_facts",
];

/** What an import leaves without effect: there is no task any more that could be repeated or judged. */
export const meaninglessOnImports: readonly string[] = [...repetition, ...verdict, "async", "poll", "notify"];
