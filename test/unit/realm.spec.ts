import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { adoptAll } from '../../lib/wire/realm.js';

function make(): Record<string, unknown> {
  const shared = { at: new Date(5) };
  const all: Record<string, unknown> = {
    shared,
    again: shared,
    list: [/a+/g, [new Date(7)]],
    map: new Map<unknown, unknown>([[{ key: 1 }, new Set([[1], 'two'])]]),
    boxed: [Object(1), Object('s'), Object(true), Object(1n)],
    sparse: Object.assign([], { 3: { deep: [] } }),
    null: Object.create(null),
  };
  all['self'] = all;
  return all;
}

describe('values of another realm', () => {
  it('get the classes of this one, wherever they are, and stay what they are', () => {
    const value = runInNewContext(`(${make.toString()})()`) as Record<string, unknown>;
    expect(value).not.toBeInstanceOf(Object);
    adoptAll(value);
    expect(value).toStrictEqual(make());
    expect(value['again']).toBe(value['shared']);
    expect(value['map']).toBeInstanceOf(Map);
    expect([...(value['map'] as Map<object, Set<unknown>>).keys()][0]).toBeInstanceOf(Object);
    expect((value['shared'] as { at: Date }).at).toBeInstanceOf(Date);
  });

  it('may be none', () => {
    for (const value of [undefined, null, 1, 'text', 1n, new Uint8Array(2)]) {
      expect(() => adoptAll(value)).not.toThrow();
    }
  });
});
