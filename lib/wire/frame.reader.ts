import { type Attachment, copyOf, type FileRegion } from './attachments.js';
import { ProtocolError } from './channel.js';
import {
  bytesInFrame,
  type Entry,
  ENTRY_BYTES,
  type FrameHeader,
  HEADER_BYTES,
  makePayload,
  readHeader,
  readMessage,
  readTable,
} from './frame.js';
import type { Message } from './messages.js';
import { NO_ATTACHMENTS } from './payload.js';

const NO_ENTRIES: readonly Entry[] = [];

/** Bytes in, messages out. Once it has thrown, what follows on the pipe has no meaning. */
export class FrameReader {
  readonly #hasFile: boolean;
  #chunks: Buffer[] = [];
  #available = 0;
  #needed = HEADER_BYTES;
  #header: FrameHeader | undefined;
  #headerView: DataView | undefined;
  #entries: readonly Entry[] | undefined;

  /** @param hasFile whether there is a file that attachments may be in */
  constructor(hasFile = false) {
    this.#hasFile = hasFile;
  }

  /** @throws ProtocolError if the bytes are no frame */
  push(chunk: Buffer, onMessage: (message: Message) => void): void {
    if (this.#available === 0 && this.#header === undefined) {
      const rest = this.#readWhole(chunk, onMessage);
      if (rest === chunk.byteLength) return;
      chunk = chunk.subarray(rest);
    }
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

  /**
   * The frames that a chunk holds from its start on: most chunks hold nothing but whole frames.
   * @returns where the rest begins
   */
  #readWhole(chunk: Buffer, onMessage: (message: Message) => void): number {
    const view = viewOf(chunk);
    let at = 0;
    while (at + HEADER_BYTES <= chunk.byteLength) {
      const header = readHeader(view, at);
      const table = at + HEADER_BYTES;
      const head = table + header.attachments * ENTRY_BYTES;
      if (head + header.headBytes > chunk.byteLength) break;
      const entries = header.attachments === 0 ? NO_ENTRIES : readTable(view, table, header);
      const body = head + header.headBytes;
      const end = body + bytesInFrame(entries);
      if (end > chunk.byteLength) break;
      const attachments = entries.length === 0 ? NO_ATTACHMENTS : this.#attachmentsIn(chunk, body, entries);
      const payload = makePayload(header.headKind, chunk, head, body, attachments);
      onMessage(readMessage(view, at, payload));
      at = end;
    }
    return at;
  }

  /** Reads the next part of a frame that is in several chunks: its header, its table, its body. */
  #step(): Message | undefined {
    if (this.#header === undefined || this.#headerView === undefined) {
      this.#headerView = viewOf(this.#take(HEADER_BYTES));
      this.#header = readHeader(this.#headerView, 0);
      this.#needed = ENTRY_BYTES * this.#header.attachments;
      return undefined;
    }
    const header = this.#header;
    if (this.#entries === undefined) {
      this.#entries = readTable(viewOf(this.#take(this.#needed)), 0, header);
      this.#needed = header.headBytes + bytesInFrame(this.#entries);
      return undefined;
    }
    const head = this.#take(header.headBytes);
    const attachments = this.#entries.map((entry) =>
      typeof entry === 'number' ? this.#takeOwn(entry) : this.#checked(entry),
    );
    const view = this.#headerView;
    this.#header = undefined;
    this.#headerView = undefined;
    this.#entries = undefined;
    this.#needed = HEADER_BYTES;
    const payload = makePayload(header.headKind, head, 0, head.byteLength, attachments);
    return readMessage(view, 0, payload);
  }

  #attachmentsIn(chunk: Buffer, body: number, entries: readonly Entry[]): Attachment[] {
    let next = body;
    return entries.map((entry) => {
      if (typeof entry !== 'number') return this.#checked(entry);
      next += entry;
      return copyOf(chunk.subarray(next - entry, next));
    });
  }

  #checked(region: FileRegion): FileRegion {
    if (this.#hasFile) return region;
    throw new ProtocolError('a region of a file came where there is no file');
  }

  /** The next bytes, as a view where one chunk holds them all. */
  #take(bytes: number): Buffer {
    const first = this.#chunks[0];
    if (bytes === 0 || first === undefined) return Buffer.alloc(0);
    if (first.byteLength < bytes) return this.#takeOwn(bytes);
    this.#available -= bytes;
    if (first.byteLength === bytes) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(bytes);
    return first.subarray(0, bytes);
  }

  /** The next bytes, copied into an ArrayBuffer of their own. */
  #takeOwn(bytes: number): Buffer {
    const own = Buffer.allocUnsafeSlow(bytes);
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

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
