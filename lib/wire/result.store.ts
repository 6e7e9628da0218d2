import { ftruncateSync } from 'node:fs';
import {
  type Attachment,
  type AttachmentStore,
  copyOf,
  type FileRegion,
  isFileRegion,
} from './attachments.js';
import { ProtocolError } from './channel.js';
import { FILE_BYTES, readRegion, writeRegion } from './file.store.js';
import { type FileCells, PAGE_BYTES, pagesFor } from './memory-file.js';

/** Behind the marks. */
const CONSUMED = 2;

/** The first page holds the cells. */
const FIRST_PAGE = 1;

/** When nothing is kept, the file keeps so many pages for what comes next. */
const SPARE_PAGES = (8 * 1024 * 1024) / PAGE_BYTES;

/** How long more than that is kept after a large result, in ms: another one may follow. */
const SPARE_TIME = 1_000;

/**
 * A worker's results in its memory file, one behind the other. The parent takes them out as they arrive and counts
 * them in a cell; when it has taken all, the worker begins at the front again, where the pages are there already.
 */
export class ResultStore implements AttachmentStore {
  readonly sharesMemory = false;
  readonly #cells: FileCells;
  readonly #pages: number;
  /** How many regions were kept, modulo 2^32. */
  #kept = 0;
  #next = FIRST_PAGE;
  #end = FIRST_PAGE;
  #timer: NodeJS.Timeout | undefined;

  /** @param bytes how large the file may become */
  constructor(cells: FileCells, bytes: number) {
    this.#cells = cells;
    this.#pages = Math.floor(bytes / PAGE_BYTES);
  }

  keep(bytes: Uint8Array, isOwn = false): Attachment {
    return this.#put(bytes) ?? (isOwn ? bytes : copyOf(bytes));
  }

  #put(bytes: Uint8Array): FileRegion | undefined {
    if (bytes.byteLength < FILE_BYTES) return undefined;
    const page = this.#isTaken ? FIRST_PAGE : this.#next;
    const behind = page + pagesFor(bytes.byteLength);
    if (behind > this.#pages) return undefined;
    this.#end = Math.max(this.#end, behind);
    if (!writeRegion(this.#cells.fd, page, bytes)) return undefined;
    this.#next = behind;
    this.#kept = (this.#kept + 1) | 0;
    if (this.#end > SPARE_PAGES) this.#cutLater();
    return { page, byteLength: bytes.byteLength };
  }

  /** What is not sent will not be taken out. */
  release(attachments: readonly Attachment[]): void {
    for (const attachment of attachments) if (isFileRegion(attachment)) this.#kept = (this.#kept - 1) | 0;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** Whether the parent has taken all that was kept. */
  get #isTaken(): boolean {
    return this.#next > FIRST_PAGE && this.#cells.get(CONSUMED) === this.#kept;
  }

  #cutLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isTaken) return this.#cutLater();
      ftruncateSync(this.#cells.fd, SPARE_PAGES * PAGE_BYTES);
      this.#next = FIRST_PAGE;
      this.#end = SPARE_PAGES;
    }, SPARE_TIME).unref();
  }
}

/** The parent's side: takes results out, in the order in which they were sent. */
export class ResultReader {
  readonly #cells: FileCells;
  #taken = 0;

  constructor(cells: FileCells) {
    this.#cells = cells;
  }

  /** @throws ProtocolError if the file does not hold it */
  take(region: FileRegion): Uint8Array {
    const [bytes, read] = readRegion(this.#cells.fd, region);
    if (read !== region.byteLength) {
      throw new ProtocolError(`a result of ${region.byteLength} bytes has only ${read} in its file`);
    }
    this.#taken = (this.#taken + 1) | 0;
    this.#cells.set(CONSUMED, this.#taken);
    return bytes;
  }
}
