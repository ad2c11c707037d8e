import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    restoreMocks: true,
    mockReset: true,
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["src/**/*.test.ts", "test/unit/**/*.test.ts"] },
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
