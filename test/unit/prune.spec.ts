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
    ['shared memory', new SharedArrayBuffer(8)],
  ])('leaves nothing of %s', (_what, value) => {
    expect(prune(value)).toBe(NOTHING);
  });

  it('takes it out of what names itself, too', () => {
    const reply = Object.assign(Object.create({ [Symbol.toStringTag]: 'Reply' }) as object, {
      status: 500,
      send: fn,
    });
    expect(prune(reply)).toEqual({ status: 500 });
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

  it('takes it out of Maps and Sets, too', () => {
    const value = {
      map: new Map<unknown, unknown>([
        ['fn', fn],
        ['one', [1]],
      ]),
      set: new Set([fn, 2]),
    };
    expect(prune(value)).toEqual({ map: new Map([['one', [1]]]), set: new Set([2]) });
  });

  it('leaves nothing of what is too much or too deep', () => {
    expect(prune([...Array.from({ length: 40_000 }, (_, index) => index), fn])).toHaveLength(40_001);
    let deep: unknown = fn;
    for (let level = 0; level < 2_000; level++) deep = { deep };
    expect(prune(deep)).toBe(NOTHING);
    const much = { small: 1, fn, rows: Array.from({ length: 20_000 }, (_, id) => ({ id, fn })) };
    const pruner = new Pruner();
    // What they have in common is not half copied, and after two of them enough was looked at.
    expect([much, much, { hint: 'x', fn }].map((value) => pruner.prune(value))).toEqual([
      NOTHING,
      NOTHING,
      NOTHING,
    ]);
    const another = new Pruner();
    expect([much, { hint: 'x', fn }].map((value) => another.prune(value))).toEqual([NOTHING, { hint: 'x' }]);
  });

  it('looks at what many have in common once', () => {
    let reads = 0;
    const table = Object.defineProperty(
      Array.from({ length: 1_000 }, (_, id) => ({ id })),
      0,
      {
        enumerable: true,
        get: () => ++reads,
      },
    );
    const rows = Array.from({ length: 1_000 }, (_, id) => ({ id, tables: new Map([['all', table]]) }));
    expect(prune([...rows, fn])).toHaveLength(1_001);
    const pruner = new Pruner();
    for (const row of rows) expect(pruner.prune(row)).toBe(row);
    expect(reads).toBeLessThan(5);
  });
});
