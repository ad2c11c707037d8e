import { joinSh, type Sh, sh } from "../../sh.ts";
import {
  type Difference,
  MissingPrerequisite,
  ModuleFailure,
  type ProbeContext,
  type Question,
  type Questions,
  stateModule,
} from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { applyPlans, differencesOf, type Plan, predictPlans } from "../support/files/apply-plans.ts";
import { writtenFields } from "../support/files/atomic-write.ts";
import { bytesOf } from "../support/files/content-collector.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { bytesSource, fileQuestions, planFile } from "../support/files/place-file.ts";
import { type FstabEntry, findEntry, hasNoPath, withEntry, withoutEntry } from "../support/mounts/fstab.ts";
import { isBind, isOther, lackingFlags, mountAt, mountOptions, newMount } from "../support/mounts/mount-state.ts";
import {
  type Mount,
  type MountPoint,
  type MountSource,
  mountPoint,
  mountSource,
  mountTable,
} from "../support/mounts/mount-table.ts";
import { nothing } from "../support/question.ts";

const params = parameters(
  {
    path: { ...path(), required: true, aliases: ["name"], description: "Where it is mounted; `none` for swap areas." },
    state: {
      ...choice("absent", "absent_from_fstab", "mounted", "present", "unmounted", "remounted", "ephemeral"),
      required: true,
      description:
        "`mounted`: in fstab, and mounted now; the directory is made. `present`: in fstab only. `ephemeral`: mounted, fstab is left alone. " +
        "`unmounted`: not mounted, fstab is left alone. `absent`: neither, and the directory goes if it is empty. " +
        "`absent_from_fstab`: not in fstab, mounts are left alone. `remounted`: mounted again, each time.",
    },
    src: {
      ...str(),
      description: "Device, `UUID=…`, `LABEL=…`, directory (with the option bind), or what the file system takes for one.",
    },
    fstype: { ...str(), description: "Kind of file system; `none` for bind mounts." },
    opts: { ...str(), description: "Options, as in fstab; `defaults` otherwise." },
    dump: { ...str(), default: "0", description: "Fifth field of fstab." },
    passno: { ...str(), default: "0", description: "Sixth field of fstab: the order of file system checks." },
    fstab: { ...path(), default: "/etc/fstab", description: "The file." },
    boot: { ...bool(), default: true, description: "false: add `noauto` to the options." },
    backup: { ...bool(), default: false, description: "Keep the old fstab beside the new one, with the time in its name." },
    opts_no_log: { ...bool(), default: false, description: "Do not show the options." },
  },
  {
    requiredIf: [
      ["state", "mounted", ["src", "fstype"]],
      ["state", "present", ["src", "fstype"]],
      ["state", "ephemeral", ["src", "fstype"]],
    ],
  },
  (given) => {
    checkMount(given);
  },
);

type Params = ParametersOf<typeof params>;
type Input = Params & { readonly at: string; readonly file: string; readonly options: string };
type Data = {
  readonly plans: readonly Plan[];
  readonly unmount: number;
  readonly mount: boolean;
  readonly remount: boolean;
  readonly makeDirectory: boolean;
  readonly removeDirectory: boolean;
};
type Look = {
  readonly known: Known;
  readonly table: readonly Mount[];
  readonly point: MountPoint;
  readonly source: MountSource;
  readonly current: Mount | undefined;
};

const NO_POINT: MountPoint = { real: "", kind: "missing", isEmpty: true };
const NO_SOURCE: MountSource = { kind: "other", real: "", device: "" };
const MOUNTS: ReadonlySet<string> = new Set(["mounted", "ephemeral"]);
const WRITES: ReadonlySet<string> = new Set(["mounted", "present", "absent", "absent_from_fstab"]);

export const mount = stateModule<Params, Input, Questions, Data>({
  name: "mount",
  aliases: ["ansible.posix.mount"],
  summary: "Mounts file systems, for now and after a reboot.",
  description: [
    "With `mounted`, the file system is mounted first and written to fstab when that has worked: an fstab with which the host would not boot is not left behind.",
    "Something else that is mounted at the path, and options (ro, rw, nosuid, nodev, noexec, noatime) that are asked for and that the mount lacks, are differences too. Ansible sees only that something is mounted.",
    "With `absent`, a directory that is not empty stays; Ansible fails there, after it has unmounted.",
    "Where systemd runs it is told to read a changed /etc/fstab again; otherwise it could unmount at once what it takes for gone.",
  ],
  parameters: params,
  example: `- name: A file system in memory
  mount:
    path: /srv/scratch
    src: tmpfs
    fstype: tmpfs
    opts: size=16m,nosuid,nodev,mode=0700
    state: mounted
`,
  returns: {
    name: "The path.",
    src: "As given.",
    fstype: "As given.",
    opts: "The options, `noauto` included.",
    dump: "As given.",
    passno: "As given.",
    fstab: "The file.",
    backup_file: "Path of the backup, if one was made.",
  },

  prepare: (given, _control, context) => Promise.resolve(inputOf(given, context)),
  probe(input, context) {
    const list: Question<unknown>[] = [mountTable(), pointQuestion(input), sourceQuestion(input)];
    if (WRITES.has(input.state)) list.push(...fileQuestions(input.file, {}, context.traits, true));
    return questionSet(list);
  },
  plan(state, input, context) {
    const look = lookAt(state, input);
    const plans = WRITES.has(input.state) ? planFstab(look.known, input, context) : [];
    const differences: Difference[] = [...differencesOf(plans)];
    const differs = (name: string, before: Difference["before"], after: Difference["before"]): void => {
      differences.push({ kind: "field", subject: input.at, name, before, after });
    };
    const step = planMount(look, input, plans.length > 0, differs);
    if (input.state === "remounted") return { differences, data: { plans, ...step }, verify: false };
    return differences.length === 0 ? undefined : { differences, data: { plans, ...step } };
  },
  apply({ data }, input, context) {
    const written = applyPlans(data.plans, context.traits);
    return { ...written, script: scriptOf(data, written.script, input, context) };
  },
  predict({ data }, state, input, context) {
    const look = lookAt(state, input);
    const { table, point } = look;
    const left = table.filter((one) => one.path !== point.real || data.unmount === 0);
    const after = data.mount
      ? [...left, newMount(point, wantedOf(input), look.source, left)]
      : data.remount
        ? table.map((one) =>
            one === look.current
              ? { ...newMount(point, wantedOf(input), look.source, table), device: one.device, root: one.root }
              : one,
          )
        : left;
    const exists: MountPoint = { ...point, kind: "directory", isEmpty: false };
    return [
      ...predictPlans(data.plans, context.traits),
      { question: mountTable(), answer: after },
      ...(data.makeDirectory || data.mount ? [{ question: pointQuestion(input), answer: exists }] : []),
      ...(data.removeDirectory ? [{ question: pointQuestion(input), answer: { ...point, kind: "missing", isEmpty: true } }] : []),
    ];
  },
  provides: (_change, input) => (MOUNTS.has(input.state) ? [`path:${input.at}`] : []),
  result: (_state, input) => ({
    name: input.at,
    ...(input.src === undefined ? {} : { src: input.src }),
    ...(input.fstype === undefined ? {} : { fstype: input.fstype }),
    opts: input.opts_no_log ? "(hidden)" : input.options,
    dump: input.dump,
    passno: input.passno,
    fstab: input.file,
    boot: input.boot ? "yes" : "no",
    backup_file: "",
  }),
  applied: writtenFields,
});

function inputOf(given: Params, context: ProbeContext): Input {
  const at = hasNoPath(given.path) ? given.path : hostPath(given.path, context.traits);
  const { opts = "defaults" } = given;
  const options = given.boot || opts.split(",").includes("noauto") ? opts : `${opts},noauto`;
  return { ...given, at, file: hostPath(given.fstab, context.traits), options };
}

function checkMount(given: Params): void {
  const { src, fstype, opts = "defaults", state } = given;
  const noPath = hasNoPath(given.path);
  if (noPath && !["present", "absent", "absent_from_fstab"].includes(state)) {
    throw new ModuleFailure(`a swap area has no path to be ${state}; state: present puts it into fstab, and swapon turns it on`);
  }
  if (!noPath && fstype === "swap") throw new ModuleFailure(`a swap area has no path: write path: none, not ${given.path}`);
  for (const [name, value] of Object.entries({ opts, fstype, dump: given.dump, passno: given.passno })) {
    if (value !== undefined && /\s|^$/.test(value))
      throw new ModuleFailure(`"${name}" is "${value}", but must be one word without blanks`);
  }
  for (const [name, value] of Object.entries({ dump: given.dump, passno: given.passno })) {
    if (!/^\d+$/.test(value)) throw new ModuleFailure(`"${name}" is "${value}", but must be a number`);
  }
  if (src === "") throw new ModuleFailure('"src" is empty');
  if (isBind(opts) && src !== undefined && !src.startsWith("/")) {
    throw new ModuleFailure(`"src" is "${src}", but a bind mount needs the absolute path of a directory`);
  }
}

const pointQuestion = (input: Input): Question<MountPoint> => (hasNoPath(input.at) ? nothing(NO_POINT) : mountPoint(input.at));
const sourceQuestion = (input: Input): Question<MountSource> =>
  MOUNTS.has(input.state) && input.src !== undefined ? mountSource(input.src) : nothing(NO_SOURCE);

const wantedOf = (input: Input): { readonly src: string; readonly fstype: string; readonly opts: string } => ({
  src: input.src ?? "",
  fstype: input.fstype ?? "",
  opts: input.options,
});

function lookAt(state: Readonly<Record<string, unknown>>, input: Input): Look {
  const known = new Known(state);
  const table = known.of(mountTable());
  const point = known.of(pointQuestion(input));
  return { known, table, point, source: known.of(sourceQuestion(input)), current: mountAt(point, table) };
}

function planFstab(known: Known, input: Input, context: ProbeContext): readonly Plan[] {
  const content = known.content(input.file);
  const bytes = content.kind === "none" ? Buffer.alloc(0) : bytesOf(content);
  if (bytes === undefined) throw new ModuleFailure(`${input.file} is no text file of mounts`);
  const before = bytes.toString("latin1");
  const asBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
  const at = asBytes(input.at);
  const src = input.src === undefined ? undefined : asBytes(input.src);
  let after: string;
  if (input.state === "absent" || input.state === "absent_from_fstab") after = withoutEntry(before, at, src);
  else {
    const { dump, passno } = input;
    const entry: FstabEntry = {
      src: src ?? "",
      path: at,
      fstype: input.fstype ?? "",
      opts: asBytes(input.options),
      dump,
      passno,
    };
    after = withEntry(before, entry);
  }
  if (after === before) return [];
  const options = {
    force: true,
    backup: input.backup,
    validate: undefined,
    follow: true,
    unsafeWrites: false,
    isSecret: input.opts_no_log,
  };
  const plan = planFile(input.file, bytesSource(Buffer.from(after, "latin1")), {}, options, known, { ...context, diff: true });
  return plan === undefined ? [] : [plan];
}

type Differs = (name: string, before: Difference["before"], after: Difference["before"]) => void;

function planMount(look: Look, input: Input, isFstabChanged: boolean, differs: Differs): Omit<Data, "plans"> {
  const { table, point, source, current } = look;
  const none = { unmount: 0, mount: false, remount: false, makeDirectory: false, removeDirectory: false };
  const stacked = table.filter((one) => one.path === point.real).length;
  switch (input.state) {
    case "present":
    case "absent_from_fstab":
      return none;
    case "remounted":
      if (current === undefined) throw new ModuleFailure(`${input.at} is not mounted, so it cannot be mounted again`);
      differs("state", "mounted", "remounted");
      return { ...none, remount: true };
    case "unmounted":
      if (current !== undefined) differs("state", "mounted", "unmounted");
      return { ...none, unmount: stacked };
    case "absent": {
      if (current !== undefined) differs("state", "mounted", "unmounted");
      const goes = !hasNoPath(input.at) && point.kind === "directory" && (current !== undefined || point.isEmpty);
      if (goes && current === undefined) differs("directory", "present", "absent");
      return { ...none, unmount: stacked, removeDirectory: goes };
    }
    default: {
      requireSource(input, source);
      if (point.kind === "other") throw new ModuleFailure(`${input.at} is not a directory, so nothing can be mounted there`);
      if (current !== undefined && isOther(current, wantedOf(input), source, table)) {
        if (input.state === "ephemeral") {
          throw new ModuleFailure(
            `${input.at} is a mount of ${current.source} (${current.fstype}) already; state: ephemeral does not replace what is mounted`,
          );
        }
        differs("source", current.source, input.src ?? "");
        return { ...none, unmount: stacked, mount: true };
      }
      if (current === undefined) {
        if (point.kind === "missing") differs("directory", "absent", "present");
        differs("state", "unmounted", "mounted");
        return { ...none, mount: true, makeDirectory: point.kind === "missing" };
      }
      const lacking = lackingFlags(input.options, current);
      if (lacking.length > 0 && !input.opts_no_log) differs("options", current.options.join(","), lacking.join(","));
      else if (lacking.length > 0) differs("options", "(hidden)", "(hidden)");
      const entry = MOUNTS.has(input.state) && isFstabChanged ? entryOptions(look.known, input) : undefined;
      return { ...none, remount: lacking.length > 0 || (entry !== undefined && entry !== input.options) };
    }
  }
}

/** The options that the path has in fstab now; undefined when it is not there. */
function entryOptions(known: Known, input: Input): string | undefined {
  const bytes = bytesOf(known.content(input.file));
  return bytes === undefined ? undefined : findEntry(bytes.toString("latin1"), Buffer.from(input.at).toString("latin1"))?.opts;
}

function requireSource(input: Input, source: MountSource): void {
  const src = input.src ?? "";
  if (source.kind !== "missing") return;
  if (isBind(input.options))
    throw new MissingPrerequisite(`path:${src}`, `the directory ${src}, which is to be mounted, does not exist`);
  if (src.startsWith("/dev/")) throw new MissingPrerequisite(`device:${src}`, `the device ${src} does not exist`);
}

function scriptOf(data: Data, written: Sh, input: Input, { traits }: ProbeContext): Sh {
  const parts: Sh[] = [];
  for (let count = 0; count < data.unmount; count += 1) parts.push(sh`umount ${input.at} || exit`);
  if (data.makeDirectory) parts.push(sh`mkdir -p ${input.at} || exit`);
  if (data.mount) parts.push(...mountCommands(input, data.makeDirectory));
  if (data.remount) parts.push(remountCommand(input));
  if (data.plans.length > 0) {
    const undo = data.makeDirectory ? sh`umount ${input.at} && rmdir ${input.at}` : sh`umount ${input.at}`;
    parts.push(data.mount ? sh`(${written}) || { ${undo}; exit 1; }` : sh`(${written}) || exit`);
    if (traits.serviceManager === "systemd" && input.file === "/etc/fstab") parts.push(sh`systemctl daemon-reload || exit`);
  }
  if (data.removeDirectory) parts.push(sh`rmdir ${input.at} 2>/dev/null || :`);
  return joinSh(parts);
}

function mountCommands(input: Input, makesDirectory: boolean): Sh[] {
  const options = mountOptions(input.options);
  const words = options.length === 0 ? [] : ["-o", options.join(",")];
  const undo = makesDirectory ? sh`{ rmdir ${input.at}; exit 1; }` : sh`exit 1`;
  const first = sh`mount -t ${input.fstype ?? "none"} ${words} ${input.src ?? ""} ${input.at} || ${undo}`;
  const flags = options.filter((one) => /^(ro|nosuid|nodev|noexec|noatime)$/.test(one));
  if (!isBind(input.options) || flags.length === 0) return [first];
  // The kernel ignores them when it binds; util-linux sees to them, busybox does not.
  return [first, sh`mount -o ${["remount", "bind", ...flags].join(",")} ${input.at} || exit`];
}

function remountCommand(input: Input): Sh {
  const options = input.opts === undefined ? [] : mountOptions(input.options).filter((one) => one !== "rbind");
  return sh`mount -o ${["remount", ...options].join(",")} ${input.at} || exit`;
}
