import { describe, expect, it } from 'vitest';
import { echo } from '../fixtures/work.js';
import { withApp, WORKER_KINDS } from '../support/app.js';
import { comesInTime } from '../support/block-until.js';
import { within } from '../support/deadline.js';

const IN_FLIGHT = 4;
const CALLS = 400;

describe.each(WORKER_KINDS)('the event loop of the application, with a pool of kind %s', (kind) => {
  it.each([
    ['small objects', { id: 7 }],
    ['buffers', Buffer.alloc(64 * 1024)],
  ])('turns while %s come in faster than they are used', async (_what, value: unknown) => {
    await withApp({ kind }, async ({ executor }) => {
      let inThisTurn = 0;
      let most = 0;
      let left = CALLS;
      const turn = () => {
        inThisTurn = 0;
        if (left > 0) setImmediate(turn);
      };
      const caller = async () => {
        while (left > 0) {
          left--;
          await executor.run(echo, value);
          most = Math.max(most, ++inThisTurn);
          // Long enough for the worker to answer the others meanwhile.
          comesInTime(() => false, 0.5);
        }
      };
      turn();
      await within(Promise.all(Array.from({ length: IN_FLIGHT }, caller)));
      expect(most).toBeLessThanOrEqual(2 * IN_FLIGHT);
    });
  });
});
