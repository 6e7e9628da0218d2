import { describe, expect, it } from 'vitest';
import { ExecutorBootError } from '../../lib/index.js';

function ofFile(message: string, code: string): string {
  const cause = Object.assign(new TypeError(message), { code });
  return new ExecutorBootError('io', message, { cause }).message;
}

describe('an ExecutorBootError', () => {
  it('says what to do about files that are not compiled', () => {
    const unknown = ofFile(
      'Unknown file extension ".ts" for /src/a.service.ts',
      'ERR_UNKNOWN_FILE_EXTENSION',
    );
    const syntax = ofFile(
      'TypeScript parameter property is not supported',
      'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
    );
    for (const message of [unknown, syntax])
      expect(message).toMatch(/Compile the files first.*tsx.*'inline'/);
  });

  it('and nothing of the sort about others', () => {
    expect(ofFile('Unknown file extension ".svg" for /a.svg', 'ERR_UNKNOWN_FILE_EXTENSION')).not.toMatch(
      /tsx/,
    );
    expect(ofFile('no such database', 'ENOENT')).toBe(
      "A worker of pool 'io' could not start: no such database",
    );
  });
});
