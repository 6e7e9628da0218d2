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

  it('says so of TypeScript that Node only strips of its types, too', () => {
    const cause = new SyntaxError('Invalid or unexpected token (as file:///src/a.service.ts was loaded)');
    expect(new ExecutorBootError('io', cause.message, { cause }).message).toMatch(/Compile the files first/);
    const other = new SyntaxError('Unexpected token in JSON');
    expect(new ExecutorBootError('io', other.message, { cause: other }).message).not.toMatch(/Compile/);
  });

  it('says what workers do not run, where they do not find a module', () => {
    for (const code of ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'])
      expect(ofFile("Cannot find module '@app/books'", code)).toMatch(/main\.ts.*--require or --import/);
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
