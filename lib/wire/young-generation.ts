import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { heapOptions } from './heap-options.js';

/**
 * Collects the garbage among what was made of late, and nothing else.
 * @param bytes how much of it there may be
 */
export type CollectYoung = (bytes: number) => void;

type Gc = (options: { readonly type: 'minor' }) => void;

/** A new context, as the global object of the application may have a `gc` that is none. */
const LOOK = 'globalThis.gc';

/**
 * V8's own function for it, which Node shows only where it is asked to (`--expose-gc`): so for a moment it is asked to, and
 * the application's global object stays as it is. A flag is the same for all threads of a process: another thread
 * that does this just now may have put it back before the context was made, and a context that another thread makes just now
 * has a `gc`, too.
 * @returns `undefined` where it cannot be had, or not now
 */
export function findCollectYoung(): CollectYoung | undefined {
  try {
    const gc = functionOf(runInNewContext(LOOK)) ?? lookExposed();
    const collect = gc && (() => gc({ type: 'minor' }));
    return collect && heapOptions ? alone(collect, heapOptions) : collect;
  } catch {
    return undefined;
  }
}

function lookExposed(): Gc | undefined {
  setFlagsFromString('--expose-gc');
  try {
    return functionOf(runInNewContext(LOOK));
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}

function functionOf(found: unknown): Gc | undefined {
  return typeof found === 'function' ? (found as Gc) : undefined;
}

/** In this thread alone, as helpers take longer to wake up, where all cores are busy, than there is to help. */
function alone(collect: () => void, options: NonNullable<typeof heapOptions>): CollectYoung {
  return (bytes) => {
    options.freeAtOnce(bytes);
    setFlagsFromString('--no-parallel-scavenge');
    try {
      collect();
    } finally {
      setFlagsFromString('--parallel-scavenge');
    }
  };
}

/** The largest that glibc learns from is 32 MiB. As hardly any of it is written to, it costs nothing. */
const LESSON_BYTES = 31 * 1024 * 1024;

/**
 * Makes glibc keep freed memory for what comes next. Else it gives a buffer of more than some 100 KiB back to the system when it is
 * freed, and the next one costs a page fault for each 4 KiB, which takes longer than to copy its bytes. It adapts to the
 * application once it has seen a larger block freed: blocks up to that size are kept, twice that size in all (mallopt(3),
 * M_MMAP_THRESHOLD and M_TRIM_THRESHOLD). So one is made here, for the next collection to free.
 */
export function teachAllocator(): void {
  try {
    new Uint8Array(LESSON_BYTES).fill(0, 0, 1);
  } catch {
    // There is no room for it: then there is none to keep either.
  }
}
