import { describe, expect, it } from 'vitest';
import { ExecutorTimeoutError, ExecutorWorkerLostError } from '../../lib/index.js';
import {
  enter,
  enterAndSpin,
  enterUntil,
  exit,
  spin,
  spinAtLeast,
  spinForEver,
  spinUntil,
  textUntil,
  whoAmI,
} from '../fixtures/work.js';
import { withApp, WORKER_KINDS } from '../support/app.js';
import { blockUntil } from '../support/block-until.js';
import { observe, rejection, until, within } from '../support/deadline.js';
import { Gate } from '../support/gate.js';
import { BEGINS, learnShort, withCallsAhead } from '../support/learn.js';
import { Ledger } from '../support/ledger.js';

/** How long a worker may take to send its answer, in ms; if it takes longer, the test tries again. */
const ANSWERS = 20;

/** Text of that length is more than a pipe holds. */
const LARGE = 600_000;
/** How long a worker may take to have it and fill the pipe, in ms. */
const WRITES = 60;

describe.each(WORKER_KINDS)('calls handed over in advance, in a pool of kind %s', (kind) => {
  it('do not stay behind a long one while a worker is idle', async () => {
    await withApp({ kind, context: false, size: 2 }, async (app) => {
      const { executor } = app;
      const gate = new Gate();
      await learnShort(app, () => executor.run(spinUntil));
      // Known to be short, and this time is not.
      const long = observe(executor.run(spinUntil, gate.file));
      await within(Promise.all(Array.from({ length: 200 }, () => executor.run(spinUntil))));
      expect(long.isSettled).toBe(false);
      gate.open();
      await within(long.promise);
    });
  });

  it('do not stay behind a long one though the other worker is never idle', async () => {
    await withApp({ kind, context: false, size: 2 }, async (app) => {
      const { executor } = app;
      const gate = new Gate();
      const short = () => executor.run(spinUntil);
      await learnShort(app, short);
      const end = new AbortController();
      const others = Array.from({ length: 100 }, async () => {
        while (!end.signal.aborted) await short();
      });
      const before = Array.from({ length: 50 }, short);
      const long = observe(executor.run(spinUntil, gate.file));
      const behind = Array.from({ length: 100 }, short);
      await within(Promise.all([...before, ...behind]));
      end.abort();
      await within(Promise.all(others));
      expect(long.isSettled).toBe(false);
      gate.open();
      await within(long.promise);
    });
  });

  it('of a few milliseconds do not stay behind one that takes longer, either', async () => {
    await withApp({ kind, context: false, size: 2 }, async (app) => {
      const { executor } = app;
      const gate = new Gate();
      await learnShort(app, () => executor.run(spinAtLeast, 2));
      const long = observe(executor.run(spinAtLeast, 2, gate.file));
      await within(Promise.all(Array.from({ length: 20 }, () => executor.run(spinAtLeast, 2))));
      expect(long.isSettled).toBe(false);
      gate.open();
      await within(long.promise);
    });
  });

  it('do not begin before the result before them has left, however large that is', async () => {
    await withApp({ kind, context: false }, async (app) => {
      const { executor } = app;
      // The first time, or on a busy machine, it may take too long for the next one to follow at once.
      for (let round = 0; round < 5; round++) {
        const gate = new Gate();
        await learnShort(app, () => executor.run(textUntil, 0));
        const short = executor.run(textUntil, 0);
        const large = executor.run(textUntil, LARGE);
        const long = executor.run(textUntil, 0, gate.file);
        await new Promise((resolve) => process.nextTick(resolve));
        // Nothing is read while it is written.
        blockUntil(() => false, WRITES);
        try {
          expect(await within(large, 'the large result')).toHaveLength(LARGE);
        } finally {
          gate.open();
        }
        await within(Promise.all([short, long]));
      }
    });
  });

  it('that turn out long wait for one that is more urgent', async () => {
    const ledger = new Ledger();
    await withApp({ kind, context: false }, async (app) => {
      const { executor } = app;
      await learnShort(app, () => executor.run(enterAndSpin, ledger.file, 'warm', 0));
      ledger.clear();
      const long = Array.from({ length: 8 }, (_, n) => executor.run(enterAndSpin, ledger.file, `${n}`, 100));
      await new Promise((resolve) => process.nextTick(resolve));
      const urgent = executor.with({ priority: 1 }).run(enter, ledger.file, 'urgent');
      await within(Promise.all([...long, urgent]));
      // Behind the one that ran, and those that ran while this thread had no time: but never behind them all.
      expect(ledger.lines.indexOf('urgent')).toBeLessThanOrEqual(long.length / 2);
      expect(ledger.lines.filter((line) => line !== 'urgent')).toEqual([...long.keys()].map(String));
    });
  });

  it('that turn out long are run in order', async () => {
    await withApp({ kind, context: false, size: 2 }, async (app) => {
      const { executor } = app;
      await learnShort(app, () => executor.run(spin, 0));
      const ended: number[] = [];
      const calls = Array.from({ length: 20 }, async (_, id) => {
        await executor.run(spin, 100);
        ended.push(id);
      });
      await within(Promise.all(calls));
      // Two at a time.
      for (const [at, id] of ended.entries()) expect(Math.abs(id - at)).toBeLessThanOrEqual(2);
    });
  });

  it('can be aborted in any order, and the one that runs is unharmed', async () => {
    await withApp({ kind, context: false }, async (app) => {
      const { executor } = app;
      const worker = await within(executor.run(whoAmI));
      await learnShort(app, () => executor.run(spin, 0));
      const long = executor.run(spin, 900);
      const controllers = Array.from({ length: 10 }, () => new AbortController());
      const calls = controllers.map(({ signal }) => executor.with({ signal }).run(spin, 0));
      const aborted = [7, 3, 8, 0].map((index) => {
        const outcome = rejection(calls[index] as Promise<number>);
        controllers[index]?.abort(new Error(`abort ${index}`));
        return outcome;
      });
      expect((await Promise.all(aborted)).map(({ message }) => message)).toEqual([
        'abort 7',
        'abort 3',
        'abort 8',
        'abort 0',
      ]);
      const kept = calls.filter((_call, index) => ![7, 3, 8, 0].includes(index));
      expect(await within(Promise.all(kept))).toEqual([0, 0, 0, 0, 0, 0]);
      expect(await within(long)).toBe(900);
      expect(await within(executor.run(whoAmI))).toBe(worker);
      expect(executor.stats()).toMatchObject({ queued: 0, running: 0, lost: 0 });
    });
  });

  it('go to a new worker, too, when one before them is given up', async () => {
    await withApp({ kind, context: false, size: { min: 1, max: 2 } }, async (app) => {
      const { executor } = app;
      await learnShort(app, () => executor.run(spin, 0));
      const end = new AbortController();
      const long = rejection(executor.with({ signal: end.signal }).run(spin, 30_000));
      const controller = new AbortController();
      const aborted = rejection(executor.with({ signal: controller.signal }).run(spin, 0));
      const behind = executor.run(spin, 0);
      controller.abort();
      await aborted;
      expect(await within(behind)).toBe(0);
      end.abort();
      await long;
    });
  });

  it('go to a new worker, too, when another has ended', async () => {
    await withApp({ kind, context: false, size: { min: 1, max: 2 } }, async (app) => {
      const { executor } = app;
      await learnShort(app, () => executor.run(spin, 0));
      const end = new AbortController();
      const long = () => rejection(executor.with({ signal: end.signal }).run(spinForEver));
      const first = long();
      // Known to be long by now, so that it has the second worker for itself.
      const killer = rejection(executor.with({ timeout: 300 }).run(spinForEver));
      await until(() => executor.stats().workers === 2, 'the second worker');
      const behind = executor.run(spin, 0);
      expect(await within(behind)).toBe(0);
      await killer;
      end.abort();
      await first;
    });
  });

  it('count as waiting, for queueTimeout and maxQueue', async () => {
    await withApp({ kind, context: false, queueTimeout: 1_500, maxQueue: 5 }, async (app) => {
      const { executor } = app;
      const gate = new Gate();
      await learnShort(app, () => executor.run(spinUntil));
      const long = executor.run(spinUntil, gate.file);
      const waiting = Array.from({ length: 5 }, () =>
        rejection<ExecutorTimeoutError>(executor.run(spinUntil)),
      );
      expect(executor.stats()).toMatchObject({ running: 1, queued: 5 });
      expect((await rejection(executor.run(spinUntil))).name).toBe('ExecutorQueueFullError');
      for (const error of await Promise.all(waiting)) expect(error.phase).toBe('queue');
      gate.open();
      await within(long);
    });
  });

  it.each(['given up', 'lost'])(
    'are run once, though nothing was read of what went before: what went before is %s',
    async (fate) => {
      await withApp({ kind, context: false }, async (app) => {
        const { executor } = app;
        await withCallsAhead(app, async (ledger) => {
          const gate = new Gate();
          const end = new AbortController();
          const isLost = fate === 'lost';
          const first = rejection(
            executor.with({ signal: end.signal }).run(enterUntil, ledger.file, 'first'),
          );
          const second = executor.run(enterUntil, ledger.file, 'second', gate.file, isLost);
          const others = ['third', 'fourth'].map((line) => executor.run(enterUntil, ledger.file, line));
          await new Promise((resolve) => process.nextTick(resolve));
          const wasAhead = blockUntil(() => ledger.lines.includes('second'), BEGINS);
          end.abort(new Error('given up'));
          gate.open();
          expect((await first).message).toBe('given up');
          if (isLost) expect(await rejection(second)).toBeInstanceOf(ExecutorWorkerLostError);
          else await within(second);
          await within(Promise.all(others));
          expect(ledger.lines).toEqual(['first', 'second', 'third', 'fourth']);
          return wasAhead;
        });
      });
    },
  );

  it('are not given up as having waited too long when they have just begun', async () => {
    const queueTimeout = 300;
    await withApp({ kind, context: false, queueTimeout }, async (app) => {
      const { executor } = app;
      // It is looked up, or others would go before it.
      await within(executor.run(spinUntil));
      await withCallsAhead(app, async (ledger) => {
        const [before, first, second] = [new Gate(), new Gate(), new Gate()];
        const begins = (line: string) => blockUntil(() => ledger.lines.includes(line), BEGINS);
        const blocker = executor.run(spinUntil, before.file);
        const wasAhead = new Promise<boolean>((resolve) => {
          // In the turn of the event loop in which they have waited too long: they are handed over as this turn reads
          // the result of what was before them, and what is sent after that is not read in it.
          setTimeout(() => {
            setImmediate(() => {
              const hasBegun = begins('first');
              first.open();
              resolve(hasBegun && begins('second'));
            });
            before.open();
            blockUntil(() => false, ANSWERS);
          }, queueTimeout);
        });
        const calls = [first, second].map((gate, n) => {
          return executor.run(enterUntil, ledger.file, ['first', 'second'][n] as string, gate.file);
        });
        const settled = Promise.allSettled([blocker, ...calls]);
        const isAhead = await within(wasAhead);
        second.open();
        const outcomes = await within(settled);
        // If they were not, they may well have waited too long.
        if (isAhead) expect(outcomes.map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
        return isAhead;
      });
    });
  });

  it('never begin when they have heard that they waited too long, however short they are', async () => {
    const ledger = new Ledger();
    await withApp({ kind, context: false, queueTimeout: 3 }, async ({ executor }) => {
      const outcomes = new Map<string, PromiseSettledResult<unknown>>();
      for (let burst = 0; burst < 200; burst++) {
        const lines = Array.from({ length: 100 }, (_, n) => `${burst} ${n}`);
        // Behind the one that is long, others have waited too long when it ends, or shortly after.
        const calls = lines.map((line, n): Promise<unknown> => {
          if (n === 30) return executor.run(enterAndSpin, ledger.file, line, 2);
          return executor.run(enter, ledger.file, line);
        });
        for (const [n, outcome] of (await within(Promise.allSettled(calls))).entries()) {
          outcomes.set(lines[n] as string, outcome);
        }
      }
      const begun = new Set(ledger.lines);
      expect(ledger.lines).toHaveLength(begun.size);
      const [done, late] = [new Set<string>(), new Set<string>()];
      for (const [line, outcome] of outcomes) {
        if (outcome.status === 'fulfilled') done.add(line);
        else if ((outcome.reason as ExecutorTimeoutError).phase === 'queue') late.add(line);
      }
      expect(done.size + late.size).toBe(outcomes.size);
      expect(begun).toEqual(done);
      // Else nothing was looked at.
      expect(Math.min(done.size, late.size)).toBeGreaterThan(100);
    });
  });

  it('are run once, elsewhere, when the worker dies or is ended before they begin', async () => {
    const ledger = new Ledger();
    await withApp({ kind, context: false }, async (app) => {
      const { executor } = app;
      await learnShort(app, () => executor.run(enter, ledger.file, 'warm'));
      ledger.clear();
      await rejection(executor.run(exit, 1));
      const deaths = [
        () => executor.run(exit, 1),
        () => executor.with({ timeout: 50 }).run(spinForEver),
        () => executor.with({ timeout: 50 }).run(spin, 400),
      ];
      for (const [round, die] of deaths.entries()) {
        const before = Array.from({ length: 5 }, (_, n) =>
          executor.run(enter, ledger.file, `${round} before ${n}`),
        );
        const death = rejection(die());
        const after = Array.from({ length: 20 }, (_, n) =>
          executor.run(enter, ledger.file, `${round} after ${n}`),
        );
        const error = await death;
        expect([ExecutorWorkerLostError, ExecutorTimeoutError]).toContain(error.constructor);
        expect(await within(Promise.all([...before, ...after]))).toHaveLength(25);
      }
      expect(new Set(ledger.lines).size).toBe(75);
      expect(ledger.lines).toHaveLength(75);
      await until(() => executor.stats().workers === 1, 'the worker');
      expect(executor.stats()).toMatchObject({ queued: 0, running: 0, lost: 2 });
    });
  });
});
