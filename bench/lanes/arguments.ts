import { isDeepStrictEqual } from 'node:util';
import type { TaskName } from '../contenders/contender.js';
import { burn } from '../contenders/tasks.js';

/** What is sent, described so that it can be made where it is needed. */
export type ArgumentSpec =
  | { readonly type: 'tiny' }
  | { readonly type: 'bytes'; readonly bytes: number }
  | { readonly type: 'units'; readonly units: number };

export const TINY: ArgumentSpec = { type: 'tiny' };

export function makeArgument(spec: ArgumentSpec): unknown {
  switch (spec.type) {
    case 'tiny':
      return { id: 7, name: 'Ada Lovelace' };
    case 'bytes':
      return Buffer.alloc(spec.bytes, 7);
    case 'units':
      return spec.units;
  }
}

/** @throws if the contender did not do what it was asked for */
export function checkResult(task: TaskName, argument: unknown, result: unknown): void {
  const expected = task === 'burn' ? burn(argument as number) : argument;
  const isRight =
    expected instanceof Uint8Array
      ? result instanceof Uint8Array && Buffer.compare(expected, result) === 0
      : isDeepStrictEqual(result, expected);
  if (!isRight) throw new Error(`a call to '${task}' came back with another result`);
}
