import { createSecretKey } from 'node:crypto';
import { Resolver } from 'node:dns';
import { runInNewContext, Script } from 'node:vm';
import { NotFoundException } from '@nestjs/common';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExecutorSerializationError } from '../../lib/index.js';
import { SharedErrorClasses } from '../../lib/reference/error-classes.js';
import { Codec } from '../../lib/wire/codec.js';
import { FrameReader } from '../../lib/wire/frame.reader.js';
import { inlineAttachments, startBytes, writeStart } from '../../lib/wire/frame.js';
import { type Message, message, MessageType } from '../../lib/wire/messages.js';

function hidden<T extends object>(value: T, toJSON: () => unknown): T {
  return Object.defineProperty(value, 'toJSON', { value: toJSON });
}

const classes = new SharedErrorClasses();
const codec = new Codec(classes);

const roundTrip = (value: unknown): unknown => codec.decode(codec.encode(value, 'value')).value;

function encodeFrame(sent: Message): Uint8Array[] {
  const start = Buffer.alloc(startBytes(sent));
  const end = writeStart(sent, start, new DataView(start.buffer, start.byteOffset, start.byteLength), 0);
  return [start.subarray(0, end), ...inlineAttachments(sent)];
}

/** By way of the bytes of a pipe, in chunks of that size. */
function throughFrames(messages: readonly Message[], chunkBytes: number): Message[] {
  const bytes = Buffer.concat(messages.flatMap((sent) => encodeFrame(sent)));
  const reader = new FrameReader();
  const received: Message[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    reader.push(bytes.subarray(at, at + chunkBytes), (incoming) => received.push(incoming));
  }
  expect(reader.isInsideFrame).toBe(false);
  return received;
}

const plain = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withObjectString: true,
  withUnicodeString: true,
});

class Money extends Intl.NumberFormat {
  get [Symbol.toStringTag](): 'Intl.NumberFormat' {
    return 'Money' as never;
  }
}

const leaf = fc.oneof(
  fc.string(),
  fc.double(),
  fc.bigInt(),
  fc.constantFrom(null, undefined, -0, Number.NaN),
);

const error: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  error: fc
    .record({
      make: fc.constantFrom(Error, TypeError, RangeError, SyntaxError),
      message: fc.string(),
      cause: fc.option(fc.oneof(tie('error'), leaf), { nil: undefined }),
      own: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), leaf, { maxKeys: 3 }),
    })
    .map(({ make, message: text, cause, own }) => Object.assign(new make(text, { cause }), own)),
})).error;

describe('the codec', () => {
  it('whatever goes in comes out the same', () => {
    fc.assert(
      fc.property(plain, (value) => {
        // What a copy cannot keep: null prototypes.
        expect(roundTrip(value)).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it('errors keep class, message, stack, properties and causes, wherever they are', () => {
    const check = (sent: unknown, received: unknown): void => {
      if (!(sent instanceof Error)) return expect(received).toStrictEqual(sent);
      const arrived = received as Error;
      expect(Object.getPrototypeOf(arrived)).toBe(Object.getPrototypeOf(sent));
      expect({ message: arrived.message, stack: arrived.stack, name: arrived.name }).toEqual({
        message: sent.message,
        stack: sent.stack,
        name: sent.name,
      });
      expect(Object.keys(arrived)).toEqual(Object.keys(sent));
      for (const key of Object.getOwnPropertyNames(sent)) {
        check((sent as never)[key], (arrived as never)[key]);
      }
    };
    fc.assert(
      fc.property(fc.array(error, { maxLength: 4 }), (errors) => {
        const received = roundTrip({ errors, map: new Map([['first', errors[0]]]) }) as {
          errors: unknown[];
          map: Map<string, unknown>;
        };
        errors.forEach((sent, index) => check(sent, received.errors[index]));
        if (errors.length > 0) expect(received.map.get('first')).toBe(received.errors[0]);
      }),
    );
  });

  it.each<[string, () => unknown]>([
    ['an array with a hole and as many properties', () => Object.assign([1], { length: 2, extra: 'x' })],
    ['a toJSON that is not enumerable', () => hidden({ a: 1 }, () => ({ b: 2 }))],
    ['the same of an array', () => hidden([1, 2], () => 'gone')],
    [
      'more buffers than can travel on their own',
      () => Array.from({ length: 100_001 }, () => new Uint8Array(1)),
    ],
  ])('is exact for %s', (_what, make) => {
    expect(roundTrip(make())).toEqual(make());
  });

  it('a few buffers among plain values travel beside JSON, which is the quickest way', () => {
    const { head, attachments } = codec.encode({ name: 'Ada', pages: [Buffer.alloc(10_000)] }, 'value');
    expect([typeof head, attachments.length]).toEqual(['string', 1]);
  });

  it('memory of another realm keeps its class', () => {
    const foreign = runInNewContext(
      '({ floats: new Float64Array([1.5]), view: new DataView(new ArrayBuffer(2)), memory: new ArrayBuffer(3) })',
    ) as Record<string, unknown>;
    for (const value of [foreign, { ...foreign, date: new Date(0) }]) {
      const received = roundTrip(value) as Record<string, unknown>;
      expect(received['floats']).toEqual(new Float64Array([1.5]));
      expect(received['view']).toEqual(new DataView(new ArrayBuffer(2)));
      expect(received['memory']).toEqual(new ArrayBuffer(3));
    }
  });

  it.each([
    ['itself', () => new Script('1')],
    ['within another', () => new Resolver()],
  ])('a native object is refused, %s', (_where, make) => {
    expect(() => codec.encode(make(), 'result')).toThrow(/native object/);
  });

  it('a message that shows stays so, as that of an HttpException', () => {
    const sent = new NotFoundException('no such book');
    expect(JSON.stringify(roundTrip(sent))).toBe(JSON.stringify(sent));
  });

  it('what it refuses, it names', () => {
    const bad = fc.constantFrom<unknown>(
      () => {},
      Symbol('s'),
      new WeakMap(),
      Promise.resolve(),
      new URL('http://a'),
    );
    const path = fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(bad, path, plain, (value, keys, neighbour) => {
        let holder: unknown = value;
        for (const key of keys.toReversed()) holder = { before: neighbour, [key]: holder };
        let refusal: unknown;
        try {
          codec.encode(holder, 'result');
        } catch (thrown) {
          refusal = thrown;
        }
        expect(refusal).toBeInstanceOf(ExecutorSerializationError);
        expect((refusal as ExecutorSerializationError).subject).toBe(`result (at .${keys.join('.')})`);
      }),
    );
  });

  it('random bytes are refused, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (head) => {
        try {
          codec.decode({ head, attachments: [], moves: false });
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Error);
        }
      }),
    );
  });

  it('errors keep their class in an object that names itself', async () => {
    await classes.learn(NotFoundException);
    const ownCause = new Error('own cause');
    ownCause.cause = ownCause;
    const sent = { [Symbol.toStringTag]: 'Report', errors: [new NotFoundException('none'), ownCause] };
    const { errors } = roundTrip(sent) as typeof sent;
    expect(errors[0]).toBeInstanceOf(NotFoundException);
    expect(errors[1]?.cause).toBe(errors[1]);
  });

  it.each<[string, () => unknown]>([
    ['a Date', () => runInNewContext('new Date(5)')],
    ['a Map', () => runInNewContext('new Map([[1, new Date(5)]])')],
    ['a Set', () => runInNewContext('new Set([1])')],
    ['a RegExp', () => runInNewContext('/x/g')],
    [
      'a Date that names itself',
      () => runInNewContext("new (class extends Date { get [Symbol.toStringTag]() { return 'Day'; } })(5)"),
    ],
  ])('%s of another realm arrives beside an error, too', (_what, make) => {
    const sent = { value: make(), error: new TypeError('beside it') };
    const received = roundTrip(sent) as typeof sent;
    expect(Object.prototype.toString.call(received.value)).not.toBe('[object Object]');
    expect(JSON.stringify(received.value)).toBe(JSON.stringify(sent.value));
  });

  it.each<[string, () => unknown]>([
    ['a generator', () => (function* () {})()],
    ['an iterator', () => [1].values()],
    ['a format', () => new Intl.NumberFormat('en')],
    ['a key', () => createSecretKey(Buffer.from('key'))],
    ['a boxed symbol', () => Object(Symbol('s'))],
    ['a format that names itself', () => new Money('en')],
  ])('%s beside an error is refused', (_what, make) => {
    expect(() => codec.encode([make(), new Error('beside it')], 'result')).toThrow(
      ExecutorSerializationError,
    );
  });

  it('views keep their bytes apart', () => {
    const bytes = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);
    const back = roundTrip([bytes.subarray(0, 4), bytes.subarray(4)]) as Buffer[];
    back[0]?.fill(0);
    expect([...(back[1] as Buffer)]).toEqual([5, 6, 7, 8]);
  });
});

describe('frames', () => {
  it('arrive whole, however the bytes are cut', () => {
    const payload = fc.oneof(
      fc.string().map((head) => ({ head, attachments: [], moves: false })),
      fc.record({
        head: fc.uint8Array({ maxLength: 100 }),
        attachments: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 3 }),
        moves: fc.constant(false),
      }),
      fc.constant(undefined),
    );
    const sent = fc.record({
      type: fc.constantFrom(...Object.values(MessageType)),
      seq: fc.integer(),
      id: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      target: fc.nat(),
      attempt: fc.nat(),
      ms: fc.nat(),
      signals: fc.nat(),
      payload,
    });
    fc.assert(
      fc.property(
        fc.array(sent, { maxLength: 8 }),
        fc.integer({ min: 1, max: 400 }),
        (messages, chunkBytes) => {
          const received = throughFrames(messages, chunkBytes);
          expect(received.map(flat)).toEqual(messages.map(flat));
        },
      ),
    );
  });

  it('that are none are refused', () => {
    expect(push(Buffer.alloc(52, 1))).toThrow(/no frame/);
    const huge = Buffer.concat(encodeFrame(message(MessageType.ready)));
    huge.writeUInt32LE(0xffff_ffff, 40);
    expect(push(huge)).toThrow(/claims 4294967295 bytes/);
    const unknown = Buffer.concat(encodeFrame(message(MessageType.ready)));
    unknown.writeUInt32LE(99, 4);
    expect(push(unknown)).toThrow(/unknown type \(99\)/);
  });
});

function push(bytes: Buffer): () => void {
  return () => new FrameReader().push(bytes, () => {});
}

function flat({ payload, ...rest }: Message): unknown {
  if (!payload) return rest;
  const { head, attachments } = payload;
  return {
    ...rest,
    head: typeof head === 'string' ? head : [...head],
    attachments: attachments.map((bytes) => (bytes instanceof Uint8Array ? [...bytes] : bytes)),
  };
}
