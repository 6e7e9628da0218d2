import { type Attachment, copyOf, PostedStore } from './attachments.js';

/**
 * Up to this size, in bytes, a buffer is cheaper inside its message than in shared memory. Measured on one machine: the limit
 * is a round figure.
 */
const SHARED_BYTES = 8 * 1024;

/** How much free memory is kept for the next buffers, in bytes: pages that were used before need no new ones. */
const SPARE_BYTES = 16 * 1024 * 1024;

/** Memory that holds less than this share of what it is used for is not reused for it. */
const LEAST_USE = 0.5;

/**
 * Keeps the arguments of calls to threads in shared memory: a call that never began can be handed to another
 * worker as it is, and V8 does not count this memory, so that it forces no garbage collection here.
 */
export class SharedStore extends PostedStore {
  readonly #spare: SharedArrayBuffer[] = [];
  #spareBytes = 0;

  override keep(bytes: Uint8Array): Attachment {
    if (bytes.byteLength < SHARED_BYTES) return copyOf(bytes);
    const kept = new Uint8Array(this.#take(bytes.byteLength), 0, bytes.byteLength);
    kept.set(bytes);
    return kept;
  }

  override release(attachments: readonly Attachment[]): void {
    for (const attachment of attachments) {
      if (!(attachment instanceof Uint8Array) || !(attachment.buffer instanceof SharedArrayBuffer)) continue;
      if (this.#spareBytes + attachment.buffer.byteLength > SPARE_BYTES) continue;
      this.#spare.push(attachment.buffer);
      this.#spareBytes += attachment.buffer.byteLength;
    }
  }

  override close(): void {
    this.#spare.length = 0;
    this.#spareBytes = 0;
  }

  /** The last that fits, as its pages were used last. */
  #take(bytes: number): SharedArrayBuffer {
    const index = this.#spare.findLastIndex(
      ({ byteLength }) => byteLength >= bytes && byteLength * LEAST_USE <= bytes,
    );
    const found = index < 0 ? undefined : this.#spare.splice(index, 1)[0];
    if (!found) return new SharedArrayBuffer(bytes);
    this.#spareBytes -= found.byteLength;
    return found;
  }
}
