import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.js';

const MAIN = fileURLToPath(new URL('../fixtures/commonjs/main.cjs', import.meta.url));

interface Place {
  readonly pid: number;
  readonly threadId: number;
}

interface Report extends Readonly<Record<string, unknown>> {
  readonly application: Place;
  readonly process: Place;
  readonly thread: Place;
}

describe('an application compiled to CommonJS', () => {
  let stdout: string;
  let stderr: string;
  let report: Report;

  // That this resolves says that the application exits by itself, and without an error.
  beforeAll(async () => {
    ({ stdout, stderr } = await runProgram(process.execPath, [MAIN], { deadline: 25_000 }));
    report = JSON.parse(stdout) as Report;
  });

  it('writes nothing but its own line', () => {
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    // Some versions of Node call require() of an ES module experimental.
    expect(stderr.replaceAll(/^\(.*(ExperimentalWarning|--trace-warnings).*\n/gm, '')).toBe('');
  });

  it('runs decorated methods in another process', () => {
    expect(report.process).toMatchObject({ threadId: 0, isWorker: true, pool: 'processes' });
    expect(report.process.pid).not.toBe(report.application.pid);
  });

  it('runs decorated methods in another thread', () => {
    expect(report.thread).toMatchObject({ pid: report.application.pid, isWorker: true, pool: 'threads' });
    expect(report.thread.threadId).not.toBe(report.application.threadId);
  });

  it('leaves no process behind', () => {
    expect(() => process.kill(report.process.pid, 0)).toThrow('ESRCH');
  });

  it('injects dependencies into a class that is exported by name', () => {
    expect(report['named']).toEqual(['pain', 'eau']);
  });

  it('injects dependencies into a class that is all that its file exports', () => {
    expect(report['exportAssigned']).toEqual(['p-a-i-n', 'e-a-u']);
  });

  it('runs functions that are exported by name and as default', () => {
    expect(report).toMatchObject({ namedFunction: [10, 10], defaultFunction: ['desserts', 'desserts'] });
  });

  it("gives the application's own errors back as what they are", () => {
    expect(report['ownErrors']).toEqual([
      { name: 'UnknownWordError', word: 'wine', message: "'wine' is not in the dictionary" },
      { name: 'UnknownWordError', word: 'salt', message: "'salt' is not in the dictionary" },
    ]);
  });

  it("gives Nest's errors back as what they are", () => {
    expect(report['nestError']).toEqual({ status: 404, message: 'no such word' });
  });
});

describe('an application of CommonJS files that require ES modules', () => {
  it('has both injected in its workers', async () => {
    const main = fileURLToPath(new URL('../fixtures/commonjs/mixed.main.cjs', import.meta.url));
    const { stdout } = await runProgram(process.execPath, [main], { deadline: 25_000 });
    expect(JSON.parse(stdout)).toEqual(['buses', 'cars']);
  });
});
