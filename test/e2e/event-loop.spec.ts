import { describe, expect, it } from 'vitest';
import { echo } from '../fixtures/work.js';
import { withApp } from '../support/app.js';
import { blockUntil } from '../support/block-until.js';
import { within } from '../support/deadline.js';

const IN_FLIGHT = 4;
const CALLS = 200;

/**
 * The most results in a turn. From threads: those under way when it began, by the port and by the ring, and some more at its ends.
 * A pipe is read up to 32 times in each (`uv__read` in libuv), and each time up to all may have come.
 */
const MOST = { thread: 4 * IN_FLIGHT, process: 32 * IN_FLIGHT };

describe.each(['thread', 'process'] as const)(
  'the event loop of the application, with a pool of kind %s',
  (kind) => {
    it.each([
      ['small objects', { id: 7 }],
      ['buffers', Buffer.alloc(64 * 1024)],
    ])('turns while %s come in faster than they are used', async (_what, value: unknown) => {
      await withApp({ kind, context: false }, async ({ executor }) => {
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
            blockUntil(() => false, 0.5);
          }
        };
        turn();
        await within(Promise.all(Array.from({ length: IN_FLIGHT }, caller)));
        expect(most).toBeLessThanOrEqual(MOST[kind]);
      });
    });
  },
);
