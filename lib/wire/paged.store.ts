import {
  type Attachment,
  type AttachmentStore,
  copyOf,
  type FileRegion,
  isFileRegion,
} from './attachments.js';
import { PAGE_BYTES } from './memory-file.js';
import { takeOver } from './transfer.js';

/** From this size on, in bytes, the file is quicker than the pipe. Measured on one machine: a round figure. */
export const FILE_BYTES = 4 * 1024;

/** When nothing is kept, the file keeps so many pages for what comes next: used pages are quicker than new ones. */
export const SPARE_PAGES = (8 * 1024 * 1024) / PAGE_BYTES;

/** How long more than these are kept after a large buffer, in ms: another one may follow. */
const SPARE_TIME = 1_000;

/** Keeps in a memory file what is large enough and finds room there; the rest stays in ordinary memory. */
export abstract class PagedStore implements AttachmentStore {
  readonly sharesMemory = false;
  #timer: NodeJS.Timeout | undefined;

  keep(bytes: Uint8Array): Attachment {
    return this.#putIfLarge(bytes) ?? copyOf(bytes);
  }

  move(bytes: Uint8Array): Attachment {
    const own = takeOver(bytes.buffer as ArrayBuffer);
    return this.#putIfLarge(own) ?? own;
  }

  seal(attachments: readonly Attachment[]): readonly Attachment[] {
    return attachments;
  }

  release(attachments: readonly Attachment[]): void {
    for (const attachment of attachments) if (isFileRegion(attachment)) this.drop(attachment);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** Gives the pages behind the spare ones back in a while; later, if something is kept by then. */
  protected cutLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.cut()) this.cutLater();
    }, SPARE_TIME).unref();
  }

  #putIfLarge(bytes: Uint8Array): FileRegion | undefined {
    return bytes.byteLength < FILE_BYTES ? undefined : this.put(bytes);
  }

  /** @returns `undefined` where there is no room */
  protected abstract put(bytes: Uint8Array): FileRegion | undefined;

  protected abstract drop(region: FileRegion): void;

  /** Gives the pages behind the spare ones back. @returns whether it could: not while something is kept */
  protected abstract cut(): boolean;
}
