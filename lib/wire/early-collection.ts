import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Attachment } from './attachments.js';
import { type CollectYoung, findCollectYoung, teachAllocator } from './young-generation.js';

const MIB = 1024 * 1024;

/** After so many bytes of buffers have come in, the young generation is collected: well before V8 begins to mark. */
const LEAST_BYTES = 4 * MIB;

/** Where collecting takes long, as much lives there, it is done only after so many bytes for each ms: else it would not pay. */
const BYTES_PER_MS = 2 * MIB;

/**
 * Between threads, larger buffers are left to V8: each of them would be collected for on its own, while what its memory costs
 * is little, as it is moved. Between processes it is worth it for all of them. Measured with buffers of 1 and 16 MiB.
 */
export const MOST_BETWEEN_THREADS = 4 * MIB;

/** Beyond this V8 is quicker by itself. */
const MOST_BYTES = 64 * MIB;

/** By so much it becomes rarer when it freed little, and as much more frequent when it frees again, */
const STEP = 1.5;

/** so many times in a row: once may have been V8's own marking. */
const TIMES_FREED = 3;

/** A single long collection was most likely disturbed: its time counts for no more than so many times the usual one. */
const MOST_LENGTHENING = 1.25;

/** Until it is known better, in ms: the longest that changes nothing. */
const USUAL_MS = LEAST_BYTES / BYTES_PER_MS;

/** How often V8's function is looked for in vain. */
const MOST_SEARCHES = 3;

/** How many bytes of buffers this thread holds: those count that are not known to be garbage yet. */
function heldBytes(): number {
  return getHeapStatistics().external_memory;
}

/**
 * Collects, in time, the buffers that came in and were dropped again.
 *
 * V8 counts their bytes as growth of the old generation, wherever their objects are, and so marks the whole heap
 * every 16 MiB or so: some 20 ms with Nest in it, and longer in a larger one, while most of these buffers are garbage. To
 * collect the young generation, where they still are, takes half a millisecond. V8 does that for buffers by itself, but only from
 * 32 MiB on (`Heap::AllocateExternalBackingStore`), when it marks already.
 *
 * Where the application keeps the buffers, there is nothing to be won: then it is soon done less and less often.
 */
export class EarlyCollection {
  #bytes = 0;
  #usualMs = USUAL_MS;
  #leastBytes = LEAST_BYTES;
  #heldBefore: number | undefined;
  #timesFreed = 0;
  #isPlanned = false;
  #searches = 0;
  #collectYoung: CollectYoung | undefined;
  readonly #find: () => CollectYoung | undefined;
  readonly #held: () => number;

  constructor(find = findCollectYoung, held = heldBytes) {
    this.#find = find;
    this.#held = held;
  }

  /**
   * Buffers have come in. Only when others follow is it decided whether to collect: until then these may have been
   * moved on.
   * @param most larger ones, in bytes, do not count
   */
  cameIn(attachments: readonly Attachment[], most = Infinity): void {
    if (this.#bytes >= this.#enough && !this.#isPlanned) {
      this.#isPlanned = true;
      // Not now: whoever waits for these comes first, and may have dropped them by then.
      setImmediate(() => this.#collect()).unref();
    }
    for (const attachment of attachments) {
      const isCounted = attachment instanceof Uint8Array && attachment.byteLength <= most;
      if (isCounted) this.#bytes += attachment.byteLength;
    }
  }

  /** A buffer has been moved on: its bytes are not counted here any more. */
  movedOn(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  get #enough(): number {
    return Math.min(MOST_BYTES, Math.max(this.#leastBytes, this.#usualMs * BYTES_PER_MS));
  }

  #collect(): void {
    this.#isPlanned = false;
    if (this.#bytes < this.#enough) return;
    const bytes = this.#bytes;
    this.#bytes = 0;
    const collectYoung = this.#whereFound();
    if (!collectYoung) return;
    this.#learn(bytes);
    const startedAt = performance.now();
    collectYoung({ type: 'minor' });
    const ms = performance.now() - startedAt;
    this.#usualMs = Math.min(ms, this.#usualMs * MOST_LENGTHENING);
  }

  #whereFound(): CollectYoung | undefined {
    if (this.#collectYoung || this.#searches === MOST_SEARCHES) return this.#collectYoung;
    this.#searches++;
    this.#collectYoung = this.#find();
    if (this.#collectYoung) teachAllocator();
    return this.#collectYoung;
  }

  /** V8 frees in the background: what the last collection was good for is known when the next one is due. */
  #learn(bytes: number): void {
    const held = this.#held();
    const wasKept = this.#heldBefore !== undefined && held - this.#heldBefore > bytes / 2;
    this.#heldBefore = held;
    this.#timesFreed = wasKept ? 0 : this.#timesFreed + 1;
    if (wasKept) this.#leastBytes = Math.min(MOST_BYTES, this.#leastBytes * STEP);
    else if (this.#timesFreed >= TIMES_FREED)
      this.#leastBytes = Math.max(LEAST_BYTES, this.#leastBytes / STEP);
  }
}

/** One for each thread, as each has a heap of its own. */
export const earlyCollection = new EarlyCollection();
