import { closeSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import {
  type Attachment,
  type AttachmentStore,
  copyOf,
  type FileRegion,
  isFileRegion,
} from './attachments.js';
import { openMemoryFile, PAGE_BYTES, pagesFor } from './memory-file.js';

/** From this size on, in bytes, the file is quicker than the pipe. Measured: see `bench/`. */
export const FILE_BYTES = 4 * 1024;

/** When nothing is kept, the file keeps so many pages for what comes next: used pages are quicker than new ones. */
const SPARE_PAGES = (8 * 1024 * 1024) / PAGE_BYTES;

/**
 * Keeps the arguments of calls to processes in a file in memory that all workers of a pool have open. What does not
 * fit, or finds the file system full, is kept in ordinary memory and travels by the pipe.
 */
export class FileStore implements AttachmentStore {
  readonly sharesMemory = false;
  readonly #maxBytes: () => number;
  #fd: number | undefined;
  #isOpened = false;
  #pages = 0;
  /** Gaps between what is kept, in order. */
  readonly #gaps: { page: number; pages: number }[] = [];
  /** How far the file was ever written since it was last cut. */
  #end = 0;

  /** @param maxBytes how large the file may become; asked when it is opened */
  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  /** The file, opened when it is first asked for; `undefined` where there is no file system in memory. */
  get fd(): number | undefined {
    if (!this.#isOpened) {
      this.#isOpened = true;
      this.#fd = openMemoryFile();
      this.#pages = Math.floor(this.#maxBytes() / PAGE_BYTES);
      if (this.#pages > 0) this.#gaps.push({ page: 0, pages: this.#pages });
    }
    return this.#fd;
  }

  keep(bytes: Uint8Array, isOwn = false): Attachment {
    return this.#put(bytes) ?? (isOwn ? bytes : copyOf(bytes));
  }

  #put(bytes: Uint8Array): FileRegion | undefined {
    if (bytes.byteLength < FILE_BYTES || this.fd === undefined) return undefined;
    const pages = pagesFor(bytes.byteLength);
    const page = this.#take(pages);
    if (page === undefined) return undefined;
    this.#end = Math.max(this.#end, page + pages);
    if (writeRegion(this.fd, page, bytes)) return { page, byteLength: bytes.byteLength };
    this.#give(page, pages);
    return undefined;
  }

  release(attachments: readonly Attachment[]): void {
    if (this.#fd === undefined) return;
    for (const attachment of attachments) {
      if (isFileRegion(attachment)) this.#give(attachment.page, pagesFor(attachment.byteLength));
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** The first gap that fits: the front of the file is used most, and its pages are there already. */
  #take(pages: number): number | undefined {
    const index = this.#gaps.findIndex((gap) => gap.pages >= pages);
    const gap = this.#gaps[index];
    if (!gap) return undefined;
    const { page } = gap;
    gap.page += pages;
    gap.pages -= pages;
    if (gap.pages === 0) this.#gaps.splice(index, 1);
    return page;
  }

  #give(page: number, pages: number): void {
    const after = this.#gaps.findIndex((gap) => gap.page > page);
    const index = after < 0 ? this.#gaps.length : after;
    this.#gaps.splice(index, 0, { page, pages });
    this.#joinWithNext(index);
    if (index > 0) this.#joinWithNext(index - 1);
    if (this.#gaps[0]?.pages === this.#pages && this.#end > SPARE_PAGES) this.#cut();
  }

  #joinWithNext(index: number): void {
    const gap = this.#gaps[index];
    const next = this.#gaps[index + 1];
    if (!gap || !next || gap.page + gap.pages < next.page) return;
    gap.pages += next.pages;
    this.#gaps.splice(index + 1, 1);
  }

  #cut(): void {
    ftruncateSync(this.#fd as number, SPARE_PAGES * PAGE_BYTES);
    this.#end = SPARE_PAGES;
  }
}

/** @returns whether there was room for all of it */
export function writeRegion(fd: number, page: number, bytes: Uint8Array): boolean {
  try {
    return writeSync(fd, bytes, 0, bytes.byteLength, page * PAGE_BYTES) === bytes.byteLength;
  } catch {
    // ENOSPC: the file system is full.
    return false;
  }
}

/** @returns the bytes, and how many of them were there */
export function readRegion(fd: number, { page, byteLength }: FileRegion): [Uint8Array<ArrayBuffer>, number] {
  const bytes = Buffer.allocUnsafeSlow(byteLength);
  return [bytes, readSync(fd, bytes, 0, byteLength, page * PAGE_BYTES)];
}
