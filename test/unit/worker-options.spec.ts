import { afterEach, describe, expect, it } from 'vitest';
import { inheritedExecArgv, sharedNodeOptions, v8Flags } from '../../lib/hosts/worker-options.js';

describe("what a process inherits of the application's options", () => {
  const { execArgv } = process;
  afterEach(() => void (process.execArgv = execArgv));

  it.each<[given: string[], inherited: string[]]>([
    [
      ['--import', 'tsx'],
      ['--import', 'tsx'],
    ],
    [['--max-old-space-size=100', '--inspect'], ['--max-old-space-size=100']],
    [['--inspect-port', '0', '--enable-source-maps'], ['--enable-source-maps']],
    [['--inspect-port=0', '--enable-source-maps'], ['--enable-source-maps']],
    [
      ['--test-reporter', 'tap', '--test', '--conditions', 'x'],
      ['--conditions', 'x'],
    ],
    [['--test-only', '--no-warnings'], ['--no-warnings']],
    [['--watch', '--watch-path', 'src', '--no-warnings'], ['--no-warnings']],
    [['--input-type=module', '-e', 'import("./main.js")'], []],
    [['--input-type', 'module', '--eval', '1'], []],
    [['--eval=import("./main.js")', '--no-warnings'], ['--no-warnings']],
    [['--print=1'], []],
    [['-p', '-e', 'code', '--no-warnings'], ['--no-warnings']],
    [['--inspect_port', '0', '--no_warnings'], ['--no_warnings']],
  ])('of %j: %j', (given, inherited) => {
    process.execArgv = given;
    expect(inheritedExecArgv()).toEqual(inherited);
  });

  it.each<[given: string, inherited: string]>([
    ['--no-warnings --inspect=0 --enable-source-maps', '--no-warnings --enable-source-maps'],
    ['--inspect-port 0 --require ./before.cjs', '--require ./before.cjs'],
    ['--require "./with space.cjs" "--inspect"  --no-warnings', '--require "./with space.cjs" --no-warnings'],
    ['--require ./no\u00a0break.cjs --"inspect"', '--require ./no\u00a0break.cjs'],
    ['--title -p', '--title -p'],
    [String.raw`--require "./a \" b.cjs" --watch`, String.raw`--require "./a \" b.cjs"`],
  ])('of NODE_OPTIONS=%j: %j', (given, inherited) => {
    expect(sharedNodeOptions(given)).toBe(inherited);
  });
});

describe("V8's flags for resource limits", () => {
  it('are whole numbers, as it takes no others', () => {
    const limits = { maxOldGenerationSizeMb: 64.5, maxYoungGenerationSizeMb: 0.5, stackSizeMb: 1.5 };
    expect(v8Flags(limits)).toEqual([
      '--max-old-space-size=64',
      '--max-semi-space-size=1',
      '--stack-size=1536',
    ]);
    expect(v8Flags({ maxOldGenerationSizeMb: 0.5 })).toEqual(['--max-old-space-size=1']);
  });
});
