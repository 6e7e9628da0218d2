import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Compiled by tsc, as decorators need its metadata, and loaded by Node itself, as workers load them.
    include: ['build/test/**/*.spec.js'],
    server: { deps: { external: [/\/build\/(lib|test\/fixtures)\//] } },
    pool: 'forks',
    // Two at once: each test file has workers of its own.
    maxWorkers: 2,
    // Nothing is mocked, and what is tested is loaded by Node: a process for each file would only load it again.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
