import { Undefined, type Value } from "../../vars/value.ts";
import { Call } from "../call.ts";
import { NotYetKnown } from "../errors.ts";
import { shortName } from "../filters/registry.ts";
import type { Runtime } from "../runtime.ts";
import { collectionTests } from "./collections.ts";
import { comparisonTests } from "./comparison.ts";
import { fileTests } from "./files.ts";
import { resultTests } from "./results.ts";
import type { Test, TestTable } from "./test.ts";
import { textTests } from "./text.ts";
import { typeTests } from "./types.ts";

const tables: readonly TestTable[] = [typeTests, comparisonTests, collectionTests, textTests, resultTests, fileTests];
const registry: ReadonlyMap<string, Test> = new Map(tables.flatMap((table) => Object.entries(table)));

export function findTest(name: string): Test | undefined {
  return registry.get(name) ?? registry.get(shortName(name));
}

export function testNames(): Iterable<string> {
  return registry.keys();
}

/** Applies a test. What it tells about a secret is one bit, which is not boxed. Throws TemplateFault, DiagnosticError, NotYetKnown. */
export function applyTest(
  runtime: Runtime,
  test: Test,
  name: string,
  input: Value,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
): boolean {
  const label = `the test "${name}"`;
  if (input instanceof Undefined && input.reason === "not-yet-known") throw new NotYetKnown(input.name);
  if (test.raw === true) return test.run(input, new Call(label, test.parameters, positional, keyword, runtime));
  const open = (value: Value): Value => runtime.open(runtime.deep(value)).value;
  const names = keyword.size === 0 ? keyword : new Map([...keyword].map(([key, value]) => [key, open(value)]));
  return test.run(open(input), new Call(label, test.parameters, positional.map(open), names, runtime));
}
