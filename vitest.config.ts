import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Compiled by tsc, as decorators need its metadata, and loaded by Node itself, as workers load them.
    include: ['build/test/**/*.spec.js'],
    server: { deps: { external: [/\/build\/(lib|test\/fixtures)\//] } },
    pool: 'forks',
    // More than most machines that run this have cores: the tests wait about as much as they compute.
    maxWorkers: 3,
    // What is tested is loaded by Node: a process for each file would only load it again. A file that mocks restores.
    isolate: false,
    // Most of the time goes into starting workers, which inherit this: V8 would spend a sixth of it on
    // optimising what runs once. (Newer ones do not know the option.)
    execArgv: process.version.startsWith('v20.') ? ['--interrupt-budget=1000000'] : [],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
