import { describe, expect, it } from 'vitest';
import { ExecutorReferenceError, ExecutorTimeoutError, ExecutorWorkerLostError } from '../../lib/index.js';
import { enterOnceLoaded } from '../fixtures/blocks-while-loading.js';
import { isNeverLoaded } from '../fixtures/exits-while-loading.js';
import { isNeverBegun } from '../fixtures/loads-for-ever.js';
import { mark, timeLeft } from '../fixtures/loads-slowly.js';
import { isNeverRun } from '../fixtures/never-loads.js';
import {
  add,
  blocksAfterwards,
  echo,
  echoLater,
  enter,
  enterUntil,
  obeysSignal,
  processId,
} from '../fixtures/work.js';
import { withApp, WORKER_KINDS } from '../support/app.js';
import { Gate } from '../support/gate.js';
import { Ledger } from '../support/ledger.js';
import { observe, rejection, succeeds, until, within } from '../support/deadline.js';

describe('a function whose file a worker has yet to load', () => {
  it('waits no longer than queueTimeout', async () => {
    await withApp({ kind: 'thread', queueTimeout: 300, bootTimeout: 6_000 }, async ({ executor }) => {
      const error = await rejection<ExecutorTimeoutError>(executor.run(isNeverRun));
      expect(error).toBeInstanceOf(ExecutorTimeoutError);
      expect(error.phase).toBe('queue');
    });
  });

  it('never begins once nobody waits for it', async () => {
    await withApp({ kind: 'process', queueTimeout: 250 }, async ({ executor }) => {
      const error = await rejection<ExecutorTimeoutError>(executor.run(mark));
      expect(error.phase).toBe('queue');
      // Of the same file.
      await until(() => succeeds(executor.run(timeLeft)), 'the file');
      expect(await within(executor.run(mark))).toBe(1);
    });
  });

  it.each([
    ['', new Error('no longer')],
    [' with what is our own error elsewhere', new ExecutorTimeoutError('other', 'queue', 100, 'work()')],
  ])('is ended when it is aborted%s, and its worker replaced', async (_how, reason) => {
    await withApp({ kind: 'process', bootTimeout: 60_000 }, async ({ executor }) => {
      const controller = new AbortController();
      const aborted = rejection(executor.with({ signal: controller.signal }).run(isNeverRun));
      await until(() => executor.stats().running === 1, 'the hand-over');
      controller.abort(reason);
      expect(await aborted).toBe(reason);
      expect(await within(executor.run(add, 1, 2))).toBe(3);
    });
  });

  it.each(WORKER_KINDS)('holds up others for bootTimeout at most, each of them (%s)', async (kind) => {
    await withApp({ kind, concurrency: 3, bootTimeout: 5_000 }, async ({ executor }) => {
      const stuck = [1, 2].map(() => rejection(executor.run(isNeverRun)));
      await until(() => executor.stats().running === 2, 'the hand-over');
      const behind = executor.run(add, 1, 2);
      for (const error of await Promise.all(stuck)) expect(error).toBeInstanceOf(ExecutorReferenceError);
      expect(await within(behind)).toBe(3);
      expect(executor.stats()).toMatchObject({ running: 0, queued: 0, lost: 0 });
    });
  });

  it.each(WORKER_KINDS)('holds up no function that was loaded before (%s)', async (kind) => {
    await withApp({ kind, concurrency: 4 }, async ({ executor }) => {
      await within(executor.run(echoLater, 0, 1));
      const end = new AbortController();
      const stuck = rejection(executor.with({ signal: end.signal }).run(isNeverRun));
      await until(() => executor.stats().running === 1, 'the hand-over');
      const controller = new AbortController();
      const aborted = rejection(executor.with({ signal: controller.signal }).run(echoLater, 1, 1));
      controller.abort();
      await aborted;
      expect(await within(executor.run(echoLater, 2, 1))).toBe(2);
      end.abort();
      await stuck;
    });
  });

  it.each(WORKER_KINDS)(
    'does not bar its worker to others when one of them is given up (%s)',
    async (kind) => {
      await withApp({ kind, concurrency: 3 }, async ({ executor }) => {
        await within(Promise.all([executor.run(add, 1, 1), executor.run(echo, 0)]));
        const controller = new AbortController();
        const aborted = rejection(executor.with({ signal: controller.signal }).run(obeysSignal));
        await until(() => executor.stats().running === 1, 'its start');
        const slow = observe(executor.run(mark));
        // It leaves for its worker.
        await new Promise((resolve) => setImmediate(resolve));
        controller.abort();
        await aborted;
        expect(await within(executor.run(echo, 1))).toBe(1);
        expect(slow.isSettled).toBe(false);
        await within(slow.promise);
      });
    },
  );

  it('fails after bootTimeout if that never ends, and others are loaded', async () => {
    await withApp({ kind: 'process', bootTimeout: 6_000 }, async ({ executor }) => {
      const error = await rejection<ExecutorReferenceError>(executor.run(isNeverRun));
      expect(error).toBeInstanceOf(ExecutorReferenceError);
      expect(error.message).toMatch(/never-loads\.js after 6000 ms \(bootTimeout\)/);
      expect(await within(executor.run(add, 1, 2))).toBe(3);
      expect(executor.stats().lost).toBe(0);
    });
  });

  it.each(WORKER_KINDS)('has all of its timeout from when it begins, and is told so (%s)', async (kind) => {
    await withApp({ kind }, async ({ executor }) => {
      const left = await within(executor.with({ timeout: 350 }).run(timeLeft));
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(350);
    });
  });

  describe.each(WORKER_KINDS.flatMap((kind) => [1, 3].map((concurrency) => ({ kind, concurrency }))))(
    'in a pool of kind $kind, concurrency $concurrency',
    ({ kind, concurrency }) => {
      it('does not run once it was told to have waited too long, though the event loop was blocked meanwhile', async () => {
        const ledger = new Ledger();
        await withApp({ kind, concurrency, queueTimeout: 100, context: false }, async ({ executor }) => {
          const calls = [1, 2, 3].map(() =>
            rejection<ExecutorTimeoutError>(executor.run(enterOnceLoaded, ledger.file)),
          );
          for (const error of await Promise.all(calls)) expect(error.phase).toBe('queue');
          await until(() => succeeds(executor.run(add, 1, 2)), 'the file');
        });
        expect(ledger.lines).toEqual([]);
      });

      it('does not run either where something else blocked the event loop', async () => {
        const ledger = new Ledger();
        await withApp({ kind, concurrency, queueTimeout: 150, context: false }, async ({ executor }) => {
          const gate = new Gate();
          await until(() => succeeds(executor.run(blocksAfterwards, gate.file, 500)), 'the file');
          await until(() => gate.isOpen, 'the loop');
          const error = await rejection<ExecutorTimeoutError>(executor.run(enter, ledger.file, 'began'));
          expect(error.phase).toBe('queue');
          await until(() => succeeds(executor.run(echo, 1)), 'the end of the loop');
        });
        expect(ledger.lines).toEqual([]);
      });

      it('is lost if that ends one worker after the other, and touches no other call', async () => {
        await withApp({ kind, concurrency, context: false }, async ({ executor }) => {
          const error = await rejection<ExecutorWorkerLostError>(executor.run(isNeverLoaded));
          expect(error).toMatchObject({ name: 'ExecutorWorkerLostError', exitCode: 7, attempts: 1 });
          expect(await within(executor.run(add, 1, 2))).toBe(3);
          expect(executor.stats()).toMatchObject({ lost: 1, failed: 0, completed: 1 });
        });
      });

      it('fails after bootTimeout if its file blocks the event loop for ever', async () => {
        await withApp({ kind, concurrency, bootTimeout: 3_000, context: false }, async ({ executor }) => {
          const error = await rejection(executor.run(isNeverBegun));
          expect(error).toBeInstanceOf(ExecutorReferenceError);
          expect(error.message).toMatch(/isNeverBegun\(\) had not begun 3000 ms \(bootTimeout\)/);
          expect(await within(executor.run(add, 1, 2))).toBe(3);
        });
      });
    },
  );

  it.each(WORKER_KINDS)('goes to another worker if its own is ended by a neighbour (%s)', async (kind) => {
    await withApp({ kind, concurrency: 2, context: false }, async ({ executor }) => {
      const ledger = new Ledger();
      await within(executor.run(enterUntil, ledger.file, 'loaded'));
      const loading = executor.run(mark);
      await until(() => executor.stats().running === 1, 'the hand-over');
      const neighbour = executor.run(enterUntil, ledger.file, 'ends', undefined, true);
      expect(await rejection(neighbour)).toBeInstanceOf(ExecutorWorkerLostError);
      expect(await within(loading)).toBe(1);
      expect(executor.stats()).toMatchObject({ lost: 1, completed: 2 });
    });
  });

  it.each(WORKER_KINDS)(
    'goes to another worker if a neighbour blocks its own while that is loaded (%s)',
    async (kind) => {
      await withApp({ kind, concurrency: 2, bootTimeout: 6_000, context: false }, async ({ executor }) => {
        const blocking = rejection(executor.run(isNeverBegun));
        const behind = executor.run(mark);
        expect(await blocking).toBeInstanceOf(ExecutorReferenceError);
        expect(await within(behind)).toBe(1);
        expect(executor.stats()).toMatchObject({ completed: 1, failed: 1, lost: 0 });
      });
    },
  );

  it('goes to another worker if its own is killed', async () => {
    await withApp({ kind: 'process', context: false }, async ({ executor }) => {
      const worker = await within(executor.run(processId));
      const loading = executor.run(mark);
      await until(() => executor.stats().running === 1, 'the hand-over');
      process.kill(worker, 'SIGKILL');
      expect(await within(loading)).toBe(1);
      expect(executor.stats().lost).toBe(0);
    });
  });

  it('goes to another worker if its own takes no call any more', async () => {
    await withApp({ kind: 'process', bootTimeout: 3_000, context: false }, async ({ executor }) => {
      const stopped = await within(executor.run(processId));
      process.kill(stopped, 'SIGSTOP');
      expect(await within(executor.run(add, 1, 2))).toBe(3);
      expect(executor.stats().lost).toBe(0);
      expect(await within(executor.run(processId))).not.toBe(stopped);
    });
  });
});
