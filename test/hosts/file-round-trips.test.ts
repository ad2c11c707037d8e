import { describe, expect, it } from "vitest";
import { apply, type RunReport } from "./cli.ts";
import { freshHost } from "./pool.ts";

/** One of each module of the family; ten tasks for a directory of its own. */
const tasksFor = (folder: string): readonly string[] => [
  `file: { path: ${folder}, state: directory, mode: '0755' }`,
  `copy: { dest: ${folder}/parts/10-a, content: "a = 1\\n", mode: '0640' }`,
  `template: { src: t.j2, dest: ${folder}/parts/20-b }`,
  `lineinfile: { path: ${folder}/lines, line: 'x = 1', regexp: '^x =', create: true }`,
  `blockinfile: { path: ${folder}/lines, block: "one\\ntwo", marker: '# {mark} here' }`,
  `replace: { path: ${folder}/lines, regexp: '^one$', replace: one, mode: '0600' }`,
  `ini_file: { path: ${folder}/x.ini, section: s, option: o, value: v }`,
  `file: { path: ${folder}/link, src: lines, state: link }`,
  `assemble: { src: ${folder}/parts, dest: ${folder}/whole }`,
];

const looks = (folder: string): readonly string[] => [
  `stat: { path: ${folder}/whole }\n      register: seen`,
  `slurp: { src: /etc/hostname }\n      register: name`,
  `find: { paths: /etc/default, patterns: '*' }\n      register: found`,
];

const folders = Array.from({ length: 10 }, (_, index) => `/srv/rt/${index}`);
const tasks = folders.flatMap((folder, index) => [
  `file: { path: ${folder}/parts, state: directory }`,
  ...tasksFor(folder).slice(index === 0 ? 0 : 1),
  looks(folder)[index % 3] ?? "",
]);
// The first has one more, for the directory above the others; nine times ten and eleven make a hundred and one.
const hundred = tasks.slice(0, 100);
const playbook = `- hosts: all\n  become: true\n  gather_facts: false\n  tasks:\n${hundred.map((task) => `    - ${task}\n`).join("")}`;
const files = { "templates/t.j2": "b = {{ 1 + 1 }}\n" };

const roundTrips = (report: RunReport): number => Object.values(report.costs)[0]?.roundTrips ?? Number.NaN;

describe("a hundred tasks of all file modules", () => {
  const host = freshHost();

  it("cost a converged host less than six round trips", { timeout: 300_000 }, async () => {
    expect(hundred).toHaveLength(100);
    await apply([host()], playbook, { files });
    const again = await apply([host()], playbook, { files });
    expect(again.changes).toEqual({});
    expect(again.hosts).toMatchObject({ fresh1: { ok: 100, changed: 0, failed: 0 } });
    expect(roundTrips(again)).toBeLessThan(6);
    const check = await apply([host()], playbook, { files, check: true });
    expect(check.changes).toEqual({});
    expect(roundTrips(check)).toBeLessThan(6);
    // One file is put right; that and what it leads to are all that is paid for.
    await host().read("echo z >/srv/rt/4/x.ini");
    const mended = await apply([host()], playbook, { files });
    expect(Object.values(mended.changes).flat()).toHaveLength(1);
    expect(roundTrips(mended)).toBeLessThan(7);
  });
});
