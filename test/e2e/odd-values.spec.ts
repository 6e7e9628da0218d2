import { describe, expect, it } from 'vitest';
import { ExecutorSerializationError, transfer } from '../../lib/index.js';
import {
  add,
  changesJson,
  echo,
  echoLater,
  ownThen,
  ignoresSignal,
  makesNative,
  throwsHeirOfProxy,
  throwsProxy,
  throwsUnsendable,
  throwsWithResponse,
  throwsDeepCauses,
} from '../fixtures/work.js';
import { ALL_KINDS, withApp } from '../support/app.js';
import { rejection, until, within } from '../support/deadline.js';
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

  it('an error arrives, though what hangs on it cannot', async () => {
    await inApp(async ({ executor }) => {
      const error = await rejection(executor.run(throwsUnsendable));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe('the real one');
    });
  });

  it('what hangs on an error arrives without what in it cannot be sent', async () => {
    await inApp(async ({ executor }) => {
      const error = await rejection(executor.run(throwsWithResponse));
      const response = {
        status: 404,
        data: { why: 'no such thing' },
        config: { url: '/one', transforms: Object.assign([], { length: 1 }) },
      };
      expect(error).toMatchObject({ message: 'refused', response });
      expect(error).not.toHaveProperty('request');
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
});
