import { Controller, Get, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModuleRef, NestFactory } from '@nestjs/core';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from 'vitest';
import {
  type Executor,
  ExecutorClosedError,
  ExecutorModule,
  ExecutorReferenceError,
  ExecutorTimeoutError,
  getExecutorToken,
  RunInExecutor,
} from '../../lib/index.js';
import { MadeAtSecondTry, TransientCounter, WithHooks } from '../fixtures/services.js';
import {
  add,
  echo,
  echoLater,
  exit,
  exitsAfterHandledError,
  ignoresSignal,
  spinAfter,
  spinForEver,
  spinUntil,
  watchAbort,
} from '../fixtures/work.js';
import { childrenOf } from '../chaos/chaos.js';
import { ALL_KINDS, startApp, withApp, WORKER_KINDS } from '../support/app.js';
import { observe, rejection, until, within } from '../support/deadline.js';
import { Gate } from '../support/gate.js';
import { sharedApp } from '../support/shared-app.js';

describe.each(ALL_KINDS)('a pool of kind %s', (kind) => {
  const inApp = sharedApp({ kind, context: false });

  it('closing does not wait for calls that were aborted before they began, with several at a time', async () => {
    const app = await startApp({ kind, context: false, size: 1, concurrency: 2 });
    await within(app.executor.run(echo<number>, 1));
    const controller = new AbortController();
    const calls = [1, 2, 3].map((value) =>
      rejection(app.executor.with({ signal: controller.signal }).run(echo<number>, value)),
    );
    controller.abort();
    await Promise.all(calls);
    // A worker that does not close is ended after 5 s.
    await within(app.close(), 'the close', 3_000);
  });

  it('an abort in the tick of the call reaches the method, or keeps it from starting', async () => {
    await inApp(async ({ executor }) => {
      await within(executor.run(watchAbort, 1));
      const controller = new AbortController();
      const call = executor.with({ signal: controller.signal }).run(watchAbort, 100);
      controller.abort(new Error('at once'));
      expect((await rejection(call)).message).toBe('at once');
      expect(executor.stats()).toMatchObject({ queued: 0 });
      expect(await within(executor.run(watchAbort, 1))).not.toBe('ran on');
    });
  });

  it('a transient class has one instance for all its methods', async () => {
    await withApp(
      { kind },
      async ({ context }) => {
        const counter = await context.resolve(TransientCounter);
        await within(counter.increment());
        await within(counter.increment());
        expect(await within(counter.current())).toBe(2);
      },
      { providers: [TransientCounter] },
    );
  });

  it('a transient class that could not be made the first time is made the next', async () => {
    if (kind === 'inline') return;
    await withApp(
      { kind },
      async ({ context }) => {
        const late = await context.resolve(MadeAtSecondTry);
        expect((await rejection(late.attempts())).message).toBe('not ready yet');
        expect(await within(late.attempts())).toBe(2);
      },
      { providers: [MadeAtSecondTry] },
    );
  });

  it('a class that was not among the providers is refused, with the cure', async () => {
    if (kind === 'inline') return;
    await inApp(async ({ context }) => {
      const late = await context.get(ModuleRef).create(WithHooks);
      const error = await rejection(late.wasInitialised());
      expect(error).toBeInstanceOf(ExecutorReferenceError);
      expect(error.message).toMatch(/WithHooks\.wasInitialised\(\).*Provide it in a module/);
    });
  });

  it('takes a call with maxQueue 0 if a worker can be booted for it', async () => {
    await withApp({ kind, context: false, maxQueue: 0, warmup: 'lazy' }, async ({ executor }) => {
      expect(await within(executor.run(add, 1, 2))).toBe(3);
    });
  });

  it('closing during the start settles the start', async () => {
    const module = {
      module: Root,
      imports: [ExecutorModule.forRoot({ pools: { pool: { kind, size: 1 } } })],
      providers: [SlowInit],
    };
    const app = await NestFactory.create(module, { logger: false, abortOnError: false });
    const starting = app.init().then(
      () => 'started',
      (error: unknown) => error,
    );
    await within(app.close());
    const outcome = await within(starting);
    expect(outcome === 'started' || outcome instanceof ExecutorClosedError).toBe(true);
  });
});

describe.each(WORKER_KINDS)('a pool of kind %s', (kind) => {
  it('looks again at a worker that was spared for its neighbours', async () => {
    await withApp({ kind, context: false, concurrency: 2 }, async ({ executor }) => {
      await within(Promise.all([executor.run(echoLater<number>, 0, 1), executor.run(add, 1, 1)]));
      const neighbour = rejection(executor.run(echoLater<number>, 1, 20_000));
      const offender = await rejection(executor.with({ timeout: 100 }).run(spinAfter, 700));
      expect(offender).toBeInstanceOf(ExecutorTimeoutError);
      expect((await neighbour).name).toBe('ExecutorWorkerLostError');
    });
  });

  it('relieves a call that waits behind a long one when a worker becomes ready', async () => {
    await withApp({ kind, context: false, size: 2 }, async ({ executor }) => {
      const gate = new Gate();
      for (let round = 0; round < 100; round++) await within(executor.run(spinUntil));
      await rejection(executor.run(exit, 1));
      const long = observe(executor.run(spinUntil, gate.file));
      await within(Promise.all([1, 2, 3, 4].map(() => executor.run(spinUntil))));
      expect(long.isSettled).toBe(false);
      gate.open();
      await within(long.promise);
    });
  });

  it('does not blame an error that the application handled', async () => {
    await withApp({ kind, context: false }, async ({ executor }) => {
      const error = await rejection(executor.run(exitsAfterHandledError));
      expect(error.name).toBe('ExecutorWorkerLostError');
      expect(error.cause).toBeUndefined();
    });
  });

  it('gives up what holds a server open after shutdownTimeout', async () => {
    const module = {
      module: Root,
      imports: [ExecutorModule.forRoot({ pools: { pool: { kind, size: 1, shutdownTimeout: 300 } } })],
      controllers: [HangingController],
    };
    const app = await NestFactory.create(module, { logger: false, abortOnError: false });
    await within(app.listen(0, '127.0.0.1'));
    const { port } = app.getHttpServer().address() as AddressInfo;
    const answer = new Promise<number | undefined>((resolve, reject) => {
      request({ port, host: '127.0.0.1', path: '/hang', agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    const executor = app.get<Executor>(getExecutorToken('pool'));
    await until(() => executor.stats().running === 1, 'the request');
    await within(app.close(), 'closing', 8_000);
    expect(await within(answer)).toBe(500);
  });
});

describe('a process pool', () => {
  it('has at most as many workers again as it is large, however many are condemned', async () => {
    await withApp({ kind: 'process', concurrency: 2, shutdownTimeout: 100 }, async ({ executor }) => {
      const before = childrenOf(process.pid).length;
      await within(executor.run(add, 1, 1));
      for (let round = 0; round < 3; round++) {
        void executor.run(ignoresSignal).catch(() => {});
        await rejection(
          executor.with({ timeout: 20, signal: AbortSignal.timeout(3_000) }).run(ignoresSignal),
        );
      }
      expect(childrenOf(process.pid).length).toBeLessThanOrEqual(before + 1);
    });
  });
});

class Root {}

@Injectable()
class SlowInit implements OnModuleInit {
  async onModuleInit(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

@Controller()
class HangingController {
  constructor(private readonly ref: ModuleRef) {}

  @Get('hang')
  hang(): Promise<unknown> {
    return this.ref.get<Executor>(getExecutorToken('pool'), { strict: false }).run(spinForEver);
  }
}

it('a static method cannot be decorated', () => {
  const owner = Object.assign(() => {}, { work: async () => {} });
  const descriptor = Object.getOwnPropertyDescriptor(owner, 'work') as TypedPropertyDescriptor<
    () => Promise<void>
  >;
  expect(() => RunInExecutor()(owner, 'work', descriptor)).toThrow(/not static ones/);
});
