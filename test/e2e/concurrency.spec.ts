import { describe, expect, it } from 'vitest';
import { type Executor, type ExecutorTimeoutError, transfer } from '../../lib/index.js';
import {
  blocksAfterwards,
  blocksInTwoTurns,
  echo,
  echoLater,
  enter,
  enterAndSpin,
  obeysSignal,
  spin,
  whoAmI,
} from '../fixtures/work.js';
import { ALL_KINDS, withApp, WORKER_KINDS } from '../support/app.js';
import { observe, rejection, succeeds, until, within } from '../support/deadline.js';
import { Gate } from '../support/gate.js';
import { Ledger } from '../support/ledger.js';

/** Both functions, so that their next calls begin at once. */
async function load(executor: Executor): Promise<void> {
  const obeys = rejection(executor.with({ timeout: 1 }).run(obeysSignal));
  await within(Promise.all([executor.run(echoLater, 0, 1), obeys]));
}

describe.each(ALL_KINDS)('several calls at a time, in a pool of kind %s', (kind) => {
  it('one that is given up leaves its room to others, however long its neighbours go on', async () => {
    await withApp({ kind, context: false, concurrency: 4 }, async ({ executor }) => {
      await within(Promise.all([executor.run(echoLater, 0, 1), executor.run(echo, 0)]));
      const end = new AbortController();
      const neighbours = [1, 2].map(() => rejection(executor.with({ signal: end.signal }).run(obeysSignal)));
      const controller = new AbortController();
      const aborted = rejection(executor.with({ signal: controller.signal }).run(obeysSignal));
      await until(() => executor.stats().running === 3, 'the start of all');
      controller.abort();
      await aborted;
      expect(await within(executor.run(echoLater, 'room', 1))).toBe('room');
      end.abort();
      await Promise.all(neighbours);
    });
  });

  it('one with moved buffers takes its place beside others, and nothing waits behind it', async () => {
    await withApp({ kind, context: false, concurrency: 2 }, async ({ executor }) => {
      await within(executor.run(echo, 0));
      const end = new AbortController();
      const neighbour = rejection(executor.with({ signal: end.signal }).run(obeysSignal));
      const moved = new Uint8Array(10_000).fill(1);
      expect(await within(executor.run(echo<Uint8Array>, transfer(moved)))).toHaveLength(10_000);
      expect(await within(executor.run(echo, 2))).toBe(2);
      end.abort();
      await neighbour;
    });
  });
});

describe.each(WORKER_KINDS)('several calls at a time, in a pool of kind %s', (kind) => {
  it('none that was told to have waited too long has begun', async () => {
    const ledger = new Ledger();
    await withApp({ kind, context: false, concurrency: 4, queueTimeout: 1 }, async ({ executor }) => {
      await until(() => succeeds(executor.run(enterAndSpin, ledger.file, 'loaded', 0)), 'the file');
      const told: string[] = [];
      for (let round = 0; round < 40; round++) {
        const calls = Array.from({ length: 20 }, async (_, index) => {
          const line = `${round}.${index}`;
          await executor.run(enterAndSpin, ledger.file, line, 0.3).catch((error: ExecutorTimeoutError) => {
            expect(error.phase).toBe('queue');
            told.push(line);
          });
        });
        await within(Promise.all(calls));
      }
      // The last that were given up have left.
      await until(() => succeeds(executor.run(echo, 0)), 'the last');
      expect(told).not.toEqual([]);
      expect(ledger.lines.filter((line) => told.includes(line))).toEqual([]);
    });
  });

  it('nor has one where something left behind blocks the event loop just before it', async () => {
    const ledger = new Ledger();
    await withApp({ kind, context: false, concurrency: 4, queueTimeout: 300 }, async ({ executor }) => {
      await until(() => succeeds(executor.run(enter, ledger.file, 'loaded')), 'the file');
      const gate = new Gate();
      await until(() => succeeds(executor.run(blocksInTwoTurns, gate.file, 150, 900)), 'the other');
      await until(() => gate.isOpen, 'the first of both turns');
      const late = executor.run(enter, ledger.file, 'late');
      const isTold = !(await succeeds(late));
      await until(() => succeeds(executor.run(echo, 0)), 'the worker');
      expect(ledger.lines.includes('late')).toBe(!isTold);
    });
  });

  it('a neighbour that computes is not ended for one that never began', async () => {
    await withApp({ kind, context: false, concurrency: 2 }, async ({ executor }) => {
      await within(Promise.all([executor.run(spin, 0), executor.run(echo, 0)]));
      const computes = executor.run(spin, 1_000);
      await new Promise((resolve) => setImmediate(resolve));
      const controller = new AbortController();
      const moved = executor
        .with({ signal: controller.signal })
        .run(echo<Uint8Array>, transfer(new Uint8Array(10_000)));
      const aborted = rejection(moved);
      controller.abort();
      await aborted;
      expect(await within(computes)).toBe(1_000);
      expect(executor.stats().lost).toBe(0);
    });
  });

  it('are all given up when what an earlier one left blocks their worker', async () => {
    await withApp({ kind, context: false, concurrency: 2 }, async ({ executor }) => {
      await within(executor.run(echo, 0));
      const gate = new Gate();
      await within(executor.run(blocksAfterwards, gate.file));
      await until(() => gate.isOpen, 'the loop');
      const controller = new AbortController();
      const head = rejection(executor.with({ signal: controller.signal }).run(echo, 'head'));
      const moved = rejection(executor.run(echo<Uint8Array>, transfer(new Uint8Array(10))));
      controller.abort();
      await head;
      expect((await moved).name).toBe('ExecutorWorkerLostError');
      expect(await within(executor.run(echo, 'next'))).toBe('next');
    });
  });
});

describe.each(WORKER_KINDS)(
  'an application that blocks its own event loop, with a pool of kind %s',
  (kind) => {
    it('does not take a healthy neighbour of a call that was given up for blocked', async () => {
      await withApp({ kind, context: false, concurrency: 4 }, async ({ executor }) => {
        await load(executor);
        const neighbour = executor.run(echoLater, 'healthy', 600);
        const controller = new AbortController();
        const aborted = rejection(executor.with({ signal: controller.signal }).run(obeysSignal));
        await until(() => executor.stats().running === 2, 'the start of both');
        controller.abort();
        spin(400);
        await aborted;
        expect(await within(neighbour)).toBe('healthy');
        expect(executor.stats().lost).toBe(0);
      });
    });

    it('tells a call that it gave up of it before', async () => {
      await withApp({ kind, context: false, concurrency: 2 }, async ({ executor }) => {
        await load(executor);
        const worker = await within(executor.run(whoAmI));
        for (const withNeighbour of [true, false]) {
          const neighbour = withNeighbour && executor.run(echoLater, 'healthy', 600);
          const controller = new AbortController();
          const aborted = rejection(executor.with({ signal: controller.signal }).run(obeysSignal));
          await until(() => executor.stats().running === (neighbour ? 2 : 1), 'the start');
          controller.abort();
          // Longer than the grace, and not so much that it would be given again.
          spin(280);
          await aborted;
          if (neighbour) expect(await within(neighbour)).toBe('healthy');
          expect(await within(executor.run(whoAmI))).toBe(worker);
        }
      });
    });

    it('does not let calls time out that had ended in time, however many they are', async () => {
      await withApp({ kind, context: false, concurrency: 200 }, async ({ executor }) => {
        await within(executor.run(echoLater, 0, 1));
        const pool = executor.with({ timeout: 400 });
        const calls = Array.from({ length: 150 }, (_, n) => pool.run(echoLater, n, 60));
        // They leave, and the application goes on expecting results.
        await until(() => executor.stats().running === 150, 'their start');
        for (let round = 0; round < 5; round++) await within(executor.run(echo, round));
        spin(700);
        expect(await within(Promise.all(calls))).toEqual(Array.from({ length: 150 }, (_, n) => n));
      });
    });

    it('does not give up a call that had ended within shutdownTimeout', async () => {
      await withApp({ kind, context: false, shutdownTimeout: 400 }, async (app) => {
        await within(app.executor.run(echoLater, 0, 1));
        const call = app.executor.run(echoLater, 'in time', 50);
        await until(() => app.executor.stats().running === 1, 'its start');
        const closing = app.close();
        await new Promise((resolve) => setImmediate(resolve));
        spin(700);
        expect(await within(call)).toBe('in time');
        await closing;
      });
    });

    it('does not let a call time out that had ended in time', async () => {
      await withApp({ kind, context: false }, async ({ executor }) => {
        await within(executor.run(echoLater, 0, 1));
        const call = observe(executor.with({ timeout: 300 }).run(echoLater, 'in time', 20));
        await until(() => executor.stats().running === 1, 'its start');
        // It leaves for its worker.
        await new Promise((resolve) => setImmediate(resolve));
        spin(600);
        expect(call.isSettled).toBe(false);
        expect(await within(call.promise)).toBe('in time');
      });
    });
  },
);
