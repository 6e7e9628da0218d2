import { closeSync } from 'node:fs';
import type { FileRegion } from './attachments.js';
import { cutMemoryFile, openMemoryFile, PAGE_BYTES, pagesFor, writeRegion } from './memory-file.js';
import { PagedStore, SPARE_PAGES } from './paged.store.js';

/**
 * Keeps the arguments of calls to processes in a file in memory that all workers of a pool have open. What does not
 * fit, or finds the file system full, is kept in ordinary memory and travels by the pipe.
 */
export class FileStore extends PagedStore {
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
    super();
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

  protected put(bytes: Uint8Array): FileRegion | undefined {
    const { fd } = this;
    const pages = pagesFor(bytes.byteLength);
    const page = fd === undefined ? undefined : this.#take(pages);
    if (fd === undefined || page === undefined) return undefined;
    this.#end = Math.max(this.#end, page + pages);
    if (this.#end > SPARE_PAGES) this.cutLater();
    if (writeRegion(fd, page, bytes)) return { page, byteLength: bytes.byteLength };
    this.#give(page, pages);
    return undefined;
  }

  protected drop({ page, byteLength }: FileRegion): void {
    if (this.#fd !== undefined) this.#give(page, pagesFor(byteLength));
  }

  override close(): void {
    super.close();
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
  }

  #joinWithNext(index: number): void {
    const gap = this.#gaps[index];
    const next = this.#gaps[index + 1];
    if (!gap || !next || gap.page + gap.pages < next.page) return;
    gap.pages += next.pages;
    this.#gaps.splice(index + 1, 1);
  }

  protected cut(): boolean {
    if (this.#fd === undefined || this.#gaps[0]?.pages !== this.#pages) return false;
    cutMemoryFile(this.#fd, SPARE_PAGES);
    this.#end = SPARE_PAGES;
    return true;
  }
}
