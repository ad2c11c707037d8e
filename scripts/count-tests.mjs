// Adds up vitest's own reports and prints `N passed, N failed`; its exit status says whether anything failed.
//
//   node scripts/count-tests.mjs [--checks NAME,NAME] SUITE=STATUS=REPORT.json …
//
// STATUS is what vitest exited with: a suite that failed without a failed test (a file that does not load, an unhandled error,
// a report that was never written) counts as one failure more, never as none.

import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { checks: { type: "string", default: "" } } });

let passed = 0;
let failed = 0;
let skipped = 0;

for (const check of values.checks.split(",").filter((name) => name !== "")) {
  failed += 1;
  console.log(`failed: ${check}`);
}

for (const positional of positionals) {
  const [suite, status, report] = positional.split("=");
  if (!existsSync(report)) {
    failed += 1;
    console.log(`failed: ${suite}: it did not come to a report`);
    continue;
  }
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  // A file that does not load, or whose hooks fail, has no failed test of its own.
  const brokenFiles = testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  for (const file of brokenFiles) console.log(`failed: ${suite}: ${file.name}: ${file.message.split("\n")[0]}`);
  const broken = numFailedTests + brokenFiles.length;
  const unseen = status !== "0" && broken === 0 ? 1 : 0;
  if (unseen > 0) console.log(`failed: ${suite}: vitest exited with ${status} although no test failed (see above)`);
  passed += numPassedTests;
  failed += broken + unseen;
  skipped += numPendingTests;
  console.log(`${suite}: ${numPassedTests} passed, ${broken + unseen} failed, ${numPendingTests} skipped`);
}

if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
