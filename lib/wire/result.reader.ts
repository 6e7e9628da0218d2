import { closeSync } from 'node:fs';
import { type Attachment, type FileRegion, isFileRegion } from './attachments.js';
import { type FileCells, readRegion, readRegionAside } from './memory-file.js';
import type { OutcomePayload, Payload } from './payload.js';
import { CONSUMED } from './result.store.js';

/**
 * Results of more bytes than that are read by one of Node's own threads: to read a MiB, into memory that needs new pages, takes up to
 * half a millisecond, in which the event loop could do nothing else. For less, the way there and back is not worth it.
 */
export const ASIDE_BYTES = 2 * 1024 * 1024;

/** The parent's side of a ResultStore: takes results out of the worker's memory file, and closes that in the end. */
export class ResultReader {
  readonly #cells: FileCells;
  #taken = 0;
  #inFlight = 0;
  #isClosed = false;

  constructor(cells: FileCells) {
    this.#cells = cells;
  }

  /**
   * Takes out what of it is in the file.
   * @throws ProtocolError if the file does not hold it; where it is a promise, that rejects
   */
  takeOut(payload: Payload): OutcomePayload {
    const bytes = payload.attachments.reduce((sum, one) => sum + (isFileRegion(one) ? one.byteLength : 0), 0);
    if (bytes === 0) return payload;
    if (bytes > ASIDE_BYTES) return this.#takeAside(payload);
    const attachments = payload.attachments.map((one) => (isFileRegion(one) ? this.#take(one) : one));
    return { ...payload, attachments };
  }

  /** What is being read still comes. */
  close(): void {
    this.#isClosed = true;
    if (this.#inFlight === 0) closeSync(this.#cells.fd);
  }

  #take(region: FileRegion): Attachment {
    const bytes = readRegion(this.#cells.fd, region);
    this.#count();
    return bytes;
  }

  #takeAside(payload: Payload): Promise<Payload> {
    const taken = payload.attachments.map((one) => (isFileRegion(one) ? this.#takeLater(one) : one));
    const outcome = Promise.all(taken).then((attachments) => ({ ...payload, attachments }));
    // Nobody may wait for it any more.
    outcome.catch(() => {});
    return outcome;
  }

  async #takeLater(region: FileRegion): Promise<Attachment> {
    this.#inFlight++;
    try {
      return await readRegionAside(this.#cells.fd, region);
    } finally {
      this.#count();
      this.#inFlight--;
      if (this.#isClosed) this.close();
    }
  }

  /** The worker begins at the front of its file again when all were taken out. */
  #count(): void {
    this.#taken = (this.#taken + 1) | 0;
    this.#cells.set(CONSUMED, this.#taken);
  }
}
