import type { Attachment } from './attachments.js';

/**
 * One value, encoded. A string head is JSON (empty: `undefined`); a binary head is V8's format with our
 * own records for views and errors. Buffers travel beside the head. Where it arrives, each has an ArrayBuffer of
 * its own (or is shared memory).
 */
export interface Payload {
  readonly head: string | Uint8Array;
  readonly attachments: readonly Attachment[];
  /** Whether the attachments may be handed over for good: they are not needed for another attempt. */
  readonly moves: boolean;
}

/** What a call's worker sends, or a promise of it while large buffers are still being read. */
export type OutcomePayload = Payload | Promise<Payload>;

export const NO_ATTACHMENTS: readonly Attachment[] = [];

/** `undefined`, encoded. */
export const NO_VALUE: Payload = { head: '', attachments: NO_ATTACHMENTS, moves: true };

/** What is told as text; JSON, most often. */
export function textPayload(head: string): Payload {
  return { head, attachments: NO_ATTACHMENTS, moves: false };
}

/** The largest value that may cross, in bytes. A length beyond it on the wire is garbage. */
export const MAX_PAYLOAD_BYTES = 1024 ** 3;

/** The most buffers beside one value. A table beyond it on the wire is garbage. */
export const MAX_ATTACHMENTS = 1_000_000;
