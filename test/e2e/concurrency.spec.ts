import { describe, expect, it } from 'vitest';
import { transfer } from '../../lib/index.js';
import { echo, echoLater, obeysSignal, spin } from '../fixtures/work.js';
import { ALL_KINDS, withApp, WORKER_KINDS } from '../support/app.js';
import { observe, rejection, until, within } from '../support/deadline.js';

describe.each(ALL_KINDS)('several calls at a time, in a pool of kind %s', (kind) => {
  it('one that is given up leaves its room to others, however long its neighbours go on', async () => {
    await withApp({ kind, concurrency: 4 }, async ({ executor }) => {
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
    await withApp({ kind, concurrency: 2 }, async ({ executor }) => {
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
  it('a neighbour that computes is not ended for one that never began', async () => {
    await withApp({ kind, concurrency: 2 }, async ({ executor }) => {
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
});

describe.each(WORKER_KINDS)(
  'an application that blocks its own event loop, with a pool of kind %s',
  (kind) => {
    it('does not take a healthy neighbour of a call that was given up for blocked', async () => {
      await withApp({ kind, concurrency: 4 }, async ({ executor }) => {
        await within(
          Promise.all([
            executor.run(echoLater, 0, 1),
            rejection(executor.with({ timeout: 1 }).run(obeysSignal)),
          ]),
        );
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

    it('does not let a call time out that had ended in time', async () => {
      await withApp({ kind }, async ({ executor }) => {
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
