import { earlyCollection } from './early-collection.js';
import { takeOver } from './transfer.js';

/** Bytes that were put into a file in memory, which the other side can read; see FileStore and ResultStore. */
export interface FileRegion {
  /** Where it begins, in pages. */
  readonly page: number;
  readonly byteLength: number;
}

/**
 * What travels beside a value's head: bytes in memory of their own, a view of shared memory (copied out
 * before it is used), a region of a file, or shared memory that is passed as itself.
 */
export type Attachment = Uint8Array | FileRegion | SharedArrayBuffer;

/** Where the bytes of large buffers are kept while they travel. */
export interface AttachmentStore {
  /** Whether SharedArrayBuffers can be passed as themselves. */
  readonly sharesMemory: boolean;
  /** Takes a snapshot. */
  keep(bytes: Uint8Array): Attachment;
  /**
   * Keeps what is moved: its buffer is detached now or, if it can be posted, when it is.
   * @param bytes all of a buffer
   */
  move(bytes: Uint8Array): Attachment;
  /** What was kept is not posted yet: detaches what is moved now. */
  seal(attachments: readonly Attachment[]): readonly Attachment[];
  /** What was kept is needed no more. Does nothing for what is not this store's. */
  release(attachments: readonly Attachment[]): void;
  close(): void;
}

/**
 * From this size on, in bytes, memory that nobody needs here any more is moved when it is posted; what is smaller is cheaper
 * copied. Node looks each buffer that is moved up among all the others of its message, so that very many would take seconds.
 */
export const MOVED_BYTES = 4 * 1024;

export function isFileRegion(attachment: Attachment): attachment is FileRegion {
  return 'page' in attachment;
}

/** A snapshot in an ArrayBuffer of its own, not of Node's common slab. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

/**
 * Copies arguments out of the store that keeps them for their call: that memory is used again once the call has left its
 * worker. It is asked to when the call begins, so that a call that is taken back costs nothing.
 */
export type TakeOut = (attachments: readonly Attachment[]) => readonly Attachment[];

/** For those of which shared memory holds a copy. */
export function takeOutOfMemory(attachments: readonly Attachment[]): readonly Attachment[] {
  if (!attachments.some(isInSharedMemory)) return attachments;
  return attachments.map((attachment) => (isInSharedMemory(attachment) ? copyOf(attachment) : attachment));
}

function isInSharedMemory(attachment: Attachment): attachment is Uint8Array {
  return attachment instanceof Uint8Array && attachment.buffer instanceof SharedArrayBuffer;
}

/** Keeps copies in the ordinary memory of this thread. */
export class HeapStore implements AttachmentStore {
  readonly sharesMemory: boolean = false;

  keep(bytes: Uint8Array): Attachment {
    return copyOf(bytes);
  }

  move(bytes: Uint8Array): Attachment {
    return takeOver(bytes.buffer as ArrayBuffer);
  }

  seal(attachments: readonly Attachment[]): readonly Attachment[] {
    return attachments;
  }

  release(_attachments: readonly Attachment[]): void {}

  close(): void {}
}

/**
 * For what is posted to another thread in this same turn, before any other code runs: posting itself detaches what is
 * moved. To detach it before would make two more objects of each buffer.
 */
export class PostedStore extends HeapStore {
  override readonly sharesMemory = true;

  override move(bytes: Uint8Array): Attachment {
    if (bytes.byteLength < MOVED_BYTES) return super.move(bytes);
    earlyCollection.movedOn(bytes.byteLength);
    return bytes;
  }

  override seal(attachments: readonly Attachment[]): readonly Attachment[] {
    return attachments.map((attachment) => {
      const isPosted = attachment instanceof Uint8Array && attachment.buffer instanceof ArrayBuffer;
      return isPosted ? takeOver(attachment.buffer) : attachment;
    });
  }
}
