import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { NOTHING, Pruner } from '../../lib/wire/prune.js';

const fn = () => {};

function prune(value: unknown): unknown {
  return new Pruner().prune(value);
}

describe('a pruner', () => {
  it('leaves what can be sent as it is', () => {
    for (const value of [1, null, undefined, { a: [new Date(0)] }, new Map([[1, new Error('one')]])]) {
      expect(prune(value)).toBe(value);
    }
  });

  it.each([
    ['a function', fn],
    ['a symbol', Symbol('one')],
    ['a stream', new PassThrough()],
    ['a Proxy', new Proxy({}, {})],
    ['a Map with a function', new Map([['fn', fn]])],
    ['shared memory', new SharedArrayBuffer(8)],
  ])('leaves nothing of %s', (_what, value) => {
    expect(prune(value)).toBe(NOTHING);
  });

  it('takes out what cannot be sent, wherever it is', () => {
    class Headers {
      readonly type = 'text/plain';
      get = fn;
    }
    const body = { why: 'no such thing' };
    const value = {
      status: 404,
      body,
      headers: new Headers(),
      transforms: [fn, 'json', { fn }],
      socket: new PassThrough(),
      get broken(): never {
        throw new Error('from the getter');
      },
    };
    const pruned = prune(value) as typeof value;
    const transforms = Object.assign([], { length: 3, 1: 'json', 2: {} });
    expect(pruned).toStrictEqual({ status: 404, body, headers: { type: 'text/plain' }, transforms });
    expect(0 in pruned.transforms).toBe(false);
  });

  it('keeps cycles and keys that look like a prototype', () => {
    const value = JSON.parse('{"__proto__": {"own": true}}') as Record<string, unknown>;
    Object.assign(value, { self: value, fn });
    const pruned = prune(value) as typeof value;
    expect(pruned['self']).toBe(pruned);
    expect(Object.keys(pruned)).toEqual(['__proto__', 'self']);
    expect(Object.getPrototypeOf(pruned)).toBe(Object.prototype);
  });

  it('copies what is in several places once', () => {
    let reads = 0;
    const config = {
      fn,
      get counted() {
        return ++reads;
      },
    };
    const pruner = new Pruner();
    const [first, second] = [{ config }, { deep: { config } }].map((value) => pruner.prune(value)) as [
      { config: object },
      { deep: { config: object } },
    ];
    expect(first.config).toBe(second.deep.config);
    expect(first.config).toEqual({ counted: reads });
  });

  it('leaves nothing of what is too much or too deep, however much of that there is', () => {
    expect(prune(Array.from({ length: 1_000 }, () => ({ fn })))).toHaveLength(1_000);
    expect(prune(Array.from({ length: 5_000 }, () => ({ fn })))).toBe(NOTHING);
    let reads = 0;
    const shared = Object.defineProperty(
      Array.from({ length: 4_000 }, () => ({ fn })),
      0,
      {
        enumerable: true,
        get: () => ++reads,
      },
    );
    expect(prune(Array.from({ length: 1_000 }, () => ({ shared, fn })))).toBe(NOTHING);
    expect(reads).toBeLessThan(5);
    let deep: unknown = fn;
    for (let level = 0; level < 2_000; level++) deep = { deep };
    expect(prune(deep)).toBe(NOTHING);
  });
});
