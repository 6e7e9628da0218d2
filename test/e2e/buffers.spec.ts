import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ExecutorSerializationError, transfer } from '../../lib/index.js';
import {
  addShared,
  echo,
  exit,
  keptBytes,
  makeKept,
  makesAndLeaves,
  makeShared,
  moveKept,
  overwrite,
  spin,
  spoilsAndDies,
  throwKept,
} from '../fixtures/work.js';
import { CatalogError } from '../fixtures/catalog.service.js';
import { throwsMovedError } from '../fixtures/errors.js';
import { ALL_KINDS, withApp, WORKER_KINDS } from '../support/app.js';
import { rejection, within } from '../support/deadline.js';
import { countOpenFiles, openMemoryFiles } from '../support/open-files.js';
import { runProgram } from '../support/run-program.js';
import { sharedApp } from '../support/shared-app.js';

const NO_MEMORY = fileURLToPath(new URL('../fixtures/no-memory.main.js', import.meta.url));
const FILE_LIMIT = fileURLToPath(new URL('../fixtures/file-limit.main.js', import.meta.url));

/** Each is on one side of a limit from which on buffers travel in another way. */
const SIZES = [0, 1, 4_095, 4_096, 8_191, 8_192, 70_000, 3 * 1024 * 1024];

/** Memory that nothing can detach. */
function makeWasmMemory(): ArrayBuffer {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { Memory: new (options: { initial: number }) => { buffer: ArrayBuffer } };
  };
  return new WebAssembly.Memory({ initial: 1 }).buffer;
}

describe.each(ALL_KINDS)('buffers, in a pool of kind %s', (kind) => {
  const inApp = sharedApp({ kind, context: false });

  it('of all sizes arrive whole, many at once', async () => {
    await withApp({ kind, context: false, size: 2 }, async ({ executor }) => {
      for (let round = 0; round < 3; round++) {
        const sent = [...SIZES, ...SIZES].map((bytes, index) => Buffer.alloc(bytes, index + round));
        const back = await within(Promise.all(sent.map((bytes) => executor.run(echo<Buffer>, bytes))));
        back.forEach((bytes, index) => {
          expect(Buffer.isBuffer(bytes)).toBe(true);
          expect(bytes.equals(sent[index] as Buffer)).toBe(true);
          // Of its own: nothing else is in it.
          expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
        });
      }
    });
  });

  it('arrive where they were, among plain values, with their class', async () => {
    await inApp(async ({ executor }) => {
      const shared = new Float64Array(2_000).fill(0.5);
      const value = {
        list: [new Uint16Array([1, 2]), { deep: Buffer.from('deep') }, 'text'],
        buffer: new Uint8Array(10_000).fill(3).buffer,
        __proto__x: new DataView(new ArrayBuffer(3), 1),
        ['__proto__']: new Uint8Array([7]),
        twice: [shared, shared],
        part: new Uint8Array(new ArrayBuffer(100_000), 10, 20_000),
      };
      const back = await within(executor.run(echo<typeof value>, value));
      expect(back).toEqual(value);
      expect(back.buffer).toBeInstanceOf(ArrayBuffer);
      expect(back.twice[0]).toBe(back.twice[1]);
      const plain = { list: value.list, ['__proto__']: value['__proto__'], part: value.part };
      const plainBack = await within(executor.run(echo<typeof plain>, plain));
      expect(Object.getOwnPropertyNames(plainBack)).toEqual(Object.getOwnPropertyNames(plain));
      expect(plainBack).toEqual(plain);
    });
  });

  it('are those at the moment of the call, and the method has its own', async () => {
    await inApp(async ({ executor }) => {
      for (const bytes of [100, 6_000, 500_000]) {
        const sent = Buffer.alloc(bytes, 1);
        const calls = [1, 2, 3].map(() => executor.run(overwrite, sent, 9));
        sent.fill(5);
        expect(await within(Promise.all(calls))).toEqual([1, 1, 1]);
        expect(sent[0]).toBe(5);
      }
    });
  });

  it('of a common slab are copied where they were to be moved', async () => {
    await inApp(async ({ executor }) => {
      const [small, neighbour] = [Buffer.from('small'), Buffer.from('neighbour')];
      const back = await within(executor.run(echo<Buffer>, transfer(small)));
      expect([back.toString(), small.toString(), neighbour.toString()]).toEqual([
        'small',
        'small',
        'neighbour',
      ]);
    });
  });

  it('that are moved are gone at once, whether a worker takes them at once or they wait', async () => {
    await inApp(async ({ executor }) => {
      // The first one waits until its function is found, the others for each other.
      for (let round = 0; round < 3; round++) {
        const sent = [1, 2, 3].map((fill) => new Uint8Array(100_000).fill(fill));
        const calls = sent.map((bytes) => executor.run(echo<Uint8Array>, transfer(bytes)));
        expect(sent.map((bytes) => bytes.byteLength)).toEqual([0, 0, 0]);
        const back = await within(Promise.all(calls));
        expect(back.map((bytes) => [bytes.byteLength, bytes[0], bytes[99_999]])).toEqual([
          [100_000, 1, 1],
          [100_000, 2, 2],
          [100_000, 3, 3],
        ]);
      }
    });
  });

  it('can replace moved ones in the same object', async () => {
    await inApp(async ({ executor }) => {
      const parcels = [1, 2].map((fill) => ({ bytes: new Uint8Array(10_000).fill(fill) }));
      for (const parcel of parcels) transfer(parcel, [parcel.bytes]);
      for (const parcel of parcels) {
        const moved = executor.run(echo<typeof parcel>, parcel);
        expect(parcel.bytes.byteLength).toBe(0);
        parcel.bytes = new Uint8Array(10_000).fill(9);
        const copied = executor.run(echo<typeof parcel>, parcel);
        expect(parcel.bytes.byteLength).toBe(10_000);
        expect((await within(moved)).bytes[0]).toBe(parcels.indexOf(parcel) + 1);
        expect((await within(copied)).bytes[0]).toBe(9);
      }
    });
  });

  it('are moved once for each mark', async () => {
    await inApp(async ({ executor }) => {
      const parcel = { first: new Uint8Array(9_000), second: new Uint8Array(9_000) };
      transfer(parcel, [parcel.first]);
      transfer(new Uint8Array(1));
      transfer(parcel, [parcel.second]);
      await within(executor.run(echo<typeof parcel>, parcel));
      expect([parcel.first.byteLength, parcel.second.byteLength]).toEqual([9_000, 0]);
      parcel.second = new Uint8Array(9_000);
      await within(executor.run(echo<typeof parcel>, parcel));
      expect([parcel.first.byteLength, parcel.second.byteLength]).toEqual([9_000, 9_000]);
    });
  });

  it('arrive whole, more of them than a function can have arguments', async () => {
    await inApp(async ({ executor }) => {
      const many = Object.fromEntries(
        Array.from({ length: 150_000 }, (_, index) => [index, Buffer.alloc(1, index)]),
      );
      const back = await within(executor.run(echo<typeof many>, many), 'the call', 60_000);
      expect(Object.keys(back)).toHaveLength(150_000);
      expect(back['149999']?.[0]).toBe(149_999 % 256);
    });
  });

  it.each([null, new ArrayBuffer(8), 3])('cannot be named as %s', (buffers) => {
    expect(() => transfer({}, buffers as never)).toThrow(/as a list: transfer\(value, \[buffer\]\)/);
  });

  it('that were moved already are refused', async () => {
    await withApp({ kind, context: false, size: 2 }, async ({ executor }) => {
      await within(executor.run(echo<number>, 1));
      const bytes = new Uint8Array(100_000).fill(7);
      const first = executor.run(echo<Uint8Array>, transfer(bytes));
      const error = await rejection(executor.run(echo<Uint8Array>, transfer(bytes)));
      expect(error).toBeInstanceOf(ExecutorSerializationError);
      expect((await within(first))[0]).toBe(7);
    });
  });

  it('that cannot be moved at all are copied', async () => {
    await inApp(async ({ executor }) => {
      const fixed = new Uint8Array(makeWasmMemory()).fill(5);
      for (let round = 0; round < 2; round++) {
        const movable = new Uint8Array(100_000).fill(6);
        const both = transfer([fixed, movable], [fixed, movable]);
        const [first, second] = await within(executor.run(echo<readonly Uint8Array[]>, both));
        expect([first?.byteLength, first?.[0], second?.byteLength, second?.[0]]).toEqual([
          65_536, 5, 100_000, 6,
        ]);
        expect([fixed.byteLength, movable.byteLength]).toEqual([65_536, 0]);
      }
    });
  });

  it('that are thrown with an error are moved when its class is known', async () => {
    await withApp({ kind }, async ({ executor }) => {
      const error = await rejection<CatalogError & { bytes: Uint8Array }>(executor.run(throwsMovedError));
      expect(error).toBeInstanceOf(CatalogError);
      expect([error.line, error.bytes.length, error.bytes[99_999]]).toEqual([1, 100_000, 6]);
    });
  });

  it('that a method moves are gone there, as result and as what it throws', async () => {
    await inApp(async ({ executor }) => {
      await within(executor.run(makeKept, 3));
      const moved = await within(executor.run(moveKept));
      expect([moved.byteLength, moved[0]]).toEqual([100_000, 3]);
      expect(await within(executor.run(keptBytes))).toBe(0);
      const error = await rejection(executor.run(moveKept));
      expect((error as ExecutorSerializationError).subject).toBe('result');
      await within(executor.run(makeKept, 4));
      const thrown: unknown = await executor.run(throwKept).catch((reason: unknown) => reason);
      expect((thrown as Uint8Array)[99_999]).toBe(4);
      expect(await within(executor.run(keptBytes))).toBe(0);
    });
  });

  it('of which one is moved and one is not arrive both', async () => {
    await inApp(async ({ executor }) => {
      for (const bytes of [10, 100_000]) {
        const moved = Buffer.alloc(bytes, 1);
        const kept = Buffer.alloc(bytes, 2);
        // A small Buffer lies in Node's common slab, which must not be moved.
        const own = new Uint8Array(moved);
        const [first, second] = await within(
          executor.run(echo<readonly Uint8Array[]>, transfer([own, kept], [own])),
        );
        expect(own.byteLength).toBe(0);
        expect(kept.byteLength).toBe(bytes);
        expect([first?.length, first?.[0], second?.length, second?.[0]]).toEqual([bytes, 1, bytes, 2]);
      }
    });
  });
});

describe.each(WORKER_KINDS)('buffers and faults, in a pool of kind %s', (kind) => {
  it('another attempt has them as they were', async () => {
    await withApp({ kind, context: false, retries: 1 }, async ({ executor }) => {
      for (const bytes of [100, 6_000, 500_000]) {
        expect(await within(executor.run(spoilsAndDies, Buffer.alloc(bytes, 3)))).toBe(3);
      }
    });
  });

  it('calls that were handed over in advance to a worker that dies have them still', async () => {
    await withApp({ kind, context: false }, async ({ executor }) => {
      const isSmall = Buffer.alloc(20_000, 1);
      for (let round = 0; round < 20; round++) {
        await within(Promise.all([1, 2, 3].map(() => executor.run(overwrite, isSmall, 0))));
        await within(executor.run(spin, 0));
      }
      const lost = rejection(executor.run(exit, 1));
      const calls = Array.from({ length: 10 }, (_, index) => {
        return executor.run(overwrite, Buffer.alloc(20_000, index), 99);
      });
      expect(await within(Promise.all(calls))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await lost;
    });
  });

  it('arrive whole, however large, though their worker has ended by then', async () => {
    const before = countOpenFiles();
    await withApp({ kind, context: false, size: 2 }, async ({ executor }) => {
      for (const bytes of [70_000, 10_000_000]) {
        const made = await within(
          Promise.all([1, 2].map((fill) => executor.run(makesAndLeaves, bytes, fill))),
        );
        // Comparing is quicker than `toEqual`, and says less.
        expect(made.map((buffer, index) => buffer.equals(Buffer.alloc(bytes, index + 1)))).toEqual([
          true,
          true,
        ]);
      }
    });
    expect(countOpenFiles()).toBe(before);
  });

  it('leave nothing behind', async () => {
    const before = countOpenFiles();
    await withApp({ kind, context: false, size: 2 }, async ({ executor }) => {
      const calls = [1, 2, 3, 4].map(() => executor.run(echo<Buffer>, Buffer.alloc(2_000_000)));
      await within(Promise.all(calls));
      expect(openMemoryFiles().filter((name) => !name.includes('deleted'))).toEqual([]);
    });
    expect(countOpenFiles()).toBe(before);
  });
});

describe.runIf(process.platform === 'linux')('where the file system in memory', () => {
  it.each(['is missing', 'has no room', 'is full', 'is full at first', 'is full later'])(
    '%s, process pools work',
    async (what) => {
      const { stdout } = await runProgram(process.execPath, [NO_MEMORY, what], { deadline: 25_000 });
      expect(stdout.trim().split('\n')).toEqual(['all right', 'began 1 times, 0 memory files open']);
    },
  );
});

describe.runIf(process.platform === 'linux')('where files may not become large', () => {
  it('process pools work', async () => {
    // In blocks of 1 KiB.
    const args = ['-c', 'ulimit -f 4096; exec "$0" "$1"', process.execPath, FILE_LIMIT];
    const { stdout, stderr } = await runProgram('bash', args, { deadline: 25_000 });
    expect([stdout, stderr]).toEqual(['all right', '']);
  });
});

describe('shared memory', () => {
  it('is shared with threads, wherever it is in a value', async () => {
    await withApp({ kind: 'thread', context: false }, async ({ executor }) => {
      const cells = new Int32Array(new SharedArrayBuffer(16), 4, 1);
      expect(await within(executor.run(addShared, cells, 5))).toBe(0);
      expect(await within(executor.run(addShared, cells, 6))).toBe(5);
      expect(cells[0]).toBe(11);
      const held = { memory: cells.buffer, map: new Map([['cells', cells]]), bytes: Buffer.alloc(10_000, 1) };
      const back = await within(executor.run(echo<typeof held>, held));
      expect(back.memory).toBeInstanceOf(SharedArrayBuffer);
      expect(back.bytes.equals(held.bytes)).toBe(true);
      Atomics.store(new Int32Array(back.memory), 1, 77);
      expect(cells[0]).toBe(77);
      expect(back.map.get('cells')).toEqual(cells);
      const { memory } = await within(executor.run(makeShared));
      expect(new Int32Array(memory)[0]).toBe(42);
    });
  });

  it.each(['process', 'inline'] as const)('is refused by name in a pool of kind %s', async (kind) => {
    await withApp({ kind, context: false }, async ({ executor }) => {
      const memory = new SharedArrayBuffer(8);
      for (const value of [memory, new Uint8Array(memory), { deep: [memory] }]) {
        const error = await rejection(executor.run(echo<unknown>, value));
        expect(error).toBeInstanceOf(ExecutorSerializationError);
        expect(error.message).toMatch(/Argument 1.*SharedArrayBuffer.*threads only/);
      }
      const refused = await rejection<ExecutorSerializationError>(executor.run(makeShared));
      expect(refused.subject).toBe('result (at .memory)');
    });
  });
});
