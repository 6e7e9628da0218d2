import {
  type Attachment,
  type AttachmentStore,
  copyOf,
  type FileRegion,
  isFileRegion,
} from './attachments.js';
import { PAGE_BYTES } from './memory-file.js';
import { takeOver } from './transfer.js';

/** From this size on, in bytes, the file is quicker than the pipe. Measured: see `bench/`. */
export const FILE_BYTES = 4 * 1024;

/** When nothing is kept, the file keeps so many pages for what comes next: used pages are quicker than new ones. */
export const SPARE_PAGES = (8 * 1024 * 1024) / PAGE_BYTES;

/** Keeps in a memory file what is large enough and finds room there; the rest stays in ordinary memory. */
export abstract class PagedStore implements AttachmentStore {
  readonly sharesMemory = false;

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

  abstract close(): void;

  #putIfLarge(bytes: Uint8Array): FileRegion | undefined {
    return bytes.byteLength < FILE_BYTES ? undefined : this.put(bytes);
  }

  /** @returns `undefined` where there is no room */
  protected abstract put(bytes: Uint8Array): FileRegion | undefined;

  protected abstract drop(region: FileRegion): void;
}
