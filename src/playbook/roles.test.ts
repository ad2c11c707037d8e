import { describe, expect, it } from "vitest";
import { Secret } from "../vars/value.ts";
import { fixture } from "./fixture.ts";
import { flatten, titleOf } from "./list.ts";
import type { Node, Play } from "./model.ts";
import { packageRoot } from "./role-lookup.ts";
import { roleOf, tagsOf, whenChain } from "./scope.ts";

const task = (name: string) => `- {name: ${name}, command: ls}\n`;
const titles = (nodes: readonly Node[]) => nodes.flatMap(flatten).map(titleOf);

function firstPlay(files: Readonly<Record<string, string>>): Play {
  const [play] = fixture(files).load().plays;
  if (play === undefined) throw new Error("no play");
  return play;
}

describe("roles of a play", () => {
  it("run after what they depend on, each once", () => {
    const play = firstPlay({
      "site.yml": "- hosts: all\n  roles: [a, b, a, {role: a, x: 1}, {role: c}, c]\n",
      "roles/a/tasks/main.yml": task("one"),
      "roles/a/meta/main.yml": "dependencies:\n  - {role: base, y: 2}\n",
      "roles/b/tasks/main.yaml": task("two"),
      "roles/b/meta/main.yml": "dependencies:\n  - {role: base, y: 2}\n  - base\n",
      "roles/base/tasks/main.yml": task("zero"),
      "roles/c/tasks/main.yml": task("three"),
      "roles/c/meta/main.yml": "allow_duplicates: true\n",
    });
    expect(titles(play.roleTasks)).toEqual([
      "base : zero",
      "a : one",
      "base : zero",
      "b : two",
      "a : one",
      "c : three",
      "c : three",
    ]);
    expect(play.roles.map((role) => role.name)).toEqual(["base", "a", "base", "b", "a", "c", "c"]);
    expect(play.roles[1]?.dependencies.map((role) => role.name)).toEqual(["base"]);
    expect(play.roles[0]?.parents).toEqual(["a"]);
    expect(play.roles[0]?.parameters).toEqual(new Map([["y", 2]]));
  });

  it("run again when the first time hangs on a condition", () => {
    const play = firstPlay({
      "site.yml": "- hosts: all\n  roles:\n    - {role: a, when: x, tags: t}\n    - b\n",
      "roles/a/meta/main.yml": "dependencies: [base]\n",
      "roles/b/meta/main.yml": "dependencies: [base]\n",
      "roles/base/tasks/main.yml": task("zero"),
    });
    const all = play.roleTasks.flatMap(flatten);
    expect(all.map((one) => [whenChain(one).map((when) => when.source), tagsOf(one), roleOf(one)?.name])).toEqual([
      [["x"], ["t"], "base"],
      [[], [], "base"],
    ]);
  });

  it("bring variables and handlers, before the play's own", () => {
    const play = firstPlay({
      "site.yml":
        "- hosts: all\n  roles: [a]\n  tasks:\n    - import_role: {name: b, tasks_from: other.yml, vars_from: more}\n  handlers:\n    - {name: h, command: ls}\n",
      "roles/a/defaults/main.yml": "d: 1\n",
      "roles/a/vars/main/10.yml": "v: 1\nw: 1\n",
      "roles/a/vars/main/20.json": '{"w": 2}\n',
      "roles/a/handlers/main.yml": "- {name: h, command: ls}\n",
      "roles/b/tasks/other.yml": task("other"),
      "roles/b/vars/more.yml": "m: 1\n",
      "roles/b/handlers/main.yml": "- {name: hb, command: ls}\n",
    });
    expect(play.roles.map((role) => [role.name, Object.fromEntries([...role.defaults, ...role.vars])])).toEqual([
      ["a", { d: 1, v: 1, w: 2 }],
      ["b", { m: 1 }],
    ]);
    expect(titles(play.handlers)).toEqual(["a : h", "h", "b : hb"]);
    expect(play.handlers.flatMap(flatten).every((one) => one.isHandler)).toBe(true);
  });

  it("are found by path, by a collection's name, and in the package", () => {
    const play = firstPlay({
      "site.yml": "- hosts: all\n  roles: [./extra/x, some.where.y, geerling.docker, proxy]\n",
      "extra/x/tasks/main.yml": task("x"),
      "collections/ansible_collections/some/where/roles/y/tasks/main.yml": task("y"),
      "roles/geerling.docker/tasks/main.yml": task("d"),
      "roles/proxy/tasks/main.yml": task("p"),
    });
    expect(titles(play.roleTasks)).toEqual(["x : x", "some.where.y : y", "geerling.docker : d", "proxy : p"]);
    expect(packageRoot()).toBe(process.cwd());
  });

  it("may have encrypted variables", () => {
    const play = firstPlay({
      "site.yml": "- hosts: all\n  roles: [a]\n",
      "roles/a/vars/main.yml": "$ANSIBLE_VAULT;1.1;AES256\ntoken: abc\n",
    });
    expect(play.roles[0]?.vars).toEqual(new Map([["token", new Secret("abc")]]));
  });

  it("have a specification for each entry point", () => {
    const specs =
      "argument_specs:\n  main: {short_description: Main., options: {a_x: {type: int, required: true}}}\n  other: {options: {a_y: {}}}\n";
    const files = { "roles/a/meta/main.yml": specs, "roles/a/tasks/main.yml": task("x"), "roles/a/tasks/other.yml": task("y") };
    const main = firstPlay({ ...files, "site.yml": "- hosts: all\n  roles: [a]\n" });
    expect(main.roles[0]?.argumentSpec).toMatchObject({ entryPoint: "main", shortDescription: "Main." });
    expect(main.roles[0]?.argumentSpec?.options.get("a_x")).toMatchObject({ type: "int", required: true, noLog: false });
    const other = firstPlay({
      ...files,
      "site.yml": "- hosts: all\n  tasks:\n    - import_role: {name: a, tasks_from: other}\n",
    });
    expect([...(other.roles[0]?.argumentSpec?.options.keys() ?? [])]).toEqual(["a_y"]);
    const none = firstPlay({
      ...files,
      "site.yml": "- hosts: all\n  tasks:\n    - import_role: {name: a, rolespec_validate: false}\n",
    });
    expect(none.roles[0]?.argumentSpec).toBeUndefined();
  });
});
