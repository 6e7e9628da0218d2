import type { FileRegion } from './attachments.js';
import { cutMemoryFile, type FileCells, PAGE_BYTES, pagesFor, writeRegion } from './memory-file.js';
import { PagedStore, SPARE_PAGES } from './paged.store.js';

/** The cell behind the marks: how many the parent has taken out. */
export const CONSUMED = 2;

/** The first page holds the cells. */
const FIRST_PAGE = 1;

/**
 * A worker's results in its memory file, one behind the other. The parent takes them out as they arrive and counts
 * them in a cell; when it has taken all, the worker begins at the front again, where the pages are there already.
 */
export class ResultStore extends PagedStore {
  readonly #cells: FileCells;
  readonly #pages: number;
  /** How many regions were kept, modulo 2^32. */
  #kept = 0;
  #next = FIRST_PAGE;
  #end = FIRST_PAGE;

  /** @param bytes how large the file may become */
  constructor(cells: FileCells, bytes: number) {
    super();
    this.#cells = cells;
    this.#pages = Math.floor(bytes / PAGE_BYTES);
  }

  protected put(bytes: Uint8Array): FileRegion | undefined {
    const page = this.#isTaken ? FIRST_PAGE : this.#next;
    const behind = page + pagesFor(bytes.byteLength);
    if (behind > this.#pages) return undefined;
    this.#end = Math.max(this.#end, behind);
    if (!writeRegion(this.#cells.fd, page, bytes)) return undefined;
    this.#next = behind;
    this.#kept = (this.#kept + 1) | 0;
    if (this.#end > SPARE_PAGES) this.cutLater();
    return { page, byteLength: bytes.byteLength };
  }

  /** What is not sent will not be taken out. */
  protected drop(): void {
    this.#kept = (this.#kept - 1) | 0;
  }

  /** Whether the parent has taken all that was kept. */
  get #isTaken(): boolean {
    return this.#next > FIRST_PAGE && this.#cells.get(CONSUMED) === this.#kept;
  }

  protected cut(): boolean {
    if (!this.#isTaken) return false;
    cutMemoryFile(this.#cells.fd, SPARE_PAGES);
    this.#next = FIRST_PAGE;
    this.#end = SPARE_PAGES;
    return true;
  }
}
