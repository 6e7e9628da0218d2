import { ProtocolError } from './channel.js';
import { isMessageType, type Message } from './messages.js';
import { MAX_PAYLOAD_BYTES, NO_ATTACHMENTS, type Payload } from './payload.js';

/**
 * A frame on a pipe, all numbers little-endian:
 *
 *     0  u32 magic        8  f64 call     24 f64 timeout   40 u32 head bytes
 *     4  u32 type         16 u32 target   32 u32 signals   44 u32 number of attachments
 *                         20 u32 attempt  36 u32 head kind 48 i32 turn
 *     52 u32 bytes of each attachment, the head, the attachments
 */
const HEADER_BYTES = 52;
const MAGIC = 0x5845_4e31;
const MAX_ATTACHMENTS = 1_000_000;

const HEAD_NONE = 0;
const HEAD_TEXT = 1;
const HEAD_BINARY = 2;

/** The frame's pieces: its start in one Buffer, then the attachments as they are. */
export function encodeFrame(message: Message): Uint8Array[] {
  const { payload } = message;
  const head = payload?.head;
  const attachments = payload?.attachments ?? NO_ATTACHMENTS;
  const headBytes = typeof head === 'string' ? Buffer.byteLength(head) : (head?.byteLength ?? 0);
  const start = HEADER_BYTES + 4 * attachments.length;
  const frame = Buffer.allocUnsafe(start + headBytes);
  frame.writeUInt32LE(MAGIC, 0);
  frame.writeUInt32LE(message.type, 4);
  frame.writeDoubleLE(message.call, 8);
  frame.writeUInt32LE(message.target, 16);
  frame.writeUInt32LE(message.attempt, 20);
  frame.writeDoubleLE(message.timeout, 24);
  frame.writeUInt32LE(message.signals, 32);
  frame.writeUInt32LE(headKind(head), 36);
  frame.writeUInt32LE(headBytes, 40);
  frame.writeUInt32LE(attachments.length, 44);
  frame.writeInt32LE(message.turn, 48);
  attachments.forEach((bytes, index) => frame.writeUInt32LE(bytes.byteLength, HEADER_BYTES + 4 * index));
  if (typeof head === 'string') frame.write(head, start);
  else if (head) frame.set(head, start);
  return attachments.length === 0 ? [frame] : [frame, ...attachments];
}

function headKind(head: string | Uint8Array | undefined): number {
  if (head === undefined) return HEAD_NONE;
  return typeof head === 'string' ? HEAD_TEXT : HEAD_BINARY;
}

/** Bytes in, messages out. Once it has thrown, what follows on the pipe has no meaning. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #available = 0;
  #needed = HEADER_BYTES;
  #header: Buffer | undefined;
  #lengths: number[] | undefined;

  /** @throws ProtocolError if the bytes are no frame */
  push(chunk: Buffer, onMessage: (message: Message) => void): void {
    this.#chunks.push(chunk);
    this.#available += chunk.byteLength;
    while (this.#available >= this.#needed) {
      const message = this.#step();
      if (message) onMessage(message);
    }
  }

  /** Whether a frame has begun and not ended. */
  get isInsideFrame(): boolean {
    return this.#available > 0 || this.#header !== undefined;
  }

  /** Reads the next part of a frame: its header, its table of attachments, its body. */
  #step(): Message | undefined {
    if (this.#header === undefined) {
      this.#header = this.#take(HEADER_BYTES);
      const attachments = checkHeader(this.#header);
      this.#needed = 4 * attachments;
      return undefined;
    }
    const headBytes = this.#header.readUInt32LE(40);
    if (this.#lengths === undefined) {
      const table = this.#take(this.#needed);
      this.#lengths = [];
      for (let offset = 0; offset < table.byteLength; offset += 4) {
        this.#lengths.push(table.readUInt32LE(offset));
      }
      this.#needed = this.#lengths.reduce((sum, bytes) => sum + bytes, headBytes);
      if (this.#needed > MAX_PAYLOAD_BYTES) throw tooLarge(this.#needed);
      return undefined;
    }
    const message = this.#readBody(this.#header, headBytes, this.#lengths);
    this.#header = undefined;
    this.#lengths = undefined;
    this.#needed = HEADER_BYTES;
    return message;
  }

  #readBody(header: Buffer, headBytes: number, lengths: readonly number[]): Message {
    const type = header.readUInt32LE(4);
    if (!isMessageType(type)) throw new ProtocolError(`a message of an unknown type (${type}) came`);
    const head = this.#take(headBytes);
    const attachments = lengths.length === 0 ? NO_ATTACHMENTS : lengths.map((bytes) => this.#takeOwn(bytes));
    return {
      type,
      turn: header.readInt32LE(48),
      call: header.readDoubleLE(8),
      target: header.readUInt32LE(16),
      attempt: header.readUInt32LE(20),
      timeout: header.readDoubleLE(24),
      signals: header.readUInt32LE(32),
      payload: makePayload(header.readUInt32LE(36), head, attachments),
    };
  }

  /** The next bytes, as a view where one chunk holds them all. */
  #take(bytes: number): Buffer {
    const first = this.#chunks[0];
    if (bytes === 0 || first === undefined) return Buffer.alloc(0);
    if (first.byteLength >= bytes) {
      this.#available -= bytes;
      if (first.byteLength === bytes) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(bytes);
      return first.subarray(0, bytes);
    }
    const taken = this.#takeOwn(bytes);
    return Buffer.from(taken.buffer, 0, bytes);
  }

  /** The next bytes, copied into an ArrayBuffer of their own. */
  #takeOwn(bytes: number): Uint8Array<ArrayBuffer> {
    const own = new Uint8Array(new ArrayBuffer(bytes));
    let filled = 0;
    let used = 0;
    while (filled < bytes) {
      const chunk = this.#chunks[used] as Buffer;
      const part = chunk.subarray(0, bytes - filled);
      own.set(part, filled);
      filled += part.byteLength;
      if (part.byteLength === chunk.byteLength) used++;
      else this.#chunks[used] = chunk.subarray(part.byteLength);
    }
    this.#chunks.splice(0, used);
    this.#available -= bytes;
    return own;
  }
}

/** @returns the number of attachments */
function checkHeader(header: Buffer): number {
  const magic = header.readUInt32LE(0);
  if (magic !== MAGIC) throw new ProtocolError('bytes that are no frame came');
  const headBytes = header.readUInt32LE(40);
  const attachments = header.readUInt32LE(44);
  if (headBytes > MAX_PAYLOAD_BYTES) throw tooLarge(headBytes);
  if (attachments > MAX_ATTACHMENTS) throw tooLarge(attachments);
  return attachments;
}

function makePayload(kind: number, head: Buffer, attachments: readonly Uint8Array[]): Payload | undefined {
  if (kind === HEAD_NONE) return undefined;
  if (kind === HEAD_TEXT) return { head: head.toString('utf8'), attachments, moves: false };
  if (kind === HEAD_BINARY) return { head, attachments, moves: false };
  throw new ProtocolError(`a frame with an unknown kind of head (${kind}) came`);
}

function tooLarge(claimed: number): ProtocolError {
  return new ProtocolError(`a frame that claims ${claimed} bytes came; ${MAX_PAYLOAD_BYTES} are allowed`);
}
