import { Secret, Undefined, type Value } from "../../vars/value.ts";
import { Call } from "../call.ts";
import { NotYetKnown } from "../errors.ts";
import { shortName } from "../filters/registry.ts";
import type { Runtime } from "../runtime.ts";
import { ansibleTests } from "./ansible.ts";
import { fileTests } from "./file.ts";
import { jinjaTests } from "./jinja.ts";
import { resultTests } from "./result.ts";
import type { Test } from "./test.ts";
import { textTests } from "./text.ts";

const registry: ReadonlyMap<string, Test> = new Map(
  [jinjaTests, resultTests, ansibleTests, textTests, fileTests].flatMap((table) => Object.entries(table)),
);

export function findTest(name: string): Test | undefined {
  return registry.get(name) ?? registry.get(shortName(name));
}

export function testNames(): Iterable<string> {
  return registry.keys();
}

/** Applies a test. What is not known yet cannot be tested, not even for being defined. Throws TemplateFault, NotYetKnown. */
export function applyTest(
  runtime: Runtime,
  test: Test,
  name: string,
  input: Value,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
): boolean {
  if (input instanceof Undefined && input.reason === "not-yet-known") throw new NotYetKnown(input.name);
  const label = `the test "${name}"`;
  if (test.raw === true)
    return test.run(
      input instanceof Secret ? input.value : input,
      new Call(label, test.parameters, positional, keyword, runtime),
    );
  const open = (value: Value): Value => runtime.open(runtime.deep(value)).value;
  const names = new Map([...keyword].map(([key, value]) => [key, open(value)] as const));
  return test.run(open(input), new Call(label, test.parameters, positional.map(open), names, runtime));
}
