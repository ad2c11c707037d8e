import { describe, expect, it } from "vitest";
import type { Resource } from "../modules/contract.ts";
import { Foresight } from "./foresight.ts";
import { play, sandboxPerTest } from "./run-here.test-support.ts";

const box = sandboxPerTest();

it.each<[boolean, Resource | "*", Resource]>([
  [true, "*", "command:jq"],
  [true, "path:/srv/x/*", "path:/srv/x/y/z"],
  [false, "path:/srv/x/*", "path:/srv/y"],
  [true, "path:/usr/local/bin/docker", "command:docker"],
  [true, "path:/sbin/iptables", "command:iptables"],
  [false, "path:/srv/docker", "command:docker"],
  [false, "path:/usr/bin/docker-compose", "command:docker"],
  [false, "path:/usr/bin/docker", "path:/usr/bin/podman"],
])("%s: what provides %s provides %s", (does, provided, resource) => {
  const foresight = new Foresight();
  foresight.provided.set(provided, 1);
  expect(foresight.provides(resource)).toBe(does);
});

it.each<[number | undefined, Resource[]]>([
  [undefined, ["path:/usr/sbin/demo"]],
  [2, ["package:demo-tools", "package:other"]],
  [1, ["package:demo", "package:other"]],
])("%s: when %j would have brought a unit", (when, provided) => {
  const foresight = new Foresight();
  provided.forEach((one, index) => {
    foresight.provided.set(one, index + 1);
  });
  expect(foresight.packagedAt("unit:demo.service")).toBe(when);
});

describe("a connection that is made anew", () => {
  const tasks = `- { name: folder, file: { path: "{{ here }}/d", state: directory } }
- { name: file, copy: { dest: "{{ here }}/d/f", content: "a\\n" } }
- meta: reset_connection
- { name: line, lineinfile: { path: "{{ here }}/d/f", line: b } }
- { name: same, lineinfile: { path: "{{ here }}/d/f", line: a } }
- { name: seen, stat: { path: "{{ here }}/d/f" }, register: seen }
- { name: told, debug: { msg: "{{ seen.stat.exists }}" } }
`;

  it("does not forget what a dry run has foreseen", async () => {
    const here = await box.run(play(tasks), { checkMode: true });
    expect(here.tasks["one"]).toEqual(["changed folder", "changed file", "changed line", "ok same", "ok seen", "ok told"]);
    expect(here.result("told")["msg"]).toBe(true);
  });

  it("does not forget what somebody's command may have brought", async () => {
    const here = await box.run(
      play(`- { name: command, command: "true" }
- meta: reset_connection
- { name: copy, copy: { dest: "{{ here }}/no/such/f", content: a } }
`),
      { checkMode: true },
    );
    expect(here.tasks["one"]).toEqual(["changed command", "changed copy"]);
  });

  it("counts in what the run costs", async () => {
    const once = await box.run(play(`- { stat: { path: "{{ here }}" } }\n`));
    const twice = await box.run(
      play(`- { stat: { path: "{{ here }}" } }\n- meta: reset_connection\n- { stat: { path: "{{ here }}" } }\n`),
    );
    expect(twice.roundTrips).toBe(once.roundTrips * 2);
    const gone = await box.run(play(`- { stat: { path: "{{ here }}" } }\n- meta: reset_connection\n`));
    expect(gone.roundTrips).toBe(once.roundTrips);
  });
});
