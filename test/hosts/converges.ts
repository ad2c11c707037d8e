import { expect } from "vitest";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import type { TestHost } from "./host.ts";
import type { Snapshot } from "./snapshot.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

/** A change behind k3sprov's back, and the one task that must notice and mend it (and, as a list, those that follow from it: a restart). */
export type Disturbance = {
  readonly by: string;
  readonly repairedBy: string | readonly string[];
  /** Cannot be tried together with others, since it changes what another one disturbs. */
  readonly alone?: true;
};

export type Expectation = Pick<ApplyOptions, "args" | "files" | "vars" | "groups" | "timeoutMs"> & {
  /** Titles of the tasks that change a host that has never seen the playbook, in order ("role : name" for those of roles). */
  readonly changed: readonly string[];
  /** Tasks that by their nature run every time (a bare `command`); none unless given. */
  readonly always?: readonly string[];
  /** A playbook that undoes the first one: the host's files, packages, units and accounts must be as they were. */
  readonly absent?: string;
  readonly disturb?: readonly Disturbance[];
  /** Paths, packages and units that need not be compared; each use needs its reason beside it. */
  readonly ignore?: readonly string[];
};

export type Convergence = { readonly check: RunReport; readonly applied: RunReport; readonly again: RunReport };

/**
 * Holds a playbook to the promises, on real hosts:
 *
 * 1. `--check` lists exactly `changed`, and writes nothing at all on a host
 * 2. apply changes the same list
 * 3. a second apply changes nothing, and writes nothing
 * 4. neither does a second `--check`
 * 5. each disturbance is announced by `--check` and repaired by apply, by exactly its task, and the host is as it was before it; several at a
 *    time where different tasks repair them
 * 6. `absent` restores the host, and changes nothing the second time
 *
 * The hosts are used as they are, and must not be converged yet.
 */
export async function converges(
  target: TestHost | readonly TestHost[],
  playbook: string,
  expected: Expectation,
): Promise<Convergence> {
  const hosts: readonly TestHost[] = isList(target) ? target : [target];
  const { changed, always = [], absent, disturb = [], ignore = [], ...options } = expected;
  const each = (titles: readonly string[]) => Object.fromEntries(hosts.map((host) => [host.name, titles]));
  const run = async (text: string, check: boolean, titles: readonly string[], what: string): Promise<RunReport> => {
    const report = await apply(hosts, text, { ...options, check });
    expect(
      changes(report, hosts),
      `${what}: tasks that ${check ? "would change" : "changed"} something\n${report.stderr}`,
    ).toEqual(each(titles));
    return report;
  };

  const fresh = await look(hosts);
  const check = await run(playbook, true, changed, "1. check of a fresh host");
  const checked = await look(hosts);
  expect(differences(hosts, fresh, checked, { by: "written" }), "1. what a check of a fresh host wrote there").toEqual([]);

  const applied = await run(playbook, false, changed, "2. first apply");
  const converged = await look(hosts);

  const again = await run(playbook, false, always, "3. second apply");
  await run(playbook, true, always, "4. check of a converged host");
  const kept = await look(hosts);
  // A task that runs every time may well write; only what it leaves behind is compared then.
  const by = always.length === 0 ? "written" : "state";
  expect(differences(hosts, converged, kept, { by, ignore }), "3. and 4. what a second apply and a check wrote").toEqual([]);

  for (const batch of batches(disturb)) {
    const commands = batch.map((one) => one.by);
    for (const host of hosts) for (const command of commands) await host.read(command);
    const what = `"${commands.join('" and "')}"`;
    const disturbed = await look(hosts);
    const titles = [...always, ...batch.map((one) => one.repairedBy)].flat().sort();
    for (const isCheck of [true, false]) {
      const report = await apply(hosts, playbook, { ...options, check: isCheck });
      const found = Object.fromEntries(Object.entries(changes(report, hosts)).map(([name, list]) => [name, [...list].sort()]));
      expect(found, `5. after ${what}, tasks that ${isCheck ? "would change" : "changed"} something`).toEqual(each(titles));
      if (isCheck) {
        expect(
          differences(hosts, disturbed, await look(hosts), { by: "written" }),
          `5. what the check after ${what} wrote`,
        ).toEqual([]);
      }
    }
    expect(differences(hosts, converged, await look(hosts), { ignore }), `5. what remained of ${what}`).toEqual([]);
  }

  if (absent !== undefined) {
    const removal = await apply(hosts, absent, options);
    const removed = await look(hosts);
    expect(differences(hosts, fresh, removed, { ignore }), `6. what absent left behind\n${removal.stderr}`).toEqual([]);
    await run(absent, false, [], "6. second absent");
  }
  return { check, applied, again };
}

/** Disturbances that different tasks repair can be tried together: each of these tasks must notice its own, and no other may. */
function batches(all: readonly Disturbance[]): readonly (readonly Disturbance[])[] {
  const found: { readonly titles: Set<string>; readonly members: Disturbance[] }[] = [];
  for (const one of all) {
    const titles = [one.repairedBy].flat();
    const last = found.at(-1);
    const open = one.alone === true || last?.members[0]?.alone === true ? undefined : last;
    if (open === undefined || titles.some((title) => open.titles.has(title))) {
      found.push({ titles: new Set(titles), members: [one] });
      continue;
    }
    open.members.push(one);
    for (const title of titles) open.titles.add(title);
  }
  return found.map((one) => one.members);
}

// Array.isArray does not narrow a readonly array out of a union.
function isList(target: TestHost | readonly TestHost[]): target is readonly TestHost[] {
  return Array.isArray(target);
}

function changes(report: RunReport, hosts: readonly TestHost[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(hosts.map((host) => [host.name, report.changes[host.name] ?? []]));
}

function look(hosts: readonly TestHost[]): Promise<readonly Snapshot[]> {
  return Promise.all(hosts.map((host) => host.snapshot()));
}

function differences(
  hosts: readonly TestHost[],
  before: readonly Snapshot[],
  after: readonly Snapshot[],
  options: Parameters<typeof diffSnapshots>[2],
): readonly string[] {
  return hosts.flatMap((host, index) => {
    const [a, b] = [before[index], after[index]];
    if (a === undefined || b === undefined) throw new Error(`no snapshot of ${host.name}`);
    return diffSnapshots(a, b, options).map((line) => `${host.name}: ${line}`);
  });
}
