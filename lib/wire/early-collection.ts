import { performance } from 'node:perf_hooks';
import type { Attachment } from './attachments.js';
import { type CollectYoung, findCollectYoung, teachAllocator } from './young-generation.js';

const MIB = 1024 * 1024;

/** After so many bytes of buffers have come in, the young generation is collected: well before V8 begins to mark. */
const LEAST_BYTES = 4 * MIB;

/** Where collecting takes long, as much lives there, it is done only after so many bytes for each ms: else it would not pay. */
const BYTES_PER_MS = 2 * MIB;
const MOST_BYTES = 64 * MIB;

/** How much longer than before it is taken to be usual, when it was longer: one that was disturbed says little. */
const LENGTHENING = 1.25;

/**
 * Collects, in time, the buffers that came in and were dropped again.
 *
 * V8 counts their bytes as growth of the old generation, wherever their objects are, and so marks the whole heap
 * every 16 MiB or so: some 20 ms with Nest in it, and longer in a larger one, while most of these buffers are garbage. To
 * collect the young generation, where they still are, takes half a millisecond. V8 does that for buffers by itself, but only from
 * 32 MiB on (`Heap::AllocateExternalBackingStore`), when it marks already.
 */
export class EarlyCollection {
  #bytes = 0;
  #usualMs = 0;
  #isPlanned = false;
  #collectYoung: CollectYoung | undefined;
  readonly #find: () => CollectYoung | undefined;

  constructor(find = findCollectYoung) {
    this.#find = find;
  }

  /** Buffers have come in. What came before them counts: of these, some may be moved on at once. */
  cameIn(attachments: readonly Attachment[]): void {
    if (this.#bytes >= this.#enough && !this.#isPlanned) {
      this.#isPlanned = true;
      // Not now: whoever waits for these comes first, and may have dropped them by then.
      setImmediate(() => this.#collect()).unref();
    }
    for (const attachment of attachments) {
      if (attachment instanceof Uint8Array) this.#bytes += attachment.byteLength;
    }
  }

  /** A buffer has been moved on: its bytes are not counted here any more. */
  movedOn(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  get #enough(): number {
    return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, this.#usualMs * BYTES_PER_MS));
  }

  #collect(): void {
    this.#isPlanned = false;
    if (this.#bytes < this.#enough) return;
    this.#bytes = 0;
    if (!this.#collectYoung) {
      this.#collectYoung = this.#find();
      if (!this.#collectYoung) return;
      teachAllocator();
    }
    const startedAt = performance.now();
    this.#collectYoung({ type: 'minor' });
    const ms = performance.now() - startedAt;
    this.#usualMs = this.#usualMs === 0 ? ms : Math.min(ms, this.#usualMs * LENGTHENING);
  }
}

/** One for each thread, as each has a heap of its own. */
export const earlyCollection = new EarlyCollection();
