import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EarlyCollection } from '../../lib/wire/early-collection.js';

const FILE = new URL('../../lib/wire/young-generation.js', import.meta.url).href;

const MIB = 1024 * 1024;
const ONE = [new Uint8Array(MIB)];

/** How often it collects while so many MiB come in, one in each turn of the event loop. */
async function collectionsFor(
  megabytes: number,
  { takesMs = 0, movesOn = false, isThere = (): boolean => true } = {},
): Promise<number> {
  let count = 0;
  const collect = () => {
    count++;
    for (const end = performance.now() + takesMs; performance.now() < end;);
  };
  const early = new EarlyCollection(() => (isThere() ? collect : undefined));
  for (let index = 0; index < megabytes; index++) {
    early.cameIn(ONE);
    if (movesOn) early.movedOn(MIB);
    await nextTurn();
  }
  return count;
}

/** What a script in a process of its own writes. */
function run(script: string, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): string {
  const args = [...flags, '--input-type=module', '--eval', script];
  const options = { encoding: 'utf8', timeout: 20_000, env: { ...process.env, ...env } } as const;
  return execFileSync(process.execPath, args, options).trim();
}

/** By how much V8's heaps may grow. */
function mayGrow(percent: number): string {
  return `--heap-growing-percent=${percent}`;
}

interface Surroundings {
  readonly thread?: 'main' | 'other';
  /** How much lives in its heap, in MiB. */
  readonly heap?: number;
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Which options of V8 are set, till they are as they were, for a collection of so many bytes. */
function optionsSet(
  bytes: number,
  { thread = 'main', heap = 0, flags = [], env = {} }: Surroundings = {},
): string[] {
  const script = `
    globalThis.kept = new Array(${(heap * MIB) / 8}).fill(0);
    import v8 from 'node:v8';
    import { syncBuiltinESMExports } from 'node:module';
    import { setTimeout as delay } from 'node:timers/promises';
    const set = [];
    const { setFlagsFromString } = v8;
    v8.setFlagsFromString = (flags) => void (set.push(flags), setFlagsFromString(flags));
    syncBuiltinESMExports();
    const { findCollectYoung } = await import(${JSON.stringify(FILE)});
    findCollectYoung()(${bytes});
    const last = (pattern) => set.findLastIndex((flag) => pattern.test(flag));
    const areHeld = () => last(/no-concurrent/) > last(/--concurrent/) || last(/percent=[^0]/) > last(/percent=0/);
    while (areHeld()) await delay(5);
    console.log(set.join());`;
  if (thread === 'main') return run(script, flags, env).split(',');
  const url = `data:text/javascript,${encodeURIComponent(script)}`;
  const starter = `
    import { Worker } from 'node:worker_threads';
    new Worker(new URL(${JSON.stringify(url)}));`;
  return run(starter, flags, env).split(',');
}

describe('early collection', () => {
  it('collects when 4 MiB have come in and more come', async () => {
    expect(await collectionsFor(4)).toBe(0);
    expect(await collectionsFor(5)).toBe(1);
    // What is slower on a busy machine is done less often.
    expect(await collectionsFor(40)).toBeGreaterThanOrEqual(3);
  });

  it('waits until those who wait for what came in have had it', async () => {
    const order: string[] = [];
    const early = new EarlyCollection(() => () => order.push('collected'));
    for (let index = 0; index < 5; index++) early.cameIn(ONE);
    await Promise.resolve().then(() => order.push('used'));
    await nextTurn();
    expect(order).toEqual(['used', 'collected']);
  });

  it('does not wait long for an event loop that does not turn, as while messages come in one after the other', () => {
    let count = 0;
    const early = new EarlyCollection(() => () => count++);
    for (let index = 0; index < 40; index++) early.cameIn(ONE);
    expect(count).toBeGreaterThanOrEqual(3);
  });

  it('does not take for kept what is on its way at each collection, however much comes in between', async () => {
    let held = 0;
    let count = 0;
    const early = new EarlyCollection(
      () => () => count++,
      () => held,
    );
    for (let round = 0; round < 200; round++) {
      // More and more of them in a turn, and then few again.
      for (let index = 0; index < round % 5; index++) early.cameIn(ONE);
      held = (round % 5) * 2 * MIB;
      await nextTurn();
    }
    // 400 MiB in all.
    expect(count).toBeGreaterThanOrEqual(400 / 12);
  });

  it('does not count what is moved on, nor shared memory', async () => {
    expect(await collectionsFor(40, { movesOn: true })).toBe(0);
    let count = 0;
    const early = new EarlyCollection(() => () => count++);
    early.cameIn([new SharedArrayBuffer(64 * MIB)]);
    early.cameIn(ONE);
    await nextTurn();
    expect(count).toBe(0);
  });

  it('does not count buffers that are larger than it is told', async () => {
    let count = 0;
    const early = new EarlyCollection(() => () => count++);
    for (let index = 0; index < 20; index++) {
      early.cameIn(ONE, MIB - 1);
      await nextTurn();
    }
    expect(count).toBe(0);
    for (let index = 0; index < 20; index++) {
      early.cameIn(ONE, MIB);
      await nextTurn();
    }
    expect(count).toBeGreaterThan(0);
  });

  it('lets heaps grow for as long as large ones come in, counted, moved on or not', () => {
    let count = 0;
    const early = new EarlyCollection(
      () => () => {},
      () => 0,
      4 * MIB,
      () => count++,
    );
    early.cameIn([new Uint8Array(MIB / 2)]);
    expect(count).toBe(0);
    early.cameIn([new Uint8Array(MIB / 2), new Uint8Array(MIB / 2)]);
    early.cameIn(ONE, MIB - 1);
    early.movedOn(MIB);
    early.cameIn(ONE);
    expect(count).toBe(3);
  });

  it('collects less often where that takes long, as then much lives there', async () => {
    // Else it would be 40 times.
    expect(await collectionsFor(200, { takesMs: 20 })).toBeLessThanOrEqual(12);
  });

  it('does without where V8 does not offer it, and asks again, as another thread may have been in the way', async () => {
    let asked = 0;
    expect(await collectionsFor(15, { isThere: () => ++asked > 2 })).toBe(1);
    asked = 0;
    expect(await collectionsFor(60, { isThere: () => ++asked > 3 })).toBe(0);
    expect(asked).toBe(3);
  });

  it('collects less and less often where what came in is kept, and more often again where it is dropped', async () => {
    let held = 0;
    let count = 0;
    const early = new EarlyCollection(
      () => () => count++,
      () => held,
    );
    const receive = async (megabytes: number, isKept: boolean) => {
      count = 0;
      for (let index = 0; index < megabytes; index++) {
        early.cameIn(ONE);
        if (isKept) held += MIB;
        await nextTurn();
      }
      return count;
    };
    expect(await receive(200, true)).toBeLessThanOrEqual(13);
    expect(await receive(600, true)).toBeLessThanOrEqual(10);
    await receive(400, false);
    expect(await receive(100, false)).toBeGreaterThanOrEqual(10);
  });

  it('frees what is young, at once, and leaves no trace in any global object', () => {
    // In a process of its own, where nothing else is freed meanwhile.
    const script = `
      import { runInNewContext } from 'node:vm';
      import { findCollectYoung } from ${JSON.stringify(FILE)};
      const collect = findCollectYoung();
      const heldMiB = () => Math.round(process.memoryUsage().arrayBuffers / ${MIB});
      const before = heldMiB();
      (() => new Uint8Array(${16 * MIB}))();
      const held = heldMiB() - before;
      collect(${16 * MIB});
      console.log(held, heldMiB() - before, typeof gc, runInNewContext('typeof gc'));`;
    expect(run(script)).toBe('16 0 undefined undefined');
  });

  const LOOK_UP = ['--expose-gc', '--no-expose-gc'];
  const ALONE = ['--no-parallel-scavenge', '--parallel-scavenge'];
  const AT_ONCE = '--no-concurrent-array-buffer-sweeping';
  const IN_BACKGROUND = '--concurrent-array-buffer-sweeping';

  it('has V8 collect alone, free at once and let its heap grow, for a while, and then do as it did', () => {
    expect(optionsSet(MIB)).toEqual([...LOOK_UP, AT_ONCE, mayGrow(300), ...ALONE, IN_BACKGROUND, mayGrow(0)]);
  });

  it('leaves it to V8 to free very much, as that takes long', () => {
    expect(optionsSet(64 * MIB)).toEqual([...LOOK_UP, mayGrow(300), ...ALONE, mayGrow(0)]);
  });

  it('lets a larger heap grow by less, and leaves a large one to V8', () => {
    expect(optionsSet(MIB, { heap: 40 })).toContain(mayGrow(100));
    expect(optionsSet(MIB, { heap: 150 })).toEqual([...LOOK_UP, AT_ONCE, ...ALONE, IN_BACKGROUND]);
  });

  it.each([
    '--no-parallel-scavenge',
    '--single-threaded-gc',
    '--no-concurrent-sweeping',
    '--heap-growing-percent=20',
    '--optimize-for-size',
  ])('leaves V8 as it is where it was started with %s', (flag) => {
    expect(optionsSet(MIB, { flags: [flag] })).toEqual(LOOK_UP);
  });

  it.skipIf(!('getCompileCacheDir' in Module))(
    'does not let heaps grow where Node keeps compiled code, which V8 would refuse meanwhile',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'code-'));
      try {
        expect(optionsSet(MIB, { env: { NODE_COMPILE_CACHE: folder } })).toEqual([
          ...LOOK_UP,
          AT_ONCE,
          ...ALONE,
          IN_BACKGROUND,
        ]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it('leaves V8 as it is in other threads, which would undo what the main thread has set', () => {
    expect(optionsSet(MIB, { thread: 'other' })).toEqual(LOOK_UP);
  });

  it('is not misled by a `gc` of the application, and leaves it where it was asked for', () => {
    const script = `
      import { runInNewContext } from 'node:vm';
      import { findCollectYoung } from ${JSON.stringify(FILE)};
      globalThis.gc = () => { throw new Error('another one'); };
      findCollectYoung()(0);
      console.log(runInNewContext('typeof gc'));`;
    expect(run(script)).toBe('undefined');
    expect(run(script, ['--expose-gc'])).toBe('function');
  });
});
