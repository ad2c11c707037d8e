import { z } from "zod";
import { type AnsibleRun, runAnsible, type TaskReport } from "./ansible.ts";
import { apply } from "./cli.ts";
import type { TestHost } from "./host.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

export type TwinOptions = {
  readonly files?: Readonly<Record<string, string>>;
  /** Paths, packages and units that may differ; each needs its reason beside it. */
  readonly ignore?: readonly string[];
  /** Nothing in it depends on what a run before has left, so a second one would tell nothing. */
  readonly once?: true;
};

export type TwinDifferences = {
  /** `task: theirs changed, ours ok`, for the first run and the second. */
  readonly statuses: readonly string[];
  /** `task: field theirs VALUE, ours VALUE`. */
  readonly results: readonly string[];
  /** What differs between the hosts afterwards. */
  readonly hosts: readonly string[];
  readonly tasks: number;
};

const ours = z.looseObject({
  tasks: z.array(
    z.looseObject({
      title: z.string(),
      results: z.array(z.looseObject({ status: z.string(), result: z.record(z.string(), z.unknown()) })),
    }),
  ),
});

/**
 * Runs one playbook under ansible-playbook on one host and under k3sprov on its twin, twice each unless told otherwise, and tells every difference: how each
 * task ended, what it returned, and what the hosts are like afterwards.
 */
export async function compareTwins(
  theirHost: TestHost,
  ourHost: TestHost,
  playbook: string,
  options: TwinOptions = {},
): Promise<TwinDifferences> {
  const statuses: string[] = [];
  const results: string[] = [];
  let tasks = 0;
  for (const round of options.once === true ? ["first run"] : ["first run", "second run"]) {
    const [theirs, own] = await Promise.all([
      runAnsible(theirHost, playbook, options),
      runOurs(ourHost, playbook, options.files ?? {}),
    ]);
    tasks = theirs.tasks.length;
    const pairs = pairUp(theirs, own);
    for (const [their, our] of pairs) {
      if (their.status !== our.status) {
        statuses.push(`${round}, ${their.title}: theirs ${their.status}, ours ${our.status}${reason(their, our)}`);
      } else if (round === "first run") {
        results.push(...fieldDifferences(their.result, our.result).map((text) => `${their.title}: ${text}`));
      }
    }
  }
  const [before, after] = await Promise.all([theirHost.snapshot(), ourHost.snapshot()]);
  const ignore = [...ALWAYS_DIFFERENT, ...(options.ignore ?? [])];
  return { statuses, results, tasks, hosts: withoutBackups(diffSnapshots(before, after, { ignore })) };
}

/** Backups are named after the time, so they differ; of each file there must be as many. */
function withoutBackups(differences: readonly string[]): readonly string[] {
  const name = /^(added|removed) (\/.*)\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~$/;
  const surplus = new Map<string, number>();
  for (const line of differences) {
    const [, what, file] = name.exec(line) ?? [];
    if (file !== undefined) surplus.set(file, (surplus.get(file) ?? 0) + (what === "added" ? 1 : -1));
  }
  return [
    ...differences.filter((line) => !name.test(line)),
    ...[...surplus].filter(([, count]) => count !== 0).map(([file, count]) => `backups of ${file}: ${count} more of ours`),
  ];
}

/** What makes two hosts two, and what Ansible leaves on its hosts. */
const ALWAYS_DIFFERENT = [
  "/etc/hostname",
  "/etc/hosts",
  "/etc/machine-id",
  "/var/lib/dbus/machine-id",
  "/etc/ssh",
  "/root/.ansible",
  "/etc/resolv.conf",
  "kernel.hostname",
];

async function runOurs(
  host: TestHost,
  playbook: string,
  files: Readonly<Record<string, string>>,
): Promise<readonly TaskReport[]> {
  const report = await apply(host, playbook, { files, timeoutMs: 600_000 }).catch((error: unknown) => {
    throw new Error(`k3sprov: ${error instanceof Error ? error.message : String(error)}`);
  });
  return ours.parse(JSON.parse(report.stdout)).tasks.flatMap(({ title, results }) =>
    results.map(({ status, result }) => ({
      title,
      status: z.enum(["ok", "changed", "skipped", "failed"]).parse(status),
      result,
    })),
  );
}

function pairUp(theirs: AnsibleRun, own: readonly TaskReport[]): (readonly [TaskReport, TaskReport])[] {
  const titles = theirs.tasks.map((one) => one.title);
  const ownTitles = own.map((one) => one.title);
  if (titles.join("\n") !== ownTitles.join("\n")) {
    throw new Error(
      `the tools ran different tasks\ntheirs: ${titles.join(", ")}\nours: ${ownTitles.join(", ")}\n${lastWords(theirs)}`,
    );
  }
  return theirs.tasks.map((task, index) => [task, own[index] ?? task]);
}

function lastWords(run: AnsibleRun): string {
  const failure = run.tasks.findLast((one) => one.status === "failed");
  return failure === undefined ? "" : `ansible failed at ${failure.title}: ${JSON.stringify(failure.result).slice(0, 1500)}`;
}

function reason(their: TaskReport, our: TaskReport): string {
  const said = [their, our].filter((one) => one.status === "failed").map((one) => String(one.result["msg"] ?? ""));
  return said.length === 0 ? "" : ` (${said.join("; ")})`;
}

/** Times, numbers the kernel gives, and what belongs to a tool alone. */
const VOLATILE =
  /^(?:_ansible.*|invocation|diff|warnings|deprecations|ansible_facts|ansible_loop_var|start|end|delta|[acm]time|inode|device|dev|elapsed|backup(?:_file)?|actions?|before|after|before_header|after_header|skip_reason|false_condition|cache_update_time|cache_updated|attempts)$/;

function fieldDifferences(theirs: unknown, own: unknown, path = ""): string[] {
  if (Array.isArray(theirs) && Array.isArray(own)) {
    if (theirs.length !== own.length) return [`${path}: theirs has ${theirs.length} items, ours ${own.length}`];
    // Files that were found come as the file system has them.
    const [a, b] = theirs.every(hasPath) && own.every(hasPath) ? [byPath(theirs), byPath(own)] : [theirs, own];
    return a.flatMap((one, index) => fieldDifferences(one, b[index], `${path}[${index}]`));
  }
  if (isRecord(theirs) && isRecord(own)) {
    return Object.entries(theirs).flatMap(([key, value]) => {
      if (VOLATILE.test(key)) return [];
      const at = path === "" ? key : `${path}.${key}`;
      // A default that only one of them spells out is no difference to anybody's condition.
      if (!(key in own) && key !== "src") return isNothing(value) ? [] : [`${at}: theirs ${show(value)}, ours has no such field`];
      return fieldDifferences(value, own[key], at);
    });
  }
  // Ours ends without the last line feed.
  if (theirs === own || String(theirs).trimEnd() === String(own).trimEnd()) return [];
  // The source's place on the control node, or in Ansible's temporary folder on the host.
  if (/(?:^|\.)src$/.test(path) && String(theirs).includes("/")) return [];
  return [`${path}: theirs ${show(theirs)}, ours ${show(own)}`];
}

function hasPath(one: unknown): one is { readonly path: string } {
  return isRecord(one) && typeof one["path"] === "string";
}

function byPath(list: readonly { readonly path: string }[]): readonly unknown[] {
  return list.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function isNothing(value: unknown): boolean {
  return value === null || value === "" || value === false || (Array.isArray(value) && value.length === 0);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
