import { createReadStream } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { BadRequestException, HttpException, NotFoundException, StreamableFile } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExecutorSerializationError, transfer } from '../../lib/index.js';
import { CatalogError, CatalogService, ParserOptions } from '../fixtures/catalog.service.js';
import { type ErrorRecipe, makeError, makeNested } from '../fixtures/errors.js';
import { echo, fail, listensTo, returnsFunction, throwValue } from '../fixtures/work.js';
import { ALL_KINDS, startApp, type TestApp } from '../support/app.js';
import { rejection, thrownBy, within } from '../support/deadline.js';

describe.each(ALL_KINDS)('what survives the trip to a pool of kind %s', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ kind }, { providers: [CatalogService, ParserOptions] });
  });
  afterAll(() => app?.close());

  const roundTrip = <T>(value: T) => within(app.executor.run(echo<T>, value));

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['infinity', -Infinity],
    ['a BigInt', 2n ** 70n],
    ['an empty string', ''],
    ['text with a lone surrogate', 'a\ud800b é 😀'],
    ['a Date', new Date(0)],
    ['a RegExp', /a+/gi],
    ['a Map', new Map<unknown, unknown>([[{ a: 1 }, new Set([1, 'x'])]])],
    ['a plain object', { a: [1, 'two', { three: null }], b: true }],
    ['undefined in an object', { a: undefined }],
    ['a sparse array', Object.assign([1], { 2: 3 })],
    ['an ArrayBuffer', new Uint8Array([1, 2]).buffer],
    ['a typed array', new Float64Array([1.5, -2.5])],
    ['a large typed array', new Int32Array(100_000).fill(7)],
    ['a DataView', new DataView(new Uint8Array([1, 2, 3]).buffer)],
  ])('%s arrives as itself', async (_name, value) => {
    expect(await roundTrip(value)).toStrictEqual(value);
  });

  it('a Buffer stays a Buffer with its own bytes only, small and large', async () => {
    const part = Buffer.from('hello world').subarray(6);
    const arrived = await roundTrip(part);
    expect(Buffer.isBuffer(arrived)).toBe(true);
    expect(arrived.toString()).toBe('world');
    const large = Buffer.alloc(300_000, 'x').subarray(1, 200_000);
    const back = await roundTrip({ large, again: [large] });
    expect(Buffer.isBuffer(back.large)).toBe(true);
    expect(back.large.equals(large)).toBe(true);
    expect(back.large.buffer.byteLength).toBe(large.byteLength);
  });

  it('an array with billions of holes stays one, whatever is in it', async () => {
    for (const entry of [{ a: 1 }, new Error('in it')]) {
      const sparse: unknown[] = [];
      sparse[4_000_000_000] = entry;
      const back = await roundTrip(sparse);
      expect(back.length).toBe(4_000_000_001);
      expect(Object.keys(back)).toEqual(['4000000000']);
      expect(back[4_000_000_000]).toEqual(entry);
    }
  });

  it('cycles and shared references keep their shape', async () => {
    const shared = { n: 1 };
    const cycle: Record<string, unknown> = { a: shared, b: shared };
    cycle['self'] = cycle;
    const back = await roundTrip(cycle);
    expect(back['self']).toBe(back);
    expect(back['a']).toBe(back['b']);
  });

  it('an array with properties of its own keeps them', async () => {
    const match = 'key=value'.match(/(?<key>\w+)=/) as RegExpMatchArray;
    const back = await roundTrip(match);
    expect(back.index).toBe(0);
    expect({ ...back.groups }).toEqual({ key: 'key' });
  });

  it('arguments are those at the moment of the call', async () => {
    const argument = { n: 1, bytes: Buffer.alloc(100_000, 1) };
    const call = app.executor.run(echo<typeof argument>, argument);
    argument.n = 2;
    argument.bytes.fill(2);
    const back = await within(call);
    expect(back.n).toBe(1);
    expect(back.bytes[99_999]).toBe(1);
  });

  it('one object given to two calls arrives as two', async () => {
    const argument = { n: 1 };
    const both = [
      app.executor.run(echo<{ n: number }>, argument),
      app.executor.run(echo<{ n: number }>, argument),
    ];
    const [first, second] = await within(Promise.all(both));
    expect(first).toEqual(second);
    expect(first).not.toBe(second);
  });

  it('an AbortSignal argument is alive there', async () => {
    const controller = new AbortController();
    const call = app.executor.run(listensTo, controller.signal);
    controller.abort(new Error('enough'));
    const error = await rejection(call);
    expect(error.message).toBe('enough');
  });

  it('an HttpException keeps class, status and response', async () => {
    const error = await rejection<NotFoundException>(app.context.get(CatalogService).missing('thing'));
    expect(error).toBeInstanceOf(NotFoundException);
    expect(error.getStatus()).toBe(404);
    expect(error.getResponse()).toEqual({ message: 'no thing', error: 'Not Found', statusCode: 404 });
  });

  it('an error of an exported class keeps class and properties, and its stack tells both sides', async () => {
    const error = await thrownBy<CatalogError>(() => callsInvalid(app));
    expect(error).toBeInstanceOf(CatalogError);
    expect(error).toMatchObject({ name: 'CatalogError', message: 'invalid', line: 7 });
    const stack = error.stack as string;
    const thrown = stack.indexOf('catalog.service.js');
    const called = stack.indexOf('callsInvalid');
    expect(thrown).toBeGreaterThan(0);
    expect(called).toBeGreaterThan(thrown);
    expect(stack).toContain("pool 'pool'");
    expect(stack).not.toContain('/lib/');
  });

  it.each<[ErrorRecipe, (error: never) => void]>([
    [
      'cause chain',
      (error: Error) => {
        expect(error.cause).toBeInstanceOf(TypeError);
        expect((error.cause as Error).cause).toBeInstanceOf(CatalogError);
        expect((error.cause as Error & { cause: CatalogError }).cause.line).toBe(3);
      },
    ],
    ['own cause', (error: Error) => expect(error.cause).toBe(error)],
    [
      'aggregate',
      (error: AggregateError) => {
        expect(error).toBeInstanceOf(AggregateError);
        expect(error.errors[0]).toBeInstanceOf(RangeError);
        expect(error.errors[1]).toBe(error.errors[0]);
        expect(error.errors[2]).toBe('text');
      },
    ],
    ['frozen', (error: Error) => expect(error.message).toBe('frozen')],
    [
      'throwing getter',
      (error: Error & { fine?: number }) => {
        expect(error.message).toBe('getter');
        expect(error.fine).toBe(1);
      },
    ],
    [
      'function inside',
      (error: Error & { code?: string }) => {
        expect(error.message).toBe('function');
        expect(error.code).toBe('EFUNC');
      },
    ],
    [
      'unexported class',
      (error: Error & { extra?: number }) => {
        expect(error).toBeInstanceOf(RangeError);
        expect(error.name).toBe('Hidden');
        expect(error.extra).toBe(5);
      },
    ],
    [
      'bad request with a cause',
      (error: HttpException) => {
        expect(error).toBeInstanceOf(BadRequestException);
        expect(error.cause).toBeInstanceOf(SyntaxError);
      },
    ],
    [
      'dom exception',
      (error: DOMException) => {
        expect(error).toBeInstanceOf(DOMException);
        expect(error.name).toBe('TimeoutError');
        expect(error.code).toBe(23);
      },
    ],
    [
      'system error',
      (error: NodeJS.ErrnoException) => {
        expect(error.code).toBe('ENOENT');
        expect(error.syscall).toBe('open');
      },
    ],
  ])('a thrown error arrives: %s', async (recipe, check) => {
    check((await rejection(app.executor.run(makeError, recipe))) as never);
  });

  it.each([['a string'], [42], [null], [undefined], [{ plain: 'object' }], [[1, 2]]])(
    'a thrown non-error arrives as itself: %j',
    async (value) => {
      expect(await rejection<unknown>(app.executor.run(throwValue, value))).toStrictEqual(value);
    },
  );

  it('errors inside results keep their class, once each', async () => {
    const back = await within(app.executor.run(makeNested));
    expect(back.first).toBeInstanceOf(TypeError);
    expect(back.list[0]).toBe(back.first);
    expect(back.list[1]).toBeInstanceOf(CatalogError);
  });

  it.each<[string, unknown[], string, RegExp]>([
    ['a function', [1, { on: { progress: () => {} } }], 'argument 2 (at .on.progress)', /function/],
    ['a symbol', [Symbol('x')], 'argument 1', /symbol/],
    [
      'a getter that throws',
      [
        {
          get bad(): never {
            throw new RangeError('no');
          },
        },
      ],
      'argument 1 (at .bad)',
      /getter/,
    ],
    ['a cycle with a function', [cycleWithFunction()], 'argument 1 (at .inner.callback)', /function/],
    ['100,000 levels', [nestedArray(100_000)], 'argument 1', /deep/],
    ['a promise', [Promise.resolve(1)], 'argument 1', /Promise/],
    ['a URL', [new URL('http://localhost')], 'argument 1', /URL/],
    ['a Headers', [new Headers()], 'argument 1', /Headers/],
    ['a stream', [new ReadableStream()], 'argument 1', /ReadableStream/],
    ['a stream of Node', [createReadStream('/dev/null')], 'argument 1', /stream/],
    ['a request', [{ req: new IncomingMessage(new Socket()) }], 'argument 1 (at .req)', /request.*@Body/],
    ['a StreamableFile', [new StreamableFile(Buffer.alloc(1))], 'argument 1', /return its bytes/],
    ['a generator', [1, { a: generate() }], 'argument 2', /could not be cloned/],
    ['a proxy', [new Proxy({}, {})], 'argument 1', /Proxy/],
    ['a WeakMap', [new WeakMap()], 'argument 1', /WeakMap/],
    ['a hidden signal', [{ signal: new AbortController().signal }], 'argument 1 (at .signal)', /AbortSignal/],
  ])('%s as argument is refused by name', async (_name, args, subject, why) => {
    const before = app.executor.stats();
    const run = app.executor.run as (fn: unknown, ...args: unknown[]) => Promise<unknown>;
    const error = await rejection<ExecutorSerializationError>(run.call(app.executor, echo, ...args));
    expect(error).toBeInstanceOf(ExecutorSerializationError);
    expect(error.code).toBe('EXECUTOR_SERIALIZATION');
    expect(error.subject).toContain(subject);
    expect(error.message).toContain('echo()');
    expect(error.message).toMatch(why);
    expect(app.executor.stats().rejected).toBe(before.rejected + 1);
  });

  it('a bad result costs that call alone', async () => {
    const error = await rejection<ExecutorSerializationError>(app.executor.run(returnsFunction));
    expect(error).toBeInstanceOf(ExecutorSerializationError);
    expect(error.subject).toBe('result (at .callback)');
    expect(error.message).toContain('returnsFunction()');
    expect(await roundTrip('fine')).toBe('fine');
    expect(app.executor.stats().lost).toBe(0);
  });

  it('transfer() moves a buffer', async () => {
    const bytes = new Uint8Array(100_000).fill(9);
    const call = app.executor.run(echo<Uint8Array>, transfer(bytes));
    expect(bytes.byteLength).toBe(0);
    const back = await within(call);
    expect(back.byteLength).toBe(100_000);
    expect(back[5]).toBe(9);
  });

  it('transfer() with retries is refused, and moves nothing', async () => {
    const bytes = new Uint8Array(100_000);
    const error = await rejection(app.executor.with({ retries: 1 }).run(echo<Uint8Array>, transfer(bytes)));
    expect(error.message).toMatch(/retries.*transfer/);
    expect(bytes.byteLength).toBe(100_000);
  });

  it('transfer() holds for one call, and not for the next when that is refused', async () => {
    const bytes = new Uint8Array(100_000);
    await rejection(app.executor.run(echo<unknown>, transfer({ bytes, bad: () => 1 }, [bytes])));
    const value = { bytes };
    await rejection(app.executor.with({ retries: 1 }).run(echo<unknown>, transfer(value, [bytes])));
    await within(app.executor.run(echo<unknown>, value));
    expect(bytes.byteLength).toBe(100_000);
  });

  it('64 MiB go there and back', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024, 'ab');
    const back = await roundTrip(large);
    expect(back.equals(large)).toBe(true);
  });

  it('an error thrown by run(fn) has its caller in the stack', async () => {
    const error = await thrownBy(() => app.executor.run(fail, 'no'));
    expect(error.stack).toMatch(/work\.js[\s\S]*values\.spec/);
  });
});

async function callsInvalid(app: TestApp): Promise<unknown> {
  return await app.context.get(CatalogService).invalid(7);
}

function cycleWithFunction(): unknown {
  const cycle: Record<string, unknown> = {};
  cycle['inner'] = { cycle, callback: () => {} };
  return cycle;
}

function nestedArray(levels: number): unknown {
  let nested: unknown = [];
  for (let level = 0; level < levels; level++) nested = [nested];
  return nested;
}

function* generate(): Generator<number> {
  yield 1;
}
