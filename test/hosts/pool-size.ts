/** How many hosts all test files share. Apart from pool.ts, since the global set-up cannot load what imports vitest's test functions. */
export const POOL_SIZE = 3;
