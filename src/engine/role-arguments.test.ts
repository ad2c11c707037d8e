import { describe, expect, it } from "vitest";
import { sandboxPerTest } from "./run-here.test-support.ts";

const box = sandboxPerTest();

const specs = `argument_specs:
  main:
    mutually_exclusive: [[web_a, web_b]]
    required_by: {web_token: web_user}
    required_if:
      - [web_state, present, [web_port]]
    options:
      web_a: {}
      web_b: {}
      web_state: {default: present}
      web_port: {type: int, removed_in_version: "9.0"}
      web_user: {}
      web_token: {no_log: true}
      web_tls:
        type: dict
        required_together: [[key, cert]]
        options: {key: {}, cert: {}}
`;

describe("the variables of a role", () => {
  const write = (vars: string): string => {
    box.write({
      "roles/web/meta/argument_specs.yml": specs,
      "roles/web/tasks/main.yml": '- debug: { msg: "token {{ web_token | default(0) }}" }\n',
    });
    return `- hosts: all\n  gather_facts: false\n  vars:\n${vars}  roles: [web]\n`;
  };

  it("are held to the rules among them before a host is touched", async () => {
    const here = await box.run(write("    web_a: 1\n    web_b: 2\n    web_token: hunter2\n    web_tls: { key: k }\n"));
    expect(here.refused).toEqual([
      'role web: "web_tls.key" and "web_tls.cert" must be given together, but "web_tls.cert" is not set',
      'role web: "web_a" and "web_b" exclude each other; give one of them',
      'role web: "web_state" is present, so "web_port" is required, but not set',
      'role web: "web_token" is set, so "web_user" is required, but not set',
    ]);
    expect(here.events).toEqual([]);
  });

  it("are told with the place where they are given, and that of the rule", async () => {
    const playbook = write("    web_port: 1\n    web_a: 1\n    web_b: 2\n");
    const [first] = (await box.run(playbook)).diagnostics;
    expect(first?.position).toMatchObject({ line: 5, column: 5 });
    expect(first?.context).toEqual([expect.stringMatching(/^the rule is at .*argument_specs\.yml:3:26$/), "host one"]);
  });

  it("are checked although another one depends on what is not known yet", async () => {
    const here = await box.run(write('    web_port: "{{ ansible_processor_vcpus }}"\n    web_a: 1\n    web_b: 2\n'));
    expect(here.refused).toEqual(['role web: "web_a" and "web_b" exclude each other; give one of them']);
  });

  it("are masked where they are marked no_log, and warned of where they will go", async () => {
    const here = await box.run(write("    web_port: 1\n    web_token: hunter2\n    web_user: me\n"));
    expect(here.outcome).toBe("ok");
    expect(here.result("web : debug")["msg"]).toBe("token ********");
    expect(here.warnings).toEqual(['role web: "web_port" is deprecated: it will be removed in version 9.0']);
  });
});

describe("validate_argument_spec", () => {
  const task = (given: string): string => `- hosts: all
  gather_facts: false
  tasks:
    - name: check
      validate_argument_spec:
        argument_spec:
          port: { type: int, required: true }
          kind: { choices: [a, b] }
        provided_arguments: ${given}
`;

  it("checks what it is given by the specification that it is given", async () => {
    expect((await box.run(task("{ port: 80, kind: a }"))).result("check")).toMatchObject({
      failed: false,
      msg: "The arg spec validation passed",
    });
    expect((await box.run(task("{ kind: c }"))).result("check")).toMatchObject({
      failed: true,
      argument_errors: ['"port" is required, but not set', '"kind" is "c", but must be one of a, b'],
    });
  });
});
