import type { EngineEvent, EventBody, HostCounts, TaskRef, TaskStatus } from "../../src/engine/events.ts";

export type Fleet = {
  readonly hosts: number;
  readonly tasks: number;
  readonly checkMode?: boolean;
  /** Hosts, by number, that fail in the middle, and that cannot be reached. */
  readonly failing?: readonly number[];
  readonly unreachable?: readonly number[];
  readonly msPerTask?: number;
};

const titles = [
  "Gathering Facts",
  "common : Install packages",
  "common : Write /etc/sysctl.d/90-k3s.conf",
  "common : Load kernel modules",
  "proxy : Write the proxy settings of K3s",
  "proxy : Show 日本語 in a title, which is wider than it is long",
  "k3s : Wait until the node is ready, which may take a long while on small machines with slow disks",
  "k3s : Restart",
];

/** Events of a play over a made-up fleet, as the engine would emit them: linear, all hosts at a task, in a fixed order. */
export function fleetEvents({
  hosts: number,
  tasks,
  checkMode = false,
  failing = [],
  unreachable = [],
  msPerTask = 400,
}: Fleet): readonly EngineEvent[] {
  const hosts = Array.from(
    { length: number },
    (_, index) => `node${String(index + 1).padStart(String(number).length, "0")}.example.net`,
  );
  const events: EngineEvent[] = [];
  const counts = new Map<string, { -readonly [N in keyof HostCounts]: number }>();
  const changes = new Map<string, string[]>();
  const out = new Set<string>();
  let at = 0;
  const emit = (body: EventBody): void => {
    events.push({ ...body, at: Math.round(at) });
  };
  for (const host of hosts)
    counts.set(host, { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 });
  emit({ type: "run-started", playbooks: ["site.yaml"], checkMode, diff: false, hosts, version: "0.1.0" });
  emit({ type: "play-started", play: "Prepare the cluster", hosts, strategy: "linear", tasks });
  for (const host of hosts) emit({ type: "host-connecting", host, target: `ssh root@${host}` });
  for (let index = 0; index < tasks; index += 1) {
    const task = taskRef(index);
    emit({ type: "task-started", task });
    for (const host of hosts) if (!out.has(host)) emit({ type: "task-host-started", task, host });
    for (const [place, host] of hosts.entries()) {
      if (out.has(host)) continue;
      at += msPerTask / number;
      const isLost = index === 0 && unreachable.includes(place + 1);
      const isFailed = index === Math.floor(tasks / 2) && failing.includes(place + 1);
      const status: TaskStatus = isLost
        ? "unreachable"
        : isFailed
          ? "failed"
          : index % 5 === 3
            ? "skipped"
            : (index + place) % 3 === 1
              ? "changed"
              : "ok";
      const own = counts.get(host);
      if (own === undefined) continue;
      if (status === "failed") own.failed += 1;
      else if (status === "unreachable") own.unreachable += 1;
      else if (status === "skipped") own.skipped += 1;
      else own.ok += 1;
      if (status === "changed") {
        own.changed += 1;
        changes.set(host, [...(changes.get(host) ?? []), task.title]);
      }
      const msg = isLost
        ? `connection to ${host} port 22 was refused`
        : isFailed
          ? "apt-get ended with exit status 100: E: Unable to locate package k3s-selinux"
          : "";
      emit({
        type: "task-finished",
        task,
        host,
        status,
        result: { changed: status === "changed", failed: isFailed, ...(msg === "" ? {} : { msg }) },
        differences: [],
        loop: false,
        ignored: false,
        noLog: false,
        elapsedMs: Math.round(msPerTask),
      });
      if (isLost) emit({ type: "host-unreachable", host, message: msg, code: "refused", help: "is sshd running there?" });
      if (isLost || isFailed) out.add(host);
    }
  }
  emit({
    type: "run-finished",
    hosts: Object.fromEntries(counts),
    costs: Object.fromEntries(
      hosts.map((host) => [
        host,
        { roundTrips: 4, bytesSent: 9000, bytesReceived: 4000, connects: 1, elapsedMs: Math.round(at) },
      ]),
    ),
    slowest: hosts.slice(0, 3).map((host) => ({ task: taskRef(1), host, elapsedMs: 4200 })),
    elapsedMs: Math.round(at),
    outcome: out.size === 0 ? "ok" : failing.length > 0 ? "failed" : "unreachable",
    changes: Object.fromEntries(changes),
  });
  return events;
}

export function taskRef(index: number, rest: Partial<TaskRef> = {}): TaskRef {
  return {
    id: String(index + 1),
    title: titles[index % titles.length] ?? "",
    module: "command",
    file: "site.yaml",
    line: 10 + index,
    handler: false,
    tags: [],
    ...rest,
  };
}
