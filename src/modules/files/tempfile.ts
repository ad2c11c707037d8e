import { joinSh, sh } from "../../sh.ts";
import { actionModule, ModuleFailure } from "../contract.ts";
import { choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { hostPath } from "../support/files/host-path.ts";

const params = parameters(
  {
    state: { ...choice("file", "directory"), default: "file", description: "What is made." },
    path: { ...path(), description: "The directory to make it in; $TMPDIR or /tmp when not given." },
    prefix: { ...str(), default: "ansible.", description: "What its name begins with." },
    suffix: { ...str(), default: "", description: "What its name ends in." },
  },
  {},
  (given) => {
    for (const name of ["prefix", "suffix"] as const) {
      if (/[/\0]/.test(given[name]))
        throw new ModuleFailure(`"${name}" is "${given[name]}", but must be a part of a name, without a slash`);
    }
  },
);

export const tempfile = actionModule<ParametersOf<typeof params>>({
  name: "tempfile",
  summary: "Makes a temporary file or directory.",
  description: [
    "A file has the mode 0600, a directory 0700, and both belong to the task's user; nobody can know the name before. Nothing removes them but a " +
      "task with `file: { path: …, state: absent }`.",
    'Each run makes another one. In check mode it is not run: the answer is "would run", and what depends on the path "may change".',
  ],
  parameters: params,
  example: `- name: Make a place for the download
  tempfile:
    state: directory
    suffix: .build
  register: build
- name: Remove it again
  file:
    path: "{{ build.path }}"
    state: absent
  when: build.path is defined`,
  returns: {
    path: "path of what was made",
    state: "file or directory",
    mode: '"0600" or "0700"',
    owner: "user that owns it",
    group: "group that owns it",
    uid: "number of the user",
    gid: "number of the group",
    size: "size in bytes",
  },
  changesHost: true,

  // Not every mktemp takes a suffix (busybox'), so the name that it makes is only a place to start from: `ln` and `mkdir` do not
  // overwrite, so a name that somebody has taken meanwhile is an error and never followed.
  run(given, { traits }) {
    const directory = given.path === undefined ? sh`"\${TMPDIR:-/tmp}"` : sh`${hostPath(given.path, traits)}`;
    const isDirectory = given.state === "directory";
    return {
      script: joinSh([
        sh`k3_in=${directory}`,
        sh`[ -d "$k3_in" ] || { printf '%s is not a directory\\n' "$k3_in" >&2; exit 1; }`,
        sh`k3_start=$k3_in/${given.prefix}`,
        sh`umask 077`,
        sh`k3_tmp=$(mktemp ${isDirectory ? ["-d"] : []} "$k3_start"XXXXXXXX) || exit 1`,
        ...(given.suffix === ""
          ? [sh`k3_made=$k3_tmp`]
          : [
              sh`k3_made=$k3_tmp${given.suffix}`,
              isDirectory
                ? sh`mkdir "$k3_made" || { rmdir "$k3_tmp"; exit 1; }; rmdir "$k3_tmp"`
                : sh`ln "$k3_tmp" "$k3_made" || { rm -f "$k3_tmp"; exit 1; }; rm -f "$k3_tmp"`,
            ]),
        sh`stat -c '%u %g %s %U %G' "$k3_made" && printf '%s\\0' "$k3_made"`,
      ]),
    };
  },

  result(output, given) {
    const said = output.stdout.toString("utf8");
    const found = /^(\d+) (\d+) (\d+) (\S+) (\S+)\n([^\0]+)\0$/.exec(said);
    if (output.rc !== 0 || found === null) {
      return { changed: false, failed: true, msg: output.stderr.toString("utf8").trim() || "no temporary file could be made" };
    }
    const [, uid = "", gid = "", size = "", owner = "", group = "", made = ""] = found;
    return {
      changed: true,
      path: made,
      state: given.state,
      mode: given.state === "directory" ? "0700" : "0600",
      owner: owner === "UNKNOWN" ? uid : owner,
      group: group === "UNKNOWN" ? gid : group,
      uid: Number(uid),
      gid: Number(gid),
      size: Number(size),
    };
  },
});
