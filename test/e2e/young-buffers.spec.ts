import { describe, expect, it } from 'vitest';
import { echo } from '../fixtures/work.js';
import { countYoungCollections } from '../fixtures/collections.js';
import { withApp, WORKER_KINDS } from '../support/app.js';
import { until, within } from '../support/deadline.js';

const MIB = 1024 * 1024;

// In a file, and so in a process, of its own: how often it is done depends on which buffers came in before.
describe.each(WORKER_KINDS)('many buffers, in a pool of kind %s', (kind) => {
  it('are collected young, on both sides', async () => {
    await withApp({ kind, context: false, size: 1 }, async ({ executor }) => {
      const countThere = () => within(executor.run(countYoungCollections));
      const before = { here: countYoungCollections(), there: await countThere() };
      const bytes = Buffer.alloc(MIB);
      let calls = 0;
      const isEnough = async () => {
        for (let call = 0; call < 20; call++) await within(executor.run(echo<Buffer>, bytes));
        calls += 20;
        return countYoungCollections() - before.here > 8 && (await countThere()) - before.there > 8;
      };
      await until(isEnough, 'collecting on both sides');
      // By itself V8 does it after 32 MiB.
      expect(calls).toBeLessThan(8 * 32);
    });
  });
});
