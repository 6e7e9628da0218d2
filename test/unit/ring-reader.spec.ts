import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ResultRing } from '../../lib/wire/result.ring.js';
import { RingReader } from '../../lib/wire/ring.reader.js';

/** A reader, and what each message asks of it that came while it was asleep. */
function makeReader() {
  const ring = new ResultRing();
  const taken: number[] = [];
  const reader = new RingReader(ring, (seq) => taken.push(seq));
  /** @returns whether it woke up */
  const wake = async (result?: number) => {
    reader.wake();
    const isAwake = ring.isAwake;
    if (isAwake && result !== undefined) ring.write(result, 0, 'null');
    for (let turn = 0; turn < 10 && ring.isAwake; turn++) await nextTurn();
    expect(ring.isAwake).toBe(false);
    return isAwake;
  };
  return { taken, wake };
}

async function wakings(wake: () => Promise<boolean>, times: number): Promise<string> {
  let all = '';
  for (let count = 0; count < times; count++) all += (await wake()) ? 'W' : '-';
  return all;
}

describe('the reader of the ring', () => {
  it('wakes up less and less often, though again and again, while it finds nothing', async () => {
    const { wake } = makeReader();
    expect(await wakings(() => wake(), 16)).toBe('W-W---W-------W-');
    expect(await wakings(() => wake(), 200)).toMatch(/W-{31}W-{31}W/);
  });

  it('wakes up each time while it finds something, and at once when it has found something again', async () => {
    const { taken, wake } = makeReader();
    expect(await wakings(() => wake(1), 5)).toBe('WWWWW');
    expect(taken).toEqual([1, 1, 1, 1, 1]);
    expect(await wakings(() => wake(), 7)).toBe('W-W---W');
    while (!(await wake(2)));
    expect(await wakings(() => wake(3), 3)).toBe('WWW');
  });
});
