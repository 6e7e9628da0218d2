import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Attachment } from './attachments.js';
import { heapOptions } from './heap-options.js';
import { type CollectYoung, findCollectYoung, teachAllocator } from './young-generation.js';
import { setImmediate } from '../node-timers.js';

const MIB = 1024 * 1024;

/** After so many bytes of buffers have come in, the young generation is collected: well before V8 begins to mark, */
const LEAST_BYTES = 4 * MIB;

/** and less often where V8 can be kept from marking: with more on its way at a time, collecting would find less. */
const LEAST_BYTES_WITH_ROOM = 2 * LEAST_BYTES;

/** Where collecting takes long, as much lives there, it is done only after so many bytes for each ms: else it would not pay. */
const BYTES_PER_MS = 2 * MIB;

/**
 * Between threads, larger buffers are left to V8: from 32 MiB on it collects by itself, while what their memory costs is little, as it is
 * moved. Between processes it is worth it for all of them. Measured with buffers of 1, 2, 12, 16, 32 and 64 MiB.
 */
export const MOST_BETWEEN_THREADS = 16 * MIB;

/** Beyond this V8 is quicker by itself. */
const MOST_BYTES = 64 * MIB;

/** In bytes: with one of these it matters how far the heap may grow before V8 marks it, also where it is not counted or is moved on. */
const LARGE = MIB;

/** By so much it becomes rarer when most was kept, and as much more frequent when most is freed again: */
const STEP = 2;

/** so many collections are judged together, as what is still on its way at a single one looks as if it were kept. */
const JUDGED = 3;

/** It waits for a turn of the event loop, but not until so many times the bytes have come in that are enough. */
const OVERDUE = 1.5;

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
 * every 8 to 16 MiB: some 10 to 20 ms with Nest in it, and longer in a larger one, while most of these buffers are garbage. To
 * collect the young generation, where they still are, takes a fraction of a millisecond. V8 does that for buffers by itself, but only from
 * 32 MiB on (`Heap::AllocateExternalBackingStore`), when it marks already.
 *
 * Where the application keeps the buffers, there is nothing to be won: then it is soon done less and less often.
 */
export class EarlyCollection {
  #bytes = 0;
  #usualMs = USUAL_MS;
  #leastBytes: number;
  /** What was held at the last collection, beside what had come in since the one before it. */
  #floor: number | undefined;
  #keptBytes = 0;
  #judgedBytes = 0;
  #judged = 0;
  #lastBytes = 0;
  #isPlanned = false;
  #searches = 0;
  #collectYoung: CollectYoung | undefined;
  readonly #find: () => CollectYoung | undefined;
  readonly #held: () => number;
  readonly #least: number;
  readonly #letGrow: () => void;

  constructor(find = findCollectYoung, held = heldBytes, least = LEAST_BYTES, letGrow = () => {}) {
    this.#letGrow = letGrow;
    this.#find = find;
    this.#held = held;
    this.#least = this.#leastBytes = least;
  }

  /**
   * Buffers have come in. Only when others follow is it decided whether to collect: until then these may have been
   * moved on.
   * @param most larger ones, in bytes, do not count
   */
  cameIn(attachments: readonly Attachment[], most = Infinity): void {
    if (this.#bytes >= this.#enough) this.#collectSoon();
    let bytes = 0;
    for (const attachment of attachments) {
      if (!(attachment instanceof Uint8Array)) continue;
      bytes += attachment.byteLength;
      if (attachment.byteLength <= most) this.#bytes += attachment.byteLength;
    }
    if (bytes >= LARGE) this.#letGrow();
  }

  /** A buffer has been moved on: its bytes are not counted here any more. */
  movedOn(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  get #enough(): number {
    return Math.min(MOST_BYTES, Math.max(this.#leastBytes, this.#usualMs * BYTES_PER_MS));
  }

  #collectSoon(): void {
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      // Not now: whoever waits for these comes first, and may have dropped them by then.
      setImmediate(() => {
        this.#isPlanned = false;
        if (this.#bytes >= this.#enough) this.#collect();
      }).unref();
    } else if (this.#bytes >= this.#enough * OVERDUE) {
      // As long as messages of a thread come in one after the other, Node does nothing else.
      this.#collect();
    }
  }

  #collect(): void {
    const bytes = this.#bytes;
    this.#bytes = 0;
    const collectYoung = this.#whereFound();
    if (!collectYoung) return;
    const startedAt = performance.now();
    collectYoung(bytes);
    const ms = performance.now() - startedAt;
    this.#usualMs = Math.min(ms, this.#usualMs * MOST_LENGTHENING);
    this.#learn(bytes);
  }

  #whereFound(): CollectYoung | undefined {
    if (this.#collectYoung || this.#searches === MOST_SEARCHES) return this.#collectYoung;
    this.#searches++;
    this.#collectYoung = this.#find();
    if (this.#collectYoung) teachAllocator();
    return this.#collectYoung;
  }

  /**
   * What a collection has found may be freed in the background, and not be counted before the next one: so by now what came in
   * before the last one is freed, and what came in since may be counted whatever becomes of it. Where it is freed at once, this comes
   * to the same over several of them.
   */
  #learn(bytes: number): void {
    const floor = this.#held() - bytes;
    if (this.#floor !== undefined) {
      this.#keptBytes += floor - this.#floor;
      this.#judgedBytes += this.#lastBytes;
      this.#judged++;
    }
    this.#floor = floor;
    this.#lastBytes = bytes;
    if (this.#judged < JUDGED) return;
    const areKept = this.#keptBytes > this.#judgedBytes / 2;
    const least = areKept ? this.#leastBytes * STEP : this.#leastBytes / STEP;
    this.#leastBytes = Math.min(MOST_BYTES, Math.max(this.#least, least));
    this.#judged = this.#keptBytes = this.#judgedBytes = 0;
  }
}

/** One for each thread, as each has a heap of its own. */
export const earlyCollection = new EarlyCollection(
  findCollectYoung,
  heldBytes,
  heapOptions ? LEAST_BYTES_WITH_ROOM : LEAST_BYTES,
  () => heapOptions?.letGrow(),
);
