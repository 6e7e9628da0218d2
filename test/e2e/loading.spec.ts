import { describe, expect, it } from 'vitest';
import { ExecutorReferenceError, ExecutorTimeoutError } from '../../lib/index.js';
import { mark, timeLeft } from '../fixtures/loads-slowly.js';
import { isNeverRun } from '../fixtures/never-loads.js';
import { add, echo, echoLater, obeysSignal } from '../fixtures/work.js';
import { withApp, WORKER_KINDS } from '../support/app.js';
import { observe, rejection, until, within } from '../support/deadline.js';

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
      const isLoaded = () =>
        executor.run(timeLeft).then(
          () => true,
          () => false,
        );
      await until(isLoaded, 'the file');
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
});
