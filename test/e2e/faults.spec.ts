import { getEventListeners } from 'node:events';
import { Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  ExecutorBootError,
  ExecutorClosedError,
  ExecutorQueueFullError,
  ExecutorTimeoutError,
  ExecutorWorkerLostError,
} from '../../lib/index.js';
import {
  ExitingContext,
  FailingContext,
  LateFailingContext,
  StuckContext,
} from '../fixtures/context.module.js';
import {
  add,
  attempt,
  closesStdout,
  echo,
  echoAfterAbort,
  echoLater,
  exhaustHeap,
  failsBeyondWords,
  exit,
  failsInBackground,
  ignoresSignal,
  listensTo,
  obeysSignal,
  rejectsInBackground,
  spin,
  spinForEver,
  succeedsAt,
  throwsAttempt,
  whoAmI,
} from '../fixtures/work.js';
import { ALL_KINDS, startApp, withApp, WORKER_KINDS } from '../support/app.js';
import { rejection, until, within } from '../support/deadline.js';
import { isSound } from '../support/is-sound.js';
import { sharedApp } from '../support/shared-app.js';

/** On newer Nodes workers without a Nest application: faults must be the same in both, and these start sooner. */
const CONTEXT = process.version.startsWith('v20.') ? undefined : (false as const);

describe.each(WORKER_KINDS)('faults of a worker of kind %s', (kind) => {
  const inApp = sharedApp({ kind, context: CONTEXT });

  it.each([0, 1])('process.exit(%i) in a method loses that call, and no other', async (code) => {
    await inApp(async (app) => {
      const { executor } = app;
      await within(Promise.all([executor.run(add, 1, 1), executor.run(echo<number>, 0)]));
      const { lost: lostBefore } = executor.stats();
      const lost = executor.run(exit, code);
      const others = [1, 2, 3].map((n) => executor.run(echo<number>, n));
      const error = await rejection<ExecutorWorkerLostError>(lost);
      expect(error).toBeInstanceOf(ExecutorWorkerLostError);
      expect(error).toMatchObject({
        code: 'EXECUTOR_WORKER_LOST',
        exitCode: code,
        signal: null,
        outOfMemory: false,
      });
      expect(await within(Promise.all(others))).toEqual([1, 2, 3]);
      await isSound(app);
      expect(executor.stats().lost).toBe(lostBefore + 1);
    });
  });

  it('an error that cannot be told ends the worker as any other does', async () => {
    await inApp(async (app) => {
      const error = await rejection<ExecutorWorkerLostError>(app.executor.run(failsBeyondWords));
      expect(error).toBeInstanceOf(ExecutorWorkerLostError);
      expect(error.exitCode).toBe(1);
      await isSound(app);
    });
  });

  it('a full heap is said to be one', async () => {
    const resourceLimits = { maxOldGenerationSizeMb: 40, maxYoungGenerationSizeMb: 8 };
    await withApp({ kind, context: CONTEXT, resourceLimits }, async (app) => {
      const error = await rejection<ExecutorWorkerLostError>(app.executor.run(exhaustHeap));
      expect(error).toBeInstanceOf(ExecutorWorkerLostError);
      expect(error.outOfMemory).toBe(true);
      await isSound(app);
    });
  });

  it('an endless loop is ended by timeout and by abort; the caller hears at once', async () => {
    await inApp(async (app) => {
      const { executor } = app;
      await within(executor.run(spin, 1));
      const { lost } = executor.stats();
      const error = await rejection<ExecutorTimeoutError>(executor.with({ timeout: 50 }).run(spinForEver));
      expect(error).toMatchObject({ phase: 'run', timeout: 50 });
      await isSound(app);
      const controller = new AbortController();
      const call = executor.with({ signal: controller.signal }).run(spinForEver);
      await until(() => executor.stats().running === 1, 'the loop');
      controller.abort(new Error('enough'));
      expect((await rejection(call)).message).toBe('enough');
      // Long before the worker is ended, which goes on until the grace is over.
      expect(executor.stats().workers).toBe(1);
      await isSound(app);
      expect(executor.stats().lost).toBe(lost);
    });
  });

  it('a method that heeds its signal keeps its worker; one that does not loses it', async () => {
    await inApp(async (app) => {
      const { executor } = app;
      const worker = await within(executor.run(whoAmI));
      expect(await rejection(executor.with({ timeout: 20 }).run(obeysSignal))).toBeInstanceOf(
        ExecutorTimeoutError,
      );
      expect(await within(executor.run(whoAmI))).toBe(worker);
      expect(await rejection(executor.with({ timeout: 20 }).run(ignoresSignal))).toBeInstanceOf(
        ExecutorTimeoutError,
      );
      expect(await within(executor.run(whoAmI))).not.toBe(worker);
      await isSound(app);
    });
  });

  it('what settles after its timeout, within the grace, is dropped', async () => {
    await inApp(async (app) => {
      const { executor } = app;
      const worker = await within(executor.run(whoAmI));
      const before = executor.stats();
      const error = await rejection(executor.with({ timeout: 30 }).run(echoAfterAbort<number>, 1));
      expect(error).toBeInstanceOf(ExecutorTimeoutError);
      expect(await within(executor.run(whoAmI))).toBe(worker);
      expect(executor.stats()).toMatchObject({ failed: before.failed + 1, lost: before.lost });
    });
  });

  it('an uncaught exception during a call loses it, and names the cause', async () => {
    await inApp(async (app) => {
      const { executor } = app;
      await within(executor.run(failsInBackground, 60));
      const error = await rejection<ExecutorWorkerLostError>(executor.run(echoLater<number>, 1, 10_000));
      expect(error).toBeInstanceOf(ExecutorWorkerLostError);
      expect((error.cause as Error).message).toBe('uncaught in the background');
      await isSound(app);
    });
  });

  it('an unhandled rejection between calls is not blamed on the next one', async () => {
    await inApp(async (app) => {
      const { executor } = app;
      await within(executor.run(echo<number>, 0));
      for (let round = 0; round < 3; round++) {
        await within(executor.run(rejectsInBackground)).catch((error: unknown) => {
          // It may end the worker before the result has left.
          expect(error).toBeInstanceOf(ExecutorWorkerLostError);
        });
        expect(await within(executor.run(echo<number>, round))).toBe(round);
      }
      await isSound(app);
    });
  });

  it('a worker that is killed while idle is replaced', async () => {
    await inApp(async (app) => {
      const { executor } = app;
      await within(executor.run(failsInBackground, 200));
      const worker = await within(executor.run(whoAmI));
      await until(async () => (await within(executor.run(whoAmI))) !== worker, 'a new worker');
      await isSound(app);
    });
  });

  it('a poison call kills as many workers as it has attempts, then rejects', async () => {
    await inApp(async (app) => {
      const { executor } = app;
      const error = await rejection<ExecutorWorkerLostError>(executor.with({ retries: 2 }).run(exit, 7));
      expect(error).toMatchObject({ exitCode: 7, attempts: 3 });
      await isSound(app);
    });
  });

  it('a call with retries sees its attempt, and only a lost worker is retried', async () => {
    await withApp({ kind, context: CONTEXT, retries: 3 }, async (app) => {
      const { executor } = app;
      expect(await within(executor.run(succeedsAt, 3))).toBe(3);
      expect(await within(executor.run(attempt))).toBe(1);
      expect((await rejection(executor.run(throwsAttempt))).message).toBe('attempt 1');
      await isSound(app);
    });
  });

  it('a call made in the rejection handler of a lost one is answered', async () => {
    await inApp(async ({ executor }) => {
      const answer = executor.run(exit, 1).then(
        () => 'not lost',
        () => executor.run(echo<string>, 'answered'),
      );
      expect(await within(answer)).toBe('answered');
    });
  });

  it('with concurrency, neighbours of an ignored abort may finish', async () => {
    await withApp({ kind, context: CONTEXT, concurrency: 3 }, async (app) => {
      const { executor } = app;
      const worker = await within(executor.run(whoAmI));
      const neighbour = executor.run(echoLater<string>, 'finished', 900);
      const error = await rejection(executor.with({ timeout: 30 }).run(ignoresSignal));
      expect(error).toBeInstanceOf(ExecutorTimeoutError);
      expect(await within(neighbour)).toBe('finished');
      expect(await within(executor.run(whoAmI))).not.toBe(worker);
      await isSound(app);
      expect(executor.stats().lost).toBe(0);
    });
  });

  it('with concurrency, neighbours of an endless loop are reported lost', async () => {
    await withApp({ kind, context: CONTEXT, concurrency: 2 }, async (app) => {
      const { executor } = app;
      await within(executor.run(echoLater<number>, 0, 1));
      const neighbour = executor.run(echoLater<string>, 'never', 5_000);
      await until(() => executor.stats().running === 1, 'the neighbour');
      const loop = executor.with({ timeout: 50 }).run(spinForEver);
      const [lost, timedOut] = await Promise.all([rejection(neighbour), rejection(loop)]);
      expect(timedOut).toBeInstanceOf(ExecutorTimeoutError);
      expect(lost).toBeInstanceOf(ExecutorWorkerLostError);
      expect(lost.message).toContain('echoLater()');
      await isSound(app);
    });
  });

  it('a worker closes its stdout: the pool goes on', async () => {
    await inApp(async (app) => {
      expect(await within(app.executor.run(closesStdout))).toBe('closed');
      await isSound(app);
    });
  });

  it('a logger that throws keeps no call from its end, and no worker from being replaced', async () => {
    await withApp({ kind, context: CONTEXT }, async (app) => {
      const { executor } = app;
      await within(executor.run(add, 1, 1));
      let warnings = 0;
      const warn = () => {
        warnings++;
        throw new Error('no room on the disk');
      };
      Logger.overrideLogger({ log: () => {}, error: () => {}, warn });
      try {
        expect(await rejection(executor.run(exit, 1))).toBeInstanceOf(ExecutorWorkerLostError);
        await isSound(app);
        const late = rejection(executor.with({ timeout: 50 }).run(spinForEver));
        expect(await late).toBeInstanceOf(ExecutorTimeoutError);
        await isSound(app);
        expect(warnings).toBeGreaterThanOrEqual(2);
        await app.close();
      } finally {
        Logger.overrideLogger(false);
      }
    });
  });

  it.each([
    ['throws', FailingContext, 'no such database'],
    ['exits', ExitingContext, 'exited with code 3'],
    ['fails in the background', LateFailingContext, 'the port is taken'],
  ])('a worker that %s while it boots fails the start', async (_how, context, message) => {
    const error = await rejection<ExecutorBootError>(startApp({ kind, size: 2, context }));
    expect(error).toBeInstanceOf(ExecutorBootError);
    expect(error.message).toContain(message);
  });

  it('a worker that never finishes booting fails the start after bootTimeout', async () => {
    const error = await rejection<ExecutorBootError>(
      startApp({ kind, context: StuckContext, bootTimeout: 700 }),
    );
    expect(error).toBeInstanceOf(ExecutorBootError);
    expect(error.message).toContain('bootTimeout of 700 ms');
  });

  it('with workers that cannot boot, a lazy pool rejects what waits', async () => {
    await withApp({ kind, warmup: 'lazy', context: FailingContext }, async ({ executor }) => {
      const calls = [1, 2].map((n) => rejection<ExecutorBootError>(executor.run(echo<number>, n)));
      for (const error of await Promise.all(calls)) {
        expect(error).toBeInstanceOf(ExecutorBootError);
        expect((error.cause as Error).message).toBe('no such database');
      }
    });
  });

  it.each([
    ['a flag that does not exist', ['--no-such-flag-at-all']],
    ['a file to load first that does not exist', ['--require', './no-such-file-at-all.cjs']],
  ])('%s is a failed boot that names it', async (_what, execArgv) => {
    const error = await rejection(startApp({ kind, execArgv }));
    expect(error).toBeInstanceOf(ExecutorBootError);
    expect(error.message).toContain(execArgv.at(-1));
  });

  it('close with a full queue and a method that never ends: everything settles', async () => {
    const app = await startApp({ kind, context: CONTEXT, shutdownTimeout: 100 });
    const running = rejection(app.executor.run(ignoresSignal));
    await until(() => app.executor.stats().running === 1, 'the method that never ends');
    const loop = [1, 2, 3].map((n) => rejection(app.executor.run(echo<number>, n)));
    const closing = app.close();
    for (const error of await Promise.all([running, ...loop]))
      expect(error).toBeInstanceOf(ExecutorClosedError);
    await closing;
    expect(app.executor.stats()).toMatchObject({ workers: 0, queued: 0, running: 0 });
  });
});

describe.each(ALL_KINDS)('faults that every kind survives: %s', (kind) => {
  const inApp = sharedApp({ kind, context: CONTEXT });

  it('aborted before, while waiting, while running, and after the end', async () => {
    await inApp(async (app) => {
      const { executor } = app;
      await within(Promise.all([executor.run(echo<number>, 0), executor.run(echoLater<number>, 0, 1)]));
      const reason = new Error('no longer wanted');
      const { rejected } = executor.stats();
      const before = AbortSignal.abort(reason);
      expect(await rejection(executor.with({ signal: before }).run(echo<number>, 1))).toBe(reason);
      expect(executor.stats().rejected).toBe(rejected + 1);
      const waiting = new AbortController();
      const blocker = executor.run(echoLater<number>, 1, 60);
      const call = executor.with({ signal: waiting.signal }).run(echo<number>, 2);
      waiting.abort(reason);
      expect(await rejection(call)).toBe(reason);
      expect(await within(blocker)).toBe(1);
      const running = new AbortController();
      const listener = executor.run(listensTo, running.signal);
      await until(() => executor.stats().running === 1, 'running');
      running.abort(reason);
      expect(await rejection(listener)).toBe(reason);
      const late = new AbortController();
      expect(await within(executor.with({ signal: late.signal }).run(echo<number>, 3))).toBe(3);
      late.abort();
      await isSound(app);
    });
  });

  it('aborted without a reason rejects with an AbortError', async () => {
    await inApp(async ({ executor }) => {
      const error = await rejection<DOMException>(
        executor.with({ signal: AbortSignal.abort() }).run(echo<number>, 1),
      );
      expect(error.name).toBe('AbortError');
    });
  });

  it('a call after close, during drain, and close twice', async () => {
    const app = await startApp({ kind, context: CONTEXT });
    await within(app.executor.run(echoLater<number>, 0, 1));
    const running = app.executor.run(echoLater<number>, 1, 100);
    const queued = app.executor.run(echoLater<number>, 2, 1);
    const closing = app.close();
    await until(async () => {
      const late = await app.executor.run(echo<number>, 3).catch((error: unknown) => error);
      return late instanceof ExecutorClosedError;
    }, 'the refusal');
    expect(await within(Promise.all([running, queued]))).toEqual([1, 2]);
    await closing;
    await app.close();
    expect(await rejection(app.executor.run(echo<number>, 4))).toBeInstanceOf(ExecutorClosedError);
  });

  it('one signal shared by a thousand calls leaves no listener', async () => {
    await inApp(async ({ executor }) => {
      const controller = new AbortController();
      const pool = executor.with({ signal: controller.signal });
      await within(Promise.all(Array.from({ length: 1_000 }, (_, n) => pool.run(echo<number>, n))));
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      const aborted = Array.from({ length: 1_000 }, (_, n) =>
        rejection(pool.run(echoLater<number>, n, 5_000)),
      );
      controller.abort(new Error('all'));
      expect((await Promise.all(aborted)).every((error) => error.message === 'all')).toBe(true);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    });
  });

  it('a full queue refuses, and goes on', async () => {
    await withApp({ kind, context: CONTEXT, maxQueue: 1 }, async (app) => {
      await within(app.executor.run(echoLater<number>, 0, 1));
      const calls = [1, 2].map((n) => app.executor.run(echoLater<number>, n, 20));
      expect(await rejection(app.executor.run(echoLater<number>, 3, 1))).toBeInstanceOf(
        ExecutorQueueFullError,
      );
      await within(Promise.all(calls));
      await isSound(app);
    });
  });
});
