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
  ExecutorSerializationError,
  ExecutorTimeoutError,
  getExecutorToken,
  RunInExecutor,
  transfer,
} from '../../lib/index.js';
import { MadeAtSecondTry, TransientCounter, WithHooks } from '../fixtures/services.js';
import {
  add,
  changesJson,
  echo,
  echoLater,
  ownThen,
  exit,
  exitsAfterHandledError,
  ignoresSignal,
  makesNative,
  throwsHeirOfProxy,
  throwsProxy,
  throwsUnsendable,
  spinAfter,
  spinForEver,
  spinUntil,
  throwsDeepCauses,
  watchAbort,
} from '../fixtures/work.js';
import { childrenOf } from '../chaos/chaos.js';
import { ALL_KINDS, startApp, withApp, WORKER_KINDS } from '../support/app.js';
import { observe, rejection, until, within } from '../support/deadline.js';
import { Gate } from '../support/gate.js';
import { sharedApp } from '../support/shared-app.js';

describe.each(ALL_KINDS)('odd values, in a pool of kind %s', (kind) => {
  const inApp = sharedApp({ kind });
  const unreadable = Object.defineProperty(new Error('x'), 'stack', {
    get() {
      throw new Error('from the stack');
    },
  });

  const { proxy: untouchable, revoke } = Proxy.revocable({}, {});
  revoke();

  it.each([
    ['an error whose stack cannot be read', unreadable],
    ['an object without a prototype', Object.create(null) as object],
    ['an error whose name is a symbol', Object.assign(new Error('y'), { name: Symbol('s') })],
    ['a Proxy of which nothing can be asked', untouchable],
  ])('%s as the reason of an abort reaches the caller, and the slot comes back', async (_what, reason) => {
    await inApp(async ({ executor }) => {
      await within(executor.run(add, 1, 1));
      const controller = new AbortController();
      const call = executor.with({ signal: controller.signal }).run(ignoresSignal);
      await until(() => executor.stats().running === 1, 'the call');
      // In an object: an asynchronous function would ask it for a `then`.
      const outcome = call.catch((error: unknown) => ({ error }));
      controller.abort(reason);
      expect((await within(outcome)).error === reason).toBe(true);
      if (kind !== 'inline') expect(await within(executor.run(add, 1, 2))).toBe(3);
    });
  });

  it('the reason of an abort is passed on as it is, to however many calls', async () => {
    await inApp(async ({ executor }) => {
      await within(executor.run(echoLater<number>, 0, 1));
      const reason = new Error('shared');
      const { stack } = reason;
      const controller = new AbortController();
      const pool = executor.with({ signal: controller.signal });
      const calls = Array.from({ length: 500 }, (_, n) => rejection(pool.run(echoLater<number>, n, 1_000)));
      controller.abort(reason);
      expect(new Set(await Promise.all(calls))).toEqual(new Set([reason]));
      expect(reason.stack).toBe(stack);
    });
  });

  it.each<[string, typeof Error.prepareStackTrace]>([
    ['return anything', (_error, frames) => frames],
    [
      'throw',
      () => {
        throw new Error('from prepareStackTrace');
      },
    ],
  ])('Error.prepareStackTrace may %s', async (_what, prepare) => {
    await inApp(async ({ executor }) => {
      await within(executor.run(add, 1, 1));
      const { prepareStackTrace } = Error;
      Error.prepareStackTrace = prepare;
      try {
        const refused = await rejection(executor.run(echo<unknown>, () => {}));
        expect(refused.name).toBe('ExecutorSerializationError');
      } finally {
        Error.prepareStackTrace = prepareStackTrace;
      }
    });
  });

  it('a refused call of an unlocated function leaves no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', listener);
    try {
      await inApp(async ({ executor }) => {
        await rejection(executor.run((value: unknown) => value, Symbol('x')));
        // Where it is defined is found out before where the next one is.
        await Promise.allSettled([within(executor.run((value: unknown) => value, 1))]);
        await new Promise((resolve) => setImmediate(resolve));
      });
    } finally {
      process.off('unhandledRejection', listener);
    }
    expect(unhandled).toEqual([]);
  });

  it('transfer() moves an ArrayBuffer itself, and views of it', async () => {
    await inApp(async ({ executor }) => {
      const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
      const back = await within(executor.run(echo<ArrayBuffer>, transfer(buffer)));
      expect(buffer.byteLength).toBe(0);
      expect([...new Uint8Array(back)]).toEqual([1, 2, 3, 4]);
      const whole = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
      const views = { part: new Uint16Array(whole, 2, 2), same: Buffer.from(whole) };
      const moved = await within(executor.run(echo<typeof views>, transfer(views, [whole])));
      expect(whole.byteLength).toBe(0);
      expect([...moved.part]).toEqual([3 + 4 * 256, 5 + 6 * 256]);
      expect(Buffer.isBuffer(moved.same)).toBe(true);
    });
  });

  it('a promise with a then of its own settles once, as with await', async () => {
    await inApp(async ({ executor }) => {
      // The first call binds the function, which asks `then`.
      await within(executor.run(ownThen, 'twice'));
      const { lost } = executor.stats();
      for (const way of ['twice', 'throws', 'never'] as const) {
        expect(await within(executor.run(ownThen, way))).toBe(7);
      }
      expect(await within(executor.run(echo<number>, 1))).toBe(1);
      expect(executor.stats().lost).toBe(lost);
    });
  });

  it('a signal that is aborted by a getter among the arguments is heard', async () => {
    await inApp(async ({ executor }) => {
      const controller = new AbortController();
      const aborts = {
        get now() {
          controller.abort(new Error('by a getter'));
          return 1;
        },
      };
      const error = await rejection(executor.with({ signal: controller.signal }).run(echo<unknown>, aborts));
      expect(error.message).toContain('by a getter');
      expect(executor.stats()).toMatchObject({ queued: 0, running: 0 });
    });
  });

  it('what is too large is refused before it is moved', async () => {
    await inApp(async ({ executor }) => {
      for (const wrap of [(bytes: Uint8Array) => [bytes], (bytes: Uint8Array) => new Map([[1, bytes]])]) {
        const bytes = new Uint8Array(1024 ** 3 + 4096);
        const error = await rejection(executor.run(echo<unknown>, transfer(wrap(bytes), [bytes])));
        expect(error).toBeInstanceOf(ExecutorSerializationError);
        expect(bytes.byteLength).toBe(1024 ** 3 + 4096);
      }
    });
  });

  it('closing does not wait for calls that were aborted before they began, with several at a time', async () => {
    const app = await startApp({ kind, size: 1, concurrency: 2 });
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

  it('an array with toJSON arrives as it is', async () => {
    await inApp(async ({ executor }) => {
      expect(await within(executor.run(changesJson))).toEqual([1, 2]);
    });
  });

  it('errors within errors, very deep, reach the caller', async () => {
    await inApp(async ({ executor }) => {
      const error = await rejection(executor.run(throwsDeepCauses, 900));
      expect(error.message).toBe('cause 900');
      expect((error.cause as Error).message).toBe('cause 899');
    });
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

  it('an error arrives, though what hangs on it cannot', async () => {
    await inApp(async ({ executor }) => {
      const error = await rejection(executor.run(throwsUnsendable));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe('the real one');
    });
  });

  it.each([
    ['Proxy', throwsProxy],
    ['object that stands on one', throwsHeirOfProxy],
  ])('a thrown %s is refused, and the worker lives on', async (_what, fn) => {
    await inApp(async ({ executor }) => {
      const { lost } = executor.stats();
      expect(await rejection(executor.run(fn))).toBeInstanceOf(ExecutorSerializationError);
      expect(await within(executor.run(add, 1, 2))).toBe(3);
      expect(executor.stats().lost).toBe(lost);
    });
  });

  it('a native object in a result is refused, and the worker lives on', async () => {
    await inApp(async ({ executor }) => {
      const error = await rejection(executor.run(makesNative));
      expect(error).toBeInstanceOf(ExecutorSerializationError);
      expect(error.message).toMatch(/^makesNative\(\): Result .*native object/);
      expect(await within(executor.run(add, 1, 2))).toBe(3);
    });
  });

  it('what run() refuses is not moved with the next call', async () => {
    await inApp(async ({ executor }) => {
      const bytes = new Uint8Array(10_000);
      await rejection(executor.run('no function' as never, transfer(bytes) as never));
      await within(executor.run(echo, bytes));
      expect(bytes.byteLength).toBe(10_000);
    });
  });

  it('nothing to transfer is no transfer', async () => {
    await withApp({ kind, retries: 1 }, async ({ executor }) => {
      expect(await within(executor.run(echo, transfer({ chunks: [] }, [])))).toEqual({ chunks: [] });
    });
  });

  it('the call is named once in an error, its stack included', async () => {
    await inApp(async ({ executor }) => {
      const error = await rejection(executor.run(echo, () => {}));
      expect(error.stack?.split('echo(): ')).toHaveLength(2);
    });
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
    await withApp({ kind, maxQueue: 0, warmup: 'lazy' }, async ({ executor }) => {
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
    await withApp({ kind, concurrency: 2 }, async ({ executor }) => {
      await within(Promise.all([executor.run(echoLater<number>, 0, 1), executor.run(add, 1, 1)]));
      const neighbour = rejection(executor.run(echoLater<number>, 1, 20_000));
      const offender = await rejection(executor.with({ timeout: 100 }).run(spinAfter, 700));
      expect(offender).toBeInstanceOf(ExecutorTimeoutError);
      expect((await neighbour).name).toBe('ExecutorWorkerLostError');
    });
  });

  it('relieves a call that waits behind a long one when a worker becomes ready', async () => {
    await withApp({ kind, size: 2 }, async ({ executor }) => {
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
    await withApp({ kind }, async ({ executor }) => {
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
  expect(() => RunInExecutor()(owner, 'work', descriptor)).toThrow(/not on static ones/);
});
