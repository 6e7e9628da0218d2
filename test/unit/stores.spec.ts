import { closeSync, fstatSync, openSync } from 'node:fs';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Attachment, type FileRegion, isFileRegion } from '../../lib/wire/attachments.js';
import { FileStore } from '../../lib/wire/file.store.js';
import { FileCells, PAGE_BYTES, readRegion, writeRegion } from '../../lib/wire/memory-file.js';
import { FILE_BYTES } from '../../lib/wire/paged.store.js';
import type { Payload } from '../../lib/wire/payload.js';
import { ASIDE_BYTES, ResultReader } from '../../lib/wire/result.reader.js';
import { ResultStore } from '../../lib/wire/result.store.js';
import { SharedStore } from '../../lib/wire/shared.store.js';
import { until } from '../support/deadline.js';

const MIB = 1024 * 1024;

afterEach(() => void vi.useRealTimers());

function contents(fd: number, region: FileRegion): Uint8Array {
  return readRegion(fd, region);
}

function of(...attachments: Attachment[]): Payload {
  return { head: '', attachments, moves: false };
}

/** Takes out one that is read at once. */
function take(reader: ResultReader, region: FileRegion): Attachment | undefined {
  const outcome = reader.takeOut(of(region));
  expect(outcome).not.toBeInstanceOf(Promise);
  return (outcome as Payload).attachments[0];
}

/** One of 32 MiB was kept and taken out. */
function afterLargeResult(maxBytes: number): { cells: FileCells; store: ResultStore } {
  const cells = FileCells.create() as FileCells;
  const store = new ResultStore(cells, maxBytes);
  const large = store.keep(new Uint8Array(32 * MIB)) as FileRegion;
  void new ResultReader(cells).takeOut(of(large));
  return { cells, store };
}

describe.runIf(process.platform === 'linux')('the file for arguments', () => {
  it('holds what is kept, whatever is released in between, and is used from the front again', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ keep: fc.integer({ min: FILE_BYTES, max: 300_000 }) }),
        fc.record({ release: fc.nat(20) }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (plan) => {
        const store = new FileStore(() => MIB);
        const kept: { attachment: Attachment; bytes: Uint8Array }[] = [];
        try {
          for (const [index, step] of plan.entries()) {
            if ('keep' in step) {
              const bytes = new Uint8Array(step.keep).fill(index);
              kept.push({ attachment: store.keep(bytes), bytes });
            } else if (kept.length > 0) {
              const [gone] = kept.splice(step.release % kept.length, 1);
              store.release([(gone as (typeof kept)[0]).attachment]);
            }
            for (const { attachment, bytes } of kept) {
              const held = isFileRegion(attachment) ? contents(store.fd as number, attachment) : attachment;
              expect(Buffer.compare(held as Uint8Array, bytes)).toBe(0);
            }
          }
          store.release(kept.map(({ attachment }) => attachment));
          // All of it is one gap again.
          const whole = store.keep(new Uint8Array(MIB));
          expect(whole).toEqual({ page: 0, byteLength: MIB });
        } finally {
          store.close();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes no more than it may, and the rest stays in ordinary memory', () => {
    const store = new FileStore(() => 10 * PAGE_BYTES);
    const first = store.keep(new Uint8Array(8 * PAGE_BYTES));
    const second = store.keep(new Uint8Array(8 * PAGE_BYTES).fill(1));
    expect([isFileRegion(first), isFileRegion(second)]).toEqual([true, false]);
    store.release([first, second]);
    expect(isFileRegion(store.keep(new Uint8Array(10 * PAGE_BYTES)))).toBe(true);
    store.close();
  });

  it('keeps its pages for what follows at once, and gives them back some time after nothing is kept', () => {
    vi.useFakeTimers();
    const store = new FileStore(() => 64 * MIB);
    const size = () => fstatSync(store.fd as number).size;
    const large = store.keep(new Uint8Array(32 * MIB));
    const small = store.keep(new Uint8Array(MIB));
    store.release([large]);
    vi.advanceTimersByTime(10_000);
    expect(size()).toBeGreaterThan(33 * MIB);
    store.release([small]);
    expect(size()).toBeGreaterThan(33 * MIB);
    vi.advanceTimersByTime(1_000);
    expect(size()).toBeLessThan(9 * MIB);
    expect([vi.getTimerCount(), store.keep(new Uint8Array(9 * MIB))]).toEqual([
      0,
      { page: 0, byteLength: 9 * MIB },
    ]);
    store.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a full file system is no error', () => {
    const full = openSync('/dev/full', 'w');
    expect(writeRegion(full, 0, new Uint8Array(FILE_BYTES))).toBe(false);
    closeSync(full);
  });
});

describe.runIf(process.platform === 'linux')('the file for results', () => {
  it('begins at the front again when the parent has taken all, and never before', () => {
    const cells = FileCells.create() as FileCells;
    const store = new ResultStore(cells, MIB);
    const reader = new ResultReader(cells);
    const one = store.keep(new Uint8Array(FILE_BYTES).fill(1)) as FileRegion;
    const two = store.keep(new Uint8Array(FILE_BYTES).fill(2)) as FileRegion;
    expect(take(reader, one)).toEqual(Buffer.alloc(FILE_BYTES, 1));
    const three = store.keep(new Uint8Array(FILE_BYTES).fill(3)) as FileRegion;
    expect(new Set([one.page, two.page, three.page]).size).toBe(3);
    expect([take(reader, two), take(reader, three)]).toEqual([
      Buffer.alloc(FILE_BYTES, 2),
      Buffer.alloc(FILE_BYTES, 3),
    ]);
    // This one is not sent after all.
    store.release([store.keep(new Uint8Array(FILE_BYTES))]);
    expect(store.keep(new Uint8Array(FILE_BYTES))).toEqual(one);
    closeSync(cells.fd);
  });

  it('gives pages back some time after a large result', async () => {
    const { cells, store } = afterLargeResult(64 * MIB);
    await until(() => fstatSync(cells.fd).size < 9 * MIB, 'the cut');
    expect(isFileRegion(store.keep(new Uint8Array(9 * MIB)))).toBe(true);
    store.close();
    closeSync(cells.fd);
  });

  it('gives them back, too, when what follows does not fit', async () => {
    const { cells, store } = afterLargeResult(40 * MIB);
    expect(isFileRegion(store.keep(new Uint8Array(41 * MIB)))).toBe(false);
    await until(() => fstatSync(cells.fd).size < 9 * MIB, 'the cut');
    store.close();
    closeSync(cells.fd);
  });

  it('what does not fit goes by the pipe', () => {
    const cells = FileCells.create() as FileCells;
    const store = new ResultStore(cells, 4 * PAGE_BYTES);
    expect(isFileRegion(store.keep(new Uint8Array(4 * PAGE_BYTES)))).toBe(false);
    expect(isFileRegion(store.keep(new Uint8Array(3 * PAGE_BYTES)))).toBe(true);
    expect(isFileRegion(store.keep(new Uint8Array(PAGE_BYTES)))).toBe(false);
    closeSync(cells.fd);
  });

  it('large ones are read outside of the event loop, to their end even if the file is to be closed', async () => {
    const cells = FileCells.create() as FileCells;
    const store = new ResultStore(cells, 64 * MIB);
    const reader = new ResultReader(cells);
    const half = ASIDE_BYTES / 2;
    const first = store.keep(new Uint8Array(half).fill(1));
    const second = store.keep(new Uint8Array(half + 1).fill(2));
    const outcome = reader.takeOut(of(first, Buffer.from('in its message'), second));
    expect(outcome).toBeInstanceOf(Promise);
    reader.close();
    const wanted = [Buffer.alloc(half, 1), Buffer.from('in its message'), Buffer.alloc(half + 1, 2)];
    const { attachments } = await outcome;
    // Comparing is quicker than `toEqual`, and says less.
    expect(attachments.map((bytes, index) => wanted[index]?.equals(bytes as Uint8Array))).toEqual([
      true,
      true,
      true,
    ]);
    expect(() => fstatSync(cells.fd)).toThrow(/EBADF/);
  });

  it('a region that is not there is an error', async () => {
    const reader = new ResultReader(FileCells.create() as FileCells);
    expect(() => reader.takeOut(of({ page: 9, byteLength: 10 }))).toThrow(/has only 0/);
    const large = reader.takeOut(of({ page: 9, byteLength: ASIDE_BYTES + 1 }));
    await expect(large).rejects.toThrow(/has only 0/);
    reader.close();
  });
});

describe('shared memory for arguments', () => {
  it('is used again when it is released, and not before', () => {
    const store = new SharedStore();
    const keep = (bytes: number) => store.keep(new Uint8Array(bytes).fill(bytes % 251)) as Uint8Array;
    const first = keep(100_000);
    const second = keep(100_000);
    expect(second.buffer).not.toBe(first.buffer);
    store.release([first]);
    const third = keep(90_000);
    expect(third.buffer).toBe(first.buffer);
    expect([third.byteLength, third[0], second[0]]).toEqual([90_000, 90_000 % 251, 100_000 % 251]);
    // Too large for what is to be kept.
    store.release([third]);
    expect(keep(20_000).buffer).not.toBe(first.buffer);
  });
});
