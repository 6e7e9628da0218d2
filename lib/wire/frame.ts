import { type Attachment, type FileRegion, isFileRegion } from './attachments.js';
import { ProtocolError } from './channel.js';
import { isMessageType, type Message } from './messages.js';
import { MAX_ATTACHMENTS, MAX_PAYLOAD_BYTES, NO_ATTACHMENTS, type Payload } from './payload.js';

/**
 * A frame on a pipe, all numbers little-endian:
 *
 *     0  u32 magic        8  f64 id       24 f64 ms        40 u32 head bytes
 *     4  u32 type         16 u32 target   32 u32 signals   44 u32 number of attachments
 *                         20 u32 attempt  36 u32 head kind 48 i32 seq
 *     52 for each attachment u32 bytes, u32 page + 1 (0: its bytes are in the frame)
 *        the head, then the attachments whose bytes are in the frame
 */
export const HEADER_BYTES = 52;
export const ENTRY_BYTES = 8;
const MAGIC = 0x5845_4e31;
const HEAD_NONE = 0;
const HEAD_TEXT = 1;
const HEAD_BINARY = 2;

/** UTF-8 takes no more bytes for a UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/** Longer texts are measured before they are written: to make room for the most would waste too much. */
const LONG_TEXT = 4096;

/** The most that a frame takes, in bytes, without the attachments whose bytes are in it. */
export function startBytes({ payload }: Message): number {
  return HEADER_BYTES + ENTRY_BYTES * (payload?.attachments.length ?? 0) + mostBytes(payload?.head);
}

function mostBytes(head: string | Uint8Array | undefined): number {
  if (typeof head !== 'string') return head?.byteLength ?? 0;
  return head.length > LONG_TEXT ? Buffer.byteLength(head) : head.length * MAX_BYTES_PER_UNIT;
}

/** The attachments whose bytes are in the frame. */
export function inlineAttachments({ payload }: Message): readonly Uint8Array[] {
  const attachments = payload?.attachments ?? NO_ATTACHMENTS;
  if (attachments.length === 0) return NO_BYTES;
  return attachments.filter((attachment) => attachment instanceof Uint8Array);
}

const NO_BYTES: readonly Uint8Array[] = [];

/**
 * Writes a frame without the bytes of its attachments, which follow.
 * @param view over all of `target`, which has room for `startBytes`
 * @returns where it ends
 */
export function writeStart(message: Message, target: Buffer, view: DataView, at: number): number {
  const { payload } = message;
  const head = payload?.head;
  const attachments = payload?.attachments ?? NO_ATTACHMENTS;
  let entry = at + HEADER_BYTES;
  for (const attachment of attachments) {
    view.setUint32(entry, attachment.byteLength, true);
    view.setUint32(entry + 4, isFileRegion(attachment) ? attachment.page + 1 : 0, true);
    entry += ENTRY_BYTES;
  }
  const headBytes = writeHead(head, target, entry);
  view.setUint32(at, MAGIC, true);
  view.setUint32(at + 4, message.type, true);
  view.setFloat64(at + 8, message.id, true);
  view.setUint32(at + 16, message.target, true);
  view.setUint32(at + 20, message.attempt, true);
  view.setFloat64(at + 24, message.ms, true);
  view.setUint32(at + 32, message.signals, true);
  view.setUint32(at + 36, headKind(head), true);
  view.setUint32(at + 40, headBytes, true);
  view.setUint32(at + 44, attachments.length, true);
  view.setInt32(at + 48, message.seq, true);
  return entry + headBytes;
}

function writeHead(head: string | Uint8Array | undefined, target: Buffer, at: number): number {
  if (typeof head === 'string') return target.write(head, at);
  if (head) target.set(head, at);
  return head?.byteLength ?? 0;
}

function headKind(head: string | Uint8Array | undefined): number {
  if (head === undefined) return HEAD_NONE;
  return typeof head === 'string' ? HEAD_TEXT : HEAD_BINARY;
}

/** What a frame's fixed part says of the rest. */
export interface FrameHeader {
  readonly headKind: number;
  readonly headBytes: number;
  readonly attachments: number;
}

/** @throws ProtocolError if there is no frame */
export function readHeader(view: DataView, at: number): FrameHeader {
  if (view.getUint32(at, true) !== MAGIC) throw new ProtocolError('bytes that are no frame came');
  const headBytes = view.getUint32(at + 40, true);
  const attachments = view.getUint32(at + 44, true);
  if (headBytes > MAX_PAYLOAD_BYTES) throw tooLarge(headBytes);
  if (attachments > MAX_ATTACHMENTS) throw tooMany(attachments);
  return { headKind: view.getUint32(at + 36, true), headBytes, attachments };
}

/**
 * All fields in one literal: to spread an object with fractions in it makes garbage that outlives young collections.
 * @throws ProtocolError if it is of an unknown type
 */
export function readMessage(view: DataView, at: number, payload: Payload | undefined): Message {
  const type = view.getUint32(at + 4, true);
  if (!isMessageType(type)) throw new ProtocolError(`a message of an unknown type (${type}) came`);
  return {
    type,
    seq: view.getInt32(at + 48, true),
    id: view.getFloat64(at + 8, true),
    target: view.getUint32(at + 16, true),
    attempt: view.getUint32(at + 20, true),
    ms: view.getFloat64(at + 24, true),
    signals: view.getUint32(at + 32, true),
    payload,
  };
}

/** What the table says of an attachment: a region, or how many bytes of the frame it has. */
export type Entry = FileRegion | number;

/** @throws ProtocolError if that is more than may be in a frame */
export function readTable(view: DataView, at: number, { attachments, headBytes }: FrameHeader): Entry[] {
  const entries: Entry[] = [];
  let total = headBytes;
  for (let index = 0; index < attachments; index++) {
    const byteLength = view.getUint32(at + index * ENTRY_BYTES, true);
    const page = view.getUint32(at + index * ENTRY_BYTES + 4, true);
    total += byteLength;
    entries.push(page === 0 ? byteLength : { page: page - 1, byteLength });
  }
  if (total > MAX_PAYLOAD_BYTES) throw tooLarge(total);
  return entries;
}

export function bytesInFrame(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) if (typeof entry === 'number') bytes += entry;
  return bytes;
}

/** @param text the head, if it is text: as it stands in `head` from `from` to `to` */
export function makePayload(
  kind: number,
  head: Buffer,
  from: number,
  to: number,
  attachments: readonly Attachment[],
): Payload | undefined {
  if (kind === HEAD_TEXT) return { head: head.toString('utf8', from, to), attachments, moves: false };
  if (kind === HEAD_BINARY) return { head: head.subarray(from, to), attachments, moves: false };
  if (kind === HEAD_NONE) return undefined;
  throw new ProtocolError(`a frame with an unknown kind of head (${kind}) came`);
}

function tooLarge(claimed: number): ProtocolError {
  return new ProtocolError(`a frame that claims ${claimed} bytes came; ${MAX_PAYLOAD_BYTES} are allowed`);
}

function tooMany(claimed: number): ProtocolError {
  return new ProtocolError(`a frame that claims ${claimed} buffers came; ${MAX_ATTACHMENTS} are allowed`);
}
