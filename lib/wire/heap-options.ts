import Module from 'node:module';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import { startOptions } from './node-options.js';
import { setTimeout } from '../node-timers.js';

const MIB = 1024 * 1024;

/** The versions of V8 that are known to have these options, and to obey them at any time: others may print that they have not. */
const KNOWN = { oldest: 11, newest: 14 };

/** Options of the application's own on V8's threads and on the growth of its heap: those are left as they are. */
const OWN =
  /(^|\s)--\S*(parallel|concurrent|single-threaded|predictable|heap-growing|optimize-for-size|lite-mode)/;

/** Only in the main thread: the options are those of the whole process, and two threads would undo what the other one has set. */
function maySetOptions(): boolean {
  if (!isMainThread) return false;
  const version = Number.parseInt(process.versions.v8, 10);
  if (version < KNOWN.oldest || version > KNOWN.newest) return false;
  return !OWN.test(startOptions());
}

/** So long after they were last held, in ms, V8 does as it did before. */
const HOLD = 20;

/** More than that, in bytes, is freed in the background: to give it back to the system takes long. */
const MOST_AT_ONCE = 32 * MIB;

/** By how much a heap may grow, in bytes, before V8 marks it again. */
const ROOM = 64 * MIB;

/** The most by which V8 lets a heap grow, in percent (`MaxGrowingFactor`, https://github.com/v8/v8/blob/main/src/heap/heap-controller.cc). */
const MOST_GROWTH = 300;

/** In percent: a step, and the least. With less, V8 may well grant more by itself. */
const GROWTH_STEP = 50;

/** How V8 treats its heaps while buffers come in. As these are options of the whole process, they are held for a while only. */
class HeapOptions {
  #hold: NodeJS.Timeout | undefined;
  #freesAtOnce = false;
  #growth = 0;

  /**
   * By how much a heap may grow V8 reckons from how quickly it fills, up to four times, and leaves buffers out there. So where
   * a GiB of them comes in each second, but little else, it is a tenth, or 8 MiB: less than may be on its way at a time. And V8 marks on and on,
   * as a promise that waits meanwhile is old afterwards, and keeps what it is given until the next time.
   */
  letGrow(): void {
    this.#growBy(hasCodeCache() ? 0 : growthOf(getHeapStatistics().used_heap_size));
    if (this.#hold) this.#hold.refresh();
    else this.#hold = setTimeout(() => this.#release(), HOLD).unref();
  }

  /**
   * What is found to be garbage, so many bytes of it. In the background it would be done later, and counted until then: V8, which asks at
   * the end of each collection, would begin to mark the whole heap though little is held. That goes for other threads as well, such as the
   * workers that these buffers come from.
   */
  freeAtOnce(bytes: number): void {
    this.#setAtOnce(bytes <= MOST_AT_ONCE);
    this.letGrow();
  }

  #release(): void {
    this.#hold = undefined;
    this.#setAtOnce(false);
    this.#growBy(0);
  }

  #setAtOnce(atOnce: boolean): void {
    if (atOnce === this.#freesAtOnce) return;
    this.#freesAtOnce = atOnce;
    setFlagsFromString(
      atOnce ? '--no-concurrent-array-buffer-sweeping' : '--concurrent-array-buffer-sweeping',
    );
  }

  #growBy(percent: number): void {
    if (percent === this.#growth) return;
    this.#growth = percent;
    setFlagsFromString(`--heap-growing-percent=${percent}`);
  }
}

/** `undefined` where they are not to be touched. */
export const heapOptions = maySetOptions() ? new HeapOptions() : undefined;

/**
 * Whether Node keeps compiled code on disk (`NODE_COMPILE_CACHE`, `module.enableCompileCache()`). V8 does not use what was compiled with other
 * options, and this is one that it compares: what is loaded meanwhile would be compiled anew.
 */
function hasCodeCache(): boolean {
  const { getCompileCacheDir } = Module as { getCompileCacheDir?: () => string | undefined };
  return getCompileCacheDir?.() !== undefined;
}

/** What a large heap is granted by V8 itself is enough. */
function growthOf(heapBytes: number): number {
  const steps = Math.floor((ROOM / heapBytes) * (100 / GROWTH_STEP));
  return Math.min(MOST_GROWTH, steps * GROWTH_STEP);
}
