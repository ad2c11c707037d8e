import { defineConfig } from "vitest/config";
import { BalancedSequencer } from "./test/hosts/sequencer.ts";

export default defineConfig({
  test: {
    restoreMocks: true,
    mockReset: true,
    // Files that run in one process share what they import, which takes longer to load than most of them to run.
    isolate: false,
    sequence: { sequencer: BalancedSequencer },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/unit/**/*.test.ts"],
          globalSetup: ["test/unit/global-setup.ts"],
          // The default of 5 s is too little for tests that run real shells on a busy machine.
          testTimeout: 30_000,
          // Vitest leaves a processor to itself, which is half of a small machine. These tests wait for shells that they start.
          maxWorkers: "100%",
        },
      },
      {
        extends: true,
        test: {
          name: "hosts",
          include: ["test/hosts/**/*.test.ts"],
          globalSetup: ["test/hosts/global-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          // The shared hosts serve one file at a time.
          fileParallelism: false,
        },
      },
    ],
  },
});
