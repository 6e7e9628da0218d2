import type { Attachment } from './attachments.js';
import { MessageType } from './messages.js';

/** Begins a message with all its fields. */
export const FULL = 0;

/**
 * What is posted: the fields of one message after the other, as a single list is the cheapest to clone. The two that
 * almost all traffic consists of have few: a plain call has type, turn, call, target, head; a plain result has type,
 * turn, timeout, head. Any other has FULL, then type, turn, call, target, attempt, timeout, signals, head or null, how
 * many attachments, and they themselves.
 */
export type Batch = (number | string | Attachment | null)[];

/** None is leased: reading the limit costs a thread nothing. */
export function isCall(type: unknown): type is typeof MessageType.call | typeof MessageType.callAhead {
  return type === MessageType.call || type === MessageType.callAhead;
}

export function isAnswer(type: unknown): boolean {
  return type === MessageType.result || type === MessageType.failure || type === MessageType.returned;
}

export function beginsWithAnswer(batch: unknown): boolean {
  if (!Array.isArray(batch)) return false;
  const [first, second] = batch as Batch;
  return isAnswer(first === FULL ? second : first);
}
