import { ExecutorSerializationError } from '../errors/executor.errors.js';
import type { Attachment } from './attachments.js';
import { MAX_ATTACHMENTS, MAX_PAYLOAD_BYTES } from './payload.js';

/** The most bytes that UTF-8 needs for a unit of UTF-16. */
const MOST_PER_UNIT = 3;

/**
 * Before anything is moved: what is refused stays whole. What passes, the reader must accept.
 * @throws ExecutorSerializationError
 */
export function checkSize(
  head: string | Uint8Array,
  attachments: readonly Pick<Attachment, 'byteLength'>[],
  subject: string,
): void {
  if (attachments.length > MAX_ATTACHMENTS)
    throw new ExecutorSerializationError(subject, `it has more than ${MAX_ATTACHMENTS} buffers.`);
  let room = MAX_PAYLOAD_BYTES;
  for (const { byteLength } of attachments) room -= byteLength;
  if (fits(head, room)) return;
  throw new ExecutorSerializationError(subject, `it is larger than ${MAX_PAYLOAD_BYTES} bytes.`);
}

/** The bytes of a text are counted only where that matters. */
function fits(head: string | Uint8Array, bytes: number): boolean {
  if (typeof head !== 'string') return head.byteLength <= bytes;
  return head.length * MOST_PER_UNIT <= bytes || Buffer.byteLength(head) <= bytes;
}
