import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ExecutorQueueFullError, ExecutorTimeoutError } from '../../lib/index.js';
import {
  add,
  callData,
  commandLine,
  count,
  echoLater,
  environment,
  itsThis,
  makeKept,
  obeysSignal,
  spin,
  tellsCallWhenAborted,
  waitUntil,
  whoAmI,
} from '../fixtures/work.js';
import byDefault from '../fixtures/work.js';
import { ALL_KINDS, withApp, WORKER_KINDS } from '../support/app.js';
import { rejection, thrownBy, until, within } from '../support/deadline.js';
import { Gate } from '../support/gate.js';
import { sharedApp } from '../support/shared-app.js';

describe.each(ALL_KINDS)('a pool of kind %s', (kind) => {
  const inApp = sharedApp({ kind, context: false });

  it('runs exported functions, by name and as default', async () => {
    await inApp(async ({ executor }) => {
      expect(executor.name).toBe('pool');
      expect(executor.kind).toBe(kind);
      expect(await within(executor.run(add, 2, 3))).toBe(5);
      expect(await within(executor.run(byDefault))).toBe('default');
    });
  });

  it('runs as many calls at once as it has workers, and lets the others wait', async () => {
    await withApp({ kind, context: false, size: 2 }, async ({ executor }) => {
      const gate = new Gate();
      const first = [1, 2].map(() => executor.run(waitUntil, gate.file));
      const others = [3, 4, 5].map((n) => executor.run(echoLater<number>, n, 50));
      await until(() => executor.stats().running === 2, 'two running');
      expect(executor.stats()).toMatchObject({ running: 2, queued: 3, workers: 2 });
      gate.open();
      expect(await within(Promise.all([...first, ...others]))).toEqual([undefined, undefined, 3, 4, 5]);
      const stats = executor.stats();
      expect(stats).toMatchObject({ running: 0, queued: 0, completed: 5, failed: 0, rejected: 0, lost: 0 });
      expect(stats.runTime.p50).toBeGreaterThan(30);
      expect(stats.waitTime.p99).toBeGreaterThanOrEqual(stats.waitTime.p50);
    });
  });

  it('has several calls in flight in one worker with concurrency', async () => {
    await withApp({ kind, context: false, concurrency: 3 }, async ({ executor }) => {
      const gate = new Gate();
      const calls = [1, 2, 3, 4].map(() => executor.run(waitUntil, gate.file));
      await until(() => executor.stats().running === 3, 'three running');
      gate.open();
      await within(Promise.all(calls));
      expect(executor.stats().workers).toBe(1);
    });
  });

  it('starts higher priorities first, equal ones in order', async () => {
    await inApp(async ({ executor }) => {
      const order: number[] = [];
      const run = async (n: number, priority: number) => {
        await executor.with({ priority }).run(echoLater<number>, n, 1);
        order.push(n);
      };
      const first = executor.run(echoLater<number>, 0, 30);
      const others = [run(1, 0), run(2, 5), run(3, -1), run(4, 5), run(5, 0)];
      await within(Promise.all([first, ...others]));
      expect(order).toEqual([2, 4, 1, 5, 3]);
    });
  });

  it('starts them in order even where it has yet to find the function of the first', async () => {
    await withApp({ kind, context: false }, async ({ executor }) => {
      await within(executor.run(add, 1, 2));
      const order: string[] = [];
      const first = executor.run(echoLater, 0, 20).then(() => order.push('first'));
      const second = executor.run(add, 3, 4).then(() => order.push('second'));
      const urgent = executor
        .with({ priority: 1 })
        .run(add, 5, 6)
        .then(() => order.push('urgent'));
      await within(Promise.all([first, second, urgent]));
      expect(order).toEqual(['urgent', 'first', 'second']);
    });
  });

  it('refuses what is more than maxQueue', async () => {
    await withApp({ kind, context: false, maxQueue: 2 }, async ({ executor }) => {
      await within(Promise.all([executor.run(add, 1, 1), executor.run(echoLater<number>, 0, 1)]));
      const accepted = [1, 2, 3].map((n) => executor.run(echoLater<number>, n, 30));
      const error = await rejection<ExecutorQueueFullError>(executor.run(add, 1, 2));
      expect(error).toBeInstanceOf(ExecutorQueueFullError);
      expect(error).toMatchObject({ code: 'EXECUTOR_QUEUE_FULL', pool: 'pool', maxQueue: 2 });
      expect(await within(Promise.all(accepted))).toEqual([1, 2, 3]);
      expect(executor.stats().rejected).toBe(1);
    });
  });

  it('takes only what can start at once with maxQueue 0', async () => {
    await withApp({ kind, context: false, maxQueue: 0 }, async ({ executor }) => {
      await until(() => executor.stats().workers === 1, 'a worker');
      await within(executor.run(echoLater<number>, 0, 1));
      const first = executor.run(echoLater<number>, 1, 30);
      expect(await rejection(executor.run(add, 1, 1))).toBeInstanceOf(ExecutorQueueFullError);
      expect(await within(first)).toBe(1);
    });
  });

  it('ends a call that waits longer than queueTimeout', async () => {
    await withApp({ kind, context: false, queueTimeout: 1_000 }, async ({ executor }) => {
      await within(executor.run(echoLater<string>, 'found', 1));
      const first = executor.run(echoLater<string>, 'kept', 3_000);
      const error = await rejection<ExecutorTimeoutError>(executor.run(add, 1, 1));
      expect(error).toBeInstanceOf(ExecutorTimeoutError);
      expect(error).toMatchObject({ code: 'EXECUTOR_TIMEOUT', phase: 'queue', timeout: 1_000 });
      expect(await within(first)).toBe('kept');
    });
  });

  it('counts timeout from the start of the method, not from the call', async () => {
    await withApp({ kind, context: false, timeout: 1_200 }, async ({ executor }) => {
      const calls = [1, 2, 3].map((n) => executor.run(echoLater<number>, n, 450));
      expect(await within(Promise.all(calls))).toEqual([1, 2, 3]);
      const error = await thrownBy<ExecutorTimeoutError>(() =>
        executor.with({ timeout: 20 }).run(obeysSignal),
      );
      expect(error).toMatchObject({ phase: 'run', timeout: 20, pool: 'pool' });
      expect(error.stack).toContain('pool.spec');
    });
  });

  it('keeps the options of an earlier with() where a later one says nothing, or undefined', async () => {
    await inApp(async ({ executor }) => {
      const pool = executor.with({ timeout: 20 }).with({ timeout: undefined, priority: 1 });
      const error = await rejection<ExecutorTimeoutError>(pool.run(obeysSignal));
      expect(error).toMatchObject({ phase: 'run', timeout: 20 });
    });
  });

  it('tells a call of itself', async () => {
    await inApp(async ({ executor }) => {
      const first = await within(executor.run(callData));
      const before = Date.now();
      const second = await within(executor.with({ timeout: 60_000 }).run(callData));
      expect(first).toEqual({ id: expect.any(Number), pool: 'pool', attempt: 1, isAborted: false });
      expect(second).toMatchObject({ id: (first?.['id'] as number) + 1, pool: 'pool', attempt: 1 });
      const deadline = Number(second?.['deadline']);
      expect(deadline).toBeGreaterThanOrEqual(before + 60_000);
      expect(deadline).toBeLessThanOrEqual(Date.now() + 60_000);
    });
  });

  it('tells a listener of its signal of itself, too', async () => {
    await inApp(async ({ executor }) => {
      const gate = new Gate();
      const ended = rejection(executor.with({ timeout: 20 }).run(tellsCallWhenAborted, gate.file));
      await until(() => gate.isOpen && readFileSync(gate.file, 'utf8') !== '', 'what the listener was told');
      expect(readFileSync(gate.file, 'utf8')).toBe('true ExecutorTimeoutError');
      await ended;
    });
  });

  it('calls a function on nothing', async () => {
    await inApp(async ({ executor }) => {
      expect(await within(executor.run(itsThis))).toBe('undefined');
    });
  });
});

describe.each(WORKER_KINDS)('the workers of a pool of kind %s', (kind) => {
  it('count timeout from the start with concurrency too', async () => {
    await withApp({ kind, context: false, concurrency: 2, timeout: 900 }, async ({ executor }) => {
      await within(executor.run(add, 1, 1));
      // The second is handed over while the first blocks the worker's event loop.
      const calls = [executor.run(spin, 600), executor.run(spin, 600)];
      expect(await within(Promise.all(calls))).toEqual([600, 600]);
    });
  });

  it('are booted eagerly, and are others than the application', async () => {
    await withApp({ kind, context: false, size: 2 }, async ({ executor }) => {
      expect(executor.stats().workers).toBe(2);
      const both = await within(Promise.all([1, 2].map(() => executor.run(whoAmI))));
      expect(both).not.toContain(whoAmI());
    });
  });

  it('are booted with the first call if lazy', async () => {
    await withApp({ kind, context: false, warmup: 'lazy' }, async ({ executor }) => {
      expect(executor.stats().workers).toBe(0);
      expect(await within(executor.run(add, 1, 2))).toBe(3);
      expect(executor.stats().workers).toBe(1);
    });
  });

  it('become more under load and fewer after idleTimeout', async () => {
    await withApp(
      { kind, context: false, size: { min: 0, max: 2 }, idleTimeout: 50 },
      async ({ executor }) => {
        expect(executor.stats().workers).toBe(0);
        const calls = [1, 2, 3, 4].map((n) => executor.run(echoLater<number>, n, 400));
        await until(() => executor.stats().workers === 2, 'two workers');
        expect(await within(Promise.all(calls))).toEqual([1, 2, 3, 4]);
        await until(() => executor.stats().workers === 0, 'no worker left');
        expect(await within(executor.run(add, 1, 2))).toBe(3);
      },
    );
  });

  it('are never fewer than the minimum while more of them boot', async () => {
    const size = { min: 1, max: 3 };
    await withApp({ kind, context: false, size, idleTimeout: 10 }, async ({ executor }) => {
      const counts: number[] = [];
      const calls = [1, 2, 3].map((n) => executor.run(echoLater<number>, n, 10));
      await until(() => counts.push(executor.stats().workers) > 0 && Math.max(...counts) > 1, 'more workers');
      await until(() => counts.push(executor.stats().workers) > 0 && counts.at(-1) === 1, 'one worker');
      await within(Promise.all(calls));
      expect(Math.min(...counts)).toBe(1);
    });
  });

  it('are replaced after recycle.calls, and no call notices', async () => {
    await withApp({ kind, context: false, recycle: { calls: 3 } }, async ({ executor }) => {
      // Each counts its own calls: how many it was when the next one took over.
      const counts = [0];
      await until(async () => {
        const calls = await within(executor.run(count));
        if (calls === 1) counts.push(0);
        counts[counts.length - 1] = calls;
        return counts.length > 4;
      }, 'three workers after another');
      const [, ...served] = counts.slice(0, -1);
      for (const calls of served) expect(calls).toBeGreaterThanOrEqual(3);
      expect(executor.stats()).toMatchObject({ failed: 0, lost: 0, rejected: 0 });
    });
  });

  it('are replaced above recycle.memoryMb', async () => {
    await withApp({ kind, context: false, recycle: { memoryMb: 1 } }, async ({ executor }) => {
      const first = await within(executor.run(whoAmI));
      await until(async () => (await within(executor.run(whoAmI))) !== first, 'another worker');
      expect(executor.stats()).toMatchObject({ failed: 0, lost: 0 });
    });
  });

  it('are replaced for what they hold outside of their heap, too, and only above recycle.memoryMb', async () => {
    await withApp({ kind, context: false, recycle: { memoryMb: 200 } }, async ({ executor }) => {
      const first = await within(executor.run(whoAmI));
      // Each ends so much later than the one before that the worker looks again.
      for (let times = 0; times < 3; times++) await within(executor.run(echoLater<number>, times, 120));
      expect(await within(executor.run(whoAmI))).toBe(first);
      await within(executor.run(makeKept, 1, 300_000_000));
      await until(async () => (await within(executor.run(whoAmI))) !== first, 'another worker');
      expect(executor.stats()).toMatchObject({ failed: 0, lost: 0 });
    });
  });

  it('get env and execArgv, beside the environment of the application', async () => {
    process.env['FROM_PARENT'] = 'yes';
    try {
      const options = { kind, env: { ADDED: 'too' }, execArgv: ['--no-deprecation'] };
      await withApp(options, async ({ executor }) => {
        expect(await within(executor.run(environment, 'ADDED'))).toBe('too');
        expect(await within(executor.run(environment, 'FROM_PARENT'))).toBe('yes');
        expect(await within(executor.run(commandLine))).toContain('--no-deprecation');
      });
    } finally {
      delete process.env['FROM_PARENT'];
    }
  });
});
