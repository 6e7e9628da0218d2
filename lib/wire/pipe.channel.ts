import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { type Channel, ProtocolError } from './channel.js';
import { encodeFrame, FrameReader } from './frame.js';
import type { Message } from './messages.js';

/** Up to this size, in bytes, the pieces of a tick are joined: one write is cheaper than many. */
const JOIN_BYTES = 64 * 1024;

/** Messages over a socket pair; the frames of one tick leave as one write. */
export class PipeChannel implements Channel {
  readonly #socket: Socket;
  readonly #fd: number | undefined;
  readonly #reader = new FrameReader();
  #outgoing: Uint8Array[] = [];
  #outgoingBytes = 0;
  #onMessage: ((message: Message) => void) | undefined;
  #onEnd: ((error?: Error) => void) | undefined;

  /**
   * @param fd the socket's descriptor, where it is known: what fits into the pipe is then written at once and
   *   directly, which costs about half of a write by way of the stream
   */
  constructor(socket: Socket, fd?: number) {
    this.#socket = socket;
    this.#fd = fd;
  }

  send(message: Message): void {
    if (this.#socket.destroyed) return;
    // process.nextTick, as it runs after the microtasks in which more is sent.
    if (this.#outgoing.length === 0) process.nextTick(() => this.flush());
    for (const piece of encodeFrame(message)) {
      this.#outgoing.push(piece);
      this.#outgoingBytes += piece.byteLength;
    }
  }

  listen(onMessage: (message: Message) => void, onEnd: (error?: Error) => void): void {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // Losing the other side shows as an error or as an end, in any order: both are the end of the channel.
    this.#socket.on('error', () => this.#end());
    this.#socket.on('end', () => this.#end());
    this.#socket.on('close', () => this.#end());
  }

  get isFlushed(): boolean {
    return this.#outgoing.length === 0 && this.#socket.writableLength === 0;
  }

  finish(callback: () => void): void {
    this.flush();
    if (this.#socket.destroyed || this.#socket.writableLength === 0) callback();
    else this.#socket.write('', () => callback());
  }

  /** What a pipe holds arrives by itself before its end. */
  drain(): void {}

  close(): void {
    this.#onMessage = undefined;
    this.#onEnd = undefined;
    this.#socket.destroy();
  }

  flush(): void {
    const pieces = this.#outgoing;
    const bytes = this.#outgoingBytes;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    if (this.#socket.destroyed || pieces.length === 0) return;
    const [first] = pieces;
    if (bytes <= JOIN_BYTES) {
      this.#write(pieces.length === 1 && first ? first : Buffer.concat(pieces, bytes));
    } else {
      this.#socket.cork();
      for (const piece of pieces) this.#socket.write(piece);
      this.#socket.uncork();
    }
  }

  #write(bytes: Uint8Array): void {
    let written = 0;
    if (this.#fd !== undefined && this.#socket.writableLength === 0) {
      try {
        written = writeSync(this.#fd, bytes);
      } catch {
        // The pipe is full (EAGAIN), or has ended: the stream waits, or tells.
      }
    }
    if (written < bytes.byteLength) this.#socket.write(bytes.subarray(written));
  }

  #receive(chunk: Buffer): void {
    try {
      this.#reader.push(chunk, (message) => this.#onMessage?.(message));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(error);
      this.#socket.destroy();
    }
  }

  #end(error?: Error): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    this.#onMessage = undefined;
    if (error === undefined && this.#reader.isInsideFrame) {
      onEnd?.(new ProtocolError('the pipe ended inside a frame'));
    } else {
      onEnd?.(error);
    }
  }
}
