import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Sandbox } from "../../src/engine/run-here.test-support.ts";
import { formatDiagnostic } from "../../src/excerpt.ts";
import { allModules, findModule } from "../../src/modules/registry.ts";
import { allRows } from "../bad-inputs/all-rows.ts";
import { onHosts } from "../bad-inputs/on-hosts.ts";
import { HERE, type Refused } from "../bad-inputs/rows.ts";

const PACKAGES = "src/modules/packages";
/** Modules whose rows stand in tests of their own, since what is wrong with them takes a package manager, a server or a kernel. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  apk: `${PACKAGES}/rpm-like.test.ts`,
  apt: `${PACKAGES}/apt.test.ts`,
  apt_repository: `${PACKAGES}/repositories.test.ts`,
  deb822_repository: `${PACKAGES}/repositories.test.ts`,
  dnf: `${PACKAGES}/rpm-like.test.ts`,
  dpkg_selections: `${PACKAGES}/repositories.test.ts`,
  get_url: "src/modules/downloads/get-url.test.ts",
  modprobe: "src/modules/system/modprobe.test.ts",
  package: `${PACKAGES}/rpm-like.test.ts`,
  package_facts: `${PACKAGES}/rpm-like.test.ts`,
  rpm_key: `${PACKAGES}/repositories.test.ts`,
  sysctl: "src/modules/system/sysctl.test.ts",
  unarchive: "src/modules/files/unarchive.test.ts",
  uri: "src/modules/downloads/uri.test.ts",
  yum_repository: `${PACKAGES}/repositories.test.ts`,
  zypper: `${PACKAGES}/rpm-like.test.ts`,
  zypper_repository: `${PACKAGES}/repositories.test.ts`,
};

const sandbox = new Sandbox();
sandbox.write(HERE);
afterAll(() => sandbox.remove());

const INDENT = "    - ";
const playbook = (tasks: readonly string[]): string =>
  `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.map((task) => `${INDENT}${task}\n`).join("")}`;

/** What the command line shows of a playbook of this task. */
function refusal([marked, message, rest = {}]: Refused): string {
  const task = marked.replace(/[«»]/g, "");
  const name = /^\w+/.exec(task)?.[0] ?? "";
  const [start, end] = marked.includes("«") ? [marked.indexOf("«"), marked.indexOf("»") - 1] : [0, name.length];
  const help = "help" in rest ? rest.help : `k3sprov doc ${name}`;
  return [
    `error: ${message}`,
    `  playbook.yaml:4:${INDENT.length + start + 1}`,
    "  3 |   tasks:",
    `  4 | ${INDENT}${task}`,
    `    | ${" ".repeat(INDENT.length + start)}${"^".repeat(end - start)}`,
    `  in ${rest.context ?? `play "all" > task "${name}"`}`,
    ...(help === undefined ? [] : [`  help: ${help}`]),
  ].join("\n");
}

describe("bad inputs", () => {
  describe.each(Object.entries(allRows))("of %s", (name, { refused, here = [] }) => {
    it.each(refused.map((row) => [row[0], row] as const))("are refused before a host is touched: %s", async (marked, row) => {
      const ran = await sandbox.run(playbook([marked.replace(/[«»]/g, "")]), { checkMode: true });
      expect(ran.events.filter((event) => event.type === "host-connected")).toEqual([]);
      const told = ran.diagnostics.map((one) =>
        formatDiagnostic(one).replaceAll(`${sandbox.folder}/`, "").replaceAll(sandbox.folder, "{{ here }}"),
      );
      expect(told.join("\n")).toBe(refusal(row));
    });

    const module = findModule(name);
    // A check writes nothing. For real is run only what could do no harm outside of the folder, should it not fail.
    const modes = module?.kind === "state" ? [true, false] : [false];
    const rows = (checkMode: boolean) =>
      here.filter(([task]) => checkMode || module?.kind !== "state" || task.includes("{{ here }}"));
    it.each(here.length === 0 ? [] : modes.filter((checkMode) => rows(checkMode).length > 0))(
      "fail; in a check: %s",
      async (checkMode) => {
        const before = filesOf(sandbox.folder);
        const tasks = rows(checkMode).map(([task], index) => `${task}\n      name: "${index}"\n      ignore_errors: true`);
        const ran = await sandbox.run(playbook(tasks), { checkMode });
        expect(ran.diagnostics).toEqual([]);
        const told = rows(checkMode).map(([task], index) => {
          const { failed, msg } = ran.result(String(index));
          const text = String(msg).replaceAll(sandbox.folder, "{{ here }}");
          return [task, failed === true ? text : `did not fail: ${text}`];
        });
        expect(told).toEqual(rows(checkMode).map(([task, message]) => [task, message]));
        expect(filesOf(sandbox.folder)).toEqual(before);
      },
    );
  });

  it("are there for every module, five or more", () => {
    const count = (name: string): number => {
      const [own, host] = [allRows[name], onHosts[name]];
      return [own?.refused, own?.here, host?.root, host?.deploy].reduce((sum, rows) => sum + (rows?.length ?? 0), 0);
    };
    const few = allModules().filter(({ name }) => !(name in ELSEWHERE) && count(name) < 5);
    expect(few.map(({ name }) => `${name}: ${count(name)}`)).toEqual([]);
    const rowsOfNone = Object.keys({ ...allRows, ...onHosts }).filter((name) => findModule(name)?.name !== name);
    expect(rowsOfNone).toEqual([]);
  });
});

/** Path -> content of everything in the folder but the playbook itself. */
function filesOf(folder: string): Readonly<Record<string, string>> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true }).map((entry): [string, string] => {
    const path = join(entry.parentPath, entry.name);
    return [path, entry.isFile() ? readFileSync(path, "utf8") : "no file"];
  });
  return Object.fromEntries(entries.filter(([path]) => path !== join(folder, "playbook.yaml")));
}
