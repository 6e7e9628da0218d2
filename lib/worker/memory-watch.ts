import { isMainThread } from 'node:worker_threads';
import { getHeapStatistics } from 'node:v8';

const BYTES_PER_MB = 1024 * 1024;

/** Between two looks, in ms: a look costs more than a short call. */
const INTERVAL = 100;

/** Whether this worker holds more memory than it should: a process's resident set, a thread's heap and Buffers. */
export class MemoryWatch {
  readonly #limit: number;
  #nextLook = 0;
  #wasExceeded = false;

  constructor(memoryMb: number) {
    this.#limit = memoryMb * BYTES_PER_MB;
  }

  /** True once, when the limit is first seen exceeded. */
  isExceeded(): boolean {
    const now = performance.now();
    if (this.#wasExceeded || now < this.#nextLook) return false;
    this.#nextLook = now + INTERVAL;
    this.#wasExceeded = used() > this.#limit;
    return this.#wasExceeded;
  }
}

function used(): number {
  if (isMainThread) return process.memoryUsage.rss();
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}
