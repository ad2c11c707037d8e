import { expect, it } from "vitest";
import { play, sandboxPerTest } from "./run-here.test-support.ts";

const box = sandboxPerTest();

it("gives the result fields that Ansible gives", async () => {
  const here = await box.run(
    play(`- { name: pause, pause: { seconds: 1 } }
- { name: host, add_host: { name: new, groups: [others], colour: "{{ 'gre' ~ 'en' }}" } }
- { name: group, group_by: { key: a group, parents: [some] } }
- { name: valid, validate_argument_spec: { argument_spec: { a: { type: int } }, provided_arguments: { a: 1 }, validate_args_context: { name: x } } }
- { name: wrong, ignore_errors: true, validate_argument_spec: { argument_spec: { a: { required: true } }, provided_arguments: {} } }
- { name: none, ignore_errors: true, include_vars: "{{ 'no' }}.yaml" }
`),
  );
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
  expect(here.result("pause")).toMatchObject({
    user_input: "",
    echo: true,
    start: time,
    stop: time,
    delta: 1,
    rc: 0,
    stderr: "",
  });
  expect(here.result("pause")["stdout"]).toMatch(/^Paused for 1\.\d\d? seconds$/);
  expect(here.result("host")["add_host"]).toEqual({ host_name: "new", groups: ["others"], host_vars: { colour: "green" } });
  expect(here.result("group")).toMatchObject({ add_group: "a-group", parent_groups: ["some"] });
  expect(here.result("valid")["validate_args_context"]).toEqual({ name: "x" });
  expect(here.result("wrong")).toMatchObject({ argument_spec_data: { a: { required: true } }, validate_args_context: {} });
  expect(here.result("none")["message"]).toBe(here.result("none")["msg"]);
});
