import { getHeapSpaceStatistics } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { echo } from '../fixtures/work.js';
import { type TestApp, withApp, WORKER_KINDS } from '../support/app.js';
import { collectGarbage } from '../support/collect-garbage.js';
import { within } from '../support/deadline.js';

/** An odd number, for a median. */
const ROUNDS = 5;
const CALLS = 20_000;

/** Where V8 keeps what outlived two young collections. */
function oldSpace(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;
}

async function echoMany({ executor }: TestApp, inFlight: number): Promise<void> {
  const echoInTurn = async () => {
    for (let done = 0; done < CALLS; done += inFlight) await executor.run(echo<number>, done);
  };
  await within(Promise.all(Array.from({ length: inFlight }, echoInTurn)), 'all calls', 60_000);
}

/** By how many bytes the old generation grows in a round of calls, as a rule. */
async function usualGrowth(app: TestApp): Promise<number> {
  const grown: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = oldSpace();
    await echoMany(app, 64);
    grown.push(oldSpace() - before);
  }
  // The median, as V8's own marking, if it falls into a round, moves whatever is young just then.
  return grown.toSorted((a, b) => a - b)[(ROUNDS - 1) / 2] ?? Infinity;
}

// In a file, and so in a process, of its own: what V8 makes old at once it decides by what it has seen survive before, and
// thousands of failing calls held by a test teach it otherwise.
describe.each(WORKER_KINDS)('calls to a pool of kind %s', (kind) => {
  it('are gone with the next young collections when they are done', async () => {
    await withApp({ kind, context: false, size: 1 }, async (app) => {
      await echoMany(app, 64);
      // What is alive now, the pool's lists among it, is old from now on.
      collectGarbage();
      // 40 bytes a call: one that is kept takes some 500.
      expect(await usualGrowth(app)).toBeLessThan(CALLS * 40);
    });
  });
});
